package strict_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"dealflow/internal/strict"
)

func TestValue(t *testing.T) {
	for text, want := range map[string]any{
		`null`: nil, " true\n": true, `false`: false, `""`: "", `"a\"\\"`: `a"\`, `"ä\u00e4\ud83d\ude00"`: "ää😀",
		`1e400`: json.Number("1e400"), ` -0.0 `: json.Number("-0.0"),
		`[]`: []any{}, "[ 1 ,\t[ null ]\r\n]": []any{json.Number("1"), []any{nil}},
		`{}`: map[string]any{}, ` { "a" : { "a" : [ { "a" : 1 } ] } , "A" : "a" } `: map[string]any{
			"a": map[string]any{"a": []any{map[string]any{"a": json.Number("1")}}}, "A": "a"},
	} {
		got, err := strict.Value([]byte(text), math.MaxInt)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", text, err, diff)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		``: "at byte 0", `{"a":1,}`: "at byte 8", `{"a":1`: "at byte 6", `{}{}`: "at byte 3", "\xef\xbb\xbf{}": "at byte 1", `01`: "at byte 2",
		"{\"\xff\":1}": "not UTF-8", strings.Repeat("[", 20_000): "at byte 10001",
		`[]`: "does not begin with {", `null`: "does not begin with {", `"{"`: "does not begin with {",
		`{"a":1,"a":1}`:                        `"a" stands there twice`,
		`{"b":1,"a":[{"c":{"d":1,"d":null}}]}`: `"d" stands there twice`,
		`{"":1,"":1}`:                          `"" stands there twice`,
		`{"a":1,"\u0061":1}`:                   `"a" stands there twice`,
		`{"\"\n":1,"\u0022\u000a":1}`:          `"\"\n" stands there twice`,
		`{"\ud800":1,"\udfff":1}`:              `"�" stands there twice`, // one name, once it is read
		`{"` + strings.Repeat("ä", 99) + `":1,"` + strings.Repeat("ä", 99) + `":1}`: `"` + strings.Repeat("ä", 39) + `…" stands there twice`,
	} {
		_, first := strict.Object([]byte(text), math.MaxInt)
		_, second := strict.Members([]byte(text))
		for _, err := range []error{first, second} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.50s: %v, want %s", text, err, want)
			}
		}
	}
}

func TestMembers(t *testing.T) {
	got, err := strict.Members([]byte(` {"b": [1], "a": {"b": null}, "c": "b"} `))
	want := []strict.Member{{Name: "b", Value: []any{json.Number("1")}}, {Name: "a", Value: map[string]any{"b": nil}}, {Name: "c", Value: "b"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// TestMost has texts of so many values, of which all but the last fit.
func TestMost(t *testing.T) {
	for text, values := range map[string]int{`1`: 1, `{}`: 1, `[[],"",null]`: 4, `{"a":{"b":[true]},"c":2}`: 5, `[[[[]]]]`: 4} {
		if got, err := strict.Value([]byte(text), values); err != nil {
			t.Errorf("%s: %v %v", text, got, err)
		}
		if got, err := strict.Value([]byte(text), values-1); !errors.Is(err, strict.ErrTooMany) {
			t.Errorf("%s, of one value too many: %v %v", text, got, err)
		}
	}
}

// FuzzValue compares with encoding/json. A name that is there twice is one that
// another reader of tokens finds twice.
func FuzzValue(f *testing.F) {
	for _, seed := range []string{
		`{"query":"{a}","variables":{"a":[1,-2.5e3,true,false,null,{"b":"\u0061\"\\"}]}}`, `{"a":1,"a":2}`, `[{"a":{"b":1,"\u0062":2}}]`,
		` [ ] `, `"\ud800"`, "\"\xff\"", `{"a":1}x`, `nul`, strings.Repeat("[", 10_001),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := strict.Value(text, math.MaxInt)
		if !utf8.Valid(text) || !json.Valid(text) || twice(json.NewDecoder(bytes.NewReader(text))) {
			if err == nil {
				t.Fatalf("%q is read", text)
			}
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if plain := d.Decode(&want); plain != nil || err != nil {
			t.Fatalf("%q: %v, and encoding/json: %v", text, err, plain)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// twice tells whether an object of the next value has two members of one name.
func twice(d *json.Decoder) (found bool) {
	open, _ := d.Token()
	if _, ok := open.(json.Delim); !ok {
		return false
	}
	names := map[json.Token]bool{}
	for d.More() {
		if open == json.Delim('{') {
			name, _ := d.Token()
			found = found || names[name]
			names[name] = true
		}
		found = twice(d) || found
	}
	_, _ = d.Token()
	return found
}
