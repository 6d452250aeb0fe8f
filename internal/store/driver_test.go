package store_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

func TestSQLiteConnections(t *testing.T) {
	s := storetest.SQLite(t)
	check := func(db *ent.Client, want map[string]string) {
		t.Helper()
		for name, value := range want {
			if got := scan[string](t, db, "SELECT * FROM pragma_"+name); got != value {
				t.Errorf("%s = %s, want %s", name, got, value)
			}
		}
	}
	common := map[string]string{"busy_timeout": "5000", "journal_mode": "wal", "synchronous": "1"}
	check(s.Client, common)
	check(s.Client, map[string]string{"query_only": "1"})
	err := s.Tx(t.Context(), func(_ context.Context, db *ent.Client) error {
		check(db, common)
		check(db, map[string]string{"query_only": "0", "foreign_keys": "1"})
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReadersDoNotWaitForAWriter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		reading, cancel := context.WithTimeout(n.ctx, 10*time.Second)
		defer cancel()
		err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
			db.Stage.UpdateOne(n.stage).SetName("changed").ExecX(ctx)
			if got := s.Client.Stage.GetX(reading, n.stage.ID).Name; got != "New" {
				t.Errorf("outside reads %q before the commit", got)
			}
			tx, err := s.Client.BeginTx(reading, &sql.TxOptions{ReadOnly: true})
			if err != nil {
				return err
			}
			if got := tx.Stage.GetX(reading, n.stage.ID).Name; got != "New" {
				t.Errorf("a read-only transaction reads %q before the commit", got)
			}
			return tx.Rollback()
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Client.Stage.GetX(n.ctx, n.stage.ID).Name; got != "changed" {
			t.Errorf("outside reads %q after the commit", got)
		}
	})
}

func TestStatementsOutsideOfTxAreRefusedInside(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
			_, read := s.Client.Stage.Get(ctx, n.stage.ID)
			write := s.Client.Stage.UpdateOne(n.stage).SetName("x").Exec(ctx)
			nested := s.Tx(ctx, func(context.Context, *ent.Client) error { return nil })
			for name, err := range map[string]error{"read": read, "write": write, "Tx": nested} {
				if err == nil || !strings.Contains(err.Error(), "inside Tx") {
					t.Errorf("%s: err = %v", name, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestCountStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		ctx, counter := store.CountStatements(n.ctx)
		s.Client.Deal.Query().WithStage().WithContact().AllX(ctx)
		if got := counter.Count(); got != 3 {
			t.Errorf("counted %d statements, want 3", got)
		}
		if got := counter.Statements(); got != nil {
			t.Errorf("recorded %v unasked", got)
		}
	})
}

func TestRecordStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		ctx, counter := store.RecordStatements(n.ctx)
		err := s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
			db.Deal.Query().CountX(ctx)
			return newDeal(n, db, "another").Exec(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		exec(t, s, "DELETE FROM comments") // of no counted context
		var verbs []string
		for _, query := range counter.Statements() {
			verb, _, _ := strings.Cut(query, " ")
			verbs = append(verbs, verb)
		}
		if want := []string{"SELECT", "INSERT"}; !slices.Equal(verbs, want) || counter.Count() != 2 {
			t.Errorf("recorded %v, counted %d, want %v without BEGIN and COMMIT", verbs, counter.Count(), want)
		}
	})
}

func TestObserve(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		type statement struct {
			query  string
			failed bool
		}
		var seen []statement
		s, err := store.Open(t.Context(), url, store.Options{
			Observe: func(_ context.Context, query string, took time.Duration, err error) {
				if took <= 0 {
					t.Errorf("%s took %v", query, took)
				}
				seen = append(seen, statement{query, err != nil})
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		scan[int](t, s.Client, "SELECT 1")
		_, err = s.Client.ExecContext(t.Context(), "DELETE FROM nowhere")
		if err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
		if want := []statement{{"SELECT 1", false}, {"DELETE FROM nowhere", true}}; !slices.Equal(seen, want) {
			t.Errorf("observed %v, want %v", seen, want)
		}
	})
}
