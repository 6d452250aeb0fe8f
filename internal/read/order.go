package read

import (
	"encoding/json"
	"errors"
	"strings"

	"entgo.io/ent/dialect/sql"
)

// OrderDirection is which way to sort.
type OrderDirection string

// The directions.
const (
	OrderDirectionAsc  OrderDirection = "ASC"
	OrderDirectionDesc OrderDirection = "DESC"
)

// OrderKey is one thing to sort by. Rows without a value come last, whichever
// the direction.
type OrderKey[T any] struct {
	Column   string
	Desc     bool
	Nullable bool
	// Value is a row's value, nil for none.
	Value func(*T) any
	// parse reads such a value from a cursor.
	parse func(json.RawMessage) (any, error)
}

// by is a key of a column with values of type V.
func by[T, V any](column string, value func(*T) V) OrderKey[T] {
	return OrderKey[T]{
		Column: column,
		Value:  func(row *T) any { return value(row) },
		parse:  parseAs[V],
	}
}

// byOptional is a key of a column that may be null.
func byOptional[T, V any](column string, value func(*T) *V) OrderKey[T] {
	key := OrderKey[T]{Column: column, Nullable: true, parse: parseAs[V]}
	key.Value = func(row *T) any {
		if v := value(row); v != nil {
			return *v
		}
		return nil
	}
	return key
}

var errNoText = errors.New("a zero byte is not text")

func parseAs[V any](raw json.RawMessage) (any, error) {
	var value V
	if err := json.Unmarshal(raw, &value); err != nil {
		return value, err
	}
	if text, ok := any(value).(string); ok && strings.ContainsRune(text, 0) {
		return value, errNoText // Postgres takes no zero byte, and no column holds one
	}
	return value, nil
}

// orderSignature names an order, so that a cursor knows its own.
func orderSignature[T any](order []OrderKey[T]) string {
	parts := make([]string, len(order))
	for i, key := range order {
		parts[i] = key.Column
		if key.Desc {
			parts[i] = "-" + key.Column
		}
	}
	return strings.Join(parts, ",")
}

// tieDesc is which way ids break ties: that of the first key, so that one index
// serves both.
func (l List[T]) tieDesc() bool { return len(l.Order) > 0 && l.Order[0].Desc }

// sort adds the ORDER BY, the other way round for a page from the end.
func (l List[T]) sort(s *sql.Selector, backward bool) {
	for _, key := range l.Order {
		column := s.C(key.Column)
		if key.Nullable {
			s.OrderExpr(nullsLast(column, backward))
		}
		s.OrderBy(direction(column, key.Desc != backward))
	}
	s.OrderBy(direction(s.C("id"), l.tieDesc() != backward))
}

func direction(column string, desc bool) string {
	if desc {
		return sql.Desc(column)
	}
	return sql.Asc(column)
}

// nullsLast is said in this way since the databases disagree on where nulls go
// and on how to say it.
func nullsLast(column string, backward bool) sql.Querier {
	return sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("CASE WHEN ").Ident(column).WriteString(" IS NULL THEN 1 ELSE 0 END")
		if backward {
			b.WriteString(" DESC")
		}
	})
}

// beyond narrows a list to what comes after a cursor, or before it.
func (l List[T]) beyond(s *sql.Selector, b bound) {
	var alternatives, same []*sql.Predicate
	for i, key := range l.Order {
		column, value := s.C(key.Column), b.values[i]
		if value == nil {
			if b.backward {
				alternatives = append(alternatives, all(same, sql.NotNull(column)))
			}
			same = append(same, sql.IsNull(column))
			continue
		}
		further := compare(column, value, key.Desc != b.backward)
		if key.Nullable && !b.backward {
			further = sql.Or(further, sql.IsNull(column))
		}
		alternatives = append(alternatives, all(same, further))
		same = append(same, sql.EQ(column, value))
	}
	alternatives = append(alternatives, all(same, compare(s.C("id"), b.id, l.tieDesc() != b.backward)))
	l.startAt(s, b)
	s.Where(sql.Or(alternatives...))
}

// startAt is where an index scan for what is beyond a cursor may begin. It says
// nothing that beyond does not, but a database cannot see that by itself.
func (l List[T]) startAt(s *sql.Selector, b bound) {
	if len(l.Order) == 0 || l.Order[0].Nullable {
		return
	}
	column, value := s.C(l.Order[0].Column), b.values[0]
	if l.Order[0].Desc != b.backward {
		s.Where(sql.LTE(column, value))
	} else {
		s.Where(sql.GTE(column, value))
	}
}

// all is a conjunction of what holds already and one thing more.
func all(same []*sql.Predicate, more *sql.Predicate) *sql.Predicate {
	return sql.And(append(append([]*sql.Predicate{}, same...), more)...)
}

func compare(column string, value any, less bool) *sql.Predicate {
	if less {
		return sql.LT(column, value)
	}
	return sql.GT(column, value)
}
