package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// This file is about what comes between a group's reads and its write: locks, other
// changes, broken connections and the end of somebody's time.

// TestGroupedWaitsForNobody shows that who waits for a lock does so alone.
func TestGroupedWaitsForNobody(t *testing.T) {
	lock := map[string]struct {
		take func(ctx context.Context, db *ent.Client, o office) error
		want [3]int // statements of each: the group's two, and those of Tx
	}{
		"of its row": {func(ctx context.Context, db *ent.Client, o office) error {
			return db.Deal.UpdateOneID(o.second.ID).AddVersion(1).Exec(ctx)
		}, [3]int{2, 4, 2}},
		"of its organization's events": {func(ctx context.Context, db *ent.Client, o office) error {
			return db.EventHead.Update().AddSeq(0).Exec(ctx)
		}, [3]int{4, 4, 2}},
		"of what a foreign key names": {func(ctx context.Context, db *ent.Client, _ office) error {
			_, err := db.Organization.Query().Modify(func(s *entsql.Selector) { s.For("UPDATE") }).OnlyID(ctx)
			return err
		}, [3]int{4, 4, 4}},
	}
	s := storetest.Patient(t)
	for name, test := range lock {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, s)
			changes := o.everyone()
			release, locked, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() {
				done <- s.Tx(o.own.ctx, func(ctx context.Context, db *ent.Client) error {
					err := test.take(ctx, db, o)
					close(locked)
					<-release
					return err
				})
			}()
			<-locked
			ctxs, counters := counted(changes)
			errs, other := make(chan error, 3), make(chan struct{})
			var all sync.WaitGroup
			defer all.Wait()
			all.Go(func() {
				storetest.Crowd(t, s, func() {},
					func() { errs <- s.Grouped(ctxs[0], changes[0].rows(), changes[0].fn(s)) },
					func() { errs <- s.Grouped(ctxs[1], changes[1].rows(), changes[1].fn(s)) },
					func() {
						defer close(other)
						errs <- s.Grouped(ctxs[2], changes[2].rows(), changes[2].fn(s))
					})
			})
			select {
			case <-other:
			case <-time.After(time.Minute):
				t.Error("the other waits for the lock, too")
			}
			close(release)
			if err := errors.Join(<-done, <-errs, <-errs, <-errs); err != nil {
				t.Error(err)
			}
			o.check(t, s, "Bridge1", "Tower2", "Bridge3")
			for i, want := range test.want {
				if n := counters[i].Count(); n != want {
					t.Errorf("change %d takes %d statements, want %d", i, n, want)
				}
			}
		})
	}
}

// TestGroupedBehindOthers shows that who has read what is not so any more reads it again.
func TestGroupedBehindOthers(t *testing.T) {
	s := storetest.Patient(t)
	cases := map[string]struct {
		of     func(o office) *ent.Deal
		titles []string
	}{
		"its row":                     {func(o office) *ent.Deal { return o.second }, []string{"Bridge", "Tower02", "Bridge3"}},
		"another of its organization": {func(o office) *ent.Deal { return o.first }, []string{"Bridge0", "Tower2", "Bridge3"}},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, s)
			changes := o.everyone()[1:] // of both organizations
			var once sync.Once
			changes[0].before = func(context.Context, *ent.Client) error {
				once.Do(func() {
					if err := s.Tx(o.own.ctx, change{of: o.own, deal: test.of(o), title: "0"}.fn(s)); err != nil {
						t.Error(err)
					}
				})
				return nil
			}
			ctxs, counters := counted(changes)
			if err := errors.Join(crowdIn(t, s, ctxs, changes...)...); err != nil {
				t.Error(err)
			}
			o.check(t, s, test.titles...)
			if a, b := counters[0].Count(), counters[1].Count(); a != 4 || b != 2 {
				t.Errorf("it takes %d statements and the other %d, want 4 and the group's 2", a, b)
			}
		})
	}
}

// TestGroupedOverBrokenConnections shows that all hear of it when a group loses its
// connection as it writes, for nobody knows what was written; and that all are run again
// when it does so before. The next group is as any other.
func TestGroupedOverBrokenConnections(t *testing.T) {
	s := storetest.Patient(t)
	for name, reads := range map[string]bool{"as it writes": false, "as it reads": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, s)
			changes := o.everyone()
			var once sync.Once
			changes[1].before = func(ctx context.Context, db *ent.Client) error {
				var err error
				once.Do(func() {
					breakGroup(t, s, o)
					if reads {
						err = s.LockRow(ctx, db, new(ent.Deal), deal.Table, deal.Columns, o.second.ID)
					}
				})
				return err
			}
			for i, err := range crowd(t, s, changes...) {
				if told := err != nil; told == reads {
					t.Errorf("change %d: %v", i, err)
				}
			}
			if !reads {
				o.check(t, s, "Bridge", "Tower", "Bridge")
				if err := errors.Join(crowd(t, s, changes...)...); err != nil {
					t.Error(err)
				}
			}
			o.check(t, s, "Bridge1", "Tower2", "Bridge3")
		})
	}
}

// breakGroup ends the connection of the group that has read last.
func breakGroup(t *testing.T, s *store.Store, o office) {
	t.Helper()
	broken, err := s.Client.QueryContext(o.own.ctx, "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity "+
		"WHERE datname = current_database() AND state = 'idle' AND query LIKE '%WITH ORDINALITY%LATERAL%'")
	if err != nil {
		t.Error(err)
		return
	}
	defer broken.Close()
	if !broken.Next() || broken.Err() != nil {
		t.Errorf("the group has no connection that could break: %v", broken.Err())
	}
}

// TestGroupedWithoutTime shows that nobody waits for a group longer than they have time.
func TestGroupedWithoutTime(t *testing.T) {
	s := storetest.Patient(t)
	o := newOffice(t, s)
	changes := o.everyone()
	short, cancel := context.WithCancel(o.own.ctx)
	defer cancel()
	ctxs, errs, left := []context.Context{o.own.ctx, short, o.other.ctx}, make([]error, 3), make(chan struct{})
	run := func(i int) func() {
		return func() { errs[i] = s.Grouped(ctxs[i], changes[i].rows(), changes[i].fn(s)) }
	}
	gone := func() {
		defer close(left)
		run(1)()
	}
	storetest.Crowd(t, s, func() {
		cancel()
		<-left // while no group can begin
	}, run(0), gone, run(2))
	if !errors.Is(errs[1], context.Canceled) || errors.Join(errs[0], errs[2]) != nil {
		t.Error(errs)
	}
	o.check(t, s, "Bridge1", "Tower", "Bridge3")
}

// TestGroupedWithLittleTime shows that one whose time ends before it has written does not,
// and takes none from the others.
func TestGroupedWithLittleTime(t *testing.T) {
	s := storetest.Patient(t)
	o := newOffice(t, s)
	changes := o.everyone()
	little, cancel := context.WithCancel(o.own.ctx)
	defer cancel()
	// Whoever is the first, its time is over before the last one's function is.
	changes[2].after = func(context.Context, *ent.Client) error {
		cancel()
		return nil
	}
	for i := range changes[:2] {
		changes[i].after = func(context.Context, *ent.Client) error {
			<-little.Done()
			return nil
		}
	}
	errs := crowdIn(t, s, []context.Context{little, little, o.other.ctx}, changes...)
	if errs[2] != nil {
		t.Errorf("one with time enough: %v", errs[2])
	}
	for _, err := range errs[:2] {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("one without: %v", err)
		}
	}
	o.check(t, s, "Bridge", "Tower", "Bridge3")
}
