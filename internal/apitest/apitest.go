// Package apitest drives the API as its clients do: a real server over HTTP,
// on a real database of each kind, with signed tokens.
package apitest

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/event"
	"dealflow/internal/guard"
	"dealflow/internal/live"
	"dealflow/internal/once"
	"dealflow/internal/photo"
	"dealflow/internal/sales"
	"dealflow/internal/server"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// API is a running server and what it serves from.
type API struct {
	URL    string
	Store  *store.Store
	Sales  *sales.Sales
	Events *event.Log
	// Answers are those of mutations with a key.
	Answers *once.Answers
	Clock   *Clock
	// PhotoDir is where the photos' files are, a directory for each organization.
	PhotoDir string

	auth   auth.Config
	server *server.Server
	mu     sync.Mutex
	last   *store.Counter
}

// Each runs a test against a server on an empty database of each kind.
func Each(t *testing.T, test func(t *testing.T, api *API)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(t, New(t, s)) })
}

// New starts a server on a store until the test ends.
func New(tb testing.TB, s *store.Store) *API { return NewWith(tb, s, func(*server.Config) {}) }

// NewLive is New with limits of subscriptions.
func NewLive(tb testing.TB, s *store.Store, live live.Config) *API {
	tb.Helper()
	return NewWith(tb, s, func(c *server.Config) { c.Live = live })
}

// NewCosting is New with limits of what operations may cost.
func NewCosting(tb testing.TB, s *store.Store, limits cost.Limits) *API {
	tb.Helper()
	return NewWith(tb, s, func(c *server.Config) { c.Cost = limits })
}

// NewUnplanned is New without plans: gqlgen's executor runs all queries.
func NewUnplanned(tb testing.TB, s *store.Store) *API {
	tb.Helper()
	return NewWith(tb, s, func(c *server.Config) { c.Unplanned = true })
}

// NewWith is New with another configuration.
func NewWith(tb testing.TB, s *store.Store, change func(*server.Config)) *API {
	tb.Helper()
	return start(tb, s, &Clock{now: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}, change)
}

// Beside starts another server with the same clock, on a store of the same database.
func (a *API) Beside(tb testing.TB, s *store.Store) *API {
	tb.Helper()
	return start(tb, s, a.Clock, func(*server.Config) {})
}

func start(tb testing.TB, s *store.Store, clock *Clock, change func(*server.Config)) *API {
	tb.Helper()
	photoDir := tb.TempDir()
	photos, err := photo.Open(tb.Context(), "file://"+photoDir)
	check(tb, err)
	secret := []byte("a secret for tests, 32 bytes long")
	links, err := photo.NewLinks(secret, clock.Now)
	check(tb, err)
	api := &API{
		Store: s,
		Sales: sales.New(s, photos, clock.Now),
		Clock: clock, PhotoDir: photoDir,
		auth: auth.Config{Secret: secret, Now: clock.Now},
	}
	verifier, err := auth.New(tb.Context(), api.auth)
	check(tb, err)
	events := event.New(event.Config{Store: s, Poll: 50 * time.Millisecond, Now: clock.Now})
	api.Events = events
	api.Answers = once.New(once.Config{Store: s, Now: clock.Now})
	api.Sales.OnEvents(events.Committed)
	following, stop := context.WithCancel(context.Background())
	var tail sync.WaitGroup
	tail.Go(func() { events.Run(following) })
	config := server.Config{
		Events: events, Answers: api.Answers,
		Store: s, Sales: api.Sales, Verifier: verifier, Photos: photos, Links: links,
		Now: clock.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		// Random documents of tests are larger than people's.
		Limits: guard.Limits{Tokens: 20_000, Depth: 100, Aliases: 5000, Directives: 5000, Spreads: 5000},
		// The clock stands still, and so nothing is restored.
		Cost: cost.Limits{Burst: 1 << 40},
	}
	change(&config)
	srv, err := server.New(config)
	check(tb, err)
	api.server = srv
	listener := httptest.NewServer(api.counted(srv.Handler()))
	tb.Cleanup(func() {
		check(tb, srv.Close())
		listener.Close()
		stop()
		tail.Wait()
		check(tb, photos.Close())
	})
	api.URL = listener.URL
	return api
}

