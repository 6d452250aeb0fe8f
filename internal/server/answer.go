package server

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"

	"dealflow/internal/rest"
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

// answer is GraphQL's response to a request that it never gets to execute.
type answer struct {
	Errors []answerError `json:"errors"`
}

type answerError struct {
	Message    string          `json:"message"`
	Extensions errorExtensions `json:"extensions"`
}

type errorExtensions struct {
	Code   string `json:"code"`
	Status int    `json:"status"`
	ID     string `json:"id,omitempty"`
}

// refusal is why a request goes no further, by its sender's fault.
type refusal struct {
	status  int
	code    string
	message string
}

// refuse answers a request with one error, in the form of all errors of the API.
func refuse(w http.ResponseWriter, r *http.Request, no refusal) {
	write(w, r, answerError{no.message, errorExtensions{Code: no.code, Status: no.status}})
}

func write(w http.ResponseWriter, r *http.Request, e answerError) {
	exchangeOf(r.Context()).noteCodes(e.Extensions.Code)
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasPrefix(r.URL.Path, restPrefix) {
		a := rest.Problem{Status: e.Extensions.Status, Code: e.Extensions.Code, Detail: e.Message}.Answer()
		send(w, page{status: a.Status, media: a.Media, body: a.Body})
		return
	}
	text, err := json.Marshal(answer{[]answerError{e}})
	if err != nil {
		panic(err) // it is made of strings and a number
	}
	media, _ := mediaType(r.Header)
	send(w, page{status: e.Extensions.Status, media: media, body: text})
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
	write(w, r, answerError{
		"The server failed. Its log says more under the id " + id + ".",
		errorExtensions{Code: codeInternal, Status: http.StatusInternalServerError, ID: id},
	})
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

// secured sets the headers that keep browsers from taking an answer for
// anything else than it is. Handlers that need others set their own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		next.ServeHTTP(w, r)
	})
}
