package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dealflow/internal/cost"
)

// Vars are the variables of an operation.
type Vars map[string]any

// Error is an error at the top of a response.
type Error struct {
	Message    string
	Path       []any
	Extensions map[string]any
}

// Code is the error's code.
func (e Error) Code() string {
	code, _ := e.Extensions["code"].(string)
	return code
}

// Response is the answer to an operation.
type Response struct {
	Status int
	Errors []Error
	Data   Value
	Cost   cost.Report
	Raw    string
	Header http.Header
}

// costText is what every answer ends with.
var costText = regexp.MustCompile(`,"extensions":\{"cost":\{[^{}]*\}\}\}`)

// WithoutCost is the text of answers without what they cost, which differs from one
// to the next.
func WithoutCost(raw string) string { return costText.ReplaceAllString(raw, "}") }

// Do runs an operation and returns what came of it, errors and all.
func (c *Client) Do(tb testing.TB, document string, vars Vars) Response {
	tb.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": vars})
	check(tb, err)
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, c.api.URL+"/graphql", bytes.NewReader(body))
	check(tb, err)
	request.Header.Set("Content-Type", "application/json")
	return c.Send(tb, request)
}

// Send sends a request with the client's token and reads a GraphQL answer.
func (c *Client) Send(tb testing.TB, request *http.Request) Response {
	tb.Helper()
	answer := c.Fetch(tb, request)
	var parsed struct {
		Data       any
		Errors     []Error
		Extensions struct{ Cost cost.Report }
	}
	decoder := json.NewDecoder(strings.NewReader(answer.Raw))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		tb.Fatalf("the answer is not JSON: %v\n%s", err, answer.Raw)
	}
	answer.Data, answer.Errors, answer.Cost = Value{parsed.Data}, parsed.Errors, parsed.Extensions.Cost
	return answer
}

// Fetch sends a request with the client's token and reads any answer: its status,
// its header, and its body as it is.
func (c *Client) Fetch(tb testing.TB, request *http.Request) Response {
	tb.Helper()
	for name, value := range c.headers {
		request.Header.Set(name, value)
	}
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	answer, err := http.DefaultClient.Do(request)
	check(tb, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	check(tb, err)
	return Response{Status: answer.StatusCode, Header: answer.Header, Raw: string(raw)}
}

// Must runs an operation that is to have no errors, neither at the top nor in
// the payloads of its mutations, and returns its data.
func (c *Client) Must(tb testing.TB, document string, vars Vars) Value {
	tb.Helper()
	response := c.Do(tb, document, vars)
	if len(response.Errors) > 0 || response.Status != http.StatusOK {
		tb.Fatalf("status %d, %s\nin %s with %v", response.Status, response.Raw, document, vars)
	}
	fields, _ := response.Data.any.(map[string]any)
	for name := range fields {
		if problems := response.Data.Get(name + ".userErrors"); problems.Len() > 0 {
			tb.Fatalf("%s: %s\nin %s with %v", name, problems, document, vars)
		}
	}
	return response.Data
}

// Value is a part of an answer.
type Value struct{ any any }

// ValueOf is a part of an answer that came by another way.
func ValueOf(part any) Value { return Value{part} }

// Get is what a path leads to, such as pipeline.stages.0.name; null when it
// leads nowhere.
func (v Value) Get(path string) Value {
	at := v.any
	for _, step := range strings.Split(path, ".") {
		switch inside := at.(type) {
		case map[string]any:
			at = inside[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inside) {
				return Value{}
			}
			at = inside[i]
		default:
			return Value{}
		}
	}
	return Value{at}
}

// All is what a path leads to in each entry of a list.
func (v Value) All(path string) []string {
	texts := []string{}
	list, _ := v.any.([]any)
	for _, entry := range list {
		texts = append(texts, Value{entry}.Get(path).String())
	}
	return texts
}

// List is the entries of a list.
func (v Value) List() []Value {
	list, _ := v.any.([]any)
	values := make([]Value, len(list))
	for i, entry := range list {
		values[i] = Value{entry}
	}
	return values
}

// Len is how many entries a list has.
func (v Value) Len() int {
	list, _ := v.any.([]any)
	return len(list)
}

// IsNull tells whether there is nothing there.
func (v Value) IsNull() bool { return v.any == nil }

// Int is a whole number, or -1.
func (v Value) Int() int {
	n, err := strconv.Atoi(v.String())
	if err != nil {
		return -1
	}
	return n
}

// String is a text or number as it is, and anything else as JSON.
func (v Value) String() string {
	switch value := v.any.(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	text, err := json.Marshal(v.any)
	if err != nil {
		return fmt.Sprint(v.any)
	}
	return string(text)
}
