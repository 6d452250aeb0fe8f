package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/photo"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

// world is a server that runs, over an empty database with one organization.
type world struct {
	t            *testing.T
	url          string
	store        *store.Store
	photos       *photo.Store
	links        photo.Links
	clock        *clock
	log          *logbook
	organization *ent.Organization
	api          *stub
	stop         func() error // ends Run and returns its error
}

// mustServe runs a server on a port of its own until the test ends. Its GraphQL
// layer is a stub, whose operations do what the tests need.
func mustServe(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	w := newWorld(t)
	c := w.config()
	for _, f := range change {
		f(&c)
	}
	s, err := newServer(c.withDefaults(), w.api.layer(), c.Sales.EnsureUser)
	if err != nil {
		t.Fatal(err)
	}
	w.run(s)
	return w
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, store: storetest.SQLite(t), clock: &clock{at: time.Now()}, log: &logbook{}, api: newStub()}
}

// config is of a server on the world's store.
func (w *world) config() Config {
	w.t.Helper()
	var err error
	if w.photos, err = photo.Open(w.t.Context(), "mem://"); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.photos.Close() })
	if w.links, err = photo.NewLinks(secret(), w.clock.Now); err != nil {
		w.t.Fatal(err)
	}
	rules := sales.New(w.store, w.photos, w.clock.Now)
	if w.organization, err = rules.CreateOrganization(w.t.Context(), "Acme", "USD"); err != nil {
		w.t.Fatal(err)
	}
	verifier, err := auth.New(w.t.Context(), auth.Config{Secret: secret()})
	if err != nil {
		w.t.Fatal(err)
	}
	return Config{
		Store: w.store, Sales: rules, Verifier: verifier, Photos: w.photos, Links: w.links, Now: w.clock.Now, Log: w.log.logger(),
	}
}

func (w *world) run(s *Server) {
	w.t.Helper()
	listener, err := new(net.ListenConfig).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + listener.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, listener) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	w.t.Cleanup(func() { _ = w.stop() })
}

// token speaks for a user of the organization, with a change or two.
func (w *world) token(change ...func(*auth.Viewer)) string {
	w.t.Helper()
	v := auth.Viewer{OrganizationID: w.organization.ID, Subject: "ada", Name: "Ada", Role: auth.RoleSales}
	for _, f := range change {
		f(&v)
	}
	token, err := auth.Sign(auth.Config{Secret: secret()}, v, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// do sends a request with a token, and reads all of the answer.
func (w *world) do(method, path, body string, headers ...string) answered {
	w.t.Helper()
	return w.send(w.request(method, path, strings.NewReader(body), append([]string{"Authorization", "Bearer " + w.token()}, headers...)...))
}

// request makes a request; headers are pairs, an empty value takes one away.
func (w *world) request(method, path string, body io.Reader, headers ...string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i+1] == "" {
			r.Header.Del(headers[i])
		}
	}
	return r
}

func (w *world) send(r *http.Request) answered {
	w.t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answered{response.StatusCode, response.Header, string(body)}
}

// query runs a GraphQL document.
func (w *world) query(document string) answered {
	w.t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do(http.MethodPost, "/graphql", string(body))
}

// answered is a response that was read.
type answered struct {
	status int
	header http.Header
	body   string
}

// refused is a response of errors, as clients read it.
type refused struct {
	Errors []struct {
		Message    string
		Extensions struct {
			Code, ID string
			Status   int
		}
	}
}

// wantError checks that the answer is one error.
func (a answered) wantError(t *testing.T, status int, code, message string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	var got refused
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || len(got.Errors) != 1 {
		t.Fatalf("body %q (%v), want one error", a.body, err)
	}
	e := got.Errors[0]
	if e.Extensions.Code != code || e.Extensions.Status != status {
		t.Errorf("extensions %+v, want code %s and status %d", e.Extensions, code, status)
	}
	if !strings.Contains(e.Message, message) {
		t.Errorf("message %q lacks %q", e.Message, message)
	}
}

