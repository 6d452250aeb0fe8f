package graph_test

import (
	"fmt"
	"testing"

	"dealflow/internal/apitest"
)

// TestEnumsInAnotherCase shows that a variable's enum is taken as it is spelled
// in the schema alone, wherever it stands.
func TestEnumsInAnotherCase(t *testing.T) {
	const document = `query($interval: VolumeInterval! = DAY, $filter: DealFilter, $orderBy: [DealOrder!]) {
		leadVolume(interval: $interval) { total } deals(filter: $filter, orderBy: $orderBy) { totalCount } }`
	status := func(field string, value any) apitest.Vars { return apitest.Vars{"status": apitest.Vars{field: value}} }
	tests := []struct {
		vars apitest.Vars
		path string // empty when nothing is wrong
	}{
		{apitest.Vars{}, ""},
		{apitest.Vars{"interval": "WEEK"}, ""},
		{apitest.Vars{"interval": "week"}, "[variable interval]"},
		{apitest.Vars{"filter": status("eq", "OPEN")}, ""},
		{apitest.Vars{"filter": nil, "orderBy": nil}, ""},
		{apitest.Vars{"filter": status("eq", "open")}, "[variable filter status eq]"},
		{apitest.Vars{"filter": status("in", []string{"OPEN", "Won"})}, "[variable filter status in 1]"},
		{apitest.Vars{"filter": apitest.Vars{"and": []any{apitest.Vars{"not": status("eq", "lost")}}}}, "[variable filter and 0 not status eq]"},
		{apitest.Vars{"orderBy": []any{apitest.Vars{"field": "TITLE", "direction": "DESC"}}}, ""},
		{apitest.Vars{"orderBy": []any{apitest.Vars{"field": "TITLE", "direction": "desc"}}}, "[variable orderBy 0 direction]"},
		{apitest.Vars{"orderBy": apitest.Vars{"field": "title"}}, "[variable orderBy 0 field]"},
	}
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		for _, test := range tests {
			response := ada.Do(t, document, test.vars)
			path := ""
			if len(response.Errors) > 0 {
				path = fmt.Sprint(response.Errors[0].Path)
			}
			if path != test.path || (path != "" && response.Errors[0].Code() != "GRAPHQL_VALIDATION_FAILED") {
				t.Errorf("%v is answered %s", test.vars, response.Raw)
			}
		}
	})
}

// TestScalarsOfOtherKinds shows that a value which no scalar of ours can be is the
// caller's fault wherever it stands, in a variable and in the document.
func TestScalarsOfOtherKinds(t *testing.T) {
	filters := map[string]string{"value": "Decimal", "expectedCloseDate": "Date", "createdAt": "DateTime"}
	values := map[string]any{`{a: 1}`: apitest.Vars{"a": 1}, `[[1]]`: []any{[]any{1}}, `true`: true}
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		for field, scalar := range filters {
			for literal, value := range values {
				inVariable := ada.Do(t, "query($v: DealFilter) { deals(filter: $v) { totalCount } }",
					apitest.Vars{"v": apitest.Vars{field: apitest.Vars{"in": value}}})
				inDocument := ada.Do(t, "{ deals(filter: {"+field+": {in: "+literal+"}}) { totalCount } }", nil)
				for _, answer := range []apitest.Response{inVariable, inDocument} {
					if len(answer.Errors) == 0 || answer.Errors[0].Code() == "INTERNAL" {
						t.Errorf("%s as a %s is answered %s", literal, scalar, answer.Raw)
					}
				}
			}
		}
	})
}
