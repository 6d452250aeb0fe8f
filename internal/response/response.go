// Package response writes GraphQL responses, for whatever transport: as small as
// they may be, and with no more errors than a person reads.
package response

import (
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The bounds of what an error tells, which somebody who sends errors on purpose
// would have grow with what they send.
const (
	MaxErrors  = 5
	MaxMessage = 300 // bytes
)

// Encode is a response as JSON. One that was never executed has no data, not even
// null; its errors are cut to the first few, and the extensions then say how many
// were omitted.
func Encode(r *graphql.Response) []byte {
	text := make([]byte, 0, len(r.Data)+256)
	text = append(text, '{')
	extensions := r.Extensions
	if len(r.Errors) > 0 {
		text = append(append(text, `"errors":`...), Errors(r.Errors)...)
		if omitted := len(r.Errors) - MaxErrors; omitted > 0 {
			extensions = with(extensions, "omittedErrors", omitted)
		}
	}
	if r.Data != nil {
		text = member(text, `"data":`, r.Data)
	}
	return end(text, extensions)
}

// end is a response with its last part.
func end(text []byte, extensions map[string]any) []byte {
	if len(extensions) == 1 { // what it cost, mostly, and nothing else
		for name, value := range extensions {
			if known, ok := value.(encoder); ok {
				text = member(text, `"extensions":{"`, nil)
				text = append(append(text, name...), `":`...)
				return append(known.AppendJSON(text), "}}"...)
			}
		}
	}
	if len(extensions) > 0 {
		text = member(text, `"extensions":`, encode(extensions))
	}
	return append(text, '}')
}

// encoder is what writes itself as JSON, for less than encoding/json takes.
type encoder interface{ AppendJSON(text []byte) []byte }

func member(text []byte, name string, value []byte) []byte {
	if len(text) > 1 {
		text = append(text, ',')
	}
	return append(append(text, name...), value...)
}

func with(extensions map[string]any, name string, value any) map[string]any {
	all := map[string]any{name: value}
	for name, value := range extensions {
		all[name] = value
	}
	return all
}

// Errors are the first few of a list of errors as JSON, none too long.
func Errors(list gqlerror.List) []byte {
	shown := make(gqlerror.List, 0, MaxErrors)
	for _, err := range list[:min(len(list), MaxErrors)] {
		if len(err.Message) > MaxMessage {
			short := *err
			short.Message = Cut(err.Message)
			err = &short
		}
		shown = append(shown, err)
	}
	return encode(shown)
}

// Cut is a message that is not too long, or that says that there was more.
func Cut(message string) string {
	if len(message) <= MaxMessage {
		return message
	}
	const more = "…"
	end := MaxMessage - len(more)
	for !utf8.RuneStart(message[end]) {
		end--
	}
	return message[:end] + more
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // errors and extensions are made here, of what JSON can say
	}
	return text
}

// Error is an error with its code, for programs, and its status.
func Error(code string, status int, message string) *gqlerror.Error {
	return &gqlerror.Error{Message: message, Extensions: map[string]any{"code": code, "status": status}}
}

// RetryAfter sets the header of how many seconds a client is to wait, if the first
// error says so.
func RetryAfter(h http.Header, errs gqlerror.List) {
	if len(errs) > 0 && errs[0].Extensions["retryAfter"] != nil {
		h.Set("Retry-After", fmt.Sprint(errs[0].Extensions["retryAfter"]))
	}
}
