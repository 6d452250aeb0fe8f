package document

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"dealflow/internal/strict"
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
	}
	members, err := strict.Members(text)
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
func entriesOf(members []strict.Member) ([]Entry, error) {
	format, isApollo := find(members, "format")
	if _, has := find(members, "operations"); !isApollo && !has {
		return readMap(members)
	}
	if format != "apollo-persisted-query-manifest" {
		return nil, wrong(`the manifest has operations, but its format is not "apollo-persisted-query-manifest", the only such one that is known`)
	}
	return readApollo(members)
}

// readMap reads Relay's and graphql-codegen's manifests.
func readMap(members []strict.Member) ([]Entry, error) {
	if len(members) > MaxEntries {
		return nil, tooMany(len(members))
	}
	var problems Problems
	entries := make([]Entry, len(members))
	for i, m := range members {
		body, ok := m.Value.(string)
		entries[i].Key, entries[i].Body = m.Name, body
		if !ok {
			problems.add(entries[i].label(), "it is no text: in a map of documents, each id has the text of its document")
		}
	}
	return entries, problems.err()
}

// readApollo reads Apollo's manifests.
func readApollo(members []strict.Member) ([]Entry, error) {
	var list []any
	for _, m := range members {
		switch m.Name {
		case "format":
		case "version":
			if m.Value != json.Number("1") {
				return nil, wrong("the manifest's version is not 1, which is the only one that is known")
			}
		case "operations":
			var ok bool
			if list, ok = m.Value.([]any); !ok {
				return nil, wrong("the manifest's operations are no list")
			}
		default:
			return nil, wrong("the manifest has %q, which is unknown in Apollo's version 1", shorten(m.Name))
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
	for i, one := range list {
		entries[i] = readOperation(i, one, &problems)
	}
	return entries, problems.err()
}

// readOperation reads an operation of Apollo's manifests.
func readOperation(i int, one any, problems *Problems) (e Entry) {
	place := fmt.Sprintf("operations[%d]", i)
	members, ok := one.(map[string]any)
	if !ok {
		problems.add(place, "it is no object with an id, a name, a type and a body")
		return e
	}
	fields := map[string]*string{"id": &e.Key, "name": &e.Name, "type": &e.Kind, "body": &e.Body}
	for _, name := range []string{"id", "name", "type", "body"} {
		value, has := members[name]
		if *fields[name], ok = value.(string); !has {
			problems.add(place, "it has no %s", name)
		} else if !ok {
			problems.add(place, "its %s is no text", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if fields[name] == nil && name != "clientName" { // for whom it is, the command line says
			problems.add(place, "it has %q, which is unknown", shorten(name))
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

// find is what an object has under a name.
func find(members []strict.Member, name string) (value any, has bool) {
	for _, m := range members {
		if m.Name == name {
			return m.Value, true
		}
	}
	return nil, false
}
