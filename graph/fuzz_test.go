package graph_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/store/storetest"
)

// hostile are values that have broken a program somewhere.
var hostile = []any{
	"", " ", "\x00", "a\x00b", `\u0000`, "%", "_", `\`, `'`, `"`, `""`, "*", "a*", "^", "(", "a AND b", "NEAR(a b)", "İ", "ÄÖ", "\ufffd", "\u202e", "👩‍👩‍👧",
	strings.Repeat("x", 400), strings.Repeat("%", 60_000), strings.Repeat("ab ", 60),
	"deal_00000000000000000000000000", "lead_7zzzzzzzzzzzzzzzzzzzzzzzzz", "stage_8zzzzzzzzzzzzzzzzzzzzzzzzz", "deal_", "_",
	"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59",
	"2026-03-01T09:30:60Z", "0000-01-01", "9999-12-31", "2026-02-30", "1e400", "-1", "0.001", "99999999999999999999", "92233720368547758.07", "NaN",
	0, -1, 1, 1 << 31, 1 << 53, 1e308, -0.5, 0.75, json.Number("99999999999999999999"), json.Number("1e400"), json.Number("-9223372036854775809"), true, false, nil,
	"OPEN", "open", "ASC", []any{}, []any{nil}, map[string]any{}, map[string]any{"eq": nil}, map[string]any{"and": []any{map[string]any{}}},
}

// sound tells whether an answer is one that bad input may get.
func sound(answer apitest.Response) error {
	if answer.Status >= http.StatusInternalServerError || strings.Contains(answer.Raw, `"INTERNAL"`) {
		return fmt.Errorf("status %d: %.2000s", answer.Status, answer.Raw)
	}
	return nil
}

// fuzzed starts a server to send anything to.
func fuzzed(f *testing.F) *world {
	f.Helper()
	return newWorld(f, apitest.New(f, storetest.SQLite(f)), "acme")
}

// FuzzIDs looks for objects by any id.
func FuzzIDs(f *testing.F) {
	w := fuzzed(f)
	for _, list := range w.ids {
		f.Add(list[0])
		f.Add(strings.ToUpper(list[0]))
		f.Add(list[0][:len(list[0])-1])
		f.Add(list[0] + "0")
		f.Add("x" + list[0])
	}
	for _, value := range hostile {
		f.Add(fmt.Sprint(value))
	}
	document := "query($id: ID!) { nodes(ids: [$id]) { id } "
	for _, field := range fields(schema.Query) {
		if field.Arguments.ForName("id") != nil {
			document += field.Name + "(id: $id) { id } "
		}
	}
	document += "}"
	f.Fuzz(func(t *testing.T, text string) {
		if err := sound(w.Do(t, document, apitest.Vars{"id": text})); err != nil {
			t.Error(err)
		}
	})
}

