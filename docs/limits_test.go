package docs_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLimits goes over each limit that the page lists.
func TestLimits(t *testing.T) {
	s := newPlace(t).serve(t)
	ids := `["` + strings.Repeat(`x","`, 500) + `x"]`
	send := func(path, token, body string) func() string {
		return func() string {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", "Bearer "+token)
			status, answer := s.send(t, request)
			return fmt.Sprint(status, " ", answer)
		}
	}
	ask := func(document string) func() string {
		body, err := json.Marshal(map[string]string{"query": document})
		if err != nil {
			t.Fatal(err)
		}
		return send("/graphql", s.token, string(body))
	}
	vars := func(declared, value string) func() string {
		return send("/graphql", s.token, `{"query":"query($v: `+declared+`) { leads(filter: $v) { totalCount } }","variables":{"v":`+value+`}}`)
	}
	costly := ask(`mutation { deleteStage(input: {id: "x"}) { pipeline { deals(first: 500) { nodes { comments(first: 400) { nodes { author { id } } } } } } } }`)
	over := map[string][]func() string{
		"a request without files":                            {send("/graphql", s.token, strings.Repeat(" ", 1<<20+1))},
		"a photo":                                            {func() string { return s.upload(t, s.token, make([]byte, 5<<20+1)) }},
		"a request with a photo":                             {func() string { return s.upload(t, s.token, make([]byte, 6<<20+64<<10)) }},
		"tokens (words and signs) of a document":             {ask("{" + strings.Repeat("a ", 2000) + "}")},
		"braces, brackets and parentheses within each other": {ask(strings.Repeat("{ a ", 31) + strings.Repeat("}", 31)), ask("{ a(b: " + strings.Repeat("[", 29) + strings.Repeat("]", 29) + ") }")},
		"a name in a document":                               {ask("{" + strings.Repeat("a", 201) + "}")},
		"pairs of fields with the same name":                 {ask("{" + strings.Repeat("a ", 202) + "}")},
		"aliases":                                            {ask("{ " + strings.Repeat("a: __typename ", 101) + "}")},
		"directives":                                         {ask("{ __typename " + strings.Repeat("@include(if: true) ", 51) + "}")},
		"fragment spreads and inline fragments":              {ask("{ " + strings.Repeat("... { __typename } ", 101) + "}")},
		"values of one list":                                 {vars("LeadFilter", `{"source":{"in":["`+strings.Repeat(`x","`, 1000)+`x"]}}`)},
		"lists and objects within each other":                {vars("LeadFilter", strings.Repeat(`{"not":`, 13)+"{}"+strings.Repeat("}", 13))},
		"all values":                                         {vars("LeadFilter", `{"and":[`+strings.Repeat(`{"or":[{},{},{},{},{},{},{},{},{},{}]},`, 999)+`{}]}`)},
		"conditions of a filter":                             {vars("LeadFilter", `{"and":[`+strings.Repeat(`{"source":{"eq":"x"}},`, 200)+`{"source":{"eq":"x"}}]}`)},
		"a page: first, last":                                {ask("{ leads(first: 501) { totalCount } }"), ask("{ leads(last: 501) { totalCount } }")},
		"offset":                                             {ask("{ leads(offset: 10001) { totalCount } }")},
		"ids in nodes, entries of in":                        {ask("{ nodes(ids: " + ids + ") { id } }"), ask("{ leads(filter: {source: {in: " + ids + "}}) { totalCount } }")},
		"ids in one mutation":                                {ask("mutation { archiveLeads(input: {ids: " + ids + "}) { userErrors { code } } }")},
		"a search":                                           {ask(`{ leads(search: "` + strings.Repeat("a", 201) + `") { totalCount } }`), ask(`{ leads(search: "` + strings.Repeat("a ", 11) + `") { totalCount } }`)},
		"a clientMutationId":                                 {ask(`mutation { deleteDeal(input: {id: "x", clientMutationId: "` + strings.Repeat("a", 301) + `"}) { clientMutationId } }`)},
		"headers of a request, with its path":                {send("/graphql?"+strings.Repeat("x", 80<<10), s.token, "{}")},
		"an Idempotency-Key": {func() string {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+s.token)
			request.Header.Set("Idempotency-Key", strings.Repeat("k", 256))
			status, answer := s.send(t, request)
			return fmt.Sprint(status, " ", answer)
		}},
		"what one operation may cost":  {ask("{ deals(first: 500) { nodes { comments(first: 500) { nodes { author { id } } } } } }")},
		"what a user or key may spend": {func() string { return costly() + costly() + costly() }}, // mutations get nothing back
		"a token":                      {send("/graphql", strings.Repeat("x", 8<<10+1), "{}")},
	}
	rows := slices.DeleteFunc(table(t, "limits.md", "what", "at most", "then"), func(row []string) bool {
		// Those of time are tested where a test can set them, in internal/server.
		return row[2] == "the connection is closed" || strings.HasPrefix(row[2], "503 TIMEOUT") || strings.HasSuffix(row[2], ", and the connection is closed") || row[0] == "files in a request, places for them" ||
			row[0] == "the time that its answer is kept" || // in internal/once
			strings.HasPrefix(row[0], "rows of an answer") // with a low limit, in graph and internal/live
	})
	if got, want := first(rows), slices.Sorted(maps.Keys(over)); !slices.Equal(got, want) {
		t.Errorf("the page has %q, this test %q", got, want)
	}
	for _, row := range rows {
		for _, try := range over[row[0]] {
			answer := try()
			for _, part := range regexp.MustCompile(`\d{3}|[A-Z_]{5,}`).FindAllString(row[2], -1) {
				// GraphQL's own errors do not repeat the status.
				if !strings.Contains(answer, part) {
					t.Errorf("%s: %.300s, want %s", row[0], answer, row[2])
				}
			}
		}
	}
}

// TestLimitFlags sees to it that the page names every flag that sets a limit, with
// its default.
func TestLimitFlags(t *testing.T) {
	page := mustRead(t, "limits.md") + mustRead(t, "live.md")
	for _, flag := range flagsOf(t, newPlace(t), "serve") {
		name := "--" + strings.Fields(flag.name)[0]
		limits := name == "--idempotency-retention" || strings.HasPrefix(name, "--max-") || strings.HasSuffix(name, "-timeout") && name != "--shutdown-timeout"
		if limits && !strings.Contains(page, "`"+name+"`") {
			t.Errorf("limits.md says nothing of %s", name)
		}
	}
}
