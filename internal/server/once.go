package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/cost"
	"dealflow/internal/once"
	"dealflow/internal/response"
)

// This file has mutations with an Idempotency-Key run once (package once). The
// header is HTTP's: a WebSocket's operations have none.

// replayed is the header of an answer that was given before.
const replayed = "Idempotency-Replayed"

const (
	codeKeyReused = "IDEMPOTENCY_KEY_REUSED"
	codeCanceled  = "CANCELED"
	codeTimeout   = "TIMEOUT"
)

type keyKey struct{}

// keyed is the key of a request, and the header of its answer.
type keyed struct {
	key    string
	header http.Header
}

// keyed notes the key that a POST has.
func (s *Server) keyed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		values := r.Header.Values(once.Header)
		if len(values) == 0 || r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		key, err := once.ParseKey(values)
		if err != nil {
			refuse(w, r, refusal{http.StatusBadRequest, codeBadRequest, err.Error()})
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyKey{}, keyed{key, w.Header()})))
	})
}

// onceOnly is the gqlgen extension that runs mutations with a key once. Queries need
// none, and run.
type onceOnly struct {
	observer observer // sees the answers, also of what is not executed
	answers  *once.Answers
	present  graphql.ErrorPresenterFunc
}

// ExtensionName implements graphql.HandlerExtension.
func (onceOnly) ExtensionName() string { return "OnceOnly" }

// Validate implements graphql.HandlerExtension.
func (onceOnly) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation implements graphql.OperationInterceptor. What refuses an
// operation before it is executed has had its say by now, and nothing is stored of
// it; what writes to responses does so inside of this, and is stored with them.
func (o onceOnly) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	request, ok := ctx.Value(keyKey{}).(keyed)
	operation := graphql.GetOperationContext(ctx)
	if !ok || operation.Operation.Operation != ast.Mutation {
		return next(ctx)
	}
	if makesSecret(operation) {
		return graphql.OneShot(o.observer.InterceptResponse(ctx, graphql.OneShot(secretNotKept())))
	}
	answer, executed, err := o.answer(ctx, request, operation, next)
	switch {
	case errors.Is(err, once.ErrReused):
		answer = keyReused(err)
	case err != nil:
		answer = &graphql.Response{Errors: gqlerror.List{o.present(ctx, err)}}
	}
	if !executed {
		answer = o.observer.InterceptResponse(ctx, graphql.OneShot(answer))
	}
	return graphql.OneShot(answer)
}

// makesSecret tells whether an answer has a secret in it that nobody is to see again:
// it must not be stored.
func makesSecret(operation *graphql.OperationContext) bool {
	fields := graphql.CollectFields(operation, operation.Operation.SelectionSet, nil)
	return slices.ContainsFunc(fields, func(f graphql.CollectedField) bool { return f.Name == "createApiKey" })
}

func secretNotKept() *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{response.Error(codeBadRequest, http.StatusBadRequest,
		"createApiKey answers a secret, which is not stored with an Idempotency-Key: send it without, and revoke a key whose answer was lost.")}}
}

func keyReused(err error) *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{response.Error(codeKeyReused, http.StatusUnprocessableEntity, err.Error())}}
}

// answer runs a mutation, which it tells, or finds what it was answered.
func (o onceOnly) answer(ctx context.Context, request keyed, operation *graphql.OperationContext, next graphql.OperationHandler) (_ *graphql.Response, executed bool, _ error) {
	fingerprint, err := once.Fingerprint(ctx, operation)
	if err != nil {
		return nil, false, err
	}
	var first *graphql.Response
	stored, again, err := o.answers.Do(ctx, once.Request{Key: request.key, Fingerprint: fingerprint},
		func(ctx context.Context) (answer []byte, keep bool) {
			first = responseOf(ctx, next)
			return response.Encode(first), isKept(first)
		})
	if err != nil || !again {
		return first, err == nil, err
	}
	request.header.Set(replayed, "true")
	o.observer.metrics.replays.Inc()
	exchangeOf(ctx).noteReplay()
	answer, err := decodeResponse(stored)
	return answer, false, err
}

// responseOf executes an operation. When nothing of it is kept, nothing is told of it
// but the errors.
func responseOf(ctx context.Context, next graphql.OperationHandler) *graphql.Response {
	executed := next(ctx)(ctx)
	switch {
	case executed == nil: // the client is gone
		return &graphql.Response{Errors: gqlerror.List{response.Error(codeCanceled, 499, "The request was canceled.")}}
	case !isKept(executed):
		executed.Data = nil
	}
	return executed
}

// isKept tells whether a retry is to get the same response: one that is the
// server's fault, that nobody waited for, that took too long or read too much, it is
// not.
func isKept(executed *graphql.Response) bool {
	return !slices.ContainsFunc(codesOf(executed.Errors), func(code string) bool {
		return code == codeInternal || code == codeCanceled || code == codeTimeout || code == cost.CodeTooExpensive
	})
}

// decodeResponse reads what response.Encode wrote, which writes the same of it once
// more, byte by byte.
func decodeResponse(text []byte) (*graphql.Response, error) {
	var stored struct {
		Errors []struct {
			Message    string
			Path       ast.Path
			Locations  []gqlerror.Location
			Extensions map[string]json.RawMessage
		}
		Data       json.RawMessage
		Extensions map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, fmt.Errorf("read a stored answer: %w", err)
	}
	restored := &graphql.Response{Data: stored.Data, Extensions: asWritten(stored.Extensions)}
	for _, one := range stored.Errors {
		restored.Errors = append(restored.Errors, &gqlerror.Error{
			Message: one.Message, Path: one.Path, Locations: one.Locations, Extensions: asWritten(one.Extensions),
		})
	}
	return restored, nil
}

// asWritten are extensions that are written as they were, whatever types they had.
// What others go by, such as a code or a status, is a string or an int again.
func asWritten(stored map[string]json.RawMessage) map[string]any {
	if stored == nil {
		return nil
	}
	extensions := make(map[string]any, len(stored))
	for key, text := range stored {
		var word string
		var number int
		switch {
		case text[0] == 'n': // null, which is any type's
			extensions[key] = nil
		case json.Unmarshal(text, &number) == nil:
			extensions[key] = number
		case json.Unmarshal(text, &word) == nil:
			extensions[key] = word
		default:
			extensions[key] = text
		}
	}
	return extensions
}
