package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/ent/stage"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// change gives a deal a title and a source, and tells so: what Grouped is for.
type change struct {
	of     *tenant
	deal   *ent.Deal
	title  string
	source *string
	// before and after run before its writes and after them.
	before, after func(ctx context.Context, db *ent.Client) error
}

func (c change) rows() []uuid.UUID { return []uuid.UUID{c.deal.ID} }

func (c change) fn(s *store.Store) func(context.Context, *ent.Client) error {
	return func(ctx context.Context, db *ent.Client) error {
		found := new(ent.Deal)
		if err := s.LockRow(ctx, db, found, deal.Table, deal.Columns, c.deal.ID); err != nil {
			return err
		}
		if c.before != nil {
			if err := c.before(ctx, db); err != nil {
				return err
			}
		}
		diff, err := json.Marshal(found.Title + c.title)
		if err != nil {
			return err
		}
		err = s.Together(ctx, db,
			store.Update(deal.Table, []store.Column{
				{Name: deal.FieldTitle, Value: found.Title + c.title}, {Name: deal.FieldSource, Value: c.source},
				{Name: deal.FieldVersion, Value: found.Version + 1}, {Name: deal.FieldUpdatedAt, Value: now},
			}, store.Column{Name: deal.FieldID, Value: c.deal.ID}),
			store.Upsert(eventhead.Table, []string{eventhead.FieldID, eventhead.FieldSeq, eventhead.FieldRevision}, []any{uuid.New(), 1, uuid.New()}, eventhead.FieldSeq),
			store.Insert(event.Table,
				[]string{event.FieldID, event.FieldSeq, event.FieldKind, event.FieldEntityType, event.FieldEntityID, event.FieldChanges, event.FieldCreatedAt},
				[]any{uuid.New(), store.Own{Table: eventhead.Table, Column: eventhead.FieldSeq}, event.KindCARD_MOVED, event.EntityTypeDEAL, c.deal.ID, json.RawMessage(`[{"to":` + string(diff) + `}]`), now}))
		if err == nil && c.after != nil {
			err = c.after(ctx, db)
		}
		return err
	}
}

// crowd runs changes at once, in one group on Postgres, and answers their errors.
func crowd(t *testing.T, s *store.Store, changes ...change) []error {
	t.Helper()
	ctxs := make([]context.Context, len(changes))
	for i, c := range changes {
		ctxs[i] = c.of.ctx
	}
	return crowdIn(t, s, ctxs, changes...)
}

// crowdIn is crowd in these contexts.
func crowdIn(t *testing.T, s *store.Store, ctxs []context.Context, changes ...change) []error {
	t.Helper()
	errs, all := make([]error, len(changes)), make([]func(), len(changes))
	for i, c := range changes {
		all[i] = func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			errs[i] = s.Grouped(ctxs[i], c.rows(), c.fn(s))
		}
	}
	storetest.Crowd(t, s, func() {}, all...)
	return errs
}

// each runs a test on an empty store of each kind.
func each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Run("sqlite", func(t *testing.T) { test(t, storetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.Patient(t)) })
}

// office is organizations with deals.
type office struct {
	own, other           *tenant
	first, second, third *ent.Deal // of own, own and other
}

func newOffice(t *testing.T, s *store.Store) office {
	t.Helper()
	mark := uuid.NewString() // names of organizations are unique
	own, other := newTenant(t, s, "own "+mark), newTenant(t, s, "other "+mark)
	second := newDeal(own, s.Client, "Tower").SaveX(own.ctx)
	return office{own, other, own.deal, second, other.deal}
}

// everyone is a change of each deal.
func (o office) everyone() []change {
	return []change{
		{of: o.own, deal: o.first, title: "1"}, {of: o.own, deal: o.second, title: "2"}, {of: o.other, deal: o.third, title: "3"},
	}
}

// check checks the deals' titles, and that each organization's events are numbered
// without a gap, and as many as it has.
func (o office) check(t *testing.T, s *store.Store, titles ...string) {
	t.Helper()
	for i, one := range o.everyone() {
		if got := s.Client.Deal.GetX(one.of.ctx, one.deal.ID).Title; got != titles[i] {
			t.Errorf("deal %d is %q, not %q", i, got, titles[i])
		}
	}
	for _, n := range []*tenant{o.own, o.other} {
		seqs := s.Client.Event.Query().Order(event.BySeq()).Select(event.FieldSeq).IntsX(n.ctx)
		for i, seq := range seqs {
			if seq != i+1 {
				t.Errorf("the events of %s are number %v", n.organization.Name, seqs)
			}
		}
		if head := s.Client.EventHead.Query().OnlyX(n.ctx); head.Seq != int64(len(seqs)) {
			t.Errorf("%d events of %s end at %d", len(seqs), n.organization.Name, head.Seq)
		}
	}
}

