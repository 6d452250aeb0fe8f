package live

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/auth"
)

// subprotocol is what a WebSocket speaks here:
// https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
const subprotocol = "graphql-transport-ws"

// closing is why a socket is closed, as the client gets to know it.
type closing struct {
	code   websocket.StatusCode
	reason string // 123 bytes at most
}

// The protocol's own codes, and those of RFC 6455 for the rest. Clients connect
// again after the latter and after 4403, for which they may get a new token.
var (
	closeUnauthorized = closing{4401, "Unauthorized"}
	closeExpired      = closing{4403, "Forbidden: the token has expired"}
	closeInitTimeout  = closing{4408, "Connection initialisation timeout"}
	closeTwoInits     = closing{4429, "Too many initialisation requests"}
	closeTooMany      = closing{4429, "Too many sockets of this user"}
	closeNoProtocol   = closing{4406, "Subprotocol not acceptable: use graphql-transport-ws"}
	closeSlow         = closing{websocket.StatusTryAgainLater, "Too slow: connect again, and go on after the last cursor"}
	closeSilent       = closing{websocket.StatusTryAgainLater, "No answer to a ping"}
	closeRestart      = closing{websocket.StatusServiceRestart, "The server is about to stop: connect again"}
	// Clients do not come back after 1011, and what failed is likely to be the database.
	closeFailed = closing{websocket.StatusTryAgainLater, "The server failed: connect again"}
)

// Sockets is the gqlgen transport of WebSockets.
type Sockets struct{ Hub *Hub }

// Supports implements graphql.Transport.
func (Sockets) Supports(r *http.Request) bool { return IsUpgrade(r) }

// IsUpgrade tells whether a request asks for a WebSocket.
func IsUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && http.CanonicalHeaderKey(r.Header.Get("Upgrade")) == "Websocket"
}

// Do implements graphql.Transport. It leaves the connection to a goroutine of its
// own, so that nothing of the request stays in memory for as long as it is open.
func (t Sockets) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	under := &lean{ResponseWriter: w}
	conn, err := websocket.Accept(under, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // of the origin, which the hub's owner has looked at
	})
	if err != nil {
		return // Accept has answered
	}
	s := &socket{hub: t.Hub, exec: exec, conn: conn, line: under.conn, operations: map[string]*operation{}}
	if !t.Hub.add(s) {
		s.close(closeRestart)
		return
	}
	if conn.Subprotocol() != subprotocol {
		s.close(closeNoProtocol)
	}
	go s.run()
}

// lean is a response that gives its connection away with small buffers instead of
// net/http's, 4 KB each way for as long as it is open: what clients send is short
// and rare, and messages to them are written past the buffer.
type lean struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (l *lean) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, large, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l.conn = conn
	// What a hasty client has sent already has to be in the new buffer, too.
	early, _ := large.Peek(large.Reader.Buffered())
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), max(512, len(early)))
	_, _ = in.Peek(len(early))
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, 256)), nil
}

// add notes a socket, unless the hub is closed.
func (h *Hub) add(s *socket) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return false
	}
	h.tasks.Add(1)
	h.sockets[s] = struct{}{}
	return true
}

// admit counts a socket for its user, unless there are too many.
func (h *Hub) admit(s *socket, viewer auth.Viewer) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := userKey{viewer.OrganizationID, viewer.UserID}
	if h.perUser[key] >= h.config.MaxSockets {
		return false
	}
	h.perUser[key]++
	s.user = &key
	return true
}

// remove forgets a socket.
func (h *Hub) remove(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, s)
	if s.user != nil {
		if h.perUser[*s.user]--; h.perUser[*s.user] == 0 {
			delete(h.perUser, *s.user)
		}
	}
	h.tasks.Done()
}

// socket is a client's WebSocket.
type socket struct {
	hub  *Hub
	exec graphql.GraphExecutor
	conn *websocket.Conn
	line net.Conn // under conn, for messages on their way out
	user *userKey // guarded by the hub's mutex

	// For the reading goroutine alone.
	viewer   auth.Viewer
	welcome  bool // its connection_init was acknowledged
	greeted  bool // it has sent a connection_init
	deadline *time.Timer

	out sync.Mutex // held by whoever writes messages, or the farewell

	mu         sync.Mutex
	operations map[string]*operation
	heard      time.Time // when the client last sent something
	closed     bool
	farewell   chan struct{} // closed when the client has been told; nil if it is not to be
	queue      []frame
	writing    bool
	room       chan struct{} // closed when the queue has room again; nil while nobody waits
	timers     []*time.Timer
}

// frame is a message on its way out: a head and, for a response, what is shared.
type frame struct {
	head []byte
	next *message
}

