package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"

	"dealflow/ent"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// renamed is a Tx that gives the tenant's stage another name.
func (n *tenant) renamed(ctx context.Context, s *store.Store, name string, outcome error) error {
	return s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
		if err := db.Stage.UpdateOneID(n.stage.ID).SetName(name).Exec(ctx); err != nil {
			return err
		}
		return outcome
	})
}

func TestWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		wrong := errors.New("wrong")
		name := func(ctx context.Context) string { return s.Client.Stage.GetX(ctx, n.stage.ID).Name }
		for _, test := range []struct {
			name string
			fn   func(context.Context) error
			want string
			err  error
		}{
			{"commits", func(ctx context.Context) error {
				s.Client.Stage.UpdateOne(n.stage).SetName("first").ExecX(ctx)
				err := n.renamed(ctx, s, name(ctx)+" and second", nil)
				if inside, outside := name(ctx), name(n.ctx); inside != "first and second" || outside != "New" {
					t.Errorf("inside it is %q, and %q to others", inside, outside)
				}
				return err
			}, "first and second", nil},
			{"undoes a part", func(ctx context.Context) error {
				if err := n.renamed(ctx, s, "third", nil); err != nil {
					return err
				}
				if err := n.renamed(ctx, s, "lost", wrong); !errors.Is(err, wrong) {
					t.Errorf("the part: %v", err)
				}
				return nil
			}, "third", nil},
			{"undoes a part that the database refused", func(ctx context.Context) error {
				err := s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
					db.Stage.UpdateOneID(n.stage.ID).SetName("lost").ExecX(ctx)
					return db.Stage.Create().SetID(n.stage.ID).SetPipeline(n.pipeline).SetName("again").SetPosition(1).
						SetProbability(1).SetCreatedAt(now).SetUpdatedAt(now).Exec(ctx)
				})
				if !ent.IsConstraintError(err) {
					t.Errorf("the part: %v", err)
				}
				return n.renamed(ctx, s, name(ctx)+" and fourth", nil)
			}, "third and fourth", nil},
			{"rolls back", func(ctx context.Context) error {
				if err := n.renamed(ctx, s, "lost", nil); err != nil {
					return err
				}
				return wrong
			}, "third and fourth", wrong},
		} {
			t.Run(test.name, func(t *testing.T) {
				err := s.Whole(n.ctx, test.fn)
				if got := name(n.ctx); got != test.want || !errors.Is(err, test.err) {
					t.Errorf("name = %q, err = %v, want %q, %v", got, err, test.want, test.err)
				}
			})
		}
		t.Run("rolls back on a panic", func(t *testing.T) {
			defer func() {
				if r, got := recover(), name(n.ctx); r != "help" || got != "third and fourth" {
					t.Errorf("name = %s, recovered %v", got, r)
				}
			}()
			_ = s.Whole(n.ctx, func(ctx context.Context) error {
				_ = n.renamed(ctx, s, "lost", nil)
				panic("help")
			})
		})
	})
}

// A statement outside of the parts that fails leaves nothing to go on with.
func TestWholeFailsWithAStatement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		var cause error
		err := s.Whole(n.ctx, func(ctx context.Context) error {
			s.Client.Stage.UpdateOne(n.stage).SetName("lost").ExecX(ctx)
			_, cause = s.Client.ExecContext(ctx, "DELETE FROM nowhere")
			if _, err := s.Client.Stage.Get(ctx, n.stage.ID); !errors.Is(err, cause) {
				t.Errorf("then a statement answers %v", err)
			}
			if err := n.renamed(ctx, s, "lost", nil); !errors.Is(err, cause) {
				t.Errorf("then a part answers %v", err)
			}
			return nil
		})
		if cause == nil || !errors.Is(err, cause) {
			t.Errorf("err = %v, want %v", err, cause)
		}
		if got := s.Client.Stage.GetX(n.ctx, n.stage.ID).Name; got != "New" {
			t.Errorf("the name is %q", got)
		}
	})
}

func TestWholeRunsAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		for name, conflict := range map[string]error{
			"serialization failure": &pq.Error{Code: "40001"},
			"deadlock":              &pq.Error{Code: "40P01"},
			"busy":                  busy(t),
		} {
			t.Run(name, func(t *testing.T) {
				before := s.Client.Stage.GetX(n.ctx, n.stage.ID).Version
				var told []string
				runs := 0
				err := s.Whole(n.ctx, func(ctx context.Context) error {
					runs++
					s.AfterCommit(ctx, func(ctx context.Context) {
						told = append(told, "after")
						s.Client.Stage.GetX(ctx, n.stage.ID) // the context has left the transaction
					})
					err := s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
						db.Stage.UpdateOneID(n.stage.ID).AddVersion(1).ExecX(ctx)
						if runs < 3 {
							return conflict
						}
						return s.BeforeCommit(ctx, db, func(context.Context, *ent.Client) error {
							told = append(told, "before")
							return nil
						})
					})
					if again := runs < 3; again != (ctx.Err() != nil) {
						t.Errorf("run %d: the context says %v", runs, ctx.Err())
					}
					told = append(told, "ran")
					if err != nil {
						return errors.New("something else")
					}
					return nil
				})
				if want := []string{"ran", "ran", "ran", "before", "after"}; err != nil || !slices.Equal(told, want) {
					t.Errorf("it went %v, err = %v, want %v", told, err, want)
				}
				if v := s.Client.Stage.GetX(n.ctx, n.stage.ID).Version; v != before+1 {
					t.Errorf("version = %d: the runs that were given up left something behind", v)
				}
			})
		}
	})
}

