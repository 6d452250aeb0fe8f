package graph_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"dealflow/ent"
	"dealflow/internal/apitest"
)

// TestPlans shows the index that each hot statement walks, on a database that
// would rather use one than read a whole table.
func TestPlans(t *testing.T) {
	for name, test := range map[string]struct{ document, table, index string }{
		"deals of stages":   {`{ pipelines { nodes { stages { deals { nodes { id } } } } } }`, "deals", "deal_stage_id_rank_id"},
		"leads of stages":   {`{ pipelines { nodes { stages { leads { nodes { id } } } } } }`, "leads", "lead_stage_id_rank_id"},
		"all leads":         {`{ leads { nodes { id } } }`, "leads", "lead_organization_id_created_at_id"},
		"comments of leads": {`{ leads { nodes { comments { nodes { id } } } } }`, "comments", "comment_lead_id_created_at_id"},
		"activity of deals": {`{ deals { nodes { activity { nodes { id } } } } }`, "activities", "activity_entity_id_created_at_id"},
		"history of deals":  {`{ deals { nodes { stageHistory { id } } } }`, "stage_stays", "stagestay_deal_id_entered_at"},
	} {
		t.Run(name, func(t *testing.T) {
			apitest.Each(t, func(t *testing.T, api *apitest.API) {
				ada := api.Organization(t, "acme")
				fillBoard(t, ada, 0)
				fillBoard(t, ada, 1)
				ada.Must(t, test.document, nil)
				statements := api.Statements()
				last := statements[len(statements)-1]
				if plan := explain(t, api, last); !strings.Contains(plan, test.index) {
					t.Errorf("%s is not in the plan:\n%s\nof %s", test.index, plan, last)
				}
			})
		})
	}
}

// explain is the plan of a statement, whatever its arguments.
func explain(t *testing.T, api *apitest.API, statement string) string {
	t.Helper()
	tx, err := api.Store.Client.Tx(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if api.Store.Dialect != dialect.Postgres {
		return rows(t, tx, "EXPLAIN QUERY PLAN "+statement, make([]any, strings.Count(statement, "?"))...)
	}
	for _, setting := range []string{
		"SET LOCAL enable_seqscan = off", "SET LOCAL enable_sort = off", "SET LOCAL plan_cache_mode = force_generic_plan",
		"PREPARE hot AS " + statement,
	} {
		if _, err := tx.ExecContext(t.Context(), setting); err != nil {
			t.Fatal(err)
		}
	}
	arguments := 0
	for strings.Contains(statement, fmt.Sprintf("$%d", arguments+1)) {
		arguments++
	}
	execute := "EXPLAIN EXECUTE hot"
	if arguments > 0 {
		execute += "(NULL" + strings.Repeat(", NULL", arguments-1) + ")"
	}
	return rows(t, tx, execute)
}

func rows(t *testing.T, tx *ent.Tx, query string, arguments ...any) string {
	t.Helper()
	found, err := tx.QueryContext(t.Context(), query, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for found.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := found.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&plan, "%s\n", *cells[len(cells)-1].(*any))
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return plan.String()
}
