package main

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"dealflow/internal/testdb"
)

// each runs a test on two empty databases of each kind.
func each(t *testing.T, test func(t *testing.T, d, one, other string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, dialect.SQLite, testdb.SQLite(t), testdb.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, dialect.Postgres, testdb.Postgres(t), testdb.Postgres(t)) })
}

func TestMigrationsMakeWhatEntDescribes(t *testing.T) {
	each(t, func(t *testing.T, d, migrated, described string) {
		plan, met, err := drift(t.Context(), d, migrated, described)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range plan.Changes {
			t.Errorf("missing, run go run ./internal/store/newmigration NAME: %s", change.Cmd)
		}
		if diff := cmp.Diff(sorted(extras[d]), sorted(met)); diff != "" {
			t.Errorf("extras that are not there (-):\n%s", diff)
		}
	})
}

func TestDriftIsNoticed(t *testing.T) {
	tests := map[string]struct {
		change string // made by hand in what ent describes
		want   string // found in the SQL that the plan answers with
	}{
		"column":      {"ALTER TABLE deals ADD COLUMN nickname text", "nickname"},
		"type":        {"ALTER TABLE leads DROP COLUMN location; ALTER TABLE leads ADD COLUMN location bigint", "location"},
		"index":       {"DROP INDEX deal_contact_id", "deal_contact_id"},
		"foreign key": {"ALTER TABLE deals ADD COLUMN twin uuid CONSTRAINT twins REFERENCES deals (id)", "twins"},
		"check":       {"ALTER TABLE deals ADD COLUMN age int CONSTRAINT of_age CHECK (age > 17)", "of_age"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d, migrated, described string) {
				if _, _, err := drift(t.Context(), d, migrated, described); err != nil {
					t.Fatal(err)
				}
				from, to := mustOpen(t, d, migrated), mustOpen(t, d, described)
				if _, err := to.ExecContext(t.Context(), test.change); err != nil {
					t.Fatal(err)
				}
				plan, _, err := compare(t.Context(), d, from, to)
				if err != nil {
					t.Fatal(err)
				}
				if got := string(format(plan)); !strings.Contains(got, test.want) {
					t.Errorf("plan does not mention %s:\n%s", test.want, got)
				}
			})
		})
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

func mustOpen(t *testing.T, d, url string) *sql.DB {
	t.Helper()
	db, err := openDB(d, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
