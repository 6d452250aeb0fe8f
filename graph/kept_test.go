package graph_test

import (
	"strings"
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// TestKeptStatements asks the same documents again with other variables, and of another
// organization: what is kept of a page without variables is its text, and not what
// anybody was told.
func TestKeptStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		plans, plain := apitest.New(t, s), apitest.NewUnplanned(t, s)
		var clients [][2]*apitest.Client
		for i, name := range []string{"acme", "others"} {
			ada := plans.Organization(t, name)
			fillBoard(t, ada, i)
			clients = append(clients, [2]*apitest.Client{ada, plain.Client(t, ada.Organization)})
		}
		clients[1][0].Must(t, `mutation($input: CreateDealInput!) { createDeal(input: $input) { deal { id } userErrors { message } } }`,
			apitest.Vars{"input": apitest.Vars{"title": "Deal 1", "contact": apitest.Vars{"email": "more@others.example"},
				"stageId": clients[1][0].Must(t, `{ stages { nodes { id } } }`, nil).Get("stages.nodes").All("id")[0]}})
		titles := clients[0][0].Must(t, `{ deals { nodes { title } } }`, nil).Get("deals.nodes").All("title")
		before := plans.Metric(t, `dealflow_graphql_queries_total{path="planned"}`)
		for _, document := range []string{
			`query($t: String, $n: Int!) { deals(filter: {title: {eq: $t}}) { totalCount nodes { id title } } leads(first: $n) { nodes { email } } }`,
			`query($t: String!, $n: Int!) { deals(filter: {or: [{title: {in: ["none", $t]}}]}, first: 3) { totalCount nodes { id title } } leads(first: $n) { totalCount } }`,
			`query($t: String, $n: Int!) { deals(filter: {title: {eq: "` + titles[0] + `"}}) { totalCount nodes { id title } } leads(first: $n) { totalCount } contacts(filter: {name: {eq: $t}}) { totalCount } }`,
			`query($t: String = "` + titles[1] + `", $n: Int!) { pipelines { nodes { deals(filter: {title: {eq: $t}}, first: 2) { totalCount nodes { id title } } } } leads(first: $n) { totalCount } }`,
			`query($t: String, $n: Int!) { stages { nodes { deals(search: "` + strings.Fields(titles[0])[0] + `") { nodes { id title } } } } leads(first: $n, search: $t) { totalCount } }`,
		} {
			for i := range 6 {
				pair := clients[i%2]
				vars := apitest.Vars{"t": titles[i/2%len(titles)], "n": 1 + i%3}
				got, want := pair[0].Do(t, document, vars), pair[1].Do(t, document, vars)
				if apitest.WithoutCost(got.Raw) != apitest.WithoutCost(want.Raw) || len(want.Errors) > 0 {
					t.Errorf("%s with %v: planned %s, want %s", document, vars, got.Raw, want.Raw)
				}
			}
		}
		if n := plans.Metric(t, `dealflow_graphql_queries_total{path="planned"}`) - before; n != 30 {
			t.Errorf("%v of 30 were planned", n)
		}
	})
}
