package read

import (
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// among tells whether a column is one of many ids. They are one argument, so
// that the statement is the same however many they are. One id is compared with as such:
// of an array that it does not know Postgres thinks that it has ten, and so would rather
// plan the statement anew each time.
func among(column string, keys []uuid.UUID) *sql.Predicate {
	if len(keys) == 1 {
		return sql.EQ(column, keys[0])
	}
	return sql.P(func(b *sql.Builder) {
		b.Ident(column)
		if b.Dialect() == dialect.Postgres {
			b.WriteString(" = ANY(").Arg(keyList(b.Dialect(), keys)).WriteString("::uuid[])")
		} else {
			b.WriteString(" IN (SELECT value FROM json_each(").Arg(keyList(b.Dialect(), keys)).WriteString("))")
		}
	})
}

// keyList is many ids as one argument of a statement: a Postgres array, or a JSON
// array, which SQLite can read as a table.
func keyList(database string, keys []uuid.UUID) string {
	open, quote, end := byte('{'), "", byte('}')
	if database != dialect.Postgres {
		open, quote, end = '[', `"`, ']'
	}
	var list strings.Builder
	list.Grow(2 + len(keys)*(36+len(`"",`)))
	list.WriteByte(open)
	for i, key := range keys {
		if i > 0 {
			list.WriteByte(',')
		}
		list.WriteString(quote)
		list.WriteString(key.String())
		list.WriteString(quote)
	}
	list.WriteByte(end)
	return list.String()
}

// SelectKey selects a column of ids; as the 16 bytes that they are, which lib/pq would
// else write as text for them to be read again.
func SelectKey(s *sql.Selector, column string) {
	if s.Dialect() != dialect.Postgres {
		s.AppendSelect(column)
		return
	}
	s.AppendSelectExpr(sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("uuid_send(").Ident(column).WriteString(")")
	}))
}
