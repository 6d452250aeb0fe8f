package store_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

func TestMigrate(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		before, err := s.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var last int64 // a number may be another database's alone
		for _, m := range before {
			if m.Version <= last || m.Name == "" || !m.Pending || !m.AppliedAt.IsZero() {
				t.Errorf("before: %+v", m)
			}
			last = m.Version
		}
		if n, err := s.Pending(t.Context()); err != nil || n != len(before) || n == 0 {
			t.Errorf("Pending = %d, %v", n, err)
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, store.ErrSchemaOld) {
			t.Errorf("CheckSchema = %v, want ErrSchemaOld", err)
		}
		for range 2 { // the second time there is nothing to do
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		after, err := s.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range after {
			if m.Pending || time.Since(m.AppliedAt).Abs() > time.Hour {
				t.Errorf("after: %+v", m)
			}
		}
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Errorf("CheckSchema = %v", err)
		}
		if got := scan[int](t, s.Client, "SELECT count(*) FROM deals"); got != 0 {
			t.Errorf("%d deals in an empty database", got)
		}
	})
}

func TestMigrateAtOnce(t *testing.T) {
	url := testdb.Postgres(t)
	var all sync.WaitGroup
	for range 3 {
		s := storetest.Open(t, url)
		all.Go(func() {
			if err := s.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestMigrateTellsOfLostRows(t *testing.T) {
	s := storetest.SQLite(t)
	n := newTenant(t, s, "own")
	path := scan[string](t, s.Client, "SELECT file FROM pragma_database_list")
	db, err := sql.Open("sqlite", path) // without foreign keys, as migrations run
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "DELETE FROM stages WHERE id = ?", n.stage.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "missing from stages") {
		t.Errorf("err = %v", err)
	}
}

// found is the shape of a search on SQLite, by the index that migrations make.
const found = "SELECT count(*) FROM deals WHERE id IN (SELECT s.row_id FROM deals_search AS s " +
	"JOIN deals_fts AS f ON f.rowid = s.id WHERE deals_fts MATCH ?) AND title = ?"

func TestSearchIndexOfSQLite(t *testing.T) {
	s := storetest.SQLite(t)
	n := newTenant(t, s, "own")
	finds := func(t *testing.T, s *store.Store, text, title string, want int) {
		t.Helper()
		phrase := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		if got := scan[int](t, s.Client, found, phrase, title); got != want {
			t.Errorf("%q finds %q %d times, want %d", text, title, got, want)
		}
	}
	make := func(title string) { newDeal(n, s.Client, title).SetSearchText(title).ExecX(n.ctx) }
	for _, title := range []string{`a "golden" bridge`, "größe straße", "bridge", "to be deleted"} {
		make(title)
	}

	t.Run("finds what is inside words", func(t *testing.T) {
		finds(t, s, "ridg", "bridge", 1)
		finds(t, s, "ridg", `a "golden" bridge`, 1)
		finds(t, s, `"golden" br`, `a "golden" bridge`, 1)
		finds(t, s, "öße str", "größe straße", 1)
		finds(t, s, "groesse", "größe straße", 0)
		finds(t, s, "bridgework", "bridge", 0)
	})
	t.Run("follows updates", func(t *testing.T) {
		d := newDeal(n, s.Client, "changing").SetSearchText("before").SaveX(n.ctx)
		s.Client.Deal.UpdateOne(d).SetSearchText("afterwards").ExecX(n.ctx)
		s.Client.Deal.UpdateOne(d).SetLostReason("price").ExecX(n.ctx)
		finds(t, s, "before", "changing", 0)
		finds(t, s, "afterwards", "changing", 1)
	})
	t.Run("follows deletes", func(t *testing.T) {
		exec(t, s, "DELETE FROM deals WHERE title = 'to be deleted'")
		make("came later") // may take the number that became free
		finds(t, s, "deleted", "came later", 0)
		finds(t, s, "later", "came later", 1)
		if got := scan[int](t, s.Client, "SELECT (SELECT count(*) FROM deals) - (SELECT count(*) FROM deals_search)"); got != 0 {
			t.Errorf("%d deals without a number, or fewer deals than numbers", got)
		}
	})
	t.Run("survives VACUUM INTO", func(t *testing.T) {
		// Rows away, so that implicit numbers would be dealt anew.
		exec(t, s, "DELETE FROM deals WHERE title = 'größe straße'")
		path := filepath.Join(t.TempDir(), "copy.db")
		exec(t, s, "VACUUM INTO ?", path)
		copied := storetest.Open(t, "sqlite:"+path)
		for _, s := range []*store.Store{s, copied} {
			finds(t, s, "later", "came later", 1)
			finds(t, s, "later", "bridge", 0)
			finds(t, s, "golden", `a "golden" bridge`, 1)
			finds(t, s, "afterwards", "changing", 1)
		}
		exec(t, copied, "VACUUM")
		finds(t, copied, "later", "came later", 1)
		finds(t, copied, "afterwards", "changing", 1)
		exec(t, copied, "INSERT INTO deals_fts (deals_fts) VALUES ('integrity-check')")
	})
	t.Run("leads too", func(t *testing.T) {
		const leads = "SELECT count(*) FROM leads WHERE id IN (SELECT s.row_id FROM leads_search AS s " +
			"JOIN leads_fts AS f ON f.rowid = s.id WHERE leads_fts MATCH ?)"
		if got := scan[int](t, s.Client, leads, `"hopper"`); got != 1 {
			t.Errorf("hopper finds %d leads, want 1", got)
		}
		exec(t, s, "UPDATE leads SET search_text = 'ada lovelace'")
		if got := scan[int](t, s.Client, leads, `"hopper"`) + 10*scan[int](t, s.Client, leads, `"lovelace"`); got != 10 {
			t.Errorf("after an update: %d", got)
		}
		exec(t, s, "DELETE FROM leads")
		if got := scan[int](t, s.Client, "SELECT count(*) FROM leads_search"); got != 0 {
			t.Errorf("%d numbers of deleted leads", got)
		}
	})
}

func TestSearchIndexOfPostgres(t *testing.T) {
	s := storetest.Postgres(t)
	exec(t, s, "SET enable_seqscan = off") // there are too few rows for an index to pay
	newTenant(t, s, "own")
	for table, index := range map[string]string{"deals": "deal_search", "leads": "lead_search"} {
		count := func(word string) int {
			return scan[int](t, s.Client, "SELECT count(*) FROM "+table+"_search WHERE text LIKE $1", "%"+word+"%")
		}
		query := "EXPLAIN SELECT row_id FROM " + table + "_search WHERE text LIKE '%ridge%'"
		plan := strings.Join(scanAll[string](t, s.Client, query), "\n")
		if !strings.Contains(plan, index) {
			t.Errorf("the search does not use %s:\n%s", index, plan)
		}
		exec(t, s, "UPDATE "+table+" SET search_text = 'a golden bridge'")
		exec(t, s, "UPDATE "+table+" SET version = version + 1")
		if count("golden") != 1 || count("") != 1 {
			t.Errorf("after an update, golden finds %d of %d %s, want the only one", count("golden"), count(""), table)
		}
		exec(t, s, "DELETE FROM "+table)
		if count("") != 0 {
			t.Errorf("the texts of %d deleted %s are kept", count(""), table)
		}
	}
}
