package document_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/document"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: dealflow.Schema()})

func TestCheckNeeds(t *testing.T) {
	tests := map[string]struct {
		text  string
		needs []auth.Permission
	}{
		"nothing":         {`query A { viewer { role } __typename }`, []auth.Permission{}},
		"a root field":    {`query A { leads { totalCount } }`, []auth.Permission{auth.ViewLeads}},
		"a field inside":  {`query A { deals { nodes { stage { leads { totalCount } } } } }`, []auth.Permission{auth.ViewLeads, auth.ViewSalesPipelines}},
		"in a fragment":   {`query A { ...F ...F } fragment F on Query { ...G } fragment G on Query { leads { totalCount } }`, []auth.Permission{auth.ViewLeads}},
		"inline":          {`query A { ... @include(if: false) { leads { totalCount } } }`, []auth.Permission{auth.ViewLeads}},
		"an edit":         {`mutation A($i: CreateLeadInput!) { createLead(input: $i) { lead { id } } }`, []auth.Permission{auth.EditLeads, auth.ViewLeads}},
		"a subscription":  {`subscription A($b: ID!) { stageMoved(pipelineId: $b) { __typename } }`, []auth.Permission{auth.ViewSalesPipelines}},
		"keys themselves": {`query A { apiKeys { totalCount } }`, []auth.Permission{auth.ManageOrganization}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := document.Check(document.Server{Schema: schema}, []document.Entry{{Key: "1", Body: test.text}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.needs, list[0].Needs.List()); diff != "" {
				t.Error(diff)
			}
			if list[0].Name != "A" || !strings.HasPrefix(test.text, strings.ToLower(string(list[0].Kind))) {
				t.Errorf("%+v", list[0])
			}
		})
	}
}

// numbered is so many names.
func numbered(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "f%d ", i)
	}
	return text.String()
}

