// Package request reads what clients send to a GraphQL API: a JSON body, a URL's
// query, a multipart form with files, or the payload of a WebSocket's message.
//
// It is strict, for what is unclear to one program is read otherwise by the next:
// a body is one JSON object in UTF-8 and nothing more, in which no name stands twice
// (package strict), and each member that the GraphQL-over-HTTP specification names
// has its type. Nothing of what was sent comes back in an error, but such a name.
package request

import (
	"fmt"
	"net/url"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/strict"
)

// The names under which a client asks for a document that the server has.
const (
	DocumentID     = "documentId"
	PersistedQuery = "persistedQuery" // Apollo's: {version: 1, sha256Hash: "…"}
)

// aliases are the members that name a document, beside the extensions: that of the
// GraphQL-over-HTTP specification's draft on persisted documents, and what Relay's
// examples and other clients call it.
var aliases = []string{DocumentID, "id", "doc_id"}

// Error says what is wrong with a request, to its sender.
type Error struct{ says error }

// Wrong makes an Error, as fmt.Errorf does.
func Wrong(format string, arguments ...any) *Error { return &Error{fmt.Errorf(format, arguments...)} }

func (e *Error) Error() string { return e.says.Error() }
func (e *Error) Unwrap() error { return e.says }

const shape = `{"query": "…", "operationName": "…", "variables": {…}, "extensions": {…}}, the last three as needed`

// FromJSON reads a body, of so many values at most.
func FromJSON(body []byte, values int) (*graphql.RawParams, error) {
	members, err := strict.Object(body, values)
	if err != nil {
		return nil, Wrong("the body must be a JSON object in UTF-8 (%w): %s", err, shape)
	}
	return FromMembers(members)
}

// FromQuery reads the query of a URL, in which variables and extensions are JSON, each
// of so many values at most.
func FromQuery(raw string, values int) (*graphql.RawParams, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, Wrong("the URL's query is malformed: encode each value, as encodeURIComponent does")
	}
	members := make(map[string]any, len(query))
	for name, texts := range query {
		switch {
		case !utf8.ValidString(texts[0]):
			return nil, Wrong("the URL's query must be UTF-8")
		case len(texts) > 1:
			return nil, Wrong("the URL's query names a parameter twice")
		case name != "variables" && name != "extensions":
			members[name] = texts[0]
		case texts[0] != "":
			if members[name], err = strict.Value([]byte(texts[0]), values); err != nil {
				return nil, Wrong("%s must be an object, or null, as JSON (%w)", name, err)
			}
		}
	}
	return FromMembers(members)
}

// FromMembers makes an operation of the members of what a client sent.
func FromMembers(members map[string]any) (*graphql.RawParams, error) {
	p := &graphql.RawParams{}
	for _, err := range []error{
		take(members, "query", "a string", &p.Query), take(members, "operationName", "a string", &p.OperationName),
		take(members, "variables", "an object", &p.Variables), take(members, "extensions", "an object", &p.Extensions),
	} {
		if err != nil {
			return nil, err
		}
	}
	if err := readDocument(members, p); err != nil {
		return nil, err
	}
	if p.Query == "" && DocumentOf(p.Extensions) == "" && HashOf(p.Extensions) == "" {
		return nil, Wrong("there is no query: send one, or the documentId of a published document")
	}
	return p, nil
}

// take takes the member of a name, if it is there and not null.
func take[T any](members map[string]any, name, kind string, into *T) error {
	sent := members[name]
	value, ok := sent.(T)
	if sent != nil && !ok {
		return Wrong("%s must be %s, or null, as JSON", name, kind)
	}
	*into = value
	return nil
}

// readDocument puts the id of a document where DocumentOf finds it.
func readDocument(members map[string]any, p *graphql.RawParams) error {
	for _, name := range aliases {
		id, ok := members[name].(string)
		switch {
		case members[name] != nil && !ok:
			return Wrong("%s must be a string: the id of a published document", name)
		case id == "":
			continue
		}
		if p.Extensions == nil {
			p.Extensions = map[string]any{}
		}
		p.Extensions[DocumentID] = id
		return nil
	}
	return nil
}

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
