package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/id"
)

// encoding is how a value that the database gave is kept.
type encoding struct {
	name   string // two of the same name are the same
	key    bool   // of columns that are ids
	append func(b []byte, value any) ([]byte, error)
}

// The encodings of a column: as the schema's scalars, as a key, as in a cursor, and as what
// is to be computed with.
var (
	encodeText    = encoding{name: "text", append: appendText}
	encodeInt     = encoding{name: "int", append: appendInt}
	encodeFloat   = encoding{name: "float", append: appendFloat}
	encodeBoolean = encoding{name: "boolean", append: appendBoolean}
	encodeTime    = encoding{name: "time", append: appendTime(time.RFC3339Nano)}
	encodeDate    = encoding{name: "date", append: appendTime(time.DateOnly)}
	encodeTexts   = encoding{name: "texts", append: appendTexts}
	encodeKey     = encoding{name: "key", key: true, append: appendKey}
	encodeJSON    = encoding{name: "json", append: appendJSON}
	encodePlain   = encoding{name: "plain", append: appendPlain}
	encodeMicros  = encoding{name: "micros", append: appendMicros}
)

// encodingOf is how the schema writes a column.
func encodingOf(schema *ast.Schema, t *ast.Type) (encoding, bool) {
	if t.Elem != nil {
		return encodeTexts, t.Elem.NamedType == "String"
	}
	if schema.Types[t.NamedType].Kind == ast.Enum {
		return encodeText, true
	}
	found, ok := map[string]encoding{
		"String": encodeText, "Int": encodeInt, "Float": encodeFloat, "Boolean": encodeBoolean,
		"DateTime": encodeTime, "Date": encodeDate,
	}[t.NamedType]
	return found, ok
}

// encodeID writes ids of a kind.
func encodeID(kind id.Kind) encoding {
	return encoding{name: "id " + string(kind), key: true, append: func(b []byte, value any) ([]byte, error) {
		key, err := keyOf(value)
		b = append(b, '"')
		b = kind.Append(b, key)
		return append(b, '"'), err
	}}
}

func wrongType(value any) error { return fmt.Errorf("plan: the database gave a %T", value) }

func appendText(b []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case string:
		return quote(b, value), nil
	case []byte:
		return quote(b, value), nil
	}
	return b, wrongType(value)
}

// quote writes a text as gqlgen does.
func quote[T string | []byte](b []byte, text T) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(text) {
		c := text[i]
		if c >= 0x20 && c != '\\' && c != '"' {
			continue
		}
		b = append(b, text[start:i]...)
		start = i + 1
		switch c {
		case '\t':
			b = append(b, `\t`...)
		case '\r':
			b = append(b, `\r`...)
		case '\n':
			b = append(b, `\n`...)
		case '\\', '"':
			b = append(b, '\\', c)
		default:
			b = fmt.Appendf(b, `\u%04X`, c)
		}
	}
	b = append(b, text[start:]...)
	return append(b, '"')
}

func appendInt(b []byte, value any) ([]byte, error) {
	number, ok := value.(int64)
	if !ok {
		return b, wrongType(value)
	}
	return strconv.AppendInt(b, number, 10), nil
}

func appendFloat(b []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case int64:
		return strconv.AppendFloat(b, float64(value), 'g', -1, 64), nil
	case float64:
		if math.IsInf(value, 0) || math.IsNaN(value) {
			return b, errAgain
		}
		return strconv.AppendFloat(b, value, 'g', -1, 64), nil
	}
	return b, wrongType(value)
}

func appendBoolean(b []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case bool:
		return strconv.AppendBool(b, value), nil
	case int64:
		return strconv.AppendBool(b, value != 0), nil
	}
	return b, wrongType(value)
}

// appendTime writes a time in UTC.
func appendTime(layout string) func(b []byte, value any) ([]byte, error) {
	return func(b []byte, value any) ([]byte, error) {
		t, ok := value.(time.Time)
		if !ok {
			return b, wrongType(value)
		}
		b = append(b, '"')
		b = t.UTC().AppendFormat(b, layout)
		return append(b, '"'), nil
	}
}

// appendTexts writes a list of texts, which is kept as JSON, as gqlgen does. A text
// without escapes is written as it is kept.
func appendTexts(b []byte, value any) ([]byte, error) {
	kept, ok := value.([]byte)
	if text, isText := value.(string); isText {
		kept, ok = []byte(text), true
	}
	if !ok {
		return b, wrongType(value)
	}
	if bytes.IndexByte(kept, '\\') < 0 {
		return appendQuoted(append(b, '['), kept), nil
	}
	var texts []string
	if err := json.Unmarshal(kept, &texts); err != nil {
		return b, err
	}
	b = append(b, '[')
	for i, text := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, text)
	}
	return append(b, ']'), nil
}

// appendQuoted writes the texts of a list that has no escapes.
func appendQuoted(b, list []byte) []byte {
	for i := 0; ; i++ {
		from := bytes.IndexByte(list, '"')
		if from < 0 {
			return append(b, ']')
		}
		to := from + 2 + bytes.IndexByte(list[from+1:], '"')
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, list[from:to]...)
		list = list[to:]
	}
}

// appendKey keeps the 16 bytes of an id.
func appendKey(b []byte, value any) ([]byte, error) {
	key, err := keyOf(value)
	return append(b, key[:]...), err
}

func keyOf(value any) (uuid.UUID, error) {
	switch value := value.(type) {
	case string:
		return uuid.Parse(value)
	case []byte:
		if len(value) == len(uuid.UUID{}) {
			return uuid.UUID(value), nil
		}
		return uuid.ParseBytes(value)
	}
	return uuid.Nil, wrongType(value)
}

// appendJSON keeps a value as cursors have it.
func appendJSON(b []byte, value any) ([]byte, error) {
	if bytes, ok := value.([]byte); ok {
		value = string(bytes)
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

// appendPlain keeps a text or a number as it is.
func appendPlain(b []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case string:
		return append(b, value...), nil
	case []byte:
		return append(b, value...), nil
	case int64:
		return strconv.AppendInt(b, value, 10), nil
	}
	return b, wrongType(value)
}

// appendMicros keeps a time in microseconds since 1970, as exact as the databases have it.
func appendMicros(b []byte, value any) ([]byte, error) {
	t, ok := value.(time.Time)
	if !ok {
		return b, wrongType(value)
	}
	return strconv.AppendInt(b, t.UnixMicro(), 10), nil
}
