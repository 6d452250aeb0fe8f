package live

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/auth"
	"dealflow/internal/event"
)

// A group keeps its last messages for clients that were away for a moment: so
// many, so large together, and for so long. What they show grows old.
const (
	recentKept  = 64
	recentBytes = 256 << 10
	recentTime  = time.Minute
)

// receiver is a client's end of a subscription.
type receiver interface {
	// offer takes a message, without waiting. When there is no room for it, the
	// receiver ends by itself.
	offer(m *message)
	// push takes a message, and waits until there is room for it.
	push(ctx context.Context, m *message) error
	// end says that no more comes: because of errors, if there are any.
	end(errs gqlerror.List)
}

// groupKey is all that the responses of a subscription depend on.
type groupKey struct {
	organization uuid.UUID
	permissions  auth.Permissions
	operation    [sha256.Size]byte // document, name, and variables
}

// group is equal subscriptions, which are executed as one.
type group struct {
	hub   *Hub
	key   groupKey
	stop  context.CancelFunc
	users int // members and those about to be; guarded by the hub's mutex

	ready   chan struct{} // closed when it has begun, or was refused
	refused gqlerror.List // once it is ready

	mu      sync.Mutex
	members map[*member]struct{}
	recent  []*message     // the last ones
	floor   int64          // recent has all that came after it
	at      event.Position // all up to it has been handed to the members
	over    bool           // nothing is handed to anybody any more
}

// member is one subscription of a group.
type member struct {
	receiver receiver
	after    int64 // what it has seen already; its own while it catches up
	// While it catches up, what the group has for it waits here.
	behind  bool
	waiting []*message
	lost    bool // more came than may wait
	left    bool
}

// subscription is what a client asks for.
type subscription struct {
	performance
	viewer auth.Viewer
	params *graphql.RawParams
}

// subscribe begins a subscription: it delivers what the client has missed, makes
// it a member of its group, and returns how to end it. It returns errors when the
// subscription is refused, and nothing at all when ctx has ended.
func (h *Hub) subscribe(ctx context.Context, s subscription, to receiver) (leave func(), errs gqlerror.List) {
	after, variable := afterOf(s.operation)
	var missed *event.Range
	if after != nil {
		position, err := event.ParsePosition(*after)
		if err != nil {
			return nil, s.refuse(auth.WithViewer(ctx, s.viewer)) // the resolver says it better
		}
		missed = &event.Range{After: &position}
	}
	for {
		g := h.groupOf(s, variable)
		m := &member{receiver: to}
		leave = func() { g.leave(m) }
		errs, over := g.admit(auth.WithViewer(ctx, s.viewer), s, m, missed)
		switch {
		case ctx.Err() != nil || h.ctx.Err() != nil:
			leave()
			return nil, nil
		case over:
			leave() // it ended in this very moment: there is, or will be, another one
		case errs != nil:
			leave()
			return nil, errs
		default:
			return leave, nil
		}
	}
}

// admit makes m a member once the group has begun, or says why not: because of
// errors, or because the group is over.
func (g *group) admit(ctx context.Context, s subscription, m *member, missed *event.Range) (errs gqlerror.List, over bool) {
	select {
	case <-g.ready:
	case <-ctx.Done():
		return nil, false
	}
	if g.refused != nil && missed != nil {
		return g.tellRest(ctx, s, m, missed), false
	}
	if g.refused != nil {
		return g.refused, false
	}
	return g.join(ctx, s, m, missed)
}

// tellRest delivers what a client has missed of something that is there no more,
// and then why nothing follows.
func (g *group) tellRest(ctx context.Context, s subscription, m *member, missed *event.Range) gqlerror.List {
	end, err := g.hub.config.Events.End(ctx)
	if err != nil {
		return g.refused
	}
	what := event.Range{After: missed.After, Until: &end.Seq}
	errs := s.play(graphql.StartOperationTrace(ctx), what, func(event.Position) {}, func(message *message) error {
		return m.receiver.push(ctx, message)
	})
	if errs != nil {
		return errs
	}
	return g.refused
}

