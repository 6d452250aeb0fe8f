package store_test

import (
	"database/sql"
	"io/fs"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

// TestStatistics shows that the migrations give SQLite's planner figures of
// every index, and none of an index that has gone.
func TestStatistics(t *testing.T) {
	s := storetest.SQLite(t)
	const missing = `SELECT name FROM sqlite_schema WHERE type = 'index'
		AND NOT EXISTS (SELECT * FROM sqlite_stat1 WHERE tbl = tbl_name AND idx = name)`
	for _, index := range scanAll[string](t, s.Client, missing) {
		t.Errorf("no figures of the index %s: add them in its migration, as 0003_statistics.sql does", index)
	}
	const left = `SELECT idx FROM sqlite_stat1
		WHERE NOT EXISTS (SELECT * FROM sqlite_schema WHERE type = 'index' AND tbl_name = tbl AND name = idx)`
	for _, index := range scanAll[string](t, s.Client, left) {
		t.Errorf("figures of an index that is not there: %s", index)
	}
	const twice = "SELECT idx FROM sqlite_stat1 GROUP BY tbl, idx HAVING count(*) > 1"
	for _, index := range scanAll[string](t, s.Client, twice) {
		t.Errorf("figures of the index %s, twice", index)
	}
}

// TestStatisticsOfAnOldDatabase shows that a database without figures, or with
// those of an ANALYZE, gets the same as a new one, and that connections which
// were open before go by them.
func TestStatisticsOfAnOldDatabase(t *testing.T) {
	const figures = "SELECT tbl || ' ' || idx || ' ' || stat FROM sqlite_stat1 ORDER BY 1"
	want := strings.Join(scanAll[string](t, storetest.SQLite(t).Client, figures), "\n")
	const query = "EXPLAIN QUERY PLAN SELECT * FROM users WHERE organization_id = '' AND id IN (SELECT value FROM json_each('[]'))"
	// ANALYZE has nothing to say of tables without rows.
	const analyzed = `INSERT INTO organizations (id, created_at, updated_at, name) VALUES ('1', '2026-03-02', '2026-03-02', 'Acme');
		INSERT INTO users (id, created_at, updated_at, subject, name, organization_id)
			VALUES ('2', '2026-03-02', '2026-03-02', 'ada', 'Ada', '1'), ('3', '2026-03-02', '2026-03-02', 'bob', 'Bob', '1');
		ANALYZE`
	for name, prepare := range map[string]string{"without figures": "SELECT 1", "analyzed": analyzed} {
		t.Run(name, func(t *testing.T) {
			url := testdb.SQLite(t)
			migrateFirst(t, strings.TrimPrefix(url, "sqlite:"), prepare)
			s := storetest.Open(t, url)
			if prepare == analyzed && len(scanAll[string](t, s.Client, "SELECT tbl FROM sqlite_stat1 WHERE tbl = 'users'")) == 0 {
				t.Fatal("ANALYZE made no figures")
			}
			if before := plan(t, s, query); strings.Contains(before, "(id=?)") {
				t.Errorf("found by id without figures:\n%s", before)
			}
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(scanAll[string](t, s.Client, figures), "\n"); got != want {
				t.Errorf("figures:\n%s\nwant\n%s", got, want)
			}
			if after := plan(t, s, query); !strings.Contains(after, "(id=?)") {
				t.Errorf("not found by id:\n%s", after)
			}
		})
	}
}

// migrateFirst makes a database as it was after the first migration, and runs
// statements more.
func migrateFirst(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files, err := fs.Sub(store.Migrations, "migrations/sqlite")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
}

// plan is how a reading connection would run a query.
func plan(t *testing.T, s *store.Store, query string) string {
	t.Helper()
	tx, err := s.Client.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	found, err := tx.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	var text strings.Builder
	for found.Next() {
		var id, parent, unused int
		var detail string
		if err := found.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		text.WriteString(detail + "\n")
	}
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
