package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/request"
	"dealflow/internal/response"
)

// overHTTP is the gqlgen transport of one answer to one request:
// https://graphql.github.io/graphql-over-http/draft/
// It stands behind the door, which has read the body.
type overHTTP struct{}

// Supports implements graphql.Transport.
func (overHTTP) Supports(*http.Request) bool { return true }

// Do implements graphql.Transport.
func (overHTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	start := graphql.Now()
	params, err := paramsOf(r)
	if wrong, ok := errors.AsType[*request.Error](err); ok {
		refuse(w, r, refusal{http.StatusBadRequest, codeBadRequest, wrong.Message})
		return
	}
	if err != nil {
		panic(err) // the body is in memory: it is our fault
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}

	ctx := graphql.StartOperationTrace(r.Context())
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		reply(w, r, exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs))
		return
	}
	if r.Method == http.MethodGet && operation.Operation.Operation == ast.Mutation {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, r, refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, "GET is for queries: send a mutation by POST"})
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, operation)
	if answer := responses(ctx); answer != nil { // or else the client is gone
		reply(w, r, answer)
	}
}

// paramsOf is the operation that a request asks for.
func paramsOf(r *http.Request) (*graphql.RawParams, error) {
	if r.Method == http.MethodGet {
		return request.FromQuery(r.URL.RawQuery)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if isForm(r) {
		return request.FromForm(r.Header.Get("Content-Type"), body)
	}
	return request.FromJSON(body)
}

// reply sends GraphQL's response.
func reply(w http.ResponseWriter, r *http.Request, answer *graphql.Response) {
	media, _ := mediaType(r.Header)
	h := w.Header()
	h.Set("Content-Type", media+"; charset=utf-8")
	if seconds, ok := retryAfter(answer.Errors); ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	text := response.Encode(answer)
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(statusOf(media, answer))
	// A client that is gone hears nothing, and nobody else is interested.
	_, _ = w.Write(text)
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

// retryAfter is how many seconds a client is to wait, if an error says so.
func retryAfter(errs gqlerror.List) (seconds int, ok bool) {
	if len(errs) == 0 {
		return 0, false
	}
	seconds, ok = errs[0].Extensions["retryAfter"].(int)
	return seconds, ok
}

// mediaType is the media type of responses that a client prefers, by its Accept
// header. It is the plain one, and not ok, when the client takes neither.
func mediaType(h http.Header) (media string, ok bool) {
	accept := strings.Join(h.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return plainMedia, true
	}
	own, plain := -1.0, -1.0
	for part := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if given, err := strconv.ParseFloat(params["q"], 64); err == nil {
			quality = given
		}
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

// isForm tells a multipart request from a JSON one, of which there are no others
// behind the door.
func isForm(r *http.Request) bool {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return media == "multipart/form-data"
}

// notAcceptable is the refusal of a client that takes no media type of ours.
var notAcceptable = refusal{http.StatusNotAcceptable, "NOT_ACCEPTABLE",
	fmt.Sprintf("accept %s or %s", ownMedia, plainMedia)}
