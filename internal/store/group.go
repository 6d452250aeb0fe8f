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
	"dealflow/ent/eventhead"
)

// The bounds of groups: docs/decisions/0023-groups.md has what others gave.
const (
	maxGroups  = 2  // that run at once
	maxMembers = 32 // of one
	// lockTime is how long a statement waits for a lock, in milliseconds: foreign keys have some
	// that nobody looks at before.
	lockTime = "2000"
	// maxTime is how long one lasts, with its commit: longer than any that has not lost its
	// connection.
	maxTime = 10 * time.Second
)

// Grouped runs fn as Tx does, but perhaps together with the functions that others run at
// the same moment, of any organization. On a busy server they share the round trips, the
// statements and the commit; while nobody waits each is run by Tx.
//
// Fn is one that reads by LockRow alone, these rows and no others, and then writes by one
// Together, which gives the organization a new revision: its Upsert of the event_heads. In
// a group it reads without locks, and what it writes waits until it has returned. All that
// a group writes is one statement, which locks what each has read, and leaves out whoever
// would have to wait for that, or whose organization has another revision by then: its rows
// may have, too. They are run again by Tx, and so is whoever asks for anything else. So each
// sees what it would see on its own, and nobody waits for a lock in the company of others,
// but for one that foreign keys take, and for that no longer than two seconds.
//
// All that one writes is committed, or nothing. When the statement fails, nothing of
// anybody in the group is, and each is run again by Tx, unless it is not known whether it
// did: then each hears of it, as of a COMMIT that fails.
func (s *Store) Grouped(ctx context.Context, rows []uuid.UUID, fn func(ctx context.Context, db *ent.Client) error) error {
	if s.Dialect != dialect.Postgres || inTx(ctx) || s.InWhole(ctx) {
		return s.Tx(ctx, fn)
	}
	organization, err := viewerOrganization(ctx)
	if err != nil {
		return err
	}
	a := &arrival{organization, rows, make(chan *group, 1)}
	g, err := s.groups.join(ctx, s, a)
	if err != nil {
		return err
	}
	if len(g.organizations) == 1 {
		defer s.groups.over(g)
	} else if err := g.run(ctx, a, fn); !errors.Is(err, errAlone) {
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

	mu      sync.Mutex
	count   int                // of the groups that run,
	members int                // of their members, but for those that are late,
	taken   map[uuid.UUID]bool // and the organizations of these
	queue   []*arrival
}

// arrival is a function that waits for a group.
type arrival struct {
	organization uuid.UUID
	rows         []uuid.UUID
	in           chan *group
}

// join waits for a group that ctx's function can run in.
func (q *groups) join(ctx context.Context, s *Store, a *arrival) (*group, error) {
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

// form forms groups of those who wait, as many as may run. One beside another is at least
// half as large, for many small ones share little, unless that has run for long: it may wait
// for a lock. It is called with the lock.
func (q *groups) form(s *Store) {
	for q.count < maxGroups {
		chosen := q.choose()
		if len(chosen) == 0 || 2*len(chosen) < q.members {
			return
		}
		g := &group{store: s, members: len(chosen), counted: len(chosen)}
		g.timer = time.AfterFunc(q.patience, func() { q.late(g) })
		q.count++
		q.members += g.counted
		for _, one := range chosen {
			q.taken[one.organization] = true
			g.organizations = append(g.organizations, one.organization)
		}
		q.queue = slices.DeleteFunc(q.queue, func(a *arrival) bool { return slices.Contains(chosen, a) })
		for _, one := range chosen {
			one.in <- g
		}
	}
}

// choose finds those in the queue who are a group, in their turn: but for those whose
// organization has one, or who lock what one before them does.
func (q *groups) choose() []*arrival {
	type row struct{ organization, id uuid.UUID }
	wanted := map[row]bool{} // also by who has to wait: those who come later do not overtake
	var chosen []*arrival
	for _, a := range q.queue {
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
	}
	return chosen
}

// late has nobody wait any more for a group that may itself wait for a lock: others need not
// be as many as half of it, and one that is alone counts as over.
func (q *groups) late(g *group) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.members -= g.counted
	g.counted = 0
	if len(g.organizations) == 1 {
		q.end(g)
	}
	q.form(g.store)
}

// over is called when a group is over.
func (q *groups) over(g *group) {
	g.timer.Stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.end(g)
	q.form(g.store)
}

// end makes room for another group, once. It is called with the lock.
func (q *groups) end(g *group) {
	if g.ended {
		return
	}
	g.ended = true
	q.count--
	q.members -= g.counted
	g.counted = 0 // also for late, if it comes after this
	for _, one := range g.organizations {
		delete(q.taken, one)
	}
}

// group is functions that run side by side and in step: what they ask for is run once all
// of them wait for something, in as few statements as it takes.
type group struct {
	store         *Store
	organizations []uuid.UUID // one for each member
	timer         *time.Timer // until it is late
	counted       int         // in groups.members, under the lock of groups
	ended         bool        // the same

	mu      sync.Mutex
	members int // who are not done
	asked   []*request
	conn    *sql.Conn // of its statements
	failed  bool      // one of them has, and nothing runs on the connection any more
}

// member is one of a group's functions.
type member struct {
	*arrival
	group    *group
	revision uuid.NullUUID // of the organization, since it has read
	read     []rowOf
	writes   []*text // for when it has returned
}

// rowOf is a row of a table.
type rowOf struct {
	table string
	id    uuid.UUID
}

// memberOf is the member of a group that ctx's function is, or nil.
func memberOf(ctx context.Context) *member {
	state, ok := ctx.Value(txKey{}).(*txState)
	if !ok {
		return nil
	}
	return state.member
}

// run runs a member's function, and writes what it has to write.
func (g *group) run(ctx context.Context, a *arrival, fn func(context.Context, *ent.Client) error) error {
	m, writes := &member{arrival: a, group: g}, false
	defer func() {
		if !writes { // also when fn panics
			g.leave()
		}
	}()
	err := fn(context.WithValue(ctx, txKey{}, &txState{member: m}), g.store.groups.client)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil || m.writes == nil {
		return err
	}
	writes = true
	return g.ask(&request{member: m, ctx: ctx})
}

// look reads a row with a lifted text, for a member that has written nothing yet.
func (m *member) look(ctx context.Context, t *text, row rowOf, take func(scan func(...any) error) error) error {
	defer drop(t)
	if err := ctx.Err(); err != nil {
		return err
	}
	// Of the rows that were named, no other member of the group has one.
	if m.writes != nil || t.organization != m.organization || !slices.Contains(m.rows, row.id) || !t.canLift() {
		return errAlone
	}
	m.read = append(m.read, row)
	return m.group.ask(&request{member: m, ctx: ctx, text: t, take: take})
}

// write has writes wait until the function has returned.
func (m *member) write(organization uuid.UUID, writes []Write) error {
	if m.writes != nil || organization != m.organization || !m.revision.Valid {
		return errAlone
	}
	list := lifted(writes, m.organization)
	for _, t := range list {
		if !t.canLift() {
			return errAlone
		}
	}
	if !slices.ContainsFunc(list, func(t *text) bool { return t.sum != "" && t.table == eventhead.Table }) {
		return errAlone // others could not tell that it has written
	}
	m.writes = list
	return nil
}

// request is what a member waits for: a row, or that its writes are written.
type request struct {
	member *member
	ctx    context.Context
	text   *text // nil for the writes
	take   func(scan func(...any) error) error
	done   chan error
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
	r.done = make(chan error, 1)
	g.mu.Lock()
	g.asked = append(g.asked, r)
	g.turn()
	g.mu.Unlock()
	return <-r.done
}

// turn runs what was asked for, if all members wait: what they read, as long as there is
// any of them who does, and then what they write, which is their end. It is called with the
// lock: whoever wants it meanwhile has just been answered, and asks for the next turn.
func (g *group) turn() {
	if len(g.asked) < g.members {
		return
	}
	var reads, writes []*request
	for _, r := range g.asked {
		if r.text != nil {
			reads = append(reads, r)
		} else {
			writes = append(writes, r)
		}
	}
	if len(reads) > 0 {
		g.asked = writes
		for _, alike := range byText(reads) {
			reply(alike, g.try(alike, g.look))
		}
		return
	}
	var errs []error
	if len(writes) > 0 {
		errs = g.try(writes, g.write)
	}
	if g.conn != nil {
		_ = g.conn.Close() // gives it back
	}
	g.store.groups.over(g)
	reply(writes, errs)
}

// byText sorts requests into those with the same text, in the order of the first.
func byText(all []*request) [][]*request {
	var sorted [][]*request
	for _, r := range all {
		i := slices.IndexFunc(sorted, func(alike []*request) bool { return alike[0].text.same(r.text) })
		if i < 0 {
			i = len(sorted)
			sorted = append(sorted, nil)
		}
		sorted[i] = append(sorted[i], r)
	}
	return sorted
}

// reply tells those who asked what came of it.
func reply(some []*request, errs []error) {
	for i, r := range some {
		r.done <- errs[i]
	}
}

// try runs one statement for requests, and answers an error for each: errAlone at first,
// which run takes back.
func (g *group) try(some []*request, run func(ctx context.Context, some []*request, errs []error) error) (errs []error) {
	errs = make([]error, len(some))
	all := func(err error) {
		for i := range errs {
			errs[i] = err
		}
	}
	all(errAlone)
	returned := false
	defer func() {
		if !returned { // what panics for one of them does so again when it is alone
			_ = recover()
			all(errAlone)
		}
	}()
	// The context is of the first, whose time says nothing of the others'.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(some[0].ctx), maxTime)
	defer cancel()
	err := g.connect(ctx)
	if err == nil {
		err = run(ctx, some, errs)
	}
	returned = true
	if err != nil {
		g.failed = true
		all(err)
	}
	return errs
}

// connect takes a connection for all of the group's statements. One that has answered the
// first of them is not an old one, which is broken; so nobody need run the last one again
// because of that, and have it written twice.
func (g *group) connect(ctx context.Context) error {
	if g.failed {
		return errAlone
	}
	if g.conn != nil {
		return nil
	}
	var err error
	if g.conn, err = g.store.writer.Conn(ctx); err != nil {
		return errAlone
	}
	return nil
}
