// Package request is what clients send to a GraphQL API, by whatever transport.
package request

// The names under which a client asks for a document that the server has. The
// decoders of this package gather the first three in the extensions, as documentId.
const (
	DocumentID     = "documentId"
	PersistedQuery = "persistedQuery" // Apollo's: {version: 1, sha256Hash: "…"}
)

// DocumentOf is the id of the document that an operation's extensions ask for, ""
// if they ask for none.
func DocumentOf(extensions map[string]any) string {
	id, _ := extensions[DocumentID].(string)
	return id
}

// HashOf is the SHA-256, in hexadecimal, by which Apollo's clients name a document,
// "" if the extensions have none.
func HashOf(extensions map[string]any) string {
	persisted, _ := extensions[PersistedQuery].(map[string]any)
	hash, _ := persisted["sha256Hash"].(string)
	return hash
}
