package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The bounds of a manifest.
const (
	MaxManifest = 8 << 20   // bytes
	MaxEntries  = 5_000     // documents
	MaxKey      = 200       // bytes of a document's id
	MaxBody     = 100 << 10 // bytes of a document
)

// Entry is a document as a manifest has it.
type Entry struct {
	Key  string // the document's id
	Body string
	// What Apollo's manifests say of the operation; "" in others.
	Name, Kind string
}

// label names an entry in messages.
func (e Entry) label() string {
	if e.Name == "" {
		return fmt.Sprintf("document %q", shorten(e.Key))
	}
	return fmt.Sprintf("document %q (%s)", shorten(e.Key), shorten(e.Name))
}

// ReadManifest reads what a client's build has written down of its operations, in
// one of these forms, which it tells apart by itself:
//
//   - Apollo's persisted query manifest:
//     {"format": "apollo-persisted-query-manifest", "version": 1, "operations":
//     [{"id": "…", "name": "…", "type": "query", "body": "…"}]}
//   - Relay's persisted map, and the persisted documents of graphql-codegen's
//     client preset: {"id": "query …"}
//
// What is wrong with a manifest is Problems.
func ReadManifest(r io.Reader) ([]Entry, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxManifest+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > MaxManifest:
		return nil, wrong("the manifest is over %d MB: publish it in parts", MaxManifest>>20)
	case !utf8.Valid(text):
		return nil, wrong("the manifest is not UTF-8: write it anew, as your build does")
	}
	members, err := object(text)
	if err != nil {
		return nil, wrong("the manifest is not one JSON object (%s): it is to be Apollo's, Relay's or graphql-codegen's", err)
	}
	entries, err := entriesOf(members)
	if err != nil {
		return nil, err
	}
	return entries, checkEntries(entries)
}

// entriesOf tells the forms of manifests apart.
func entriesOf(members []member) ([]Entry, error) {
	format, isApollo := find(members, "format")
	if _, has := find(members, "operations"); !isApollo && !has {
		return readMap(members)
	}
	if !isApollo || format != "apollo-persisted-query-manifest" {
		return nil, wrong(`the manifest has operations, but its format is not "apollo-persisted-query-manifest", the only such one that is known`)
	}
	return readApollo(members)
}

// readMap reads Relay's and graphql-codegen's manifests.
func readMap(members []member) ([]Entry, error) {
	if len(members) > MaxEntries {
		return nil, tooMany(len(members))
	}
	var problems Problems
	entries := make([]Entry, len(members))
	for i, m := range members {
		entries[i].Key = m.name
		if !isText(m.value, &entries[i].Body) {
			problems.add(entries[i].label(), "it is no text: in a map of documents, each id has the text of its document")
		}
	}
	return entries, problems.err()
}

// readApollo reads Apollo's manifests.
func readApollo(members []member) ([]Entry, error) {
	var list []json.RawMessage
	for _, m := range members {
		switch m.name {
		case "format":
		case "version":
			if string(m.value) != "1" {
				return nil, wrong("the manifest's version is %s, and only 1 is known", shorten(string(m.value)))
			}
		case "operations":
			if m.value[0] != '[' || json.Unmarshal(m.value, &list) != nil {
				return nil, wrong("the manifest's operations are no list")
			}
		default:
			return nil, wrong("the manifest has %q, which is unknown in Apollo's version 1", shorten(m.name))
		}
	}
	if _, has := find(members, "version"); !has {
		return nil, wrong("the manifest has no version: Apollo's say 1")
	}
	if len(list) > MaxEntries {
		return nil, tooMany(len(list))
	}
	var problems Problems
	entries := make([]Entry, len(list))
	for i, text := range list {
		entries[i] = readOperation(i, text, &problems)
	}
	return entries, problems.err()
}

// readOperation reads an operation of Apollo's manifests.
func readOperation(i int, text json.RawMessage, problems *Problems) (e Entry) {
	place := fmt.Sprintf("operations[%d]", i)
	members, err := object(text)
	if err != nil {
		problems.add(place, "it is no object with an id, a name, a type and a body")
		return e
	}
	fields := map[string]*string{"id": &e.Key, "name": &e.Name, "type": &e.Kind, "body": &e.Body}
	for _, m := range members {
		switch into, known := fields[m.name]; {
		case m.name == "clientName": // for whom it is, the command line says
		case !known:
			problems.add(place, "it has %q, which is unknown", shorten(m.name))
		case !isText(m.value, into):
			problems.add(place, "its %s is no text", m.name)
		default:
			delete(fields, m.name)
		}
	}
	for _, name := range []string{"id", "name", "type", "body"} {
		if _, missing := fields[name]; missing {
			if _, there := find(members, name); !there {
				problems.add(place, "it has no %s", name)
			}
		}
	}
	return e
}

// checkEntries finds what is wrong with documents before they are parsed.
func checkEntries(entries []Entry) error {
	var problems Problems
	if len(entries) == 0 {
		problems.add("", "the manifest has no documents: run the build that writes it, first")
	}
	keys := map[string]bool{}
	for _, e := range entries {
		switch {
		case e.Key == "":
			problems.add(e.label(), "its id is empty")
		case len(e.Key) > MaxKey:
			problems.add(e.label(), "its id has %d bytes, and may have %d: a hash will do", len(e.Key), MaxKey)
		case strings.ContainsFunc(e.Key, func(r rune) bool { return r <= ' ' || r == 0x7f || r == utf8.RuneError }):
			problems.add(e.label(), "its id has a space or a control character in it")
		case keys[e.Key]:
			problems.add(e.label(), "its id stands in the manifest twice")
		}
		keys[e.Key] = true
		switch {
		case strings.TrimSpace(e.Body) == "":
			problems.add(e.label(), "its text is empty")
		case len(e.Body) > MaxBody:
			problems.add(e.label(), "its text has %d bytes, and may have %d", len(e.Body), MaxBody)
		case strings.ContainsRune(e.Body, 0):
			problems.add(e.label(), "its text has a NUL in it")
		}
	}
	return problems.err()
}

func tooMany(n int) error {
	return wrong("the manifest has %d documents, and may have %d: publish it in parts", n, MaxEntries)
}

// member is a name of a JSON object, and its value.
type member struct {
	name  string
	value json.RawMessage
}

// object reads a JSON object, in its order, and nothing after it. A name that is
// there twice is an error: encoding/json would forget the first.
func object(text []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("it does not begin with {")
	}
	var members []member
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, syntax(err)
		}
		m := member{name: name.(string)} // or else Token had failed
		if seen[m.name] {
			return nil, fmt.Errorf("%q stands there twice", shorten(m.name))
		}
		seen[m.name] = true
		if err := d.Decode(&m.value); err != nil {
			return nil, syntax(err)
		}
		members = append(members, m)
	}
	if _, err := d.Token(); err != nil {
		return nil, syntax(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows it")
	}
	return members, nil
}

// syntax is what is wrong with JSON, without Go's words for it.
func syntax(err error) error {
	if at := new(json.SyntaxError); errors.As(err, &at) {
		return fmt.Errorf("its JSON is broken at byte %d", at.Offset)
	}
	return errors.New("its JSON ends early")
}

// find is the text that an object has under a name, "" if it is no text.
func find(members []member, name string) (text string, has bool) {
	for _, m := range members {
		if m.name == name {
			isText(m.value, &text)
			return text, true
		}
	}
	return "", false
}

// isText reads a text; null is none.
func isText(value json.RawMessage, into *string) bool {
	return len(value) > 0 && value[0] == '"' && json.Unmarshal(value, into) == nil
}