// FuzzCursors goes on from any cursor, as text and as what is in it.
func FuzzCursors(f *testing.F) {
	w := fuzzed(f)
	documents := []string{}
	for _, list := range pages() {
		for _, order := range orders(list) {
			documents = append(documents, "query($cursor: String) { a: "+list.Name+passing(order, "after: $cursor")+" { totalCount nodes { id } } b: "+
				list.Name+passing(order, "before: $cursor last: 2")+" { nodes { id } } }")
			cursors := w.Must(f, "{ "+list.Name+passing(order, "first: 1")+" { edges { cursor } } }", nil).Get(list.Name + ".edges").All("cursor")
			raw, err := base64.RawURLEncoding.DecodeString(cursors[0])
			must(f, err)
			f.Add(uint(len(documents)-1), cursors[0], string(raw))
			for i, text := range misread(raw) {
				if order == "" && list.Name == "deals" || i%12 == len(documents)%12 {
					f.Add(uint(len(documents)-1), cursors[0]+"A", text)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint, cursor, inside string) {
		document := documents[which%uint(len(documents))]
		for _, text := range []string{cursor, base64.RawURLEncoding.EncodeToString([]byte(inside))} {
			if err := sound(w.Do(t, document, apitest.Vars{"cursor": text})); err != nil {
				t.Errorf("%v\nfor %s", err, document)
			}
		}
	})
}

// pages are the root lists that come in pages.
func pages() []*ast.FieldDefinition {
	return slices.DeleteFunc(fields(schema.Query), func(f *ast.FieldDefinition) bool { return f.Arguments.ForName("after") == nil })
}

// misread are cursors like a real one, with something else inside.
func misread(raw []byte) []string {
	texts := []string{"", "null", "{}", "[]", string(raw) + string(raw), string(raw[:len(raw)-1])}
	change := func(key string, value any) {
		var cursor map[string]any
		if json.Unmarshal(raw, &cursor) != nil {
			return
		}
		cursor[key] = value
		text, err := json.Marshal(cursor)
		if err == nil {
			texts = append(texts, string(text))
		}
	}
	for _, value := range []any{nil, "", "x", "a\x00b", `a\u0000b`, 0, -1, 1e300, json.Number("1e400"), json.Number("99999999999999999999"), true, []any{}, map[string]any{},
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z", uuid.Nil, strings.Repeat("x", 9000)} {
		change("v", []any{value})
		change("v", []any{value, value})
		change("v", value)
		change("i", value)
		change("o", value)
	}
	return texts
}

// FuzzFilters sends anything as the filter of each list: what the bytes say, as
// JSON, and a filter that they are the seed of.
func FuzzFilters(f *testing.F) {
	w := fuzzed(f)
	for i := range 40 {
		f.Add(fmt.Sprint(i))
	}
	for _, value := range hostile {
		text, err := json.Marshal(map[string]any{"name": map[string]any{"contains": value, "in": []any{value}}, "or": []any{map[string]any{"id": map[string]any{"eq": value}}}})
		if err == nil {
			f.Add(string(text))
		}
	}
	f.Add(`{"or":[{"value":{"gt":"1"}},{"not":{"tags":{"hasAny":["a"]}}}],"createdAt":{"lt":"9999-12-31T23:59:59Z"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var given any
		if decoder := json.NewDecoder(strings.NewReader(text)); decoder.Decode(&given) != nil {
			given = text
		}
		seed := [32]byte{}
		copy(seed[:], text)
		maker := &maker{t, rand.New(rand.NewChaCha8(seed)), w, 0.2}
		for _, list := range pages() {
			of := list.Arguments.ForName("filter").Type
			for _, filter := range []any{given, maker.value(of, 4)} {
				answer := w.Do(t, "query($filter: "+of.String()+") { "+list.Name+"(filter: $filter) { totalCount nodes { id } } }", apitest.Vars{"filter": filter})
				if err := sound(answer); err != nil {
					t.Errorf("%v\nfor %s with %v", err, list.Name, filter)
				}
			}
		}
	})
}

// FuzzWindows searches for any text, sorts by anything, and asks for any page.
func FuzzWindows(f *testing.F) {
	w := fuzzed(f)
	for i, value := range hostile {
		f.Add(fmt.Sprint(value), fmt.Sprint(value), "ASC", i-3, i*300-3000, 0)
		f.Add("acme", "CREATED_AT", fmt.Sprint(value), 1<<i, -1, 1<<(i%40))
	}
	f.Fuzz(func(t *testing.T, search, field, direction string, first, last, offset int) {
		order := []any{apitest.Vars{"field": field, "direction": direction}, apitest.Vars{"field": field}}
		for _, list := range pages() {
			vars := apitest.Vars{"first": first, "last": last, "offset": offset, "search": search, "orderBy": order}
			for _, without := range [][]string{{}, {"last", "orderBy"}, {"first", "offset", "search"}, {"first", "last", "offset", "search"}} {
				given := maps.Clone(vars)
				maps.DeleteFunc(given, func(name string, _ any) bool {
					return slices.Contains(without, name) || list.Arguments.ForName(name) == nil
				})
				declared, called := passed(list, given)
				answer := w.Do(t, "query("+declared+") { "+list.Name+"("+called+") { totalCount nodes { id } } }", given)
				if err := sound(answer); err != nil {
					t.Errorf("%v\nfor %s with %v", err, list.Name, given)
				}
			}
		}
	})
}

// TestRandomArguments gives every argument of every query and mutation random
// values, good and bad, made from the schema.
func TestRandomArguments(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		seed := uint64(time.Now().UnixNano())
		t.Logf("the seed is %d", seed)
		maker := &maker{t, rand.New(rand.NewPCG(seed, 0)), w, 0.1}
		for range 12 {
			for _, f := range fields(schema.Query) {
				maker.call(schema.Query, f)
			}
			for _, f := range fields(schema.Mutation) {
				if f.Name != "uploadLeadPhoto" { // its file comes in a form
					maker.call(schema.Mutation, f)
				}
			}
		}
	})
}

// TestBombs sends arguments that ask for too much, in each way there is.
func TestBombs(t *testing.T) {
	nested := func(depth int, key string, list bool) any {
		filter := any(apitest.Vars{})
		for range depth {
			if list {
				filter = []any{filter}
			}
			filter = apitest.Vars{key: filter}
		}
		return filter
	}
	many := func(n int, value any) []any { return slices.Repeat([]any{value}, n) }
	title := func(filter apitest.Vars) apitest.Vars { return apitest.Vars{"title": filter} }
	filters := map[string]any{
		"not, deep":              nested(1500, "not", false),
		"and, deep":              nested(1500, "and", true),
		"or, deep":               nested(150, "or", true),
		"contact, and":           apitest.Vars{"contact": nested(190, "and", true)},
		"or, wide":               apitest.Vars{"or": many(20_000, apitest.Vars{})},
		"or of few, wide":        apitest.Vars{"or": many(180, title(apitest.Vars{"contains": "x"}))},
		"and, wide":              apitest.Vars{"and": many(5000, title(apitest.Vars{"eq": "x"}))},
		"or of or":               apitest.Vars{"or": many(120, apitest.Vars{"or": many(120, apitest.Vars{})})},
		"in, long":               title(apitest.Vars{"in": many(50_000, "x")}),
		"in, many":               apitest.Vars{"and": many(150, title(apitest.Vars{"in": many(500, "x")}))},
		"ids, many":              apitest.Vars{"and": many(150, apitest.Vars{"id": apitest.Vars{"in": many(200, id.Deal.Encode(id.New()))}})},
		"tags, many":             apitest.Vars{"and": many(190, apitest.Vars{"tags": apitest.Vars{"hasAny": many(50, "x")}})},
		"a long text":            title(apitest.Vars{"contains": strings.Repeat("x", 900_000)}),
		"a long text of escapes": title(apitest.Vars{"contains": strings.Repeat("%_", 20_000)}),
		"a long eq":              title(apitest.Vars{"eq": strings.Repeat("x", 900_000)}),
	}
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		for name, filter := range filters {
			start := time.Now()
			answer := w.Do(t, "query($filter: DealFilter) { deals(filter: $filter) { totalCount nodes { id } } }", apitest.Vars{"filter": filter})
			if err := sound(answer); err != nil || time.Since(start) > 20*time.Second {
				t.Errorf("%s: %v, after %s", name, err, time.Since(start))
			}
		}
		for name, vars := range map[string]apitest.Vars{
			"a long search":     {"search": strings.Repeat("abc ", 50_000)},
			"a search of words": {"search": strings.Repeat("a ", 100)},
			"a wide order":      {"orderBy": many(5000, apitest.Vars{"field": "TITLE"})},
			"a long cursor":     {"after": strings.Repeat("A", 900_000)},
			"many ids":          {"ids": many(501, w.ids[id.Deal][0])},
			"all ids":           {"ids": many(500, w.ids[id.Deal][0])},
		} {
			answer := w.Do(t, "query($search: String $orderBy: [DealOrder!] $after: String $ids: [ID!]! = []) { deals(search: $search orderBy: $orderBy after: $after) { totalCount nodes { id } } nodes(ids: $ids) { id } }", vars)
			if err := sound(answer); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestBytes sends what is no text, past the encoding of a well-behaved client.
func TestBytes(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		for _, text := range []string{"\xff", "a\xffb", "\xc3", "\xed\xa0\x80", `\ud800`, `\u0000`, "\u2028", `\ud83d`, "\xf4\x90\x80\x80"} {
			for _, call := range []string{
				`deals(search: \"%s\") { totalCount }`, `deals(filter: {title: {eq: \"%s\"}}) { totalCount }`, `leads(filter: {or: [{email: {contains: \"%s\"}}]}) { totalCount }`,
				`deals(filter: {tags: {has: \"%s\"}}) { totalCount }`, `deals(filter: {value: {eq: \"%s\"}}) { totalCount }`, `node(id: \"%s\") { id }`, `deals(after: \"%s\") { totalCount }`,
				`deals(filter: {currency: {eq: \"%s\"}, value: {gt: \"1\"}}) { totalCount }`,
			} {
				body := `{"query": "{ ` + fmt.Sprintf(call, text) + ` }"}`
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/graphql", bytes.NewBufferString(body))
				must(t, err)
				request.Header.Set("Content-Type", "application/json")
				query := url.Values{"query": {"{ " + fmt.Sprintf(strings.ReplaceAll(call, `\"`, `"`), text) + " }"}}
				inURL, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/graphql?"+query.Encode(), nil)
				must(t, err)
				for _, one := range []*http.Request{request, inURL} {
					if err := sound(w.Send(t, one)); err != nil {
						t.Errorf("%s %q: %v", one.Method, body, err)
					}
				}
			}
			for mutation, input := range map[string]string{
				"createLead":    `{"firstName": "%[1]s", "email": "%[1]s", "source": "%[1]s", "phoneNumbers": ["%[1]s"], "socialMedia": {"youtube": "%[1]s"}, "photo": "%[1]s"}`,
				"createContact": `{"name": "%[1]s", "phone": "%[1]s", "tags": ["%[1]s"]}`,
				"createDeal":    `{"title": "%[1]s", "stageId": "` + w.ids[id.Stage][0] + `", "contact": {"email": "x@example.com", "name": "%[1]s"}, "lostReason": "%[1]s"}`,
				"addComment":    `{"subjectId": "` + w.ids[id.Lead][0] + `", "content": "%[1]s"}`,
				"createStage":   `{"name": "%[1]s", "description": "%[1]s"}`,
			} {
				title := strings.ToUpper(mutation[:1]) + mutation[1:]
				body := `{"query": "mutation($input: ` + title + `Input!) { ` + mutation + `(input: $input) { userErrors { message } } }", "variables": {"input": ` + fmt.Sprintf(input, text) + `}}`
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/graphql", bytes.NewBufferString(body))
				must(t, err)
				request.Header.Set("Content-Type", "application/json")
				if err := sound(w.Send(t, request)); err != nil {
					t.Errorf("%q: %v", body, err)
				}
			}
		}
	})
}
