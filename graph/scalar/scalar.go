// Package scalar writes and reads the schema's own scalars.
package scalar

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/sales"
)

// maxLabel bounds a client's label, in characters: an answer may repeat it once for
// each alias.
const maxLabel = 300

// Error says that a value does not fit its scalar.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func wrong(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// MarshalDateTime writes a point in time: RFC 3339, in UTC.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(time.RFC3339Nano)))
	})
}

// UnmarshalDateTime reads a point in time, to the microsecond that both
// databases keep.
func UnmarshalDateTime(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, wrong("a DateTime is a text such as %q", "2026-03-01T09:30:00Z")
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, wrong("%.40q is not a DateTime such as %q", text, "2026-03-01T09:30:00Z")
	}
	return inRange(t.UTC().Truncate(time.Microsecond))
}

// MarshalDate writes a day.
func MarshalDate(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, strconv.Quote(t.UTC().Format(time.DateOnly)))
	})
}

// UnmarshalDate reads a day, as its first moment in UTC.
func UnmarshalDate(v any) (time.Time, error) {
	text, ok := v.(string)
	if !ok {
		return time.Time{}, wrong("a Date is a text such as %q", "2026-03-01")
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, wrong("%.40q is not a Date such as %q", text, "2026-03-01")
	}
	return inRange(t)
}

// inRange refuses years that have no four digits: as texts they would not sort.
func inRange(t time.Time) (time.Time, error) {
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, wrong("the year must be from 1 to 9999, in UTC")
	}
	return t, nil
}

// MarshalDecimal writes an amount of money.
func MarshalDecimal(amount string) graphql.Marshaler { return graphql.MarshalString(amount) }

// UnmarshalDecimal reads an amount of money: what its text may be is for the rules to
// say, which know the currency. A number is taken as it was written.
func UnmarshalDecimal(v any) (string, error) {
	switch v.(type) {
	case string, json.Number, int, int64, float64:
		return graphql.UnmarshalString(v)
	}
	return "", wrong("a Decimal is a text such as %q", "1250.00")
}

// MarshalUpload is needed by gqlgen; no answer holds a file.
func MarshalUpload(upload graphql.Upload) graphql.Marshaler { return graphql.MarshalUpload(upload) }

// UnmarshalUpload takes a file, which only a multipart request brings.
func UnmarshalUpload(v any) (graphql.Upload, error) {
	upload, ok := v.(graphql.Upload)
	if !ok {
		return graphql.Upload{}, wrong("a file comes in a multipart request, as the GraphQL multipart request specification says")
	}
	return upload, nil
}

// MarshalJSON writes a JSON value as it is.
func MarshalJSON(value json.RawMessage) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		if len(value) == 0 {
			value = json.RawMessage("null")
		}
		_, _ = w.Write(value)
	})
}

// UnmarshalJSON reads any JSON value.
func UnmarshalJSON(v any) (json.RawMessage, error) { return json.Marshal(v) }

// MarshalLabel writes a client's label.
func MarshalLabel(label sales.Label) graphql.Marshaler { return graphql.MarshalString(string(label)) }

// UnmarshalLabel reads a client's label.
func UnmarshalLabel(v any) (sales.Label, error) {
	text, ok := v.(string)
	if !ok {
		return "", wrong("a clientMutationId is a text")
	}
	if n := utf8.RuneCountInString(text); n > maxLabel {
		return "", wrong("a clientMutationId has at most %d characters, and this one has %d", maxLabel, n)
	}
	return sales.Label(text), nil
}
