// Package live carries subscriptions to clients: over WebSockets, by the protocol
// graphql-transport-ws (socket.go), and over server-sent events, by graphql-sse's
// distinct connections (stream.go).
//
// Clients with equal subscriptions are a group, which executes the subscription
// once for each event and shares the bytes (group.go). So the SQL of an event
// does not grow with those who watch. What a client has missed it gets by an
// execution of its own, before it joins its group.
package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/auth"
	"dealflow/internal/event"
	"dealflow/internal/response"
)

// Config is what a Hub is made of. Events and Authenticate are needed; the
// zero value of each of the others stands for its default.
type Config struct {
	Events *event.Log
	// Authenticate is the viewer of a bearer token. An error that is an *auth.Error
	// is told to the client.
	Authenticate func(ctx context.Context, token string) (auth.Viewer, error)
	// Revoked are those of some API keys that were revoked. Without it, a revoked
	// key keeps what it has opened.
	Revoked func(ctx context.Context, keys []uuid.UUID) ([]uuid.UUID, error)

	InitTimeout   time.Duration // from opening a socket to its connection_init: 10 s
	PingInterval  time.Duration // after which a silent client is asked, and then cut off: 30 s
	WriteTimeout  time.Duration // that a message may take to leave the server: 10 s
	Recheck       time.Duration // how often to ask for revoked keys: 500 ms
	MaxMessage    int64         // bytes of a message from a client: 1 MB
	MaxValues     int           // of a message, or of a request for a stream, as JSON: 10,000
	MaxOperations int           // at a time, of one socket: 100
	MaxSockets    int           // and event streams at a time, of one user: 100
	Buffer        int           // messages that wait for one client: 256

	Now func() time.Time // time.Now, if nil
	Log *slog.Logger     // slog.Default(), if nil
}

func (c Config) withDefaults() Config {
	durations := map[*time.Duration]time.Duration{
		&c.InitTimeout: 10 * time.Second, &c.PingInterval: 30 * time.Second, &c.WriteTimeout: 10 * time.Second,
		&c.Recheck: 500 * time.Millisecond,
	}
	for field, usual := range durations {
		if *field <= 0 {
			*field = usual
		}
	}
	for field, usual := range map[*int]int{&c.MaxValues: 10_000, &c.MaxOperations: 100, &c.MaxSockets: 100, &c.Buffer: 256} {
		if *field <= 0 {
			*field = usual
		}
	}
	if c.MaxMessage <= 0 {
		c.MaxMessage = 1 << 20
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Hub holds all subscriptions of a process. It is safe for concurrent use.
type Hub struct {
	config Config
	ctx    context.Context // ends with the hub
	stop   context.CancelFunc
	tasks  sync.WaitGroup

	mu      sync.Mutex
	groups  map[groupKey]*group
	sockets map[*socket]struct{}
	perUser map[userKey]int // sockets and streams
	holders map[uuid.UUID]map[holder]struct{}
	// rechecks tells whether the keys of the holders are asked about.
	rechecks bool

	streams   atomic.Int64
	delivered atomic.Int64
}

// userKey names a user.
type userKey struct{ organization, user uuid.UUID }

// New makes a hub.
func New(c Config) *Hub {
	ctx, stop := context.WithCancel(context.Background())
	return &Hub{
		config: c.withDefaults(), ctx: ctx, stop: stop,
		groups: map[groupKey]*group{}, sockets: map[*socket]struct{}{}, perUser: map[userKey]int{},
		holders: map[uuid.UUID]map[holder]struct{}{},
	}
}

// Stats says what a hub does.
type Stats struct {
	Sockets   int   // that are open
	Streams   int   // of server-sent events that are open
	Groups    int   // of equal subscriptions
	Members   int   // subscriptions
	Delivered int64 // messages so far, counted for each client
}

// Stats is what the hub does now.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{
		Sockets: len(h.sockets), Streams: int(h.streams.Load()),
		Groups: len(h.groups), Delivered: h.delivered.Load(),
	}
	for _, g := range h.groups {
		s.Members += g.users
	}
	return s
}

// admit counts a connection for its user; nil when there are too many.
func (h *Hub) admit(viewer auth.Viewer) *userKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	user := userKey{viewer.OrganizationID, viewer.UserID}
	if h.perUser[user] >= h.config.MaxSockets {
		return nil
	}
	h.perUser[user]++
	return &user
}

// release ends what admit began, if it did; the hub is locked.
func (h *Hub) release(user *userKey) {
	if user == nil {
		return
	}
	if h.perUser[*user]--; h.perUser[*user] == 0 {
		delete(h.perUser, *user)
	}
}

// Close ends all subscriptions: clients are told to connect again, to whoever
// takes their connection then. It waits until they are gone, or until ctx ends.
func (h *Hub) Close(ctx context.Context) error {
	h.mu.Lock()
	sockets := make([]*socket, 0, len(h.sockets))
	for s := range h.sockets {
		sockets = append(sockets, s)
	}
	h.stop()
	h.mu.Unlock()
	for _, s := range sockets {
		s.close(closeRestart)
	}
	gone := make(chan struct{})
	go func() {
		h.tasks.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return errors.New("some subscribers were cut off without a farewell")
	}
}

// guard runs what nothing above would recover from a panic for, and then failed
// instead, if it panics.
func (h *Hub) guard(do, failed func()) {
	defer func() {
		if cause := recover(); cause != nil {
			h.config.Log.Error("a subscription panicked", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			failed()
		}
	}()
	do()
}

// errPanicked is what clients hear of that.
var errPanicked = gqlerror.List{response.Error("INTERNAL", http.StatusInternalServerError, "The server failed. Its log says more.")}

// Gate is the gqlgen extension that refuses subscriptions by other ways than this
// package's, where they would wait for their first event and answer that alone.
type Gate struct{}

// ExtensionName implements graphql.HandlerExtension.
func (Gate) ExtensionName() string { return "SubscriptionGate" }

// Validate implements graphql.HandlerExtension.
func (Gate) Validate(graphql.ExecutableSchema) error { return nil }

type openKey struct{}

// open marks a context in which subscriptions may be executed.
func open(ctx context.Context) context.Context { return context.WithValue(ctx, openKey{}, true) }

// IsOpen tells whether ctx is that of an operation of this package's transports.
func IsOpen(ctx context.Context) bool { return ctx.Value(openKey{}) != nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (Gate) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	if operation.Operation.Operation != ast.Subscription {
		return nil
	}
	if len(graphql.CollectFields(operation, operation.Operation.SelectionSet, nil)) == 0 {
		err := gqlerror.Errorf("The subscription's field is skipped: there is nothing to wait for.")
		errcode.Set(err, errcode.ValidationFailed)
		return err
	}
	if IsOpen(ctx) {
		return nil
	}
	err := gqlerror.Errorf("Subscriptions need a WebSocket (graphql-transport-ws) or server-sent events: send Accept: text/event-stream, and if JSON will do too, name it after that.")
	errcode.Set(err, errcode.ValidationFailed)
	return err
}

// tokenFrom is the bearer token in a connection_init's payload: as Authorization,
// like the header, or as token.
func tokenFrom(payload map[string]any) (string, error) {
	for _, name := range []string{"Authorization", "authorization"} {
		if value, ok := payload[name].(string); ok {
			r := http.Request{Header: http.Header{"Authorization": {value}}}
			return auth.FromRequest(&r)
		}
	}
	if value, ok := payload["token"].(string); ok {
		return value, nil
	}
	return "", auth.ErrNoToken
}