// Close ends all subscriptions, as a server that stops does.
func (a *API) Close(tb testing.TB) {
	tb.Helper()
	check(tb, a.server.Close())
}

// Metric is one of the numbers that the server shows to operators.
func (a *API) Metric(tb testing.TB, name string) float64 {
	tb.Helper()
	for line := range strings.Lines(a.Metrics(tb)) {
		if rest, is := strings.CutPrefix(line, name+" "); is {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			check(tb, err)
			return value
		}
	}
	tb.Fatalf("there is no metric %s", name)
	return 0
}

// Metrics is all that the server shows to operators.
func (a *API) Metrics(tb testing.TB) string {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, a.URL+"/metrics", nil)
	check(tb, err)
	answer, err := http.DefaultClient.Do(request)
	check(tb, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	check(tb, err)
	return string(text)
}

// counted notes the statements of each request that asks for it.
func (a *API) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, counter := store.RecordStatements(r.Context())
		a.mu.Lock()
		a.last = counter
		a.mu.Unlock()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Statements is the SQL that the last request ran.
func (a *API) Statements() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last.Statements()
}

// Rows is how many rows the database handed over for the last request.
func (a *API) Rows() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last.Rows()
}

// Arguments are those of each of Statements.
func (a *API) Arguments() [][]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.last.Arguments()
}

// Organization makes an organization and returns its administrator.
func (a *API) Organization(tb testing.TB, name string) *Client {
	tb.Helper()
	made, err := a.Sales.CreateOrganization(store.System(context.Background()), name, "USD")
	check(tb, err)
	return a.Client(tb, made)
}

// Client is an administrator of an organization that is there already.
func (a *API) Client(tb testing.TB, organization *ent.Organization) *Client {
	tb.Helper()
	return (&Client{api: a, Organization: organization}).As(tb, "ada", auth.RoleAdmin)
}

// Client makes requests with one token.
type Client struct {
	api          *API
	Organization *ent.Organization
	Token        string
	// Context is that of the client's viewer, for calls past the API.
	Context context.Context

	headers map[string]string // of each request
}

// As is a client of the same organization with another token.
func (c *Client) As(tb testing.TB, subject string, role auth.Role, permissions ...auth.Permission) *Client {
	tb.Helper()
	return c.signedIn(tb, auth.Viewer{
		OrganizationID: c.Organization.ID,
		Subject:        subject,
		Name:           subject,
		Role:           role,
		Permissions:    role.Permissions() | auth.PermissionsOf(permissions...),
	}, time.Hour)
}

// Key is a partner's client of the same organization: it has an API key for the
// documents of one client, which it also returns.
func (c *Client) Key(tb testing.TB, client string, permissions ...auth.Permission) (*Client, *ent.APIKey) {
	tb.Helper()
	made, err := c.api.Sales.CreateAPIKey(c.Context, sales.CreateAPIKeyInput{
		Name: client + "'s key", Client: client, Permissions: permissions,
	})
	check(tb, err)
	partner := *c
	partner.Token, partner.Context = made.Secret, nil
	return &partner, made.APIKey
}

// For is the same client with a token for so long.
func (c *Client) For(tb testing.TB, ttl time.Duration) *Client {
	tb.Helper()
	viewer, _ := auth.ViewerFrom(c.Context)
	return c.signedIn(tb, viewer, ttl)
}

func (c *Client) signedIn(tb testing.TB, viewer auth.Viewer, ttl time.Duration) *Client {
	tb.Helper()
	token, err := auth.Sign(c.api.auth, viewer, ttl)
	check(tb, err)
	user, err := c.api.Sales.EnsureUser(context.Background(), viewer)
	check(tb, err)
	viewer.UserID = user.ID
	other := *c
	other.Token, other.Context = token, auth.WithViewer(context.Background(), viewer)
	return &other
}

// With is the same client with a header in each request.
func (c *Client) With(name, value string) *Client {
	other := *c
	other.headers = maps.Clone(c.headers)
	if other.headers == nil {
		other.headers = map[string]string{}
	}
	other.headers[name] = value
	return &other
}

// UserID is the client's own user.
func (c *Client) UserID() uuid.UUID {
	viewer, _ := auth.ViewerFrom(c.Context)
	return viewer.UserID
}

// Clock is the server's time, which stands still until it is told otherwise.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time on the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance sets the clock forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