// Nothing that is left for later happens when the whole comes to nothing.
func TestWholeThatFails(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		wrong := errors.New("wrong")
		tell := func(ctx context.Context, db *ent.Client, outcome error) {
			s.AfterCommit(ctx, func(context.Context) { t.Error("it goes on after the commit") })
			_ = s.BeforeCommit(ctx, db, func(ctx context.Context, db *ent.Client) error {
				db.Stage.UpdateOneID(n.stage.ID).SetName("late").ExecX(ctx)
				return outcome
			})
		}
		for name, fn := range map[string]func(context.Context) error{
			"in fn": func(ctx context.Context) error {
				tell(ctx, nil, nil)
				return wrong
			},
			"at its end": func(ctx context.Context) error {
				tell(ctx, nil, wrong)
				return nil
			},
		} {
			if err := s.Whole(n.ctx, fn); !errors.Is(err, wrong) {
				t.Errorf("%s: err = %v", name, err)
			}
		}
		if got := s.Client.Stage.GetX(n.ctx, n.stage.ID).Name; got != "New" {
			t.Errorf("the name is %q", got)
		}
	})
}

// Those who read while others change things wait for them, and for each other.
func TestWholeTakesTurns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		err := s.Whole(n.ctx, func(ctx context.Context) error {
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					for range 20 {
						found := s.Client.Stage.Query().WithPipeline().OnlyX(ctx)
						if found.Name == "undone" || found.Edges.Pipeline == nil {
							t.Errorf("it reads what another's part has not done yet: %v", found)
						}
					}
				})
				if i%2 == 0 {
					all.Go(func() {
						undo := errors.New("undo")
						for range 5 {
							if err := n.renamed(ctx, s, "undone", undo); !errors.Is(err, undo) {
								t.Error(err)
							}
						}
					})
				}
			}
			all.Wait()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Two wholes lock two rows in two parts, each in the other's order. One of them
// loses on Postgres, and runs again from its first part.
func TestWholeGetsOverADeadlock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		second := s.Client.Stage.Create().SetPipeline(n.pipeline).SetName("Next").SetPosition(1).SetProbability(1).
			SetCreatedAt(now).SetUpdatedAt(now).SaveX(n.ctx)
		bump := func(stages ...*ent.Stage) error {
			return s.Whole(n.ctx, func(ctx context.Context) error {
				for _, one := range stages {
					_ = s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
						return db.Stage.UpdateOneID(one.ID).AddVersion(1).Exec(ctx)
					})
				}
				return nil
			})
		}
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

func TestWholeRefuses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		var left context.Context
		refused := map[string]error{}
		err := s.Whole(n.ctx, func(ctx context.Context) error {
			left = ctx
			nothing := func(context.Context) error { return nil }
			refused["is for what is in no"] = s.Whole(ctx, nothing)
			_, refused["in a Tx"] = s.Client.QueryContext(ctx, "SELECT 1") //nolint:rowserrcheck,sqlclosecheck // there are none
			return s.Tx(ctx, func(ctx context.Context, _ *ent.Client) error {
				_, refused["the client that Tx hands"] = s.Client.Stage.Get(ctx, n.stage.ID)
				refused["for what is in no transaction"] = s.Whole(ctx, nothing)
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		left = context.WithoutCancel(left)
		_, refused["has ended"] = s.Client.Stage.Get(left, n.stage.ID)
		for message, err := range refused {
			if err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("%s: err = %v", message, err)
			}
		}
	})
}

// Who waits for a turn waits no longer than there is time.
func TestWholeTurnsEndWithTheirContext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		err := s.Whole(n.ctx, func(outer context.Context) error {
			return s.Tx(outer, func(context.Context, *ent.Client) error {
				soon, cancel := context.WithTimeout(outer, time.Millisecond)
				defer cancel()
				if _, err := s.Client.Stage.Get(soon, n.stage.ID); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("err = %v", err)
				}
				return nil
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// What a function leaves behind, and is never over, holds nothing up beyond the
// context.
func TestWholeEndsWithItsContext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		begun, leave := make(chan struct{}), make(chan struct{})
		var behind sync.WaitGroup
		canceled, cancel := context.WithCancel(n.ctx)
		defer cancel()
		var part error
		err := s.Whole(canceled, func(ctx context.Context) error {
			behind.Go(func() {
				part = s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
					db.Stage.UpdateOneID(n.stage.ID).SetName("lost").ExecX(ctx)
					close(begun)
					<-leave
					return nil
				})
			})
			<-begun
			time.AfterFunc(10*time.Millisecond, cancel) // while it waits, or before: it ends
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want %v", err, context.Canceled)
		}
		if err := n.renamed(n.ctx, s, "next", nil); err != nil {
			t.Errorf("then the next one: %v", err)
		}
		close(leave)
		behind.Wait()
		if got := s.Client.Stage.GetX(n.ctx, n.stage.ID).Name; got != "next" || part == nil {
			t.Errorf("the name is %q, and what was left behind answers %v", got, part)
		}
	})
}

func TestWrote(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
			db.Stage.Query().Modify(store.Lock).OnlyX(ctx)
			if store.Wrote(ctx) {
				t.Error("reading is taken for writing")
			}
			db.Stage.UpdateOneID(n.stage.ID).SetName("x").ExecX(ctx)
			if !store.Wrote(ctx) {
				t.Error("writing is taken for reading")
			}
			return nil
		})
		if err != nil || store.Wrote(n.ctx) {
			t.Errorf("outside it says %v, err = %v", store.Wrote(n.ctx), err)
		}
	})
}
