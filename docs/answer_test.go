package docs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"dealflow/internal/apitest"
)

// A page shortens what differs from server to server: ids, cursors, names of
// files. `deal_…desks` stands for one id throughout a page: the one that came
// back when it first stood in an answer. `deal_…`, with nothing behind, stands
// for any.

// standIns is what the shortened texts of a page stand for.
type standIns map[string]string

// put is a text with all of them put in place.
func (s standIns) put(t *testing.T, text string) string {
	t.Helper()
	text = s.known(text)
	if before, after, found := strings.Cut(text, "…"); found {
		t.Fatalf("nothing before stands for what is around …%.20s in %s", after, before)
	}
	return text
}

// known is a text with those put in place that are known.
func (s standIns) known(text string) string {
	// The longest first, for one may begin another.
	names := slices.SortedFunc(maps.Keys(s), func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(names))
	for _, name := range names {
		pairs = append(pairs, name, s[name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// take shortens an answer as the page would, as far as it is known how.
func (s standIns) take(text string) string {
	var pairs []string
	for name, real := range s {
		pairs = append(pairs, `"`+real+`"`, `"`+name+`"`)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// compare tells where two pieces of JSON differ.
func (s standIns) compare(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			return s.compareObjects(path, want, got)
		}
	case []any:
		if got, ok := got.([]any); ok && len(got) == len(want) {
			var differences []string
			for i := range want {
				differences = append(differences, s.compare(fmt.Sprintf("%s.%d", path, i), want[i], got[i])...)
			}
			return differences
		}
	case string:
		if got, ok := got.(string); ok && s.same(want, got) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s: %v, want %v", path, got, want)}
}

func (s standIns) compareObjects(path string, want, got map[string]any) []string {
	var differences []string
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if value, ok := got[key]; ok {
			differences = append(differences, s.compare(path+"."+key, want[key], value)...)
		} else {
			differences = append(differences, path+"."+key+" is missing")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			differences = append(differences, path+"."+key+" is not on the page")
		}
	}
	return differences
}

// same tells whether a text is what the page shows, and learns what that shortens.
func (s standIns) same(want, got string) bool {
	before, after, short := strings.Cut(want, "…")
	switch _, ok := s[want]; {
	case s.known(want) == got:
		return true
	case ok, !short || !strings.HasPrefix(got, before) || got == before:
		return false
	case after == "":
		return true
	}
	for _, other := range s {
		if other == got {
			return false // it has another name
		}
	}
	s[want] = got
	return true
}

// check compares an answer with the one on the page, which shows what it costs where
// that is what it is about.
func (s standIns) check(t *testing.T, want, got string) {
	t.Helper()
	if !strings.Contains(want, `"cost":`) {
		got = apitest.WithoutCost(got)
	}
	differences := s.compare("", decode(t, want), decode(t, got))
	if len(differences) > 0 {
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(got), "", "  "); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s\nThe answer is:\n%s", strings.Join(differences, "\n"), s.take(pretty.String()))
	}
}

// decode reads JSON, with its numbers as they are written.
func decode(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in JSON:\n%s", err, text)
	}
	return value
}