// groupOf finds the group of a subscription, or makes it, for a user more.
func (h *Hub) groupOf(s subscription, after string) *group {
	key := keyOf(s, after)
	h.mu.Lock()
	defer h.mu.Unlock()
	g, ok := h.groups[key]
	if !ok {
		// Nothing of one member's own goes into what all of them get.
		ctx, stop := context.WithCancel(auth.WithViewer(h.ctx, auth.Viewer{
			OrganizationID: s.viewer.OrganizationID, Permissions: s.viewer.Permissions,
		}))
		g = &group{hub: h, key: key, stop: stop, ready: make(chan struct{}), members: map[*member]struct{}{}}
		h.groups[key] = g
		h.tasks.Go(func() { g.run(graphql.StartOperationTrace(ctx), s.performance) })
	}
	g.users++
	return g
}

// run executes the group's subscription until nobody is left.
func (g *group) run(ctx context.Context, p performance) {
	defer g.stop()
	begun := sync.OnceFunc(func() { close(g.ready) })
	var refused gqlerror.List
	g.hub.guard(func() {
		refused = p.play(ctx, event.Range{}, func(at event.Position) {
			g.mu.Lock()
			if g.at == (event.Position{}) {
				g.at, g.floor = at, at.Seq
			}
			g.mu.Unlock()
			begun()
		}, g.hand)
	}, func() { refused = errPanicked })
	g.hub.mu.Lock()
	if g.hub.groups[g.key] == g {
		delete(g.hub.groups, g.key)
	}
	g.hub.mu.Unlock()
	select {
	case <-g.ready:
	default:
		g.refused = refused
	}
	g.end(refused)
	begun()
}

// hand gives a message to the members.
func (g *group) hand(m *message) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at = m.at
	g.remember(m)
	handed := 0
	for one := range g.members {
		g.handTo(one, m)
		if handed++; handed%128 == 0 {
			// Let what was handed out leave, before more of it piles up.
			runtime.Gosched()
		}
	}
	return nil
}

// remember keeps a message; the group is locked. Those before a gap are of no use
// after it, and their numbers may come again.
func (g *group) remember(m *message) {
	if m.gap {
		g.recent, g.floor = nil, m.at.Seq
		return
	}
	g.recent = append(g.recent, m)
	g.age()
}

// age forgets what is too much, or too old; the group is locked.
func (g *group) age() {
	size := 0
	for _, m := range g.recent {
		size += len(m.payload)
	}
	first := 0
	for ; first < len(g.recent); first++ {
		m := g.recent[first]
		if len(g.recent)-first <= recentKept && size <= recentBytes && time.Since(m.made) < recentTime {
			break
		}
		size -= len(m.payload)
		g.floor = m.at.Seq
	}
	if first > 0 {
		g.recent = slices.Clone(g.recent[first:])
	}
}

// handTo gives a message to a member; the group is locked.
func (g *group) handTo(one *member, m *message) {
	switch {
	case !one.behind && m.at.Seq <= one.after && !m.gap:
	case !one.behind:
		one.after = m.at.Seq
		g.hub.delivered.Add(1)
		one.receiver.offer(m)
	case one.lost:
	case len(one.waiting) < max(g.hub.config.Buffer, recentKept):
		one.waiting = append(one.waiting, m)
	default:
		one.waiting, one.lost = nil, true
	}
}

// end tells the members that no more comes. When the hub is closed, it is for
// their connections to say so: they go on elsewhere.
func (g *group) end(errs gqlerror.List) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = true
	for one := range g.members {
		if g.hub.ctx.Err() == nil {
			one.receiver.end(errs)
		}
	}
}

