package request

// trustedKey is where an operation's extensions have what it is trusted for.
const trustedKey = "dealflow.trusted"

// Trusted marks an operation whose document was published for a client, and so was
// looked at before: the limits of strangers' documents are not for it.
type Trusted struct {
	Client string // whose document it is
	Key    string // the document's id in the client's manifest
	Name   string // of the operation
}

// Mark puts the mark into the extensions of an operation, which it returns. They
// come from clients as JSON, from which no Trusted is ever made.
func (t Trusted) Mark(extensions map[string]any) map[string]any {
	if extensions == nil {
		extensions = map[string]any{}
	}
	extensions[trustedKey] = t
	return extensions
}

// TrustedOf is the mark in an operation's extensions, if it has one.
func TrustedOf(extensions map[string]any) (Trusted, bool) {
	t, ok := extensions[trustedKey].(Trusted)
	return t, ok
}