// counted are contexts for changes, and the counts of their statements.
func counted(changes []change) ([]context.Context, []*store.Counter) {
	ctxs, counters := make([]context.Context, len(changes)), make([]*store.Counter, len(changes))
	for i, c := range changes {
		ctxs[i], counters[i] = store.RecordStatements(c.of.ctx)
	}
	return ctxs, counters
}

// TestGrouped shows that changes of one group take as few statements as one.
func TestGrouped(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		o := newOffice(t, s)
		changes := o.everyone()
		ctxs, counters := counted(changes)
		for i, err := range crowdIn(t, s, ctxs, changes...) {
			if err != nil {
				t.Errorf("change %d: %v", i, err)
			}
		}
		o.check(t, s, "Bridge1", "Tower2", "Bridge3")
		if s.Dialect != dialect.Postgres {
			return
		}
		for _, c := range counters {
			if fmt.Sprint(c.Arguments()) != fmt.Sprint(counters[0].Arguments()) || c.Count() != 2 {
				t.Errorf("there are %d statements, want the same 2 of all:\n%s", c.Count(), strings.Join(c.Statements(), "\n"))
			}
		}
	})
}

// TestGroupedWithOneThatFails shows that what goes wrong for one, in whatever way, is
// nothing to the others.
func TestGroupedWithOneThatFails(t *testing.T) {
	wrong := errors.New("wrong")
	cases := map[string]struct {
		change func(o office, c *change)
		is     func(error) bool
	}{
		"refuses": {
			func(_ office, c *change) { c.before = func(context.Context, *ent.Client) error { return wrong } },
			func(err error) bool { return errors.Is(err, wrong) },
		},
		"refuses after it wrote": {
			func(_ office, c *change) { c.after = func(context.Context, *ent.Client) error { return wrong } },
			func(err error) bool { return errors.Is(err, wrong) },
		},
		"panics": {
			func(_ office, c *change) { c.before = func(context.Context, *ent.Client) error { panic("help") } },
			func(err error) bool { return err != nil && err.Error() == "panic: help" },
		},
		"panics after it wrote": {
			func(_ office, c *change) { c.after = func(context.Context, *ent.Client) error { panic("help") } },
			func(err error) bool { return err != nil && err.Error() == "panic: help" },
		},
		"names another organization's row": {
			func(o office, c *change) { c.deal = o.third },
			ent.IsNotFound,
		},
		"names no row": {
			func(_ office, c *change) { c.deal = &ent.Deal{ID: uuid.New()} },
			ent.IsNotFound,
		},
		"has no time": {
			func(_ office, c *change) {
				of := *c.of
				var cancel context.CancelFunc
				of.ctx, cancel = context.WithCancel(of.ctx)
				c.of, c.before = &of, func(ctx context.Context, _ *ent.Client) error { cancel(); return nil }
			},
			func(err error) bool { return errors.Is(err, context.Canceled) },
		},
	}
	each(t, func(t *testing.T, s *store.Store) {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t, s)
				changes := o.everyone()
				test.change(o, &changes[1])
				ctxs, counters := counted(changes)
				errs := crowdIn(t, s, ctxs, changes...)
				if n := counters[2].Count(); s.Dialect == dialect.Postgres && n != 2 {
					t.Errorf("another takes %d statements, want the group's 2", n)
				}
				if !test.is(errs[1]) {
					t.Errorf("it fails with %v", errs[1])
				}
				if err := errors.Join(errs[0], errs[2]); err != nil {
					t.Errorf("the others fail with %v", err)
				}
				o.check(t, s, "Bridge1", "Tower", "Bridge3")
			})
		}
	})
}

