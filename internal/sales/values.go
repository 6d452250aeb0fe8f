package sales

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/id"
	"dealflow/internal/store"
)

// equal compares two values that may be missing.
func equal[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// deref is a text, or the empty one for none.
func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// setOrClear writes a value to an update, or clears the field when there is none.
func setOrClear[T, B any](value *T, set func(T) B, clear func() B) {
	if value == nil {
		clear()
		return
	}
	set(*value)
}

// columns are what an UPDATE sets.
type columns []store.Column

func (c *columns) set(name string, value any) {
	*c = append(*c, store.Column{Name: name, Value: value})
}

// set sets a column if its value changes.
func set[T comparable](c *columns, name string, old, next T) {
	if old != next {
		c.set(name, next)
	}
}

// setOrNull is set of a column that may have no value.
func setOrNull[T comparable](c *columns, name string, old, next *T) {
	switch {
	case equal(old, next):
	case next == nil:
		c.set(name, nil)
	default:
		c.set(name, *next)
	}
}

// searchText is what a search looks through: the texts in lower case, one a line.
func searchText(parts ...string) string {
	kept := parts[:0]
	for _, part := range parts {
		if part != "" {
			kept = append(kept, part)
		}
	}
	return strings.ToLower(strings.Join(kept, "\n"))
}

// The values below are written into activities as the API shows them, nil for none.

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func list(values []string) any {
	if len(values) == 0 {
		return nil
	}
	return values
}

func day(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC().Format(time.DateOnly)
}

func globalID(kind id.Kind, key *uuid.UUID) any {
	if key == nil || *key == uuid.Nil {
		return nil
	}
	return kind.Encode(*key)
}
