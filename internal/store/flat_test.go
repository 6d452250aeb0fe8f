package store_test

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/apikey"
	"dealflow/ent/business"
	"dealflow/ent/comment"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/document"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/ent/idempotentanswer"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/migrate"
	"dealflow/ent/organization"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/ent/stagestay"
	"dealflow/ent/user"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

// flatIDs is the ids of a table, as Flat reads them.
func flatIDs(ctx context.Context, s *store.Store, table string, shape func(*entsql.Selector)) ([]uuid.UUID, error) {
	flat, err := s.Flat(table, func(q *entsql.Selector) {
		q.Select(q.C("id"))
		if shape != nil {
			shape(q)
		}
	})
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	err = s.ReadFlat(ctx, flat, flat.Args, func(values []sqldriver.Value) error {
		var id uuid.UUID
		err := id.Scan(values[0])
		ids = append(ids, id)
		return err
	})
	return ids, err
}

func TestFlatStaysWithinTheOrganization(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, foreign := newTenant(t, s, "own"), newTenant(t, s, "foreign")
		for name, mine := range own.rows {
			table := tableOf(t, name)
			t.Run(table, func(t *testing.T) {
				if got, err := flatIDs(own.ctx, s, table, nil); err != nil || !slices.Equal(got, []uuid.UUID{mine}) {
					t.Errorf("all = %v, %v, want %v", got, err, mine)
				}
				byID := func(q *entsql.Selector) { q.Where(entsql.EQ(q.C("id"), foreign.rows[name])) }
				if got, err := flatIDs(own.ctx, s, table, byID); err != nil || len(got) > 0 {
					t.Errorf("the foreign row = %v, %v, want none", got, err)
				}
				drop := func(q *entsql.Selector) { q.SetP(nil) }
				if _, err := flatIDs(own.ctx, s, table, drop); err == nil {
					t.Error("a statement for all organizations is read")
				}
				if _, err := flatIDs(t.Context(), s, table, nil); !errors.Is(err, store.ErrNoViewer) {
					t.Errorf("without a viewer: %v", err)
				}
			})
		}
		if _, err := flatIDs(own.ctx, s, migrate.LeadBusinessesTable.Name, nil); err == nil {
			t.Error("a table that does not say whose its rows are is read")
		}
	})
}

// tableOf is the table of an entity.
func tableOf(t *testing.T, entity string) string {
	t.Helper()
	tables := map[string]string{
		ent.TypeAPIKey: apikey.Table, ent.TypeActivity: activity.Table, ent.TypeBusiness: business.Table,
		ent.TypeComment: comment.Table, ent.TypeContact: contact.Table, ent.TypeDeal: deal.Table,
		ent.TypeDocument: document.Table, ent.TypeEvent: event.Table, ent.TypeEventHead: eventhead.Table,
		ent.TypeIdempotentAnswer: idempotentanswer.Table, ent.TypeLead: lead.Table, ent.TypeLeadStatus: leadstatus.Table,
		ent.TypeOrganization: organization.Table, ent.TypePipeline: pipeline.Table, ent.TypeStage: stage.Table,
		ent.TypeStageStay: stagestay.Table, ent.TypeUser: user.Table,
	}
	table, ok := tables[entity]
	if !ok {
		t.Fatalf("%s is not in tables", entity)
	}
	return table
}

func TestFlatIsCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		newDeal(n, s.Client, "another").ExecX(n.ctx)
		ctx, counter := store.CountStatements(n.ctx)
		if got, err := flatIDs(ctx, s, deal.Table, nil); err != nil || len(got) != 2 {
			t.Errorf("read %v, %v", got, err)
		}
		if counter.Count() != 1 || counter.Rows() != 2 {
			t.Errorf("counted %d statements, %d rows", counter.Count(), counter.Rows())
		}
		counter.LimitRows(3)
		if got, err := flatIDs(ctx, s, deal.Table, nil); !errors.Is(err, store.ErrTooManyRows) || len(got) != 1 {
			t.Errorf("read %v, %v, want one and ErrTooManyRows", got, err)
		}
	})
}

