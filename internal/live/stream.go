package live

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/auth"
	"dealflow/internal/guard"
	"dealflow/internal/request"
	"dealflow/internal/response"
	"dealflow/internal/strict"
)

// keepAlive is how often a quiet stream says that it is there, so that proxies
// leave it alone.
const keepAlive = 15 * time.Second

// Streams is the gqlgen transport of server-sent events, in the mode of distinct
// connections: one operation each.
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
type Streams struct {
	Hub *Hub
	// Refuse answers a request that is no stream after all.
	Refuse func(http.ResponseWriter, *http.Request, *graphql.Response)
}

// Supports implements graphql.Transport.
func (Streams) Supports(r *http.Request) bool { return IsStream(r) }

// IsStream tells whether a request asks for an event stream.
func IsStream(r *http.Request) bool {
	if IsUpgrade(r) || !prefersStream(r.Header) {
		return false
	}
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodGet || media == "application/json"
}

// prefersStream tells whether a client would rather have an event stream than one
// answer. Some take both, such as urql: what they name first is what they prefer,
// and only one answer can be kept by who asked for it.
func prefersStream(h http.Header) (stream bool) {
	best := 0.0
	for media, quality := range request.Accepted(h) {
		switch media {
		case "text/event-stream", "application/json", "application/graphql-response+json":
			if quality > best {
				best, stream = quality, media == "text/event-stream"
			}
		}
	}
	return stream
}

// Do implements graphql.Transport.
func (t Streams) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(open(r.Context())))
	defer cancel()
	refuse := func(code string, status int, message string) {
		t.Refuse(w, r, &graphql.Response{Errors: gqlerror.List{response.Error(code, status, message)}})
	}
	params, err := request.FromHTTP(r, t.Hub.config.MaxValues)
	if errors.Is(err, strict.ErrTooMany) {
		refuse(guard.CodeTooLarge, http.StatusBadRequest, guard.TooManyValues(t.Hub.config.MaxValues))
		return
	}
	if err != nil {
		refuse("BAD_REQUEST", http.StatusBadRequest, err.Error())
		return
	}
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		t.Refuse(w, r, exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs))
		return
	}
	if r.Method == http.MethodGet && operation.Operation.Operation == ast.Mutation {
		w.Header().Set("Allow", "POST")
		refuse("METHOD_NOT_ALLOWED", http.StatusMethodNotAllowed, "GET is for queries and subscriptions: send a mutation by POST.")
		return
	}
	viewer, _ := auth.ViewerFrom(ctx)
	user := t.Hub.admit(viewer)
	if user == nil {
		refuse("RATE_LIMITED", http.StatusTooManyRequests, "Too many sockets and event streams of this user: end some first.")
		return
	}
	t.Hub.streams.Add(1)
	defer t.Hub.shut(user)
	s := t.Hub.open(w)
	if s == nil {
		refuse("UNAVAILABLE", http.StatusServiceUnavailable, "The server is about to stop: try again.")
		return
	}
	defer t.Hub.tasks.Done()
	defer t.Hub.hold(viewer.KeyID, s)()
	s.serve(ctx, performance{exec, operation}, params)
}

// open notes a stream, unless the hub is closed.
func (h *Hub) open(w http.ResponseWriter) *stream {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return nil
	}
	h.tasks.Add(1)
	return &stream{
		hub: h, w: w, control: http.NewResponseController(w),
		messages: make(chan *message, h.config.Buffer), over: make(chan gqlerror.List, 1), slow: make(chan struct{}, 1),
		noKey: make(chan struct{}, 1),
	}
}

// shut forgets a stream of a user.
func (h *Hub) shut(user *userKey) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.release(user)
	h.streams.Add(-1)
}

// stream is a client's event stream. It is the receiver of its responses.
type stream struct {
	hub      *Hub
	w        http.ResponseWriter
	control  *http.ResponseController
	messages chan *message
	over     chan gqlerror.List
	slow     chan struct{}
	noKey    chan struct{} // its key was revoked
	overrun  atomic.Bool   // more was to be sent than may wait: nothing is any more
}

