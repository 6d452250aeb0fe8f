package document_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"dealflow/internal/document"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReadManifest(t *testing.T) {
	const text = `query Leads { leads { totalCount } }`
	tests := map[string]struct {
		manifest string
		want     []document.Entry
	}{
		"Apollo's": {
			`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
				{"id": "1", "name": "Leads", "type": "query", "body": "` + text + `"},
				{"type": "mutation", "body": "x", "name": "Y", "id": "2", "clientName": null}]}`,
			[]document.Entry{{Key: "1", Name: "Leads", Kind: "query", Body: text}, {Key: "2", Name: "Y", Kind: "mutation", Body: "x"}},
		},
		"a map, in its order": {
			`{"b2": "` + text + `", "a1": "query \"ä\" \ud83d\ude00"}`,
			[]document.Entry{{Key: "b2", Body: text}, {Key: "a1", Body: `query "ä" 😀`}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := document.ReadManifest(strings.NewReader(test.manifest))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// apollo is a manifest of Apollo's with some operations.
func apollo(operations string) string {
	return `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [` + operations + `]}`
}

func TestReadManifestErrors(t *testing.T) {
	many := `{"x0": "q"`
	for i := range document.MaxEntries {
		many += fmt.Sprintf(`,"%d":"q"`, i)
	}
	tests := map[string]struct{ manifest, want string }{
		"nothing":           {``, `the manifest is not one JSON object`},
		"a list":            {`[]`, `it does not begin with {`},
		"half":              {`{"a": "q"`, `its JSON is broken, or ends, at byte 9`},
		"broken":            {`{"a": "q",}`, `its JSON is broken, or ends, at byte 11`},
		"more behind":       {`{"a": "q"} {}`, `its JSON is broken, or ends, at byte 12`},
		"an id twice":       {`{"a": "q", "a": "r"}`, `"a" stands there twice`},
		"not UTF-8":         {"{\"a\": \"\xff\"}", `it is not UTF-8`},
		"too large":         {`{"a": "` + strings.Repeat("x", document.MaxManifest) + `"}`, `is over 8 MB`},
		"too many":          {many + "}", `has 5001 documents, and may have 5000`},
		"empty":             {`{}`, `the manifest has no documents`},
		"no text":           {`{"a": 1, "b": null, "c": ["q"]}`, "document \"a\": it is no text: in a map of documents, each id has the text of its document\ndocument \"b\": it is no text"},
		"a blank text":      {`{"a": " \n"}`, `document "a": its text is empty`},
		"a long text":       {`{"a": "` + strings.Repeat("x", document.MaxBody+1) + `"}`, `its text has 102401 bytes, and may have 102400`},
		"a NUL":             {`{"a": "q\u0000"}`, `its text has a NUL in it`},
		"an empty id":       {`{"": "q"}`, `document "": its id is empty`},
		"a long id":         {`{"` + strings.Repeat("x", 201) + `": "q"}`, `its id has 201 bytes, and may have 200`},
		"a spaced id":       {`{"a b": "q"}`, `document "a b": its id has a space or a control character in it`},
		"another format":    {`{"format": "x", "version": 1, "operations": []}`, `its format is not "apollo-persisted-query-manifest"`},
		"no format":         {`{"version": 1, "operations": []}`, `its format is not`},
		"no version":        {`{"format": "apollo-persisted-query-manifest", "operations": []}`, `has no version`},
		"another version":   {`{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}`, `version is not 1, which is the only one that is known`},
		"another member":    {`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [], "x": 1}`, `has "x", which is unknown`},
		"no list":           {`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": {}}`, `operations are no list`},
		"no operations":     {apollo(``), `the manifest has no documents`},
		"no object":         {apollo(`"x"`), `operations[0]: it is no object with an id, a name, a type and a body`},
		"no name":           {apollo(`{"id": "1", "type": "query", "body": "q"}`), `operations[0]: it has no name`},
		"a name of a 1":     {apollo(`{"id": "1", "name": 1, "type": "query", "body": "q"}`), `operations[0]: its name is no text`},
		"a body twice":      {apollo(`{"id": "1", "name": "A", "type": "query", "body": "q", "body": "r"}`), `"body" stands there twice`},
		"an unknown member": {apollo(`{"id": "1", "name": "A", "type": "query", "body": "q", "x": 1}`), `operations[0]: it has "x", which is unknown`},
		"one id, two times": {apollo(`{"id": "1", "name": "A", "type": "query", "body": "q"}, {"id": "1", "name": "B", "type": "query", "body": "q"}`),
			`document "1" (B): its id stands in the manifest twice`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := document.ReadManifest(strings.NewReader(test.manifest))
			if problems := (document.Problems)(nil); !errors.As(err, &problems) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

// FuzzReadManifest reads anything. What is read is within its bounds, and is read
// the same when it is written as a map.
func FuzzReadManifest(f *testing.F) {
	f.Add(`{"a": "query A { x }", "b": "mutation B { y }"}`)
	f.Add(apollo(`{"id": "1", "name": "A", "type": "query", "body": "query A { x }"}`))
	f.Add(`{"a": "\ud800", "\u0000": "\u0000"}`)
	f.Add(strings.Repeat(`{"a":`, 11_000))
	f.Add(strings.Repeat(`[`, 11_000))
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := document.ReadManifest(strings.NewReader(text))
		if err != nil {
			if problems := (document.Problems)(nil); !errors.As(err, &problems) {
				t.Fatalf("%T: %v", err, err)
			}
			for _, one := range strings.Split(err.Error(), "\n") {
				if len(one) > 1500 || !utf8.ValidString(one) {
					t.Fatalf("a message of %d bytes: %.200q", len(one), one)
				}
			}
			return
		}
		texts := map[string]string{}
		for _, e := range entries {
			if e.Key == "" || len(e.Key) > document.MaxKey || e.Body == "" || len(e.Body) > document.MaxBody {
				t.Fatalf("entry %+v", e)
			}
			texts[e.Key] = e.Body
		}
		again, err := json.Marshal(texts)
		if err != nil || len(texts) != len(entries) || len(entries) > document.MaxEntries {
			t.Fatalf("%d entries, %d ids, %v", len(entries), len(texts), err)
		}
		if _, special := texts["format"]; special || texts["operations"] != "" || len(again) > document.MaxManifest {
			return // it would be taken for Apollo's
		}
		if back, err := document.ReadManifest(strings.NewReader(string(again))); err != nil || len(back) != len(entries) {
			t.Fatalf("written as a map it is not the same: %v", err)
		}
	})
}