// TestFlatOutlivesConnections has all connections broken while they are idle.
func TestFlatOutlivesConnections(t *testing.T) {
	s := storetest.Postgres(t)
	n := newTenant(t, s, "own")
	read := func(ctx context.Context) {
		t.Helper()
		if got, err := flatIDs(ctx, s, deal.Table, nil); err != nil || !slices.Equal(got, []uuid.UUID{n.deal.ID}) {
			t.Errorf("read %v, %v", got, err)
		}
	}
	for range 3 {
		var together sync.WaitGroup
		for range 4 { // so that there are several
			together.Go(func() { read(n.ctx) })
		}
		together.Wait()
		broken := scan[int](t, s.Client, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND $1 > 0`, 1)
		ctx, counter := store.CountStatements(n.ctx)
		for range broken + 1 {
			read(ctx)
		}
		if counter.Count() != broken+1 || counter.Rows() != broken+1 {
			t.Errorf("counted %d statements, %d rows, want %d: each once", counter.Count(), counter.Rows(), broken+1)
		}
	}
}

// TestFlatEndsWithItsContext has the rows end where their context does.
func TestFlatEndsWithItsContext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		newDeal(n, s.Client, "another").ExecX(n.ctx)
		flat, err := s.Flat(deal.Table, func(q *entsql.Selector) { q.Select(q.C("id")) })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(n.ctx)
		rows := 0
		err = s.ReadFlat(ctx, flat, flat.Args, func([]sqldriver.Value) error {
			rows++
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) || rows != 1 {
			t.Errorf("%d rows, %v, want one and context.Canceled", rows, err)
		}
		if err := s.ReadFlat(ctx, flat, flat.Args, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("after the end: %v", err)
		}
		wrong := errors.New("wrong")
		err = s.ReadFlat(n.ctx, flat, flat.Args, func([]sqldriver.Value) error { return wrong })
		if !errors.Is(err, wrong) {
			t.Errorf("%v, want the error of who takes the rows", err)
		}
		if got, err := flatIDs(n.ctx, s, deal.Table, nil); err != nil || len(got) != 2 {
			t.Errorf("read %v, %v after that", got, err)
		}
	})
}

// TestFlatOfRowsThatPanic has who takes the rows panic, after which nothing is left behind.
func TestFlatOfRowsThatPanic(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		flat, err := s.Flat(deal.Table, func(q *entsql.Selector) { q.Select(q.C("id")) })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(n.ctx)
		defer cancel()
		before := goleak.IgnoreCurrent()
		for i := range 6 {
			if i%3 < 2 { // the statement is prepared the second time
				if _, err := flatIDs(ctx, s, deal.Table, nil); err != nil {
					t.Fatal(err)
				}
				continue
			}
			func() {
				defer func() {
					if reason := recover(); reason != "no" {
						t.Errorf("%v, want a panic", reason)
					}
				}()
				_ = s.ReadFlat(ctx, flat, flat.Args, func([]sqldriver.Value) error { panic("no") })
			}()
		}
		if err := goleak.Find(before); err != nil {
			t.Error(err)
		}
		if s.Dialect == dialect.SQLite {
			rows, err := s.Client.QueryContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var busy, log, done int
			if !rows.Next() || rows.Scan(&busy, &log, &done) != nil || busy != 0 {
				t.Errorf("a cursor is left open: %v, %d", rows.Err(), busy)
			}
		}
	})
}

// TestFlatWithoutPreparedStatements reads as poolers want it that know of none.
func TestFlatWithoutPreparedStatements(t *testing.T) {
	url := testdb.Postgres(t)
	usual := storetest.Open(t, url)
	if err := usual.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := newTenant(t, usual, "own")
	for name, test := range withoutPreparing {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), url+test.parameter, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			byID := func(q *entsql.Selector) { q.Where(entsql.EQ(q.C("id"), n.deal.ID)) }
			if got, err := flatIDs(n.ctx, s, deal.Table, byID); err != nil || !slices.Equal(got, []uuid.UUID{n.deal.ID}) {
				t.Errorf("read %v, %v", got, err)
			}
		})
	}
}

// TestBatch has one statement read three tables, each in columns of its own, and nothing
// of another organization.
func TestBatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		newTenant(t, s, "foreign")
		newDeal(n, s.Client, "another").SetRank("b").ExecX(n.ctx)
		var parts []*store.Flat
		for _, one := range []struct {
			table string
			shape func(*entsql.Selector)
		}{
			{deal.Table, func(q *entsql.Selector) {
				q.Select(q.C("title"), q.C("rank")).Where(entsql.NEQ(q.C("title"), "none")).OrderBy(entsql.Desc(q.C("rank"))).Limit(5)
			}},
			{contact.Table, func(q *entsql.Selector) { q.Select(q.C("name")).Where(entsql.EQ(q.C("name"), "nobody")) }},
			{pipeline.Table, func(q *entsql.Selector) {
				q.Select(q.C("name")).Where(entsql.EQ(q.C("name"), "Sales"))
				store.PlanEachTime(q)
			}},
		} {
			part, err := s.Flat(one.table, one.shape)
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, part)
		}
		batch := s.Batch(parts...)
		var texts []string
		ctx, counter := store.CountStatements(n.ctx)
		err := s.ReadFlat(ctx, batch, batch.Args, func(values []sqldriver.Value) error {
			if len(values) != 4 {
				t.Errorf("%d columns, want 4", len(values))
			}
			var said []string
			for i, value := range values {
				if value != nil {
					said = append(said, fmt.Sprint(i, " ", value))
				}
			}
			texts = append(texts, strings.Join(said, ", "))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const sales = "3 Sales" // in whichever place
		deals := slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == sales })
		if len(texts) != 3 || !slices.Equal(deals, []string{"0 another, 1 b", "0 Bridge, 1 a"}) {
			t.Errorf("read %q", texts)
		}
		if counter.Count() != 1 || counter.Rows() != 3 {
			t.Errorf("counted %d statements, %d rows", counter.Count(), counter.Rows())
		}
	})
}

// TestAddRows has rows that came with others, up to the limit of all.
func TestAddRows(t *testing.T) {
	ctx, counter := store.CountStatements(t.Context())
	counter.LimitRows(3)
	if err := store.AddRows(ctx, 2); err != nil || counter.Rows() != 2 {
		t.Errorf("%v, %d rows", err, counter.Rows())
	}
	if err := store.AddRows(ctx, 2); !errors.Is(err, store.ErrTooManyRows) || counter.Rows() != 3 {
		t.Errorf("%v, %d rows", err, counter.Rows())
	}
	if err := store.AddRows(t.Context(), 2); err != nil {
		t.Errorf("uncounted: %v", err)
	}
}

func TestFlatInTransactions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		err := s.Whole(n.ctx, func(ctx context.Context) error {
			newDeal(n, s.Client, "another").ExecX(ctx)
			if got, err := flatIDs(ctx, s, deal.Table, nil); err != nil || len(got) != 2 {
				t.Errorf("inside Whole read %v, %v, want what was written in it, too", got, err)
			}
			return errors.New("undone")
		})
		if err == nil || err.Error() != "undone" {
			t.Error(err)
		}
		err = s.Tx(n.ctx, func(ctx context.Context, _ *ent.Client) error {
			_, err := flatIDs(ctx, s, deal.Table, nil)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "inside Tx") {
			t.Errorf("inside Tx: %v", err)
		}
		if got, err := flatIDs(n.ctx, s, deal.Table, nil); err != nil || len(got) != 1 {
			t.Errorf("outside read %v, %v, want one", got, err)
		}
	})
}
