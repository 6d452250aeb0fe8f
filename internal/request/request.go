// Package request reads what clients send to a GraphQL API: a JSON body, a URL's
// query, a multipart form with files, or the payload of a WebSocket's message.
//
// It is strict, for what is unclear to one program is read otherwise by the next:
// a body is one JSON object in UTF-8 and nothing more, and each member that the
// GraphQL-over-HTTP specification names has its type. Nothing of what was sent
// comes back in an error.
package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
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
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

const shape = `the body must be a JSON object in UTF-8: {"query": "…", "operationName": "…", "variables": {…}, "extensions": {…}}, the last three as needed`

// FromJSON reads a body, or the payload of a socket's message.
func FromJSON(body []byte) (*graphql.RawParams, error) {
	if !utf8.Valid(body) {
		return nil, &Error{shape}
	}
	members := map[string]json.RawMessage{}
	if !isObject(body) || decode(body, &members) != nil {
		return nil, &Error{shape}
	}
	return operationOf(members)
}

// FromQuery reads the query of a URL, in which variables and extensions are JSON.
func FromQuery(raw string) (*graphql.RawParams, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &Error{"the URL's query is malformed: encode each value, as encodeURIComponent does"}
	}
	members := map[string]json.RawMessage{}
	for name, values := range query {
		if !utf8.ValidString(values[0]) {
			return nil, &Error{"the URL's query must be UTF-8"}
		}
		switch {
		case len(values) > 1:
			return nil, &Error{"the URL's query names a parameter twice"}
		case name == "variables" || name == "extensions":
			if values[0] != "" {
				members[name] = json.RawMessage(values[0])
			}
		default:
			text, err := json.Marshal(values[0])
			if err != nil {
				return nil, err
			}
			members[name] = text
		}
	}
	return operationOf(members)
}

// operationOf makes an operation of what a client sent.
func operationOf(members map[string]json.RawMessage) (*graphql.RawParams, error) {
	p := &graphql.RawParams{}
	for _, member := range []struct {
		name string
		into any
		kind string
	}{
		{"query", &p.Query, "a string"}, {"operationName", &p.OperationName, "a string"},
		{"variables", &p.Variables, "an object"}, {"extensions", &p.Extensions, "an object"},
	} {
		if text, sent := members[member.name]; sent && decode(text, member.into) != nil {
			return nil, &Error{member.name + " must be " + member.kind + ", or null, as JSON"}
		}
	}
	if err := readDocument(members, p); err != nil {
		return nil, err
	}
	if p.Query == "" && DocumentOf(p.Extensions) == "" && HashOf(p.Extensions) == "" {
		return nil, &Error{"there is no query: send one, or the documentId of a published document"}
	}
	return p, nil
}

// readDocument puts the id of a document where DocumentOf finds it.
func readDocument(members map[string]json.RawMessage, p *graphql.RawParams) error {
	for _, name := range aliases {
		var id *string
		text, sent := members[name]
		switch {
		case !sent:
			continue
		case decode(text, &id) != nil:
			return &Error{name + " must be a string: the id of a published document"}
		case id == nil || *id == "":
			continue
		}
		if p.Extensions == nil {
			p.Extensions = map[string]any{}
		}
		p.Extensions[DocumentID] = *id
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

// isObject tells an object from null, which would decode into one.
func isObject(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && text[0] == '{'
}

// decode reads one JSON value with numbers as they were written: one that no
// float64 holds is for the schema's scalars to refuse.
func decode(text []byte, value any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(value); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}
