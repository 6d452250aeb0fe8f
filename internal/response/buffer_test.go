package response_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/response"
)

// TestBuffer shows that answers are the same from a buffer, whatever it held, and that
// only the answer whose data are in it is.
func TestBuffer(t *testing.T) {
	ctx := t.Context()
	for name, test := range map[string]struct {
		data     string
		size     int
		response graphql.Response // its data, if nil, are those in the buffer
	}{
		"small":         {data: `{"a":1}`, size: 10, response: graphql.Response{Extensions: map[string]any{"a": 1}}},
		"longer":        {data: `{"a":"` + strings.Repeat("x", 5000) + `"}`, size: 10, response: graphql.Response{}},
		"too long":      {data: `{"a":"` + strings.Repeat("x", 2<<20) + `"}`, size: 10, response: graphql.Response{}},
		"with errors":   {data: `{"a":1}`, size: 10, response: graphql.Response{Errors: gqlerror.List{{Message: "no"}}}},
		"other data":    {data: `{"a":1}`, size: 10, response: graphql.Response{Data: json.RawMessage(`{"a":2}`)}},
		"no data":       {data: `{"a":1}`, size: 10, response: graphql.Response{Data: json.RawMessage{}}},
		"nothing there": {response: graphql.Response{Data: json.RawMessage(`{"a":1}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 { // the later ones get what was freed
				lent, buffer := response.Lend(ctx)
				if test.data != "" {
					into := response.Into(lent)
					data := into.Data(append(into.Begin(test.size), test.data...))
					if string(data) != test.data {
						t.Fatalf("data %.100s", data)
					}
					if test.response.Data == nil {
						r := test.response
						r.Data = data
						expect(t, buffer, &r)
						buffer.Free()
						continue
					}
				}
				expect(t, buffer, &test.response)
				buffer.Free()
			}
		})
	}
}

func expect(t *testing.T, b *response.Buffer, r *graphql.Response) {
	t.Helper()
	want := string(response.Encode(r))
	if got := string(b.Encode(r)); got != want {
		t.Errorf("%.100s, want %.100s", got, want)
	}
}

// TestInto shows that a second answer in a context that was lent a buffer is not
// written over the first, and that without one there is a new one each time.
func TestInto(t *testing.T) {
	lent, _ := response.Lend(t.Context())
	for name, ctx := range map[string]context.Context{"lent": lent, "not lent": t.Context()} {
		first := response.Into(ctx)
		data := first.Data(append(first.Begin(100), `{"a":1}`...))
		second := response.Into(ctx)
		second.Data(append(second.Begin(100), `{"b":2}`...))
		if string(data) != `{"a":1}` {
			t.Errorf("%s: the first is now %s", name, data)
		}
	}
}
