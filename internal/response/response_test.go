package response_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/response"
)

func TestEncode(t *testing.T) {
	one := gqlerror.List{{Message: "no", Extensions: map[string]any{"code": "X"}}}
	const shown = `"errors":[{"message":"no","extensions":{"code":"X"}}]`
	for want, r := range map[string]graphql.Response{
		`{"data":{"a":1}}`:                 {Data: json.RawMessage(`{"a":1}`)},
		`{` + shown + `}`:                  {Errors: one},
		`{` + shown + `,"data":null}`:      {Errors: one, Data: json.RawMessage("null")},
		`{"data":{},"extensions":{"a":1}}`: {Data: json.RawMessage("{}"), Extensions: map[string]any{"a": 1}},
	} {
		if got := string(response.Encode(&r)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestManyErrors shows that errors are few and short, and that others are counted.
func TestManyErrors(t *testing.T) {
	var list gqlerror.List
	for i := range 9 {
		list = append(list, gqlerror.Errorf("%d%s", i, strings.Repeat("é", 200)))
	}
	var got struct {
		Errors     []struct{ Message string }
		Extensions struct{ OmittedErrors int }
	}
	if err := json.Unmarshal(response.Encode(&graphql.Response{Errors: list}), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Errors) != 5 || got.Extensions.OmittedErrors != 4 {
		t.Errorf("%d errors, %d omitted", len(got.Errors), got.Extensions.OmittedErrors)
	}
	for i, err := range got.Errors {
		if !strings.HasPrefix(err.Message, fmt.Sprint(i)) || len(err.Message) > 300 || !utf8.ValidString(err.Message) || !strings.HasSuffix(err.Message, "é…") {
			t.Errorf("message %q", err.Message)
		}
	}
	if len(list[0].Message) < 400 {
		t.Error("the list itself was changed")
	}
}