// TestGroupedWithOneThatIsAlone shows that what cannot be done in a group is done all
// the same.
func TestGroupedWithOneThatIsAlone(t *testing.T) {
	text := "a text"
	cases := map[string]struct {
		prepare func(s *store.Store, o office)
		change  func(s *store.Store, o office, c *change)
	}{
		"it reads something else": {change: func(_ *store.Store, o office, c *change) {
			c.before = func(ctx context.Context, db *ent.Client) error {
				_, err := db.Stage.Query().Where(stage.ID(o.own.stage.ID)).Only(ctx)
				return err
			}
		}},
		"it writes something else": {change: func(_ *store.Store, o office, c *change) {
			c.before = func(ctx context.Context, db *ent.Client) error {
				return db.Stage.UpdateOneID(o.own.stage.ID).AddVersion(1).Exec(ctx)
			}
		}},
		"it writes twice": {change: func(s *store.Store, o office, c *change) {
			c.after = func(ctx context.Context, db *ent.Client) error {
				return s.Together(ctx, db, store.Update(stage.Table, []store.Column{{Name: stage.FieldName, Value: "Other"}}, store.Column{Name: stage.FieldID, Value: o.own.stage.ID}))
			}
		}},
		"it writes twice, of a type of its own": {change: func(s *store.Store, o office, c *change) {
			c.after = func(ctx context.Context, db *ent.Client) error {
				return s.Together(ctx, db, store.Update(stage.Table, []store.Column{{Name: stage.FieldProbability, Value: 0.5}}, store.Column{Name: stage.FieldID, Value: o.own.stage.ID}))
			}
		}},
		"it reads after it wrote": {change: func(s *store.Store, o office, c *change) {
			c.after = func(ctx context.Context, db *ent.Client) error {
				found := new(ent.Deal)
				err := s.LockRow(ctx, db, found, deal.Table, deal.Columns, o.second.ID)
				if err == nil && found.Title != "Tower2" {
					t.Errorf("it reads %q", found.Title)
				}
				return err
			}
		}},
		"it writes other columns": {change: func(_ *store.Store, _ office, c *change) { c.source = &text }},
		"it is the organization's first": {prepare: func(s *store.Store, o office) {
			s.Client.Event.Delete().ExecX(o.own.ctx)
			s.Client.EventHead.Delete().ExecX(o.own.ctx)
		}},
		"the rows are the same": {change: func(_ *store.Store, o office, c *change) { c.deal, c.title = o.first, "1" }},
	}
	each(t, func(t *testing.T, s *store.Store) {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) {
				o := newOffice(t, s)
				changes := o.everyone()
				if test.prepare != nil {
					test.prepare(s, o)
				}
				if test.change != nil {
					test.change(s, o, &changes[1])
				}
				if err := errors.Join(crowd(t, s, changes...)...); err != nil {
					t.Error(err)
				}
				if name == "the rows are the same" {
					o.check(t, s, "Bridge11", "Tower", "Bridge3")
				} else {
					o.check(t, s, "Bridge1", "Tower2", "Bridge3")
				}
			})
		}
	})
}

// TestGroupedRowTwice shows that a row that is named twice is in nobody's way.
func TestGroupedRowTwice(t *testing.T) {
	s := storetest.Patient(t)
	o := newOffice(t, s)
	c := o.everyone()[0]
	if err := s.Grouped(c.of.ctx, append(c.rows(), c.rows()...), c.fn(s)); err != nil {
		t.Error(err)
	}
	o.check(t, s, "Bridge1", "Tower", "Bridge")
}

// TestGroupedKeepsValues shows that values come through a group as they are.
func TestGroupedKeepsValues(t *testing.T) {
	s := storetest.Patient(t)
	for _, text := range []string{"", "NULL", "null", `"`, `\`, `{}`, `a,b`, `{"a": [1, "b\\c"]}`, "line\nline\r\ttab", "é 語 \U0001f600", "'; --", " "} {
		o := newOffice(t, s)
		changes := o.everyone()
		for i := range changes {
			changes[i].title, changes[i].source = text, &text
		}
		changes[2].source = nil
		ctxs, counters := counted(changes)
		if err := errors.Join(crowdIn(t, s, ctxs, changes...)...); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if n := counters[0].Count(); n != 2 {
			t.Errorf("%q: %d statements, want 2, for all of them", text, n)
		}
		o.check(t, s, "Bridge"+text, "Tower"+text, "Bridge"+text)
		for i, c := range changes {
			got := s.Client.Deal.GetX(c.of.ctx, c.deal.ID)
			told := s.Client.Event.Query().Where(event.EntityID(c.deal.ID)).OnlyX(c.of.ctx)
			var title string
			if err := json.Unmarshal(told.Changes[0].To, &title); err != nil || title != got.Title {
				t.Errorf("%q: the event has %s, %v", text, told.Changes[0].To, err)
			}
			if i < 2 && (got.Source == nil || *got.Source != text) || i == 2 && got.Source != nil {
				t.Errorf("%q: source %d is %v", text, i, got.Source)
			}
			if !got.UpdatedAt.Equal(now) || !told.CreatedAt.Equal(now) || got.Version != 2 {
				t.Errorf("%q: written %s and %s, version %d", text, got.UpdatedAt, told.CreatedAt, got.Version)
			}
		}
	}
}
