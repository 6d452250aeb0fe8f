// Package server is the HTTP server: it signs requests in, bounds them, hands
// them to the GraphQL layer, and tells operators what happened.
//
// routes.go lists every path. A request passes, from the outside in: the
// exchange, which names, measures and logs it (exchange.go); the catch for
// panics; security headers; the router; and for the API CORS (cors.go), the
// bearer token (signin.go), the note of its key (once.go), and the door, which
// bounds what is read (door.go).
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/document"
	"dealflow/internal/event"
	"dealflow/internal/guard"
	"dealflow/internal/lastuse"
	"dealflow/internal/live"
	"dealflow/internal/once"
	"dealflow/internal/photo"
	"dealflow/internal/read"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// Config is what a server is made of. The fields up to Links are needed; the
// zero value of each of the others stands for its default.
type Config struct {
	Store    *store.Store
	Sales    *sales.Sales
	Verifier *auth.Verifier
	Photos   *photo.Store
	Links    photo.Links
	// Events is the log that subscriptions deliver. The caller runs it.
	Events *event.Log
	// Answers are those of mutations with an Idempotency-Key. The caller runs them;
	// made of Store, if nil, and then never deleted.
	Answers *once.Answers

	// Origins are the web origins whose pages may call the API, such as
	// https://app.example.com; "*" stands for all. None by default: pages of the
	// server's own origin need no leave.
	Origins []string

	MaxBody int64        // bytes of a request without files: 1 MB
	Limits  guard.Limits // of documents and variables

	// HeaderTimeout bounds reading a request's headers: 10 s. ReadTimeout bounds
	// reading all of it, such as a photo over a slow line: 1 min. WriteTimeout bounds
	// how long an answer that has begun may take to leave, which streams renew with
	// each event: 1 min. IdleTimeout ends connections without requests: 2 min.
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	// OperationTimeout bounds how long a query or a mutation may run: 30 s.
	OperationTimeout time.Duration

	// Texts bounds the texts that clients may leave out once they have sent them.
	Texts document.Limits
	Cost  cost.Limits // what operations may cost

	// Unplanned has gqlgen's executor run all queries, also those that can be
	// compiled into a few statements: for who wants to compare.
	Unplanned bool

	// Live has the limits of subscriptions; what else it needs, the server knows.
	Live live.Config

	// ShutdownDelay is how long a server that was told to stop goes on taking
	// requests, so that load balancers find out from /readyz in time: not at all.
	ShutdownDelay time.Duration
	// ShutdownTimeout bounds how long the requests that then still run may take
	// to finish: 10 s.
	ShutdownTimeout time.Duration

	Metrics *Metrics         // of this server alone; made by NewMetrics, if nil
	Now     func() time.Time // time.Now, if nil
	Log     *slog.Logger     // slog.Default(), if nil
}

