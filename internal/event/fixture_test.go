package event_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"dealflow/ent"
	row "dealflow/ent/event"
	"dealflow/internal/auth"
	"dealflow/internal/event"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

const (
	// never is how often a log is polled in tests of how it is woken.
	never = time.Hour
	// soon is how often it is polled in the others.
	soon = 5 * time.Millisecond
	// limit is how long anything may take before it counts as never.
	limit = time.Minute
)

var morning = time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)

// quiet is where logs complain of what tests do to them.
var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// organization is a tenant whose log a test writes by itself.
type organization struct {
	testing.TB
	id    uuid.UUID
	ctx   context.Context // of a viewer
	store *store.Store
	log   []event.Position // all that was ever written; the first is number 1
}

func newOrganization(tb testing.TB, s *store.Store, name string) *organization {
	tb.Helper()
	made, err := sales.New(s, nil, time.Now).CreateOrganization(store.System(context.Background()), name, "USD")
	must(tb, err)
	ctx := auth.WithViewer(context.Background(), auth.Viewer{OrganizationID: made.ID})
	return &organization{TB: tb, id: made.ID, ctx: ctx, store: s}
}

// write writes so many events of the time at, and does not tell anybody.
func (o *organization) write(count int, at time.Time) {
	o.Helper()
	for chunk := range slices.Chunk(make([]struct{}, count), 500) {
		must(o, o.store.Tx(o.ctx, func(ctx context.Context, db *ent.Client) error { return o.append(ctx, db, len(chunk), at) }))
	}
}

func (o *organization) append(ctx context.Context, db *ent.Client, count int, at time.Time) error {
	next := int64(len(o.log)) + 1
	if err := db.EventHead.Update().SetSeq(next + int64(count) - 1).Exec(ctx); err != nil {
		return err
	}
	var rows []*ent.EventCreate
	for i := range int64(count) {
		key := id.New()
		o.log = append(o.log, event.Position{Seq: next + i, ID: key})
		rows = append(rows, db.Event.Create().SetID(key).SetOrganizationID(o.id).SetSeq(next+i).SetKind(row.KindCARD_UPDATED).
			SetEntityType(row.EntityTypeDEAL).SetEntityID(o.id).SetCreatedAt(at))
	}
	return db.Event.CreateBulk(rows...).Exec(ctx)
}

// prune deletes events up to a number, as Forget does.
func (o *organization) prune(seq int64) {
	o.Helper()
	_, err := o.store.Client.Event.Delete().Where(row.SeqLTE(seq)).Exec(o.ctx)
	must(o, err)
}

// left are the numbers of the events in the table.
func (o *organization) left() (seqs []int64) {
	o.Helper()
	events, err := o.store.Client.Event.Query().Order(row.BySeq()).All(o.ctx)
	must(o, err)
	for _, e := range events {
		seqs = append(seqs, e.Seq)
	}
	return seqs
}

// running is a log that runs until the test ends.
func running(tb testing.TB, c event.Config) *event.Log {
	tb.Helper()
	c.Log = quiet
	log := event.New(c)
	ctx, stop := context.WithCancel(context.Background())
	var tail sync.WaitGroup
	tail.Go(func() { log.Run(ctx) })
	tb.Cleanup(func() { stop(); tail.Wait() })
	return log
}

// reader is one that a test reads with.
type reader struct {
	testing.TB
	*event.Reader
	ctx context.Context
}

// read begins to read an organization's log, until the test ends.
func (o *organization) read(log *event.Log, what event.Range) *reader {
	o.Helper()
	r, err := log.Read(o.ctx, what)
	must(o, err)
	o.Cleanup(r.Close)
	ctx, stop := context.WithTimeout(o.ctx, limit)
	o.Cleanup(stop)
	return &reader{o, r, ctx}
}

// next are the positions of the next events, so many of them.
func (r *reader) next(count int) []event.Position {
	r.Helper()
	var seen []event.Position
	for len(seen) < count {
		events, err := r.Next(r.ctx)
		if err != nil {
			r.Fatalf("after %d of %d events: %v", len(seen), count, err)
		}
		for _, e := range events {
			seen = append(seen, event.PositionOf(e))
		}
	}
	return seen
}

// rest is what comes up to the end of a range.
func (r *reader) rest() []event.Position {
	r.Helper()
	var seen []event.Position
	for {
		events, err := r.Next(r.ctx)
		if errors.Is(err, event.ErrEnd) {
			return seen
		}
		must(r, err)
		for _, e := range events {
			seen = append(seen, event.PositionOf(e))
		}
	}
}

// gap is the place where a gap ends, which is to come next.
func (r *reader) gap() event.Position {
	r.Helper()
	events, err := r.Next(r.ctx)
	gap, ok := errors.AsType[*event.Gap](err)
	if !ok {
		r.Fatalf("instead of a gap: %d events, %v", len(events), err)
	}
	return gap.From
}

// follows checks that positions are those of the log after a number.
func (o *organization) follows(after int64, seen []event.Position) {
	o.Helper()
	if want := o.log[after:min(after+int64(len(seen)), int64(len(o.log)))]; !slices.Equal(seen, want) {
		o.Errorf("after %d it read %v, and not what was written", after, seqs(seen))
	}
}

func seqs(positions []event.Position) (numbers []int64) {
	for _, p := range positions {
		numbers = append(numbers, p.Seq)
	}
	return numbers
}

// eachOrganization runs a test on a new organization in each database.
func eachOrganization(t *testing.T, test func(t *testing.T, o *organization)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(t, newOrganization(t, s, "acme")) })
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
