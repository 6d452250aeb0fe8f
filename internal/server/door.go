package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/photo"
)

// This file bounds requests by what can be seen before they are parsed: their
// method, their media type, their size. What a GraphQL document may cost, and
// what one client may ask for in a minute, belongs beside it, in the GraphQL
// handler's extensions (graphql.go).

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
			w.Header().Set("Allow", "GET, OPTIONS, POST")
			no = &refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, "use POST, or GET for a query"}
		}
		if no != nil {
			refuse(w, r, *no)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// readBody puts a body in memory in place of the one on the wire.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) *refusal {
	// A type with malformed parameters is nil to gqlgen.
	switch media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case err == nil && media == "application/json":
		body, no := buffer(w, r, s.config.MaxBody)
		if no == nil && !isOperation(body) {
			no = &refusal{http.StatusBadRequest, codeBadRequest,
				`the body must be a JSON object: {"query": "…", "operationName": "…", "variables": {…}}, the last two as needed`}
		}
		return no
	case err != nil || media != "multipart/form-data":
		return &refusal{http.StatusUnsupportedMediaType, codeUnsupportedMediaType,
			"send Content-Type: application/json, or multipart/form-data for a file"}
	case !asksFirst(r):
		return &refusal{http.StatusBadRequest, codeBadRequest,
			"a multipart request needs the header GraphQL-Require-Preflight: 1, which no other site's form can send"}
	default:
		body, no := buffer(w, r, s.config.MaxBody+photo.MaxBytes+uploadSlack)
		if no == nil {
			no = checkForm(r.Header.Get("Content-Type"), body)
		}
		return no
	}
}

// isOperation tells whether a body can be read as gqlgen will read it. Gqlgen
// itself would answer with the whole body and the names of Go's types.
func isOperation(body []byte) bool {
	var params *graphql.RawParams
	return decode(body, &params) == nil && params != nil
}

// decode reads one JSON value with numbers as they were written, like gqlgen:
// one that no float64 holds is for the schema's scalars to refuse.
func decode(text []byte, value any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(value); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON value")
	}
	return nil
}

// buffer is readBody for a limit; it returns the body too.
func buffer(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *refusal) {
	body, err := readAll(http.MaxBytesReader(w, r.Body, limit), r.ContentLength, limit)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &refusal{http.StatusRequestEntityTooLarge, codePayloadTooLarge,
			fmt.Sprintf("the request's body is over %d bytes, which is the most this server reads", limit)}
	case err != nil:
		// Most likely the client is gone, or too slow.
		return nil, &refusal{http.StatusBadRequest, codeBadRequest, "the request's body ended early"}
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.ContentLength = int64(len(body))
	return body, nil
}

// readAll reads a body whose length may be known. One that is announced to be
// too long is not waited for.
func readAll(body io.Reader, length, limit int64) ([]byte, error) {
	if length > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	buffer := bytes.NewBuffer(make([]byte, 0, max(length, 0)+bytes.MinRead))
	_, err := buffer.ReadFrom(body)
	return buffer.Bytes(), err
}

// asksFirst tells whether a browser must have asked for leave before it sent
// the request (CORS's preflight), because it has a header that forms cannot
// set. Clients know these three.
func asksFirst(r *http.Request) bool {
	headers := []string{"GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With"}
	return slices.ContainsFunc(headers, func(name string) bool { return r.Header.Get(name) != "" })
}