// appendTo appends it to text, as a WebSocket's frame.
func (f frame) appendTo(text []byte) []byte {
	length := len(f.head)
	if f.next != nil {
		length += len(f.next.payload) + 1
	}
	const whole = 0x81 // a message of text in one frame
	switch {
	case length < 126:
		text = append(text, whole, byte(length))
	case length <= math.MaxUint16:
		text = binary.BigEndian.AppendUint16(append(text, whole, 126), uint16(length))
	default:
		text = binary.BigEndian.AppendUint64(append(text, whole, 127), uint64(length))
	}
	text = append(text, f.head...)
	if f.next != nil {
		text = append(append(text, f.next.payload...), '}')
	}
	return text
}

const (
	// burst is how many bytes of messages leave together, if one has not more.
	burst = 16 << 10
	// lastWrite is how long what is being written may take once the socket is to
	// be closed.
	lastWrite = 5 * time.Second
)

// buffers are for messages on their way out, of those sockets that write just now.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// request is a message of a client.
type request struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// run serves the client until its connection ends.
func (s *socket) run() {
	s.conn.SetReadLimit(s.hub.config.MaxMessage)
	s.deadline = time.AfterFunc(s.hub.config.InitTimeout, func() { s.close(closeInitTimeout) })
	s.read()
	s.deadline.Stop()
	s.drop()
	if said := s.saying(); said != nil {
		<-said
	}
	_ = s.conn.CloseNow() // it is over, however it ended
	s.hub.remove(s)
}

// read handles what the client sends.
func (s *socket) read() {
	for {
		// No context: it would cost each connection memory, and closing it ends the wait.
		kind, text, err := s.conn.Read(context.Background())
		if err != nil {
			return
		}
		// On another stack: this goroutine would keep one as deep as handling went
		// for as long as the socket is open.
		bad := make(chan *closing)
		go func() { bad <- s.receive(kind, text) }()
		if why := <-bad; why != nil {
			s.close(*why)
			return
		}
	}
}

// receive reads a message and does what it asks for, or says why the socket has
// to be closed.
func (s *socket) receive(kind websocket.MessageType, text []byte) *closing {
	var r request
	if kind != websocket.MessageText || json.Unmarshal(text, &r) != nil || r.Type == "" {
		return &closing{4400, "Invalid message: send a JSON object with a type"}
	}
	return s.handle(r)
}

// handle does what a message asks for, or says why the socket has to be closed.
func (s *socket) handle(r request) *closing {
	s.mu.Lock()
	s.heard = s.hub.config.Now()
	s.mu.Unlock()
	switch r.Type {
	case "connection_init":
		return s.init(r.Payload)
	case "ping":
		s.send(frame{head: []byte(`{"type":"pong"}`)})
	case "pong":
	case "subscribe":
		return s.subscribe(r)
	case "complete":
		s.finish(r.ID)
	default:
		return &closing{4400, "Invalid message: its type is none of this protocol's"}
	}
	return nil
}

// init lets a client in by the token of its first message.
func (s *socket) init(payload json.RawMessage) *closing {
	if s.greeted {
		return &closeTwoInits
	}
	s.greeted = true
	var fields map[string]any
	if len(payload) > 0 && json.Unmarshal(payload, &fields) != nil {
		return &closing{4400, "Invalid message: the payload of connection_init is an object"}
	}
	token, err := tokenFrom(fields)
	if err == nil {
		ctx, cancel := context.WithTimeout(s.hub.ctx, s.hub.config.InitTimeout)
		defer cancel()
		s.viewer, err = s.hub.config.Authenticate(ctx, token)
	}
	if err != nil {
		return s.refusal(err)
	}
	if !s.hub.admit(s, s.viewer) {
		return &closeTooMany
	}
	if !s.deadline.Stop() {
		return &closeInitTimeout
	}
	s.welcome = true
	s.watchOver()
	s.send(frame{head: []byte(`{"type":"connection_ack"}`)})
	return nil
}

// refusal is what a client hears of a token that is not good.
func (s *socket) refusal(err error) *closing {
	refused, ok := errors.AsType[*auth.Error](err)
	if !ok {
		s.hub.config.Log.Error("could not tell who opens a socket", "error", err)
		return &closeFailed
	}
	reason := "Forbidden: " + refused.Message
	return &closing{4403, reason[:min(len(reason), 120)]}
}

