package docs_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/server"
	"dealflow/internal/store/storetest"
)

// table is the rows of a page's table with a header, or of all its tables with that
// header, without quotes of code.
func table(t *testing.T, path string, header ...string) [][]string {
	t.Helper()
	var rows [][]string
	inside := false
	for line := range strings.Lines(mustRead(t, path)) {
		cells := cells(line)
		switch {
		case cells == nil:
			inside = false
		case inside && !strings.HasPrefix(cells[0], "--"): // the rule below the header
			rows = append(rows, cells)
		case len(cells) >= len(header) && slices.Equal(cells[:len(header)], header):
			inside = true
		}
	}
	if rows == nil {
		t.Fatalf("%s has no table with %q", path, header)
	}
	return rows
}

// cells are those of a table's line; nil for other lines.
func cells(line string) []string {
	inside, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil
	}
	list := strings.Split(strings.TrimSuffix(inside, "|"), "|")
	for i := range list {
		list[i] = strings.ReplaceAll(strings.TrimSpace(list[i]), "`", "")
	}
	return list
}

// first is the first cell of each row, sorted.
func first(rows [][]string) []string {
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row[0]
	}
	slices.Sort(names)
	return names
}

func TestGuideUserErrors(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: dealflow.Schema()})
	rows := table(t, "guide.md", "code", "means", "carries")
	var codes []string
	for _, value := range schema.Types["UserErrorCode"].EnumValues {
		codes = append(codes, value.Name)
	}
	slices.Sort(codes)
	if got := first(rows); !slices.Equal(got, codes) {
		t.Errorf("the page has %q, the schema %q", got, codes)
	}
	carried := 0
	for _, row := range rows {
		kind, field, ok := strings.Cut(row[2], ".")
		if !ok {
			continue
		}
		carried++
		if definition := schema.Types[kind]; definition == nil || definition.Fields.ForName(field) == nil {
			t.Errorf("%s: there is no %s", row[0], row[2])
		}
	}
	if types := schema.PossibleTypes["UserError"]; carried != len(types)-1 {
		t.Errorf("the page tells what %d kinds of errors carry; there are %d and InputError", carried, len(types)-1)
	}
}

