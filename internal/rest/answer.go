package rest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/response"
)

// Media are the media types of answers, of data and of problems.
const (
	Media        = "application/json"
	ProblemMedia = "application/problem+json"
)

// codeBadInput is the code of a value that its parameter does not take.
const codeBadInput = "BAD_USER_INPUT"

// Answer is what a client gets.
type Answer struct {
	Status int
	Media  string
	Body   []byte
}

// Problem says what is wrong, in the form of RFC 9457.
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Code is for programs: of the first thing that is wrong.
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Errors are all things that are wrong, if there are more than that.
	Errors json.RawMessage `json:"errors,omitempty"`
	// Extensions are what the API says beside its errors, such as what it costs.
	Extensions map[string]any `json:"extensions,omitempty"`
}

// Answer is the problem as an answer.
func (p Problem) Answer() Answer {
	p.Title, p.Detail = http.StatusText(p.Status), response.Cut(p.Detail)
	return Answer{p.Status, ProblemMedia, encode(p)}
}

// userError is something wrong with an input.
type userError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	// Path leads to it from a variable of the operation.
	Path []string `json:"path"`
	Rule string   `json:"rule"`
}

// Answer makes an answer of GraphQL's response: its data, or what is wrong.
func (e *Endpoint) Answer(r *graphql.Response) Answer {
	if len(r.Errors) > 0 {
		return failed(r)
	}
	if e.IsQuery() {
		if isNothing(r.Data) {
			return Problem{Status: http.StatusNotFound, Code: "NOT_FOUND", Detail: "There is nothing with this id."}.Answer()
		}
		return Answer{http.StatusOK, Media, r.Data}
	}
	data, wrong := e.split(r.Data)
	if len(wrong) > 0 {
		return Problem{Status: statusOf(wrong[0].Code), Code: wrong[0].Code, Detail: wrong[0].Message, Errors: encode(wrong)}.Answer()
	}
	return Answer{http.StatusOK, Media, data}
}

// failed is the answer to what could not be executed, or not wholly.
func failed(r *graphql.Response) Answer {
	first := r.Errors[0]
	p := Problem{Status: http.StatusInternalServerError, Detail: first.Message, Errors: response.Errors(r.Errors), Extensions: r.Extensions}
	p.Code, _ = first.Extensions["code"].(string)
	if status, ok := first.Extensions["status"].(int); ok {
		p.Status = status
	}
	if name, ok := variableOf(first.Path); ok {
		p.Code, p.Detail, p.Errors = codeBadInput, "The parameter "+name+" "+strings.TrimSuffix(first.Message, ".")+".", nil
	}
	return p.Answer()
}

// variableOf is the variable, and the place in it, that an error's path leads to, if
// it was met before the operation was executed.
func variableOf(path ast.Path) (name string, ok bool) {
	if len(path) < 2 || path[0] != ast.PathName("variable") {
		return "", false
	}
	return path[1:].String(), true
}

// statusOf is the status of an input's error.
func statusOf(code string) int {
	switch code {
	case "NOT_FOUND":
		return http.StatusNotFound
	case "ALREADY_EXISTS", "CONFLICT", "DUPLICATE_DEAL", "BLOCKED":
		return http.StatusConflict
	case "NOT_ALLOWED":
		return http.StatusForbidden
	}
	return http.StatusUnprocessableEntity
}

// isNothing tells whether all fields of a query are null.
func isNothing(data []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return false
	}
	for _, value := range fields {
		if !bytes.Equal(value, []byte("null")) {
			return false
		}
	}
	return len(fields) > 0
}

// split takes the errors of inputs out of a mutation's data, where NewEndpoint has
// asked for them.
func (e *Endpoint) split(data []byte) (json.RawMessage, []userError) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		panic(err) // it was made here
	}
	var all []userError
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var payload map[string]json.RawMessage
		if json.Unmarshal(fields[name], &payload) != nil || payload == nil {
			continue // it is no payload: __typename
		}
		var wrong []userError
		if text, asked := payload[problems]; asked && json.Unmarshal(text, &wrong) == nil {
			for i := range wrong {
				wrong[i].Path = e.parameterAt(name, wrong[i].Path)
			}
			all = append(all, wrong...)
		}
		delete(payload, problems)
		fields[name] = encode(payload)
	}
	return encode(fields), all
}

// parameterAt is the way to a part of a field's arguments, such as input.contact.email,
// from the variable that stands for it or holds it: that is what the client has sent.
func (e *Endpoint) parameterAt(name string, path []string) []string {
	for _, field := range rootFields(e.document, e.Operation.SelectionSet) {
		if field.Alias != name || len(path) == 0 {
			continue
		}
		argument := field.Arguments.ForName(path[0])
		if argument == nil {
			return path
		}
		value := argument.Value
		for i := 1; value != nil; i++ {
			if value.Kind == ast.Variable {
				return append([]string{value.Raw}, path[i:]...)
			}
			if i == len(path) {
				break
			}
			value = value.Children.ForName(path[i])
		}
	}
	return path
}

func encode(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it is made of strings and of JSON
	}
	return text
}