// watchOver closes the socket when its token expires, and when its client is gone
// without having said so.
func (s *socket) watchOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.viewer.ExpiresAt.IsZero() {
		s.timers = append(s.timers, time.AfterFunc(s.viewer.ExpiresAt.Sub(s.hub.config.Now()), func() { s.close(closeExpired) }))
	}
	var asked bool
	var check *time.Timer
	interval := s.hub.config.PingInterval
	check = time.AfterFunc(interval, func() {
		s.mu.Lock()
		silent := s.hub.config.Now().Sub(s.heard) >= interval
		over := s.closed
		s.mu.Unlock()
		switch {
		case over:
			return
		case silent && asked:
			s.close(closeSilent)
			return
		case silent:
			s.send(frame{head: []byte(`{"type":"ping"}`)})
		}
		asked = silent
		check.Reset(interval)
	})
	s.timers = append(s.timers, check)
}

// send queues a message that is none of a subscription's.
func (s *socket) send(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueue(f)
}

// enqueue queues a message and sees to it that it is written; s is locked.
func (s *socket) enqueue(f frame) {
	if s.closed {
		return
	}
	s.queue = append(s.queue, f)
	if !s.writing {
		s.writing = true
		go s.write()
	}
}

// write writes what is queued until there is nothing left. There is no goroutine
// for this while a socket is quiet.
func (s *socket) write() {
	text := buffers.Get().(*[]byte)
	defer buffers.Put(text)
	for s.writeSome(text) {
	}
}

// writeSome writes some of what is queued, and tells whether there was any.
func (s *socket) writeSome(text *[]byte) bool {
	s.out.Lock()
	defer s.out.Unlock()
	*text = s.take((*text)[:0])
	if len(*text) == 0 {
		return false
	}
	// One write, which so comes whole between the frames that conn itself writes.
	if _, err := s.line.Write(*text); err != nil {
		_ = s.conn.CloseNow()
		s.drop()
		return false
	}
	return true
}

// take appends frames of what is queued to text; when nothing is, the writing ends.
func (s *socket) take(text []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return text
	case len(s.queue) == 0:
		s.writing = false
		if cap(s.queue) > 8 {
			s.queue = nil // it was busy once, and need not take the memory for ever
		}
		_ = s.line.SetWriteDeadline(time.Time{}) // it fails when the line is closed, as writing does
		return text
	}
	taken := 0
	for taken < len(s.queue) && len(text) < burst {
		text = s.queue[taken].appendTo(text)
		taken++
	}
	s.queue = slices.Delete(s.queue, 0, taken)
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
	_ = s.line.SetWriteDeadline(time.Now().Add(s.hub.config.WriteTimeout))
	return text
}

// drop ends all that the socket does, but for the connection itself.
func (s *socket) drop() {
	s.mu.Lock()
	s.closed = true
	s.queue = nil
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
	for _, t := range s.timers {
		t.Stop()
	}
	operations := s.operations
	s.operations = map[string]*operation{}
	s.mu.Unlock()
	for _, o := range operations {
		o.stop()
	}
}

// close says farewell, once, without waiting for it to arrive.
func (s *socket) close(why closing) {
	s.drop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.farewell != nil {
		return
	}
	said := make(chan struct{})
	s.farewell = said
	_ = s.line.SetWriteDeadline(time.Now().Add(min(lastWrite, s.hub.config.WriteTimeout)))
	// It may wait for the client, and its callers may not.
	go func() {
		defer close(said)
		s.out.Lock() // no message follows a farewell, or is cut in two by it
		defer s.out.Unlock()
		_ = s.conn.Close(why.code, why.reason) // the client may be gone
	}()
}

// saying is the farewell that is being said, if any.
func (s *socket) saying() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.farewell
}

// operation is one that a client runs over its socket. It is the receiver of its
// own responses.
type operation struct {
	socket *socket
	id     string
	head   []byte // of each response
	cancel context.CancelFunc

	leave func() // of its group; guarded by the socket's mutex
}

// subscribe begins an operation, of any kind.
func (s *socket) subscribe(r request) *closing {
	var params graphql.RawParams
	switch {
	case !s.welcome:
		return &closeUnauthorized
	case r.ID == "":
		return &closing{4400, "Invalid message: subscribe needs an id"}
	case decode(r.Payload, &params) != nil:
		return &closing{4400, "Invalid message: the payload of subscribe is an object with a query"}
	}
	ctx, cancel := context.WithCancel(s.hub.ctx)
	o := &operation{socket: s, id: r.ID, cancel: cancel, head: headOf("next", r.ID)}
	s.mu.Lock()
	_, taken := s.operations[r.ID]
	running := len(s.operations)
	if !taken && running < s.hub.config.MaxOperations && !s.closed {
		s.operations[r.ID] = o
	}
	s.mu.Unlock()
	switch {
	case taken:
		cancel()
		return &closing{4409, "Subscriber for " + r.ID[:min(len(r.ID), 64)] + " already exists"}
	case running >= s.hub.config.MaxOperations:
		cancel()
		s.sendErrors(r.ID, gqlerror.List{tooManyOperations(s.hub.config.MaxOperations)})
		return nil
	}
	params.ReadTime = graphql.TraceTiming{Start: graphql.Now(), End: graphql.Now()}
	s.hub.tasks.Go(func() { o.run(graphql.StartOperationTrace(open(auth.WithViewer(ctx, s.viewer))), s.viewer, &params) })
	return nil
}

