package store_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"dealflow/ent"
	"dealflow/ent/stage"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

func TestTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		rename := func(ctx context.Context, db *ent.Client, name string) {
			db.Stage.UpdateOneID(n.stage.ID).SetName(name).ExecX(ctx)
		}
		name := func() string { return s.Client.Stage.GetX(n.ctx, n.stage.ID).Name }

		t.Run("commits", func(t *testing.T) {
			err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
				rename(ctx, db, "committed")
				return nil
			})
			if err != nil || name() != "committed" {
				t.Errorf("name = %s, err = %v", name(), err)
			}
		})
		t.Run("rolls back on an error", func(t *testing.T) {
			wrong := errors.New("wrong")
			err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
				rename(ctx, db, "lost")
				return wrong
			})
			if !errors.Is(err, wrong) || name() != "committed" {
				t.Errorf("name = %s, err = %v", name(), err)
			}
		})
		t.Run("rolls back on a panic", func(t *testing.T) {
			defer func() {
				if r := recover(); r != "help" || name() != "committed" {
					t.Errorf("name = %s, recovered %v", name(), r)
				}
			}()
			_ = s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
				rename(ctx, db, "lost")
				panic("help")
			})
		})
	})
}

func TestTxRunsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		for name, conflict := range map[string]error{
			"serialization failure": &pq.Error{Code: "40001"},
			"deadlock":              &pq.Error{Code: "40P01"},
			"busy":                  busy(t),
		} {
			t.Run(name, func(t *testing.T) {
				runs := 0
				err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
					runs++
					db.Stage.UpdateOneID(n.stage.ID).AddVersion(1).ExecX(ctx)
					if runs < 3 {
						return conflict
					}
					return nil
				})
				if err != nil || runs != 3 {
					t.Errorf("ran %d times, err = %v, want success in the third", runs, err)
				}
			})
			t.Run(name+" that stays", func(t *testing.T) {
				runs := 0
				err := s.Tx(n.ctx, func(context.Context, *ent.Client) error {
					runs++
					return conflict
				})
				if !errors.Is(err, conflict) || runs != 5 {
					t.Errorf("ran %d times, err = %v, want the conflict after 5", runs, err)
				}
			})
		}
		if v := s.Client.Stage.GetX(n.ctx, n.stage.ID).Version; v != 4 {
			t.Errorf("version = %d: the runs that were given up left something behind", v)
		}
	})
}

func TestTxDoesNotRunAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		for name, err := range map[string]error{
			"any error":      errors.New("wrong"),
			"constraint":     &pq.Error{Code: "23505"},
			"no time left":   &pq.Error{Code: "40001"},
			"context is off": context.Canceled,
		} {
			runs := 0
			got := s.Tx(ctx, func(context.Context, *ent.Client) error {
				runs++
				if name == "no time left" {
					cancel()
				}
				return err
			})
			if ctx.Err() != nil {
				ctx, cancel = context.WithCancel(t.Context())
			}
			if runs != 1 || !errors.Is(got, err) {
				t.Errorf("%s: ran %d times, err = %v", name, runs, got)
			}
		}
		cancel()
	})
}

// busy is SQLite's own error, of a file that another connection writes.
func busy(t *testing.T) error {
	t.Helper()
	path := strings.TrimPrefix(testdb.SQLite(t), "sqlite:")
	db, err := sql.Open("sqlite", path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	_, err = db.BeginTx(t.Context(), nil)
	if err == nil {
		t.Fatal("two transactions write one file")
	}
	return err
}

// Two transactions lock two rows, each in the other's order. One of them loses
// on Postgres, and runs again.
func TestTxGetsOverADeadlock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		second := s.Client.Stage.Create().SetPipeline(n.pipeline).SetName("Next").SetPosition(1).SetProbability(1).
			SetCreatedAt(now).SetUpdatedAt(now).SaveX(n.ctx)
		bump := func(stages ...*ent.Stage) error {
			return s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
				for _, one := range stages {
					if err := db.Stage.UpdateOneID(one.ID).AddVersion(1).Exec(ctx); err != nil {
						return err
					}
				}
				return nil
			})
		}
		// Two at a time: of two that wait for each other, one gets through.
		for range 4 {
			var both sync.WaitGroup
			for _, order := range [][]*ent.Stage{{n.stage, second}, {second, n.stage}} {
				both.Go(func() {
					if err := bump(order...); err != nil {
						t.Error(err)
					}
				})
			}
			both.Wait()
		}
		for _, one := range s.Client.Stage.Query().AllX(n.ctx) {
			if one.Version != 9 {
				t.Errorf("%s has version %d, want 9", one.Name, one.Version)
			}
		}
	})
}

// Without Lock, some of the increments would be lost on Postgres.
func TestLock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
					found, err := db.Stage.Query().Where(stage.ID(n.stage.ID)).Modify(store.Lock).Only(ctx)
					if err != nil {
						return err
					}
					return db.Stage.UpdateOne(found).SetVersion(found.Version + 1).Exec(ctx)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if v := s.Client.Stage.GetX(n.ctx, n.stage.ID).Version; v != 9 {
			t.Errorf("version = %d, want 9", v)
		}
	})
}

func TestLockLetsForeignKeysPass(t *testing.T) {
	s := storetest.Postgres(t)
	n := newTenant(t, s, "own")
	err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
		db.Pipeline.Query().QueryOrganization().Modify(store.Lock).OnlyX(ctx) // DISTINCT, but for Lock
		db.Stage.Query().Modify(store.Lock).OnlyX(ctx)
		// Outside, a deal refers to the locked stage.
		soon, cancel := context.WithTimeout(n.ctx, 10*time.Second)
		defer cancel()
		return newDeal(n, s.Client, "refers").Exec(soon)
	})
	if err != nil {
		t.Error(err)
	}
}
