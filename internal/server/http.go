package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/cost"
	"dealflow/internal/request"
	"dealflow/internal/response"
)

// overHTTP is the gqlgen transport of one answer to one request:
// https://graphql.github.io/graphql-over-http/draft/
// It stands behind the door, which has read the body.
type overHTTP struct {
	server *Server
	exec   *guarded
}

// Supports implements graphql.Transport.
func (overHTTP) Supports(*http.Request) bool { return true }

// Do implements graphql.Transport.
func (t overHTTP) Do(w http.ResponseWriter, r *http.Request, _ graphql.GraphExecutor) {
	params, err := request.FromHTTP(r, t.server.values)
	if wrong, ok := errors.AsType[*request.Error](err); ok {
		refuse(w, r, t.server.badRequest(wrong))
		return
	}
	if err != nil {
		panic(err) // the body is in memory: it is our fault
	}

	media, _ := mediaType(r.Header)
	// Who asks what it costs is told so, which is another answer each time.
	kept := r.Method == http.MethodGet && namesDocument(params) && r.Header.Get(cost.Header) == ""
	run := func() *page { return t.run(w, r, params, media, kept) }
	if kept {
		t.server.conditional(w, r, t.exec, params, media, run)
	} else if p := run(); p != nil {
		send(w, *p)
	}
}

// run executes an operation, and is nil when there is nothing more to answer. An
// answer that may be kept is without what it cost this time.
func (t overHTTP) run(w http.ResponseWriter, r *http.Request, params *graphql.RawParams, media string, kept bool) *page {
	ctx, buffer := response.Lend(r.Context())
	answer, refused := t.exec.answer(ctx, r.Method, params)
	switch {
	case refused != nil:
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, r, *refused)
		return nil
	case answer == nil:
		return nil // the client is gone
	}
	response.RetryAfter(w.Header(), answer.Errors)
	good := len(answer.Errors) == 0
	if kept && good {
		delete(answer.Extensions, "cost")
	}
	return &page{statusOf(media, answer), media, buffer.Encode(answer), good, buffer.Free}
}

// answer executes an operation of a request: nil when its client is gone.
func (g *guarded) answer(client context.Context, method string, params *graphql.RawParams) (*graphql.Response, *refusal) {
	ctx := graphql.StartOperationTrace(client)
	// This costs nothing, and what follows may.
	if _, found, errs := g.find(ctx, params); errs == nil && method == http.MethodGet && found.Operation == ast.Mutation {
		return nil, &refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, "GET is for queries: send a mutation by POST"}
	}
	operation, errs := g.CreateOperationContext(ctx, params)
	if errs != nil {
		return g.DispatchError(graphql.WithOperationContext(ctx, operation), errs), nil
	}
	responses, ctx := g.DispatchOperation(ctx, operation)
	answer := responses(ctx)
	if answer == nil && client.Err() == nil {
		// Its time was over before it began, which no resolver could say.
		answer = g.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(ctx.Err())})
	}
	return answer, nil
}

// The media types of responses. The second is what clients understand that are
// older than the specification of the first: to these, what is wrong with a
// document is a response like any other.
const (
	ownMedia   = "application/graphql-response+json"
	plainMedia = "application/json"
)

// statusOf is the HTTP status of a response: 200 once there are data, be they null.
func statusOf(media string, answer *graphql.Response) int {
	if answer.Data != nil || len(answer.Errors) == 0 {
		return http.StatusOK
	}
	extensions := answer.Errors[0].Extensions
	code := extensions["code"]
	if media == plainMedia && (code == errcode.ParseFailed || code == errcode.ValidationFailed) {
		return http.StatusOK
	}
	if status, ok := extensions["status"].(int); ok {
		return status
	}
	return http.StatusBadRequest
}

// mediaType is the media type of responses that a client prefers, by its Accept
// header. It is the plain one, and not ok, when the client takes neither.
func mediaType(h http.Header) (media string, ok bool) {
	all := h.Values("Accept")
	if len(all) == 1 && (all[0] == "*/*" || all[0] == plainMedia) { // as most have it
		return plainMedia, true
	}
	if strings.TrimSpace(strings.Join(all, "")) == "" {
		return plainMedia, true
	}
	own, plain := -1.0, -1.0
	for kind, quality := range request.Accepted(h) {
		switch kind {
		case ownMedia:
			own = quality
		case plainMedia:
			plain = quality
		case "*/*", "application/*":
			if plain < 0 {
				plain = quality
			}
		}
	}
	if own > 0 && own >= plain {
		return ownMedia, true
	}
	return plainMedia, plain > 0
}

// notAcceptable is the refusal of a client that takes no media type of ours.
var notAcceptable = refusal{http.StatusNotAcceptable, "NOT_ACCEPTABLE",
	fmt.Sprintf("accept %s or %s", ownMedia, plainMedia)}