// withDefaults is c with every optional field set.
func (c Config) withDefaults() Config {
	if c.MaxBody <= 0 {
		c.MaxBody = 1 << 20
	}
	for field, usual := range map[*time.Duration]time.Duration{
		&c.HeaderTimeout: 10 * time.Second, &c.ReadTimeout: time.Minute, &c.WriteTimeout: time.Minute,
		&c.IdleTimeout: 2 * time.Minute, &c.OperationTimeout: 30 * time.Second, &c.ShutdownTimeout: 10 * time.Second,
	} {
		if *field <= 0 {
			*field = usual
		}
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Answers == nil {
		c.Answers = once.New(once.Config{Store: c.Store, Now: c.Now, Log: c.Log})
	}
	return c
}

// Server serves the API. It is safe for concurrent use.
type Server struct {
	config   Config
	values   int // that a request may have, as JSON
	build    build
	keys     *auth.Keys
	keyUses  *lastuse.Log
	library  *document.Library
	users    *users
	prices   *cost.Prices
	buckets  *cost.Buckets
	hub      *live.Hub
	stopping atomic.Bool  // told to stop
	current  atomic.Bool  // the schema was found to be up to date
	handler  http.Handler // of all routes
}

// New makes a server. The store and the photos stay the caller's to close, once
// Run has returned.
func New(c Config) (*Server, error) {
	c = c.withDefaults()
	return newServer(c, newAPI(c), c.Sales.EnsureUser)
}

// newServer is New with a GraphQL layer and users of the caller's choice.
func newServer(c Config, api api, ensure ensureUser) (*Server, error) {
	if err := checkOrigins(c.Origins); err != nil {
		return nil, err
	}
	limits, err := c.Cost.WithDefaults()
	if err != nil {
		return nil, err
	}
	prices, err := cost.NewPrices(api.schema.Schema(), read.MaxPage)
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, values: c.Limits.Readable(), build: readBuild(), users: newUsers(ensure, c.Now), prices: prices, buckets: cost.NewBuckets(limits, c.Now)}
	s.keyUses = lastuse.New(c.Sales.KeysUsed, c.Now, c.Log)
	s.keys = auth.NewKeys(c.Sales.FindKey, s.keyUses.Note, c.Now)
	s.library = document.NewLibrary(c.Store, c.Now, c.Log)
	s.hub = s.newHub()
	c.Metrics.watchPool(c.Store.Stats)
	c.Metrics.watchGroups(c.Store.GroupedWaiting)
	c.Metrics.watchHub(s.hub.Stats)
	s.handler = s.observed(s.caught(secured(s.routes(api))))
	return s, nil
}

// newHub is the hub of the server's subscriptions.
func (s *Server) newHub() *live.Hub {
	c := s.config.Live
	c.Events, c.Authenticate = s.config.Events, s.bearer
	c.MaxMessage, c.MaxValues = s.config.MaxBody, s.values
	c.Revoked, c.Now, c.Log = s.config.Sales.RevokedKeys, s.config.Now, s.config.Log
	return live.New(c)
}

// Handler serves every route, for servers other than Run's, such as a test's.
func (s *Server) Handler() http.Handler { return s.handler }

// Close ends all subscriptions, of a server that is served by Handler.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.ShutdownTimeout)
	defer cancel()
	defer s.writeUses(ctx)
	return s.hub.Close(ctx)
}

// writeUses writes down what was used last, as far as that waits to be.
func (s *Server) writeUses(ctx context.Context) {
	s.keyUses.Close(ctx)
	s.library.Close(ctx)
}

// Run serves connections from the listener until ctx ends. It then lets the
// requests that run finish, for c.ShutdownTimeout at most, and returns nil if
// they all did.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	// Requests outlive ctx, which only says that no more shall come.
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	server := s.httpServer(requests)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	err := s.stop(requests, server)
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// httpServer waits for clients, but not for ever. It has no WriteTimeout of its
// own, which would cut streams and count the time before an answer begins.
func (s *Server) httpServer(requests context.Context) *http.Server {
	return &http.Server{
		Handler:           s.handler,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: s.config.HeaderTimeout,
		ReadTimeout:       s.config.ReadTimeout,
		IdleTimeout:       s.config.IdleTimeout,
		MaxHeaderBytes:    64 << 10, // room for a query in a GET's URL
		ErrorLog:          slog.NewLogLogger(s.config.Log.Handler(), slog.LevelWarn),
	}
}

// stop ends the server: first /readyz says so, then no new requests are taken,
// then those that run finish or are cut off.
func (s *Server) stop(requests context.Context, server *http.Server) error {
	s.stopping.Store(true)
	s.config.Log.Info("stopping: waiting for requests to finish", "timeout", s.config.ShutdownTimeout)
	time.Sleep(s.config.ShutdownDelay)
	patience, cancel := context.WithTimeout(requests, s.config.ShutdownTimeout)
	defer cancel()
	// Subscriptions go first: those over event streams are requests that run.
	farewell := s.hub.Close(patience)
	err := errors.Join(farewell, server.Shutdown(patience))
	s.writeUses(requests)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("stopped, but some requests had not finished after %s and were cut off", s.config.ShutdownTimeout)
	}
	return errors.Join(err, server.Close())
}
