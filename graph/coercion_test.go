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