// run executes the operation. For a subscription it returns when that has begun.
func (o *operation) run(ctx context.Context, viewer auth.Viewer, params *graphql.RawParams) {
	exec := o.socket.exec
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		o.end(exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs).Errors)
		return
	}
	if operation.Operation.Operation != ast.Subscription {
		o.answer(ctx, operation)
		return
	}
	leave, errs := o.socket.hub.subscribe(ctx, subscription{performance{exec, operation}, viewer, params}, o)
	switch {
	case errs != nil:
		o.end(errs)
	case leave != nil:
		o.joined(leave)
	}
}

// answer executes a query or a mutation.
func (o *operation) answer(ctx context.Context, operation *graphql.OperationContext) {
	responses, ctx := o.socket.exec.DispatchOperation(ctx, operation)
	for response := responses(ctx); response != nil; response = responses(ctx) {
		payload, err := json.Marshal(response)
		if err != nil || o.push(ctx, &message{payload: payload}) != nil {
			break
		}
	}
	o.end(nil)
}

// joined notes how to leave the group, if the client is still there.
func (o *operation) joined(leave func()) {
	s := o.socket
	s.mu.Lock()
	running := s.operations[o.id] == o
	o.leave = leave
	s.mu.Unlock()
	if !running {
		leave()
	}
}

// stop ends the execution; the operation is not the socket's any more.
func (o *operation) stop() {
	o.cancel()
	o.socket.mu.Lock()
	leave := o.leave
	o.socket.mu.Unlock()
	if leave != nil {
		leave()
	}
}

// finish ends an operation at its client's wish.
func (s *socket) finish(id string) {
	s.mu.Lock()
	o, ok := s.operations[id]
	delete(s.operations, id)
	s.mu.Unlock()
	if ok {
		o.stop()
	}
}

// offer implements receiver.
func (o *operation) offer(m *message) {
	s := o.socket
	s.mu.Lock()
	full := len(s.queue) >= s.hub.config.Buffer
	if !full && s.operations[o.id] == o {
		s.enqueue(frame{o.head, m})
	}
	s.mu.Unlock()
	if full {
		// Not here: the group that offers is locked, and closing leaves it.
		go s.close(closeSlow)
	}
}

// push implements receiver.
func (o *operation) push(ctx context.Context, m *message) error {
	s := o.socket
	for {
		s.mu.Lock()
		switch {
		case s.closed || s.operations[o.id] != o:
			s.mu.Unlock()
			return context.Canceled
		case len(s.queue) < s.hub.config.Buffer/2:
			s.enqueue(frame{o.head, m})
			s.mu.Unlock()
			return nil
		}
		if s.room == nil {
			s.room = make(chan struct{})
		}
		room := s.room
		s.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// end implements receiver.
func (o *operation) end(errs gqlerror.List) {
	s := o.socket
	s.mu.Lock()
	running := s.operations[o.id] == o
	if running {
		delete(s.operations, o.id)
	}
	s.mu.Unlock()
	if !running {
		return // the client knows
	}
	if len(errs) > 0 {
		s.sendErrors(o.id, errs)
	} else {
		head := headOf("complete", o.id)
		s.send(frame{head: append(slices.Clip(head[:len(head)-len(payloadOpens)]), '}')})
	}
	go o.stop() // not here: the group that ends it is locked
}

// sendErrors ends an operation by a message of type error.
func (s *socket) sendErrors(id string, errs gqlerror.List) {
	text, err := json.Marshal(errs)
	if err != nil {
		text = []byte(`[{"message":"The server failed."}]`)
	}
	s.send(frame{head: append(append(headOf("error", id), text...), '}')})
}

const payloadOpens = `,"payload":`

// headOf is a message up to its payload.
func headOf(kind, id string) []byte {
	text, err := json.Marshal(id)
	if err != nil {
		panic(err) // a string always encodes
	}
	return append(append([]byte(`{"type":"`+kind+`","id":`), text...), payloadOpens...)
}

func tooManyOperations(limit int) *gqlerror.Error {
	return &gqlerror.Error{
		Message:    "Too many operations at a time on one socket: end some first, or open another one.",
		Extensions: map[string]any{"code": "RATE_LIMITED", "status": http.StatusTooManyRequests, "limit": limit},
	}
}
