package read

import (
	"encoding/json"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/lib/pq"
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
			b.WriteString(" = ANY(").Arg(Keys(b.Dialect(), keys)).WriteString("::uuid[])")
		} else {
			b.WriteString(" IN (SELECT value FROM json_each(").Arg(Keys(b.Dialect(), keys)).WriteString("))")
		}
	})
}

// Keys is many ids as the argument of a statement.
func Keys(database string, keys []uuid.UUID) any {
	if database == dialect.Postgres {
		return keyArray(keys)
	}
	return keyJSON(keys)
}

// keyArray is ids as a Postgres array.
func keyArray(keys []uuid.UUID) any { return pq.Array(keyTexts(keys)) }

// keyJSON is ids as a JSON array, which SQLite can read as a table.
func keyJSON(keys []uuid.UUID) string {
	text, err := json.Marshal(keyTexts(keys))
	if err != nil {
		panic(err) // a list of texts always encodes
	}
	return string(text)
}

func keyTexts(keys []uuid.UUID) []string {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = key.String()
	}
	return texts
}
