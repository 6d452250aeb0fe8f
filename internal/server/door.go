package server

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"dealflow/internal/live"
	"dealflow/internal/photo"
	"dealflow/internal/request"
)

// This file bounds requests by what can be seen before they are parsed: their
// method, their media types, their size. What an operation may be and cost is
// bounded by the guard and by package cost (graphql.go).

// uploadSlack is what a multipart request may hold beside a photo: GraphQL's
// document and variables have MaxBody of their own; this is for the form.
const uploadSlack = 64 << 10

// bounded passes on requests whose body is of a kind that the API reads, and
// whole in memory, within its limit.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var no *refusal
		switch r.Method {
		case http.MethodGet:
		case http.MethodPost:
			no = s.readBody(w, r)
		default:
			w.Header().Set("Allow", "GET, HEAD, OPTIONS, POST")
			no = &refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, "use POST, or GET for a query"}
		}
		if _, ok := mediaType(r.Header); no == nil && !ok && !live.IsStream(r) {
			no = &notAcceptable
		}
		if no != nil {
			refuse(w, r, *no)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// formMedia is the media type of requests with files.
const formMedia = "multipart/form-data"

// asGet has a HEAD answered as a GET is: net/http, which knows better, leaves the
// body out. Only what does not end with an answer, a stream or a WebSocket, has none.
func asGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			get := r.WithContext(r.Context())
			get.Method = http.MethodGet
			if !live.IsStream(get) && !live.IsUpgrade(get) {
				r = get
			}
		}
		next.ServeHTTP(w, r)
	})
}

// readBody puts a body in memory in place of the one on the wire.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) *refusal {
	contentType := r.Header.Get("Content-Type")
	if contentType == plainMedia { // as most are
		return buffer(w, r, s.config.MaxBody)
	}
	media, parameters, err := mime.ParseMediaType(contentType)
	charset := parameters["charset"]
	switch {
	case err == nil && media == plainMedia && (charset == "" || strings.EqualFold(charset, "utf-8")):
		return buffer(w, r, s.config.MaxBody)
	case err != nil || media != formMedia:
		return &refusal{http.StatusUnsupportedMediaType, codeUnsupportedMediaType,
			"send Content-Type: application/json, in UTF-8, or multipart/form-data for a file"}
	case !asksFirst(r):
		return &refusal{http.StatusBadRequest, codeBadRequest,
			"a multipart request needs the header GraphQL-Require-Preflight: 1, which no other site's form can send"}
	default:
		return buffer(w, r, s.config.MaxBody+photo.MaxBytes+uploadSlack)
	}
}

// buffer is readBody for a limit.
func buffer(w http.ResponseWriter, r *http.Request, limit int64) *refusal {
	body, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength, limit)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &refusal{http.StatusRequestEntityTooLarge, codePayloadTooLarge,
			fmt.Sprintf("the request's body is over %d bytes, which is the most this server reads", limit)}
	case err != nil:
		// Most likely the client is gone, or too slow.
		return &refusal{http.StatusBadRequest, codeBadRequest, "the request's body ended early"}
	}
	request.Keep(r, body)
	return nil
}

// readAll reads a body whose length may be known. One that is announced to be
// too long is not waited for.
func readAll(body io.Reader, length, limit int64) ([]byte, error) {
	switch {
	case length > limit:
		return nil, &http.MaxBytesError{Limit: limit}
	case length < 0:
		return io.ReadAll(body)
	}
	text := make([]byte, length)
	_, err := io.ReadFull(body, text)
	return text, err
}

// asksFirst tells whether a browser must have asked for leave before it sent
// the request (CORS's preflight), because it has a header that forms cannot
// set. Clients know these three.
func asksFirst(r *http.Request) bool {
	headers := []string{"GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With"}
	return slices.ContainsFunc(headers, func(name string) bool { return r.Header.Get(name) != "" })
}
