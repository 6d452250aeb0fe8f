package live

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/auth"
	"dealflow/internal/request"
	"dealflow/internal/response"
)

// maxID bounds the id of an operation, which each message to the client repeats.
const maxID = 256

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
func (s *socket) subscribe(r incoming) *closing {
	members, _ := r.payload.(map[string]any)
	params, err := request.FromMembers(members)
	switch {
	case !s.welcome:
		return &closeUnauthorized
	case r.id == "" || len(r.id) > maxID:
		return invalid("subscribe needs an id, of at most 256 bytes")
	case err != nil:
		return invalid("the payload of subscribe: " + err.Error())
	}
	ctx, cancel := context.WithCancel(s.hub.ctx)
	o := &operation{socket: s, id: r.id, cancel: cancel, head: headOf("next", r.id)}
	s.mu.Lock()
	_, taken := s.operations[r.id]
	running := len(s.operations)
	if !taken && running < s.hub.config.MaxOperations && !s.closed {
		s.operations[r.id] = o
	}
	s.mu.Unlock()
	switch {
	case taken:
		cancel()
		return &closing{4409, "Subscriber for " + r.id[:min(len(r.id), 64)] + " already exists"}
	case running >= s.hub.config.MaxOperations:
		cancel()
		s.sendErrors(r.id, gqlerror.List{tooManyOperations(s.hub.config.MaxOperations)})
		return nil
	}
	params.ReadTime = graphql.TraceTiming{Start: graphql.Now(), End: graphql.Now()}
	s.hub.tasks.Go(func() {
		s.hub.guard(func() { o.run(graphql.StartOperationTrace(open(auth.WithViewer(ctx, s.viewer))), s.viewer, params) },
			func() { o.end(errPanicked) })
	})
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
	// The operation's own context may end with its response.
	responses, own := o.socket.exec.DispatchOperation(ctx, operation)
	for answer := responses(own); answer != nil; answer = responses(own) {
		if o.push(ctx, &message{payload: response.Encode(answer)}) != nil {
			break
		}
	}
	if o.socket.hub.ctx.Err() == nil { // or else it was cut off
		o.end(nil)
	}
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
	defer s.mu.Unlock()
	if s.operations[o.id] == o {
		s.enqueue(frame{o.head, m})
	}
}

// push implements receiver.
func (o *operation) push(ctx context.Context, m *message) error {
	s := o.socket
	for {
		s.mu.Lock()
		switch {
		case s.closed || s.overrun || s.operations[o.id] != o:
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
	s.send(frame{head: append(append(headOf("error", id), response.Errors(errs)...), '}')})
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
	err := response.Error("RATE_LIMITED", http.StatusTooManyRequests, "Too many operations at a time on one socket: end some first, or open another one.")
	err.Extensions["limit"] = limit
	return err
}
