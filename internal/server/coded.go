package server

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// coded answers in the form of all our errors where gqlgen's transports refuse a
// request with a message alone: a mutation by GET, variables of a GET that are
// not JSON, a form without the file that its map names.
func coded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		held := &holder{ResponseWriter: w}
		next.ServeHTTP(held, r)
		if held.status != 0 {
			held.release(r)
		}
	})
}

// holder holds an answer back that is an error by the caller's fault, and lets
// all others pass.
type holder struct {
	http.ResponseWriter
	status int // 0 but for such an error
	body   bytes.Buffer
}

// Unwrap lets http.ResponseController reach the connection.
func (h *holder) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *holder) WriteHeader(status int) {
	switch {
	case h.status != 0: // the first one counts, as for any answer
	case status >= http.StatusBadRequest && status < http.StatusInternalServerError:
		h.status = status
	default:
		h.ResponseWriter.WriteHeader(status)
	}
}

func (h *holder) Write(data []byte) (int, error) {
	if h.status != 0 {
		return h.body.Write(data)
	}
	return h.ResponseWriter.Write(data)
}

// release sends what was held, or our own answer if that has no code.
func (h *holder) release(r *http.Request) {
	var held struct{ Errors gqlerror.List }
	err := json.Unmarshal(h.body.Bytes(), &held)
	if err == nil && len(held.Errors) > 0 && held.Errors[0].Extensions["code"] == nil {
		refuse(h.ResponseWriter, r, h.refusal(held.Errors[0].Message))
		return
	}
	h.ResponseWriter.WriteHeader(h.status)
	// A client that is gone hears nothing, and nobody else is interested.
	_, _ = h.ResponseWriter.Write(h.body.Bytes())
}

// refusal is what gqlgen means with a status and a message.
func (h *holder) refusal(message string) refusal {
	if h.status == http.StatusNotAcceptable {
		h.Header().Set("Allow", http.MethodPost)
		return refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, "GET is for queries: send a mutation by POST"}
	}
	return refusal{http.StatusBadRequest, codeBadRequest, message}
}