// TestGuideErrors meets every error that the guide lists.
func TestGuideErrors(t *testing.T) {
	api := apitest.NewCosting(t, storetest.SQLite(t), cost.Limits{})
	demo := api.Organization(t, "demo")
	do := func(document string) apitest.Response { return demo.Do(t, document, nil) }
	send := func(client *apitest.Client, method, media, body string) apitest.Response {
		request, err := http.NewRequestWithContext(t.Context(), method, api.URL+"/graphql", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", media)
		return client.Send(t, request)
	}
	const json = "application/json"
	partner, _ := demo.Key(t, "erp", auth.ViewLeads)
	demo.Publish(t, "erp", map[string]string{"1": "query A { __typename }"})
	demo.Publish(t, "app", map[string]string{"1": "query A { viewer { role } }"})
	hashed := `{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "` + strings.Repeat("0", 64) + `"}}}`
	cases := map[string]func() apitest.Response{
		"UNAUTHENTICATED": func() apitest.Response { return send(&apitest.Client{}, http.MethodPost, json, "{}") },
		"FORBIDDEN": func() apitest.Response {
			return demo.As(t, "partner", auth.RolePartner).Do(t, `{ leadStatuses { id } }`, nil)
		},
		"BAD_USER_INPUT":            func() apitest.Response { return do(`{ leads(first: 501) { totalCount } }`) },
		"INVALID_ID":                func() apitest.Response { return do(`{ lead(id: "7") { id } }`) },
		"GRAPHQL_PARSE_FAILED":      func() apitest.Response { return do(`{`) },
		"GRAPHQL_VALIDATION_FAILED": func() apitest.Response { return do(`{ nothing }`) },
		"QUERY_TOO_LARGE":           func() apitest.Response { return do(strings.Repeat("{a", 200)) },
		"DOCUMENT_REQUIRED":         func() apitest.Response { return partner.Do(t, `{ __typename }`, nil) },
		"DOCUMENT_NOT_FOUND":        func() apitest.Response { return partner.Run(t, "nothing", nil) },
		"DOCUMENT_MISMATCH": func() apitest.Response {
			return send(partner, http.MethodPost, json, `{"documentId": "1", "operationName": "B"}`)
		},
		"DOCUMENT_AMBIGUOUS":        func() apitest.Response { return demo.Run(t, "1", nil) },
		"PERSISTED_QUERY_NOT_FOUND": func() apitest.Response { return send(demo, http.MethodPost, json, hashed) },
		"PERSISTED_QUERY_HASH_MISMATCH": func() apitest.Response {
			return send(demo, http.MethodPost, json, strings.Replace(hashed, "{", `{"query": "{ __typename }", `, 1))
		},
		"NOT_ACCEPTABLE": func() apitest.Response {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/graphql?query={__typename}", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Accept", "image/png")
			return demo.Send(t, request)
		},
		"BAD_REQUEST":        func() apitest.Response { return send(demo, http.MethodPost, json, "[]") },
		"METHOD_NOT_ALLOWED": func() apitest.Response { return send(demo, http.MethodPut, json, "{}") },
		"PAYLOAD_TOO_LARGE": func() apitest.Response {
			return send(demo, http.MethodPost, json, strings.Repeat(" ", 2<<20))
		},
		"QUERY_TOO_EXPENSIVE": func() apitest.Response {
			return do(`{ deals(first: 500) { nodes { comments(first: 500) { nodes { author { id } } } } } }`)
		},
		"RATE_LIMITED": func() apitest.Response {
			var answer apitest.Response
			for range 3 { // a mutation gets nothing back
				answer = do(`mutation { deleteStage(input: {id: "x"}) { pipeline { deals(first: 500) { nodes { comments(first: 400) { nodes { author { id } } } } } } } }`)
			}
			return answer
		},
		"UNSUPPORTED_MEDIA_TYPE": func() apitest.Response { return send(demo, http.MethodPost, "text/plain", "x") },
		"IDEMPOTENCY_KEY_REUSED": func() apitest.Response {
			keyed := demo.With("Idempotency-Key", "key")
			keyed.Do(t, `mutation { createContact(input: {name: "Ada"}) { userErrors { code } } }`, nil)
			return keyed.Do(t, `mutation { createContact(input: {name: "Grace"}) { userErrors { code } } }`, nil)
		},
		"TIMEOUT": func() apitest.Response {
			hasty := apitest.NewWith(t, storetest.SQLite(t), func(c *server.Config) { c.OperationTimeout = 1 })
			return hasty.Organization(t, "demo").Do(t, `{ leadStatuses { id } }`, nil)
		},
		"INTERNAL": func() apitest.Response {
			api.Store.Close()
			return do(`{ leadStatuses { id } }`)
		},
	}
	rows := table(t, "guide.md", "code", "status", "means")
	if got, want := first(rows), slices.Sorted(maps.Keys(cases)); !slices.Equal(got, want) {
		t.Errorf("the page has %q, this test %q", got, want)
	}
	for _, row := range rows { // INTERNAL is the last
		response := cases[row[0]]()
		if len(response.Errors) != 1 || response.Errors[0].Code() != row[0] {
			t.Errorf("%s: the answer is %s", row[0], response.Raw)
			continue
		}
		inside := response.Errors[0].Extensions["status"]
		outside := strconv.Itoa(response.Status)
		if inside != nil && fmt.Sprint(inside) != row[1] || inside == nil && outside != row[1] {
			t.Errorf("%s: HTTP status %s, status %v, want %s", row[0], outside, inside, row[1])
		}
		if outside != row[1] && outside != "200" {
			t.Errorf("%s: HTTP status %s", row[0], outside)
		}
	}
}

func TestGuideRoles(t *testing.T) {
	rows := table(t, "guide.md", "role", "permissions")
	if got, want := first(rows), []string{"ADMIN", "PARTNER", "SALES", "VIEWER"}; !slices.Equal(got, want) {
		t.Errorf("the page has %q, want %q", got, want)
	}
	for _, row := range rows {
		var names []string
		for _, permission := range auth.Role(row[0]).Permissions().List() {
			names = append(names, string(permission))
		}
		if len(names) > 0 && strings.Join(names, ", ") != row[1] {
			t.Errorf("%s: %q, want %q", row[0], row[1], names)
		}
		if len(names) == 0 && !strings.Contains(row[1], "claim") {
			t.Errorf("%s: %q, but it has no permissions of its own", row[0], row[1])
		}
	}
}