// serve executes an operation and writes what comes of it.
func (s *stream) serve(ctx context.Context, p performance, params *graphql.RawParams) {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep events to itself
	_ = s.control.SetReadDeadline(time.Time{})
	s.w.WriteHeader(http.StatusOK)
	if s.control.Flush() != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.hub.guard(func() { s.execute(ctx, p, params) }, func() { s.end(errPanicked) })
	}()
	s.write(ctx)
	cancel()
	<-done
}

// execute runs the operation until ctx ends or it is over.
func (s *stream) execute(ctx context.Context, p performance, params *graphql.RawParams) {
	if p.operation.Operation.Operation != ast.Subscription {
		// The operation's own context may end with its response.
		responses, own := p.exec.DispatchOperation(ctx, p.operation)
		for answer := responses(own); answer != nil; answer = responses(own) {
			if s.push(ctx, &message{payload: response.Encode(answer)}) != nil {
				break
			}
		}
		s.end(nil)
		return
	}
	viewer, _ := auth.ViewerFrom(ctx)
	leave, errs := s.hub.subscribe(ctx, subscription{p, viewer, params}, s)
	if leave == nil {
		if errs != nil { // or else ctx has ended, or the hub was closed
			s.end(errs)
		}
		return
	}
	<-ctx.Done()
	leave()
}

// write writes messages until the stream is over, for whatever reason.
func (s *stream) write(ctx context.Context) {
	quiet := time.NewTicker(keepAlive)
	defer quiet.Stop()
	expired, stop := s.expiry(ctx)
	defer stop()
	for {
		var err error
		select {
		case m := <-s.messages:
			err = s.event("next", m.payload)
		case errs := <-s.over:
			s.finish(errs)
			return
		case <-s.slow:
			s.farewell("SLOW_CONSUMER", http.StatusServiceUnavailable, "Too slow: connect again, and go on after the last cursor.")
			return
		case <-expired:
			s.farewell("UNAUTHENTICATED", http.StatusUnauthorized, "The token, or the API key, has expired.")
			return
		case <-s.noKey:
			s.farewell("UNAUTHENTICATED", http.StatusUnauthorized, "The API key was revoked.")
			return
		case <-s.hub.ctx.Done():
			return // clients connect again when a stream ends without complete
		case <-ctx.Done():
			return
		case <-quiet.C:
			err = s.raw(":\n\n")
		}
		if err != nil {
			return
		}
	}
}

// expiry ticks when the viewer's token expires.
func (s *stream) expiry(ctx context.Context) (<-chan time.Time, func()) {
	viewer, _ := auth.ViewerFrom(ctx)
	if viewer.ExpiresAt.IsZero() {
		return nil, func() {}
	}
	timer := time.NewTimer(viewer.ExpiresAt.Sub(s.hub.config.Now()))
	return timer.C, func() { timer.Stop() }
}

// revoked implements holder.
func (s *stream) revoked() {
	select {
	case s.noKey <- struct{}{}:
	default: // it knows
	}
}

// finish writes what is left, and how it ends.
func (s *stream) finish(errs gqlerror.List) {
	for {
		select {
		case m := <-s.messages:
			if s.event("next", m.payload) != nil {
				return
			}
			continue
		default:
		}
		break
	}
	if len(errs) > 0 {
		if s.event("next", response.Encode(&graphql.Response{Errors: errs})) != nil {
			return
		}
	}
	_ = s.event("complete", nil) // the client is gone, or hears it
}

// farewell ends the stream for an error.
func (s *stream) farewell(code string, status int, message string) {
	s.finish(gqlerror.List{response.Error(code, status, message)})
}

// event writes one event. Its data is JSON, and so has no line breaks.
func (s *stream) event(kind string, data []byte) error {
	return s.raw("event: " + kind + "\ndata: " + string(data) + "\n\n")
}

func (s *stream) raw(text string) error {
	// A deadline that cannot be set is none that can be missed.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.hub.config.WriteTimeout))
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}

// offer implements receiver.
func (s *stream) offer(m *message) {
	if s.overrun.Load() {
		return // what is lost stays the last: nothing that came after it may be seen
	}
	select {
	case s.messages <- m:
	default:
		s.overrun.Store(true)
		s.slow <- struct{}{}
	}
}

// push implements receiver.
func (s *stream) push(ctx context.Context, m *message) error {
	select {
	case s.messages <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// end implements receiver.
func (s *stream) end(errs gqlerror.List) {
	select {
	case s.over <- errs:
	default: // it is over already
	}
}
