// Package sales holds the rules: what may become of pipelines, stages, deals
// and leads, and what is written down when it does.
//
// Every exported method that changes something is one transaction: all of it
// happens, or nothing. An answer of type Errors says what was wrong with the
// request and how to mend it; any other error is the server's own.
package sales

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/photo"
	"dealflow/internal/store"
)

// Sales applies the rules to a store.
type Sales struct {
	store  *store.Store
	photos *photo.Store
	now    func() time.Time
	// committed hears of each change that has written events.
	committed func(organization uuid.UUID)
}

// New returns the rules over a store and the photos beside it. The clock is
// read once a transaction.
func New(s *store.Store, photos *photo.Store, now func() time.Time) *Sales {
	return &Sales{store: s, photos: photos, now: now, committed: func(uuid.UUID) {}}
}

// OnEvents has a function called after each commit with events, such as
// event.Log's Committed. It must not wait. Call it before the first change.
func (s *Sales) OnEvents(committed func(organization uuid.UUID)) { s.committed = committed }

// change is one transaction: the store within it, who makes it and when.
type change struct {
	db           *ent.Client
	store        *store.Store
	photos       *photo.Store
	organization uuid.UUID
	user         *uuid.UUID
	permissions  auth.Permissions
	// at is when the change happens: the time at which its last lock was had, so
	// that changes of one thing follow each other in time as they do in fact.
	at    time.Time
	clock func() time.Time

	events  *events
	pending *pending
}

// locked notes that the change has waited for a lock, and had it.
func (c *change) locked() { c.at = c.clock() }

// pending are writes that go to the database together with the next that has to be
// there at once, or with the events.
type pending struct{ writes []store.Write }

// write writes something that nothing reads before the change is over.
func (c *change) write(writes ...store.Write) {
	c.pending.writes = append(c.pending.writes, writes...)
}

// writeNow writes what is pending, and more.
func (c *change) writeNow(ctx context.Context, more ...store.Write) error {
	writes := append(c.pending.writes, more...)
	c.pending.writes = nil
	return c.store.Together(ctx, c.db, writes...)
}

// errAgain asks for the transaction to be run again, when what it was built on
// has changed under it.
var errAgain = errors.New("the data changed meanwhile")

// attempts bounds how often a change is run again.
const attempts = 5

// change runs fn in one transaction, as the viewer of ctx.
//
// A rule that an index enforces too is checked by fn first, which can say more
// than the index. When the index refuses all the same, somebody else got there
// between the check and the write: fn runs again, and its check finds them.
//
// With rows, fn is one that Grouped can run: it does nothing but lock these, and then write.
func (s *Sales) change(ctx context.Context, fn func(context.Context, *change) error, rows ...uuid.UUID) error {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return store.ErrNoViewer
	}
	var err error
	for range attempts {
		told := false
		run := func(ctx context.Context, db *ent.Client) error {
			c := s.begin(db, viewer)
			if err := fn(ctx, c); err != nil {
				return err
			}
			told = len(c.events.list) > 0
			return s.finish(ctx, c)
		}
		if rows != nil {
			err = s.store.Grouped(ctx, rows, run)
		} else {
			err = s.store.Tx(ctx, run)
		}
		if err == nil && told {
			s.store.AfterCommit(ctx, func(context.Context) { s.committed(viewer.OrganizationID) })
		}
		if !errors.Is(err, errAgain) && !store.IsConstraint(err) {
			return err
		}
	}
	if errors.Is(err, errAgain) {
		return refuse(CodeConflict, "busy", []string{"input"}, "Others keep changing this: try again.")
	}
	return err
}

// finish writes what the change tells, and that there is something new. Nothing
// of the change may follow it.
func (s *Sales) finish(ctx context.Context, c *change) error {
	if !store.Wrote(ctx) && len(c.pending.writes) == 0 {
		return nil
	}
	if err := c.locate(ctx, c.events.list); err != nil {
		return err
	}
	if s.store.InWhole(ctx) { // which reads what is written before the events are
		if err := c.writeNow(ctx); err != nil {
			return err
		}
	}
	return s.store.BeforeCommit(ctx, c.db, func(ctx context.Context, db *ent.Client) error {
		c.db = db
		return c.advance(ctx)
	})
}

func (s *Sales) begin(db *ent.Client, viewer auth.Viewer) *change {
	c := &change{
		db:           db,
		store:        s.store,
		photos:       s.photos,
		organization: viewer.OrganizationID,
		permissions:  viewer.Permissions,
		at:           s.moment(),
		clock:        s.moment,
		events:       &events{pipelines: map[uuid.UUID]uuid.UUID{}},
		pending:      &pending{},
	}
	if viewer.UserID != uuid.Nil {
		c.user = &viewer.UserID
	}
	return c
}

// moment is the time now, as precise as both databases keep it.
func (s *Sales) moment() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// answer runs a change that answers something. The rows are those of change.
func answer[T any](ctx context.Context, s *Sales, fn func(context.Context, *change) (T, error), rows ...uuid.UUID) (T, error) {
	var result T
	err := s.change(ctx, func(ctx context.Context, c *change) (err error) {
		result, err = fn(ctx, c)
		return err
	}, rows...)
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}
