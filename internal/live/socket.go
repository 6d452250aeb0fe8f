package live

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"

	"dealflow/internal/auth"
	"dealflow/internal/strict"
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
	closeKeyExpired   = closing{4403, "Forbidden: the API key has expired"}
	closeRevoked      = closing{4403, "Forbidden: the API key was revoked"}
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

// remove forgets a socket.
func (h *Hub) remove(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, s)
	h.release(s.user)
	h.tasks.Done()
}

// socket is a client's WebSocket.
type socket struct {
	hub  *Hub
	exec graphql.GraphExecutor
	conn *websocket.Conn
	line net.Conn // under conn, for messages on their way out
	user *userKey // once it is welcome

	// For the reading goroutine alone.
	viewer   auth.Viewer
	welcome  bool // its connection_init was acknowledged
	greeted  bool // it has sent a connection_init
	deadline *time.Timer
	release  func() // of its key; nil until it is welcome

	out sync.Mutex // held by whoever writes messages, or the farewell

	mu         sync.Mutex
	operations map[string]*operation
	heard      time.Time // when the client last sent something
	closed     bool
	overrun    bool          // more was to be sent than may wait: nothing is any more
	farewell   chan struct{} // closed when the client has been told; nil if it is not to be
	queue      []frame
	writing    bool
	room       chan struct{} // closed when the queue has room again; nil while nobody waits
	timers     []*time.Timer
}

// incoming is a message of a client.
type incoming struct {
	id, kind string
	payload  any
}

// readMessage reads a message of so many values at most, whose id and payload may be
// left out.
func readMessage(text []byte, values int) (incoming, error) {
	members, err := strict.Object(text, values)
	if err != nil {
		return incoming{}, err
	}
	id, ok := members["id"].(string)
	if members["id"] != nil && !ok {
		return incoming{}, errors.New("its id is no string")
	}
	kind, _ := members["type"].(string)
	return incoming{id, kind, members["payload"]}, nil
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
	if s.release != nil {
		s.release()
	}
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
		go s.hub.guard(func() { bad <- s.receive(kind, text) }, func() { bad <- &closeFailed })
		if why := <-bad; why != nil {
			s.close(*why)
			return
		}
	}
}

// receive reads a message and does what it asks for, or says why the socket has
// to be closed.
func (s *socket) receive(kind websocket.MessageType, text []byte) *closing {
	r, err := readMessage(text, s.hub.config.MaxValues)
	switch {
	case kind != websocket.MessageText || err == nil && r.kind == "":
		return invalid("send a JSON object with a type")
	case err != nil:
		return invalid("send a JSON object with a type: " + err.Error())
	}
	return s.handle(r)
}

// handle does what a message asks for, or says why the socket has to be closed.
func (s *socket) handle(r incoming) *closing {
	s.mu.Lock()
	s.heard = time.Now()
	s.mu.Unlock()
	switch r.kind {
	case "connection_init":
		return s.init(r.payload)
	case "ping":
		s.send(frame{head: []byte(`{"type":"pong"}`)})
	case "pong":
	case "subscribe":
		return s.subscribe(r)
	case "complete":
		s.finish(r.id)
	default:
		return invalid("its type is none of this protocol's")
	}
	return nil
}

// init lets a client in by the token of its first message.
func (s *socket) init(payload any) *closing {
	if s.greeted {
		return &closeTwoInits
	}
	s.greeted = true
	fields, ok := payload.(map[string]any)
	if payload != nil && !ok {
		return invalid("the payload of connection_init is an object")
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
	if s.user = s.hub.admit(s.viewer); s.user == nil {
		return &closeTooMany
	}
	if !s.deadline.Stop() {
		return &closeInitTimeout
	}
	s.welcome = true
	s.release = s.hub.hold(s.viewer.KeyID, s)
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
	return &closing{4403, cut("Forbidden: " + refused.Message)}
}

// invalid is the end of a socket whose client does not speak the protocol.
func invalid(why string) *closing { return &closing{4400, cut("Invalid message: " + why)} }

// cut shortens a reason to what a close message has room for.
func cut(reason string) string { return strings.ToValidUTF8(reason[:min(len(reason), 120)], "") }

// watchOver closes the socket when its token expires, and when its client is gone
// without having said so.
func (s *socket) watchOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.viewer.ExpiresAt.IsZero() {
		why := closeExpired
		if s.viewer.IsKey() {
			why = closeKeyExpired
		}
		s.timers = append(s.timers, time.AfterFunc(s.viewer.ExpiresAt.Sub(s.hub.config.Now()), func() { s.close(why) }))
	}
	var asked bool
	var check *time.Timer
	interval := s.hub.config.PingInterval
	check = time.AfterFunc(interval, func() {
		s.mu.Lock()
		silent := time.Since(s.heard) >= interval
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

// revoked implements holder.
func (s *socket) revoked() { s.close(closeRevoked) }

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
