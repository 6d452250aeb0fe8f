package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/guard"
	"dealflow/internal/request"
	"dealflow/internal/response"
	"dealflow/internal/rest"
	"dealflow/internal/strict"
)

// The codes of the errors that a request meets before it gets to GraphQL.
const (
	codeBadRequest           = "BAD_REQUEST"
	codeForbidden            = "FORBIDDEN"
	codeMethodNotAllowed     = "METHOD_NOT_ALLOWED"
	codePayloadTooLarge      = "PAYLOAD_TOO_LARGE"
	codeUnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
	codeInternal             = "INTERNAL"
)

// refusal is why a request goes no further, by its sender's fault.
type refusal struct {
	status  int
	code    string
	message string
}

// badRequest refuses what cannot be read, or is too much to read.
func (s *Server) badRequest(wrong *request.Error) refusal {
	if errors.Is(wrong, strict.ErrTooMany) {
		return refusal{http.StatusBadRequest, guard.CodeTooLarge, guard.TooManyValues(s.values)}
	}
	return refusal{http.StatusBadRequest, codeBadRequest, wrong.Error()}
}

// refuse answers a request with one error, in the form of all errors of the API.
func refuse(w http.ResponseWriter, r *http.Request, no refusal) {
	exchangeOf(r.Context()).noteCodes(no.code)
	refuseWith(w, r, &graphql.Response{Errors: gqlerror.List{response.Error(no.code, no.status, no.message)}})
}

// refuseWith answers a request with a response of errors alone, whose status is the
// first one's.
func refuseWith(w http.ResponseWriter, r *http.Request, wrong *graphql.Response) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	response.RetryAfter(h, wrong.Errors)
	status := statusOf(ownMedia, wrong)
	if strings.HasPrefix(r.URL.Path, restPrefix) {
		code, _ := wrong.Errors[0].Extensions["code"].(string)
		a := rest.Problem{Status: status, Code: code, Detail: wrong.Errors[0].Message}.Answer()
		send(w, page{status: a.Status, media: a.Media, body: a.Body})
		return
	}
	media, _ := mediaType(r.Header)
	send(w, page{status: status, media: media, body: response.Encode(wrong)})
}

// fail answers a request that failed by our fault. The client learns an id,
// under which the log has the rest.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, what string, attributes ...any) {
	id := rand.Text()
	s.config.Log.ErrorContext(r.Context(), what, append(attributes, "id", id)...)
	if isBegun(w) {
		// The client must not take half an answer for a whole one.
		panic(http.ErrAbortHandler)
	}
	exchangeOf(r.Context()).noteCodes(codeInternal)
	failed := response.Error(codeInternal, http.StatusInternalServerError, "The server failed. Its log says more under the id "+id+".")
	failed.Extensions["id"] = id
	refuseWith(w, r, &graphql.Response{Errors: gqlerror.List{failed}})
}

// caught turns a panic of a handler into an answer.
func (s *Server) caught(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch reason := recover(); reason {
			case nil:
			case http.ErrAbortHandler:
				panic(reason)
			default:
				s.fail(w, r, "a handler panicked", "panic", fmt.Sprint(reason), "stack", string(debug.Stack()))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// secure are the headers that keep browsers from taking an answer for anything else
// than it is. All answers have the same lists, which nobody changes.
var secure = http.Header{
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Referrer-Policy":              {"no-referrer"},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"},
}

// secured sets these headers. Handlers that need others set their own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), secure)
		next.ServeHTTP(w, r)
	})
}
