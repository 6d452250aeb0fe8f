package read

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/google/uuid"
)

// maxCursor bounds a cursor's text: the longest value that is sorted by is a
// text of 320 characters.
const maxCursor = 16 << 10

// cursor is a place in an ordered list: the values that a row is sorted by, and
// its id. It stays good when rows come and go around it, its own row included.
type cursor struct {
	Order  string            `json:"o"`
	Values []json.RawMessage `json:"v"`
	ID     uuid.UUID         `json:"i"`
}

// bound is a cursor whose values have been read; nil stands for no value.
type bound struct {
	values   []any
	id       uuid.UUID
	backward bool
}

// Cursor is a row's place in the list.
func (l List[T]) Cursor(row *T) string {
	values := make([]json.RawMessage, len(l.Order))
	for i, key := range l.Order {
		values[i] = mustEncode(key.Value(row))
	}
	return l.CursorOf(l.Kind.key(row), values)
}

// Sorted are the columns that the list is sorted by, before the id.
func (l List[T]) Sorted() []string {
	columns := make([]string, len(l.Order))
	for i, key := range l.Order {
		columns[i] = key.Column
	}
	return columns
}

// CursorOf is the place of a row, given its id and its values of the Sorted columns.
func (l List[T]) CursorOf(id uuid.UUID, values []json.RawMessage) string {
	text := mustEncode(cursor{Order: orderSignature(l.Order), ID: id, Values: values})
	return base64.RawURLEncoding.EncodeToString(text)
}

// mustEncode is a value of a column, or a cursor, as JSON: it always encodes.
func mustEncode(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// parseCursor reads a cursor; nil when there is none.
func parseCursor(argument string, text *string) (*cursor, error) {
	if text == nil {
		return nil, nil
	}
	broken := brokenCursor(argument)
	if len(*text) > maxCursor {
		return nil, broken
	}
	raw, err := base64.RawURLEncoding.DecodeString(*text)
	if err != nil {
		return nil, broken
	}
	var c cursor
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil || decoder.More() {
		return nil, broken
	}
	return &c, nil
}

func brokenCursor(argument string) error {
	return Wrong(argument, "The cursor in %s is not one that this server gave.", argument)
}

// bounds are the cursors that a page lies between. They must be of this list.
func (l List[T]) bounds(w Window) ([]bound, error) {
	var bounds []bound
	if w.after != nil {
		b, err := l.bound("after", w.after)
		if err != nil {
			return nil, err
		}
		bounds = append(bounds, b)
	}
	if w.before != nil {
		b, err := l.bound("before", w.before)
		if err != nil {
			return nil, err
		}
		b.backward = true
		bounds = append(bounds, b)
	}
	return bounds, nil
}

func (l List[T]) bound(argument string, c *cursor) (bound, error) {
	if c.Order != orderSignature(l.Order) {
		return bound{}, Wrong(argument, "The cursor in %s is of a list in another order; start again without it.", argument)
	}
	broken := brokenCursor(argument)
	if len(c.Values) != len(l.Order) {
		return bound{}, broken
	}
	b := bound{id: c.ID, values: make([]any, len(c.Values))}
	for i, key := range l.Order {
		if string(c.Values[i]) == "null" {
			if !key.Nullable {
				return bound{}, broken
			}
			continue
		}
		var err error
		if b.values[i], err = key.parse(c.Values[i]); err != nil {
			return bound{}, broken
		}
	}
	return b, nil
}