// join makes m a member, which has missed a part of the log, if any. It says so
// when the group is over.
func (g *group) join(ctx context.Context, s subscription, m *member, missed *event.Range) (errs gqlerror.List, over bool) {
	var seen event.Position
	if missed != nil {
		seen = *missed.After
		m.after = seen.Seq
	}
	push := func(message *message) error {
		if message.at.Seq <= m.after && !message.gap {
			return nil
		}
		m.after, seen = message.at.Seq, message.at
		g.hub.delivered.Add(1)
		return m.receiver.push(ctx, message)
	}
	for {
		now, remembered, over := g.add(m, seen, missed != nil)
		if over {
			return nil, true
		}
		if !remembered {
			what := event.Range{After: &seen, Until: &now.Seq}
			errs := s.play(graphql.StartOperationTrace(ctx), what, func(event.Position) {}, push)
			if errs != nil || ctx.Err() != nil {
				return errs, false
			}
			if now.Seq > m.after {
				m.after, seen = now.Seq, now
			}
		}
		if g.catchUp(m, push) {
			return nil, false
		}
	}
}

// add makes m a member, for whom messages wait when it resumes after what it has
// seen. What the group remembers of these waits already; or else they have to be
// played up to the position that add returns.
func (g *group) add(m *member, seen event.Position, resumes bool) (now event.Position, remembered, over bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.left || g.over {
		return g.at, true, g.over
	}
	g.members[m] = struct{}{}
	m.behind, m.lost, m.waiting = resumes, false, nil
	switch {
	case !resumes:
		m.after = g.at.Seq
	case g.remembers(seen):
		m.waiting = slices.Clone(g.recent)
	default:
		return g.at, false, false
	}
	return g.at, true, false
}

// remembers tells whether the group has all that came after a position; it is locked.
func (g *group) remembers(after event.Position) bool {
	g.age()
	if after == g.at {
		return true
	}
	return after.Seq >= g.floor && g.hub.config.Events.Knows(g.key.organization, after)
}

// catchUp gives a member what waits for it, until nothing does. It is false when
// that was too much, and some is lost.
func (g *group) catchUp(m *member, push func(*message) error) bool {
	for {
		waiting, lost := g.waiting(m)
		if len(waiting) == 0 {
			return !lost
		}
		for _, message := range waiting {
			if push(message) != nil {
				return true // it has left
			}
		}
	}
}

// waiting takes what waits for a member. When that is nothing, it is behind no more.
func (g *group) waiting(m *member) (waiting []*message, lost bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	waiting, m.waiting = m.waiting, nil
	if m.lost {
		return nil, true
	}
	m.behind = len(waiting) > 0
	return waiting, false
}

// leave ends a membership. It may be called more than once.
func (g *group) leave(m *member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if m.left {
		return
	}
	m.left = true
	delete(g.members, m)
	g.hub.mu.Lock()
	defer g.hub.mu.Unlock()
	if g.users--; g.users == 0 {
		if g.hub.groups[g.key] == g {
			delete(g.hub.groups, g.key)
		}
		g.stop()
	}
}

// keyOf is the key of a subscription's group. Where it begins makes no difference.
func keyOf(s subscription, after string) groupKey {
	variables := maps.Clone(s.params.Variables)
	if after != "" {
		delete(variables, after)
	}
	text, err := json.Marshal([]any{s.params.Query, s.params.OperationName, variables})
	if err != nil {
		panic(err) // they came as JSON
	}
	return groupKey{s.viewer.OrganizationID, s.viewer.Permissions, sha256.Sum256(text)}
}

// afterOf is the value of a subscription's argument after, and the variable that
// is for nothing else, if there is one.
func afterOf(operation *graphql.OperationContext) (value *string, variable string) {
	fields := graphql.CollectFields(operation, operation.Operation.SelectionSet, nil)
	if len(fields) == 0 {
		return nil, ""
	}
	argument := fields[0].Arguments.ForName("after")
	if argument == nil {
		return nil, ""
	}
	if argument.Value.Kind == ast.Variable && uses(operation.Doc, argument.Value.Raw) == 1 {
		variable = argument.Value.Raw
	}
	given, err := argument.Value.Value(operation.Variables)
	if text, ok := given.(string); ok && err == nil {
		value = &text
	}
	return value, variable
}
