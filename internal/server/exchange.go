package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// requestID is the header of a request's name: a client or a proxy may choose
// it, and finds it in the answer and in our log.
const requestID = "X-Request-Id"

// exchange gathers what the log will say of a request. Whoever learns something
// notes it, from whatever goroutine.
type exchange struct {
	id         string
	statements *store.Counter

	mu        sync.Mutex
	viewer    *auth.Viewer // if it is known
	operation operation
	replayed  bool
	codes     []string
}

func (e *exchange) noteViewer(v auth.Viewer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.viewer = &v
}

func (e *exchange) noteOperation(op operation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.operation = op
}

// noteReplay notes that an operation was not run, but answered as before.
func (e *exchange) noteReplay() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.replayed = true
}

func (e *exchange) noteCodes(codes ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.codes = append(e.codes, codes...)
}

// attributes is what was noted.
func (e *exchange) attributes() []slog.Attr {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []slog.Attr{slog.Int("statements", e.statements.Count())}
	add := func(key, value string) {
		if value != "" {
			list = append(list, slog.String(key, value))
		}
	}
	add("operation_type", e.operation.kind)
	add("operation", e.operation.name[:min(len(e.operation.name), nameLength)])
	if e.viewer != nil {
		add("organization", id.Organization.Encode(e.viewer.OrganizationID))
		add("user", id.User.Encode(e.viewer.UserID))
	}
	if e.replayed {
		list = append(list, slog.Bool("replayed", true))
	}
	if len(e.codes) > 0 {
		list = append(list, slog.Any("codes", e.codes))
	}
	return list
}

type exchangeKey struct{}

// exchangeOf is the exchange that ctx belongs to. Outside of any it is one that
// nobody reads.
func exchangeOf(ctx context.Context) *exchange {
	e, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		e = &exchange{statements: &store.Counter{}}
	}
	return e
}

// observed begins an exchange, and counts and logs it when it is over.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		e := &exchange{id: requestName(r)}
		ctx := context.WithValue(r.Context(), exchangeKey{}, e)
		ctx, e.statements = store.CountStatements(ctx)
		w.Header().Set(requestID, e.id)
		recorder := &recorder{ResponseWriter: w, patience: s.config.WriteTimeout}
		r = r.WithContext(ctx)

		s.config.Metrics.inFlight.Inc()
		// Deferred, for a handler may end its request by a panic.
		defer func() {
			s.config.Metrics.inFlight.Dec()
			// The router has told the request its pattern by now.
			s.config.Metrics.countRequest(r.Pattern, recorder.code())
			s.logExchange(ctx, r, e, recorder, time.Since(start))
		}()
		next.ServeHTTP(recorder, r)
	})
}

func (s *Server) logExchange(ctx context.Context, r *http.Request, e *exchange, w *recorder, took time.Duration) {
	level := exchangeLevel(r, w.code())
	if !s.config.Log.Enabled(ctx, level) {
		return
	}
	s.config.Log.LogAttrs(ctx, level, "request", append([]slog.Attr{
		slog.String("method", r.Method),
		// Without the query, which may hold a photo link's signature.
		slog.String("path", r.URL.Path),
		slog.Int("status", w.code()),
		slog.Int64("bytes", w.bytes),
		slog.Duration("duration", took),
		slog.String("remote", r.RemoteAddr),
	}, e.attributes()...)...)
}

// exchangeLevel keeps the probes' steady drip out of the log.
func exchangeLevel(r *http.Request, status int) slog.Level {
	switch {
	case r.URL.Path == "/healthz" || r.URL.Path == "/readyz" || r.URL.Path == "/metrics":
		return slog.LevelDebug
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}

// requestName is the request's own id, if it is one that is safe to repeat, or a
// new one.
func requestName(r *http.Request) string {
	name := r.Header.Get(requestID)
	if name == "" || len(name) > 128 {
		return rand.Text()
	}
	for _, c := range []byte(name) {
		if !isNameByte(c) {
			return rand.Text()
		}
	}
	return name
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == ':'
}

// recorder remembers what became of the response, and sees to it that a client
// takes it in time.
type recorder struct {
	http.ResponseWriter
	patience time.Duration // from the begin of the response to its end
	status   int
	bytes    int64
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		r.status = status
		// A connection without deadlines has no slow clients either.
		_ = http.NewResponseController(r.ResponseWriter).SetWriteDeadline(time.Now().Add(r.patience))
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(data []byte) (int, error) {
	if r.status == 0 {
		r.WriteHeader(http.StatusOK)
	}
	n, err := r.ResponseWriter.Write(data)
	r.bytes += int64(n)
	return n, err
}

// isBegun tells whether something of the response is on its way already.
func isBegun(w http.ResponseWriter) bool {
	r, ok := w.(*recorder)
	return ok && r.status != 0
}

// code is the response's status: a handler that writes nothing says 200.
func (r *recorder) code() int { return cmp.Or(r.status, http.StatusOK) }

// LogHandler adds to what is logged in a request's context the request's id.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, record slog.Record) error {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		record.AddAttrs(slog.String("request_id", e.id))
	}
	return h.Handler.Handle(ctx, record)
}

func (h logHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attributes)}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