func secret() []byte { return bytes.Repeat([]byte("s"), auth.MinSecret) }

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// logbook keeps what is logged as JSON.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(LogHandler(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// find waits for the log line that has all of these values: a line is written
// once the client has its answer.
func (l *logbook) find(t *testing.T, values ...any) map[string]any {
	t.Helper()
	for range 1000 {
		if line, ok := l.look(values); ok {
			return line
		}
		time.Sleep(5 * time.Millisecond)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	t.Fatalf("no line with %v in the log:\n%s", values, l.text.String())
	return nil
}

func (l *logbook) look(values []any) (map[string]any, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
lines:
	for text := range strings.Lines(l.text.String()) {
		var line map[string]any
		if json.Unmarshal([]byte(text), &line) != nil {
			continue
		}
		for i := 0; i < len(values); i += 2 {
			if line[values[i].(string)] != values[i+1] {
				continue lines
			}
		}
		return line, true
	}
	return nil, false
}

const stubSchema = `
	scalar Upload
	type Query { hello: String wait: String fail: String refuse: String crash: String sql: String large: String }
	type Mutation { size(file: Upload!): Int }
`

// stub is a GraphQL layer whose fields do what the tests need.
type stub struct {
	schema  *ast.Schema
	waiting chan struct{} // tells of each operation that waits
	release chan struct{} // ends the wait of one
	query   func(context.Context) error
}

func newStub() *stub {
	return &stub{
		schema:  gqlparser.MustLoadSchema(&ast.Source{Name: "stub.graphql", Input: stubSchema}),
		waiting: make(chan struct{}, 1),
		release: make(chan struct{}),
	}
}

func (s *stub) layer() api {
	return api{
		schema: &graphql.ExecutableSchemaMock{
			SchemaFunc: func() *ast.Schema { return s.schema },
			ExecFunc: func(context.Context) graphql.ResponseHandler {
				return func(ctx context.Context) *graphql.Response { return s.resolve(ctx) }
			},
		},
		loaders: noLoaders{},
		present: graphql.DefaultErrorPresenter,
		recover: graphql.DefaultRecover,
	}
}

// resolve answers the operation's first field.
func (s *stub) resolve(ctx context.Context) *graphql.Response {
	op := graphql.GetOperationContext(ctx)
	switch field := op.Operation.SelectionSet[0].(*ast.Field); field.Name {
	case "wait":
		s.waiting <- struct{}{}
		select {
		case <-s.release:
		case <-ctx.Done():
		}
	case "fail":
		return failed("INTERNAL")
	case "refuse":
		return failed("FORBIDDEN")
	case "crash":
		panic("out of order")
	case "sql":
		if err := s.query(ctx); err != nil {
			return failed("INTERNAL")
		}
	case "large": // more than the buffers of a connection hold
		return &graphql.Response{Data: json.RawMessage(`{"large":"` + strings.Repeat("x", 64<<20) + `"}`)}
	case "size":
		size, _ := json.Marshal(map[string]any{"size": op.Variables["file"].(graphql.Upload).Size})
		return &graphql.Response{Data: size}
	}
	return &graphql.Response{Data: json.RawMessage(`{"hello":"world"}`)}
}

func failed(code string) *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{{Message: "no", Extensions: map[string]any{"code": code}}}}
}

// noLoaders stands for the extension that makes loaders.
type noLoaders struct{}

func (noLoaders) ExtensionName() string                   { return "NoLoaders" }
func (noLoaders) Validate(graphql.ExecutableSchema) error { return nil }

func (noLoaders) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	return next(ctx)
}

// serve answers one request without a network between.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestRun(t *testing.T) {
	t.Run("ARequestFinishesAfterTheStop", func(t *testing.T) {
		w := mustServe(t)
		answers := make(chan answered)
		go func() { answers <- w.query("{ wait }") }()
		<-w.api.waiting
		stopped := make(chan error)
		go func() { stopped <- w.stop() }()
		w.log.find(t, "msg", "stopping: waiting for requests to finish")
		close(w.api.release)
		if a := <-answers; a.status != http.StatusOK || !strings.Contains(a.body, "world") {
			t.Errorf("status %d, body %s", a.status, a.body)
		}
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	t.Run("ARequestThatTakesTooLongIsCutOff", func(t *testing.T) {
		w := mustServe(t, func(c *Config) { c.ShutdownTimeout = time.Millisecond })
		r := w.request(http.MethodGet, "/graphql?query={wait}", nil, "Authorization", "Bearer "+w.token())
		cut := make(chan error)
		go func() {
			response, err := http.DefaultClient.Do(r)
			if err == nil {
				response.Body.Close()
			}
			cut <- err
		}()
		<-w.api.waiting
		if err := w.stop(); err == nil || !strings.Contains(err.Error(), "had not finished after 1ms") {
			t.Errorf("err = %v", err)
		}
		if err := <-cut; err == nil {
			t.Error("the request was answered")
		}
	})
	t.Run("ErrOrigin", func(t *testing.T) {
		for _, origin := range []string{"app.example.com", "https://app.example.com/", "https://APP.example.com", "ftp://x", "null", ""} {
			_, err := newServer(Config{Origins: []string{origin}}, api{}, nil)
			if err == nil || !strings.Contains(err.Error(), "https://app.example.com") {
				t.Errorf("%q: err = %v", origin, err)
			}
		}
	})
}
