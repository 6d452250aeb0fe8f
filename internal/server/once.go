package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/once"
)

// This file has mutations with an Idempotency-Key run once (package once). The
// header is HTTP's: a WebSocket's operations have none.

// replayed is the header of an answer that was given before.
const replayed = "Idempotency-Replayed"

const (
	codeKeyReused = "IDEMPOTENCY_KEY_REUSED"
	codeCanceled  = "CANCELED"
)

type keyKey struct{}

// keyed is the key of a request, and where its answer goes.
type keyed struct {
	key string
	w   http.ResponseWriter
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
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), keyKey{}, keyed{key, w})))
	})
}

// onceOnly is the gqlgen extension that runs mutations with a key once. Queries need
// none, and run.
type onceOnly struct {
	answers *once.Answers
	metrics *Metrics
	present graphql.ErrorPresenterFunc
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
	response, err := o.answer(ctx, request, operation, next)
	switch {
	case errors.Is(err, once.ErrReused):
		// Gqlgen's transports know no status of an executed operation but 200.
		request.w.WriteHeader(http.StatusUnprocessableEntity)
		response = keyReused(err)
		exchangeOf(ctx).noteCodes(codeKeyReused)
	case err != nil:
		response = &graphql.Response{Errors: gqlerror.List{o.present(ctx, err)}}
		exchangeOf(ctx).noteCodes(codesOf(response.Errors)...)
	}
	return graphql.OneShot(response)
}

func keyReused(err error) *graphql.Response {
	return &graphql.Response{Errors: gqlerror.List{{
		Message:    err.Error(),
		Extensions: map[string]any{"code": codeKeyReused, "status": http.StatusUnprocessableEntity},
	}}}
}

// answer runs a mutation, or finds what it was answered.
func (o onceOnly) answer(ctx context.Context, request keyed, operation *graphql.OperationContext, next graphql.OperationHandler) (*graphql.Response, error) {
	fingerprint, err := once.Fingerprint(ctx, operation)
	if err != nil {
		return nil, err
	}
	var response *graphql.Response
	stored, again, err := o.answers.Do(ctx, once.Request{Key: request.key, Fingerprint: fingerprint},
		func(ctx context.Context) (answer []byte, keep bool) {
			response = responseOf(ctx, next)
			answer, err := encodeResponse(response)
			return answer, err == nil && isKept(response)
		})
	if err != nil || !again {
		return response, err
	}
	request.w.Header().Set(replayed, "true")
	o.metrics.replays.Inc()
	exchangeOf(ctx).noteReplay(operationOf(ctx))
	return decodeResponse(stored)
}

// responseOf executes an operation. When that fails by our fault, nothing of it is
// kept, and so nothing is told of it but the errors.
func responseOf(ctx context.Context, next graphql.OperationHandler) *graphql.Response {
	response := next(ctx)(ctx)
	switch {
	case response == nil: // the client is gone
		return &graphql.Response{Errors: gqlerror.List{{
			Message: "The request was canceled.", Extensions: map[string]any{"code": codeCanceled, "status": 499},
		}}}
	case !isKept(response):
		response.Data = nil
	}
	return response
}

// isKept tells whether a retry is to get the same response: one that is the
// server's fault, or that nobody waited for, it is not.
func isKept(response *graphql.Response) bool {
	codes := codesOf(response.Errors)
	return !slices.Contains(codes, codeInternal) && !slices.Contains(codes, codeCanceled)
}

// encodeResponse writes a response to be stored, with every text as it is.
func encodeResponse(response *graphql.Response) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(response)
	return text.Bytes(), err
}

// decodeResponse reads what encodeResponse wrote. What is written of the response
// once more is the same, byte by byte: what it holds in extensions, which may have
// been of any type, stays as it was written.
func decodeResponse(text []byte) (*graphql.Response, error) {
	var stored struct {
		Errors     []storedError
		Data       json.RawMessage
		Extensions map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	response := &graphql.Response{Data: stored.Data, Extensions: asWritten(stored.Extensions)}
	for _, one := range stored.Errors {
		response.Errors = append(response.Errors, &gqlerror.Error{
			Message: one.Message, Path: one.Path, Locations: one.Locations, Extensions: asWritten(one.Extensions),
		})
	}
	return response, nil
}

type storedError struct {
	Message    string
	Path       ast.Path
	Locations  []gqlerror.Location
	Extensions map[string]json.RawMessage
}

// asWritten are extensions that are written as they were. The code of an error and
// its status are values, for whoever goes by them.
func asWritten(stored map[string]json.RawMessage) map[string]any {
	if stored == nil {
		return nil
	}
	extensions := make(map[string]any, len(stored))
	for key, text := range stored {
		var word string
		var number int
		switch {
		case key == "code" && json.Unmarshal(text, &word) == nil:
			extensions[key] = word
		case key == "status" && json.Unmarshal(text, &number) == nil:
			extensions[key] = number
		default:
			extensions[key] = text
		}
	}
	return extensions
}
