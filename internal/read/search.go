package read

import (
	"strings"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"dealflow/internal/store"
)

// The bounds of a search.
const (
	maxSearch = 200
	maxWords  = 10
	// trigram is the shortest text that the indexes find.
	trigram = 3
)

// searching adds a search to a list's conditions: each word must stand in the
// row's text, in any case, also inside a word.
func searching(where []Shape, table string, search *string) ([]Shape, error) {
	if search == nil {
		return where, nil
	}
	if utf8.RuneCountInString(*search) > maxSearch || strings.ContainsRune(*search, 0) {
		return nil, Wrong("search", "search must be text of at most %d characters.", maxSearch)
	}
	words := strings.Fields(strings.ToLower(*search))
	if len(words) > maxWords {
		return nil, Wrong("search", "search may have at most %d words.", maxWords)
	}
	if len(words) > 0 {
		where = append(where, store.PlanEachTime)
	}
	for _, word := range words {
		where = append(where, func(s *sql.Selector) { s.Where(holds(s, table, word)) })
	}
	return where, nil
}

// holds tells whether a row's text holds a word. Both databases have the texts, in an
// index of trigrams, beside the table: internal/store's migrations keep them.
func holds(s *sql.Selector, table, word string) *sql.Predicate {
	// Named now: the statement may read from something else by the time that the
	// condition is written.
	id, text := s.C("id"), s.C("search_text")
	if utf8.RuneCountInString(word) < trigram {
		return sql.P(func(b *sql.Builder) {
			b.Ident(text).WriteString(" LIKE ").Arg(pattern(word)).WriteString(` ESCAPE '\'`)
		})
	}
	return sql.P(func(b *sql.Builder) {
		b.Ident(id).WriteString(" IN (SELECT s.row_id FROM " + table + "_search AS s ")
		if s.Dialect() == dialect.Postgres {
			b.WriteString("WHERE s.text LIKE ").Arg(pattern(word)).WriteString(` ESCAPE '\'`)
		} else {
			b.WriteString("JOIN " + table + "_fts AS f ON f.rowid = s.id WHERE " + table + "_fts MATCH ").
				Arg(`"` + strings.ReplaceAll(word, `"`, `""`) + `"`)
		}
		b.WriteString(")")
	})
}