func TestCheckProblems(t *testing.T) {
	leads := document.Holder{Name: "the key k", Permissions: auth.PermissionsOf(auth.ViewLeads)}
	entry := func(text string) []document.Entry { return []document.Entry{{Key: "1", Body: text}} }
	tests := map[string]struct {
		entries []document.Entry
		want    string
	}{
		"a syntax error":    {entry(`query A { leads {`), `document "1": Expected Name, found <EOF> (line 1, column`},
		"an unknown field":  {entry("query A {\n  nothing\n}"), `document "1": Cannot query field "nothing" on type "Query". (line 2, column 3)`},
		"an unused part":    {entry(`query A { viewer { role } } fragment F on Query { viewer { role } }`), `Fragment "F" is never used`},
		"a missing part":    {entry(`query A { ...F }`), `Unknown fragment "F"`},
		"a wrong variable":  {entry(`query A($id: String) { lead(id: $id) { id } }`), `position expecting type "ID!"`},
		"no name":           {entry(`{ viewer { role } }`), `it has to have one operation, with a name, and the fragments that it uses: it has one without a name`},
		"two operations":    {entry(`query A { viewer { role } } query B { viewer { role } }`), `it has 2`},
		"no operation":      {entry(`fragment F on Query { viewer { role } }`), `The document has no operation`},
		"too many tokens":   {entry(`query A { ` + numbered(10_000) + `}`), `has more than 10000 tokens`},
		"too deep":          {entry(`query A ` + strings.Repeat("{a", 30_000)), `more than 100 deep`},
		"a name too often":  {entry(`query A { ` + strings.Repeat("__typename ", 5000) + `}`), `repeats the same names too often`},
		"introspection":     {entry(`query A { __schema { queryType { name } } }`), `it asks for the schema (__schema or __type), which keys may not`},
		"a type":            {entry(`query A { ...F } fragment F on Query { __type(name: "Lead") { name } }`), `it asks for the schema`},
		"a long name":       {entry(`query ` + strings.Repeat("A", 201) + ` { viewer { role } }`), `has a name of more than 200 bytes`},
		"another name":      {[]document.Entry{{Key: "1", Name: "B", Body: `query A { viewer { role } }`}}, `document "1" (B): its operation has the name A`},
		"another kind":      {[]document.Entry{{Key: "1", Name: "A", Kind: "mutation", Body: `query A { viewer { role } }`}}, `its operation is a query, and the manifest says "mutation"`},
		"a name twice":      {[]document.Entry{{Key: "1", Body: `query A { viewer { role } }`}, {Key: "2", Body: `query A { __typename }`}}, `document "2": its operation has the name A, as that of document "1" has`},
		"not allowed":       {entry(`query A { deals { totalCount } leads { totalCount } }`), `document "1": it needs VIEW_SALES_PIPELINES, which the key k does not have`},
		"see and not touch": {entry(`mutation A($i: CreateLeadInput!) { createLead(input: $i) { lead { id } } }`), `it needs EDIT_LEADS, which the key k`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := document.Check(document.Server{Schema: schema}, test.entries, []document.Holder{leads})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
	_, err := document.Check(document.Server{Schema: schema}, []document.Entry{{Key: "1", Body: `query A { x }`}, {Key: "2", Body: `query B { y }`}}, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("not all problems are told: %v", err)
	}
}

// TestCheckCosts shows that documents are refused which can never run for what they
// cost, at all or for one of the keys, and no others.
func TestCheckCosts(t *testing.T) {
	prices, err := cost.NewPrices(schema, 500)
	if err != nil {
		t.Fatal(err)
	}
	server := document.Server{Schema: schema, Prices: prices, Limits: cost.Limits{Max: 1000, Budget: 10, Burst: 2000}}
	poor := []document.Holder{{Name: "the key k", Permissions: auth.PermissionsOf(auth.ViewLeads), Budget: 1}} // 200 points at once
	rich := []document.Holder{{Name: "the key r", Permissions: auth.PermissionsOf(auth.ViewLeads), Budget: 1000}}
	const mend = ": ask for smaller pages or fewer fields, or "
	for name, test := range map[string]struct {
		text    string
		holders []document.Holder
		want    string
	}{
		"within":                 {`query A { leads(first: 300) { nodes { id } } }`, nil, ""},
		"too much":               {`query A { leads(first: 500) { nodes { id status { id } } } }`, nil, `document "1": QUERY_TOO_EXPENSIVE: it costs 1002 points or more, and an operation may cost 1000` + mend + "raise --max-cost, also of the server"},
		"a variable":             {`query A($n: Int = 500) { leads(first: $n) { nodes { id status { id } } } }`, nil, ""},
		"inside of a variable":   {`query A($n: Int!) { leads(first: $n) { nodes { comments(first: 500) { nodes { author { id } } } } } }`, nil, ""},
		"around a variable":      {`query A($n: Int!) { leads(first: 500) { nodes { status { id } comments(first: $n) { nodes { id } } } } }`, nil, "QUERY_TOO_EXPENSIVE: it costs 1502 points or more"},
		"what may be left out":   {`query A($all: Boolean!) { leads(first: 500) @include(if: $all) { nodes { id status { id } } } }`, nil, ""},
		"a search":               {`query A($for: String!) { leads(search: $for) { nodes { id } } }`, nil, "QUERY_TOO_EXPENSIVE: it costs 2022 points or more"},
		"a subscription":         {`subscription A($id: ID!) { leadChanged(leadId: $id) { ... on CardUpdated { card { ... on Lead { comments(first: 500) { nodes { author { id } } } } } } } }`, nil, "QUERY_TOO_EXPENSIVE: it costs 1004 points or more"},
		"beyond a small budget":  {`query A { leads(first: 300) { nodes { id } } }`, poor, `QUERY_TOO_EXPENSIVE: it costs 302 points or more, and with its budget the key k may spend 200 at once` + mend + "give it a key with a larger budget"},
		"within a small budget":  {`query A { leads(first: 100) { nodes { id } } }`, poor, ""},
		"beyond a large budget":  {`query A { leads(first: 500) { nodes { id status { id } } } }`, rich, "an operation may cost 1000"},
		"within a larger budget": {`query A { leads(first: 500) { nodes { id } } }`, rich, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := document.Check(server, []document.Entry{{Key: "1", Body: test.text}}, test.holders)
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n")):
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
