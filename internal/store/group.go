package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"dealflow/ent"
)

// The bounds of groups: docs/decisions/0023-groups.md has what others gave.
const (
	maxGroups  = 2  // that run at once
	maxMembers = 32 // of one
	// maxTime is how long one lasts: foreign keys have locks that nobody looks at before.
	maxTime = 2 * time.Second
)

// Grouped runs fn as Tx does, but perhaps in one transaction with the functions that
// others run at the same moment, of any organization. On a busy server they share the
// round trips, the statements and the commit; while nobody waits each is run by Tx.
//
// Fn is one that reads by LockRow alone, writes by Together alone, and locks these rows
// and no others. It sees what it would see on its own: no two that lock the same row are
// in one transaction. Whoever cannot go on with the others is run again by Tx: one whose
// row is locked or missing, whose organization is being written by somebody else, or that
// asks the database for anything else. So nobody waits for a lock in the company of others,
// but for one that foreign keys take, and for that no longer than two seconds.
//
// All that one writes is committed, or nothing. When a statement fails, nothing of anybody
// in the transaction is, and each is run again by Tx.
func (s *Store) Grouped(ctx context.Context, rows []uuid.UUID, fn func(ctx context.Context, db *ent.Client) error) error {
	if s.Dialect != dialect.Postgres || inTx(ctx) || s.InWhole(ctx) {
		return s.Tx(ctx, fn)
	}
	g, err := s.groups.join(ctx, s, rows)
	if err != nil {
		return err
	}
	if len(g.organizations) == 1 {
		defer s.groups.single(g)()
	} else if err := g.run(ctx, s.groups.client, fn); !errors.Is(err, errAlone) {
		return err
	}
	return s.Tx(ctx, fn)
}

// GroupedWaiting is how many functions of Grouped wait for others to be done.
func (s *Store) GroupedWaiting() int {
	s.groups.mu.Lock()
	defer s.groups.mu.Unlock()
	return len(s.groups.queue)
}

// errAlone is the error of whatever a group cannot do for one of its members.
var errAlone = errors.New("store: not in a group: it runs LockRow and Together alone")

// groups forms groups. Those that run at once are of different organizations, for the
// changes of one wait for each other in any case. Whoever comes meanwhile is in the next.
type groups struct {
	client   *ent.Client   // of all members, which answers errAlone
	patience time.Duration // Options.Patience

	mu    sync.Mutex
	count int // of the groups that run
	queue []*arrival
	taken map[uuid.UUID]bool // the organizations of the groups that run
}

// arrival is a function that waits for a group.
type arrival struct {
	organization uuid.UUID
	rows         []uuid.UUID
	in           chan *group
}

// join waits for a group that ctx's function can run in.
func (q *groups) join(ctx context.Context, s *Store, rows []uuid.UUID) (*group, error) {
	organization, err := viewerOrganization(ctx)
	if err != nil {
		return nil, err
	}
	a := &arrival{organization, rows, make(chan *group, 1)}
	q.mu.Lock()
	q.queue = append(q.queue, a)
	q.form(s)
	q.mu.Unlock()
	select {
	case g := <-a.in:
		return g, nil
	case <-ctx.Done():
		q.leave(s, a)
		return nil, ctx.Err()
	}
}

// leave takes somebody out of the queue, or out of the group that was formed meanwhile.
func (q *groups) leave(s *Store, a *arrival) {
	q.mu.Lock()
	i := slices.Index(q.queue, a)
	if i >= 0 {
		q.queue = slices.Delete(q.queue, i, i+1)
		q.form(s) // of those who waited for it
	}
	q.mu.Unlock()
	if i < 0 {
		(<-a.in).leave()
	}
}

// form forms groups of those who wait, as many as may run. It is called with the lock.
func (q *groups) form(s *Store) {
	for q.count < maxGroups {
		chosen := q.choose()
		if len(chosen) == 0 {
			return
		}
		q.count++
		g := &group{store: s, members: len(chosen)}
		for _, one := range chosen {
			q.taken[one.organization] = true
			g.organizations = append(g.organizations, one.organization)
		}
		for _, one := range chosen {
			one.in <- g
		}
	}
}

// choose takes those out of the queue who are a group, in their turn: but for those whose
// organization has one, or who lock what one before them does.
func (q *groups) choose() []*arrival {
	type row struct{ organization, id uuid.UUID }
	wanted := map[row]bool{} // also by who has to wait: those who come later do not overtake
	var chosen []*arrival
	q.queue = slices.DeleteFunc(q.queue, func(a *arrival) bool {
		free := len(chosen) < maxMembers && !q.taken[a.organization]
		for _, id := range a.rows {
			free = free && !wanted[row{a.organization, id}]
		}
		for _, id := range a.rows {
			wanted[row{a.organization, id}] = true
		}
		if free {
			chosen = append(chosen, a)
		}
		return free
	})
	return chosen
}

// over is called by a group that is over.
func (q *groups) over(g *group) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.count--
	for _, one := range g.organizations {
		delete(q.taken, one)
	}
	q.form(g.store)
}

// single has a group of one, which Tx runs, be over when that is, or when others have no
// more patience with it: it may wait for a lock.
func (q *groups) single(g *group) (over func()) {
	end := sync.OnceFunc(func() { q.over(g) })
	timer := time.AfterFunc(q.patience, end)
	return func() {
		timer.Stop()
		end()
	}
}

// group is a transaction in which several functions run. They go in step: what they ask
// for is run once all of them wait for something, in as few statements as it takes.
type group struct {
	store         *Store
	organizations []uuid.UUID // one for each member

	mu      sync.Mutex
	members int // who are not done
	asked   []*request
	tx      *sql.Tx
	ctx     context.Context // of its statements
	cancel  context.CancelFunc
	failed  error // after it nothing runs any more
}

// step is what a request is about. When members ask for different ones, those that come
// first here are run, and the others go on waiting.
type step int

const (
	stepLock step = iota
	stepWrite
	stepEnd
)

// request is what one of a group's functions waits for.
type request struct {
	step step
	ctx  context.Context
	done chan error

	organization uuid.UUID
	texts        []*text
	take         func(scan func(...any) error) error // of stepLock: the row
}

// groupOf is the group that ctx's function runs in, or nil.
func groupOf(ctx context.Context) *group {
	state, ok := ctx.Value(txKey{}).(*txState)
	if !ok {
		return nil
	}
	return state.group
}

// run runs a member's function.
func (g *group) run(ctx context.Context, db *ent.Client, fn func(context.Context, *ent.Client) error) error {
	state := &txState{group: g}
	returned := false
	defer func() {
		if !returned {
			g.fall(state) // fn panics
		}
	}()
	err := fn(context.WithValue(ctx, txKey{}, state), db)
	returned = true
	if err != nil {
		g.fall(state)
		return err
	}
	return g.ask(&request{step: stepEnd, ctx: ctx})
}

// fall has a member leave whose function failed. What it has written is undone, and so is
// all of the group's.
func (g *group) fall(state *txState) {
	if state.wrote.Load() {
		g.mu.Lock()
		g.fail(errAlone)
		g.mu.Unlock()
	}
	g.leave()
}

// fail keeps anything from being run any more. It is called with the lock.
func (g *group) fail(err error) {
	if g.failed == nil {
		g.failed = err
	}
}

// leave goes on without a member.
func (g *group) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.members--
	g.turn()
}

// ask waits for what a member asks for.
func (g *group) ask(r *request) error {
	defer drop(r.texts)
	if err := r.ctx.Err(); err != nil && r.step != stepEnd {
		return err
	}
	for _, t := range r.texts {
		if slices.Contains(t.types, "") {
			return errAlone
		}
	}
	r.done = make(chan error, 1)
	g.mu.Lock()
	g.asked = append(g.asked, r)
	g.turn()
	g.mu.Unlock()
	return <-r.done
}

// turn runs what was asked for, if all members wait. It is called with the lock, which
// nobody else wants then.
func (g *group) turn() {
	if len(g.asked) < g.members {
		return
	}
	if g.members == 0 {
		g.end(nil)
		return
	}
	first := slices.MinFunc(g.asked, func(a, b *request) int { return int(a.step - b.step) }).step
	var now []*request
	g.asked = slices.DeleteFunc(g.asked, func(r *request) bool {
		if r.step == first {
			now = append(now, r)
		}
		return r.step == first
	})
	switch first {
	case stepLock:
		for _, alike := range byText(now) {
			g.answer(alike, g.lock)
		}
	case stepWrite:
		g.answer(now, g.write)
	case stepEnd:
		g.end(now)
	}
}

// byText sorts requests into those with the same text, in the order of the first.
func byText(all []*request) [][]*request {
	var sorted [][]*request
	for _, r := range all {
		i := slices.IndexFunc(sorted, func(alike []*request) bool { return alike[0].texts[0].same(r.texts[0]) })
		if i < 0 {
			i = len(sorted)
			sorted = append(sorted, nil)
		}
		sorted[i] = append(sorted[i], r)
	}
	return sorted
}

// answer runs one statement for requests, which have an error each.
func (g *group) answer(some []*request, run func(some []*request, errs []error) error) {
	errs := make([]error, len(some))
	if g.failed == nil {
		g.try(some, errs, run)
	}
	for i, r := range some {
		if g.failed != nil {
			errs[i] = errAlone
		}
		r.done <- errs[i]
	}
}

func (g *group) try(some []*request, errs []error, run func(some []*request, errs []error) error) {
	returned := false
	defer func() {
		if !returned { // what panics for one of them does so again when it is alone
			_ = recover()
			g.fail(errAlone)
		}
	}()
	err := g.begin(some[0].ctx)
	if err == nil {
		err = run(some, errs)
	}
	returned = true
	if err != nil {
		g.fail(err)
	}
}

// begin begins the transaction, unless it has begun. Its context is of the first who asks,
// which says nothing of the others, and ends with its time or after maxTime.
func (g *group) begin(ctx context.Context) error {
	if g.tx != nil {
		return nil
	}
	ends := time.Now().Add(maxTime)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(ends) {
		ends = deadline
	}
	g.ctx, g.cancel = context.WithDeadline(context.WithoutCancel(ctx), ends)
	var err error
	g.tx, err = g.store.writer.BeginTx(g.ctx, nil)
	return err
}

// end ends the transaction, for those who wait for that.
func (g *group) end(waiting []*request) {
	err := g.finish(len(waiting) > 0)
	g.store.groups.over(g)
	for _, r := range waiting {
		r.done <- err
	}
}

func (g *group) finish(commit bool) error {
	if g.cancel != nil {
		defer g.cancel()
	}
	switch {
	case g.tx == nil && g.failed == nil && commit:
		return nil // nobody asked for anything
	case g.tx == nil:
		return errAlone
	case g.failed != nil || !commit || g.ctx.Err() != nil:
		_ = g.tx.Rollback() // when it fails, the connection is gone
		return errAlone
	}
	err := g.tx.Commit()
	if isRetryable(err) || unsent(err) {
		return errAlone
	}
	return err
}

// unsent tells whether a COMMIT has failed since the context had ended before it. Of any
// other that fails nobody knows what became of it, and nobody may be run again.
func unsent(err error) bool {
	return err == sql.ErrTxDone || err == context.DeadlineExceeded //nolint:errorlint // one that is wrapped is another's
}
