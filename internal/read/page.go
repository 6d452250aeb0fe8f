package read

import (
	"slices"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// Page is part of a list.
type Page[T any] struct {
	Rows        []*T
	HasNext     bool
	HasPrevious bool
}

// cut makes a page of the rows that were read for it: one more than it may
// have, when there are more, and from the end when it was asked for so.
func (l List[T]) cut(rows []*T, w Window) *Page[T] {
	cut := w.Cut(len(rows))
	rows = rows[:cut.Rows]
	if cut.Reversed {
		slices.Reverse(rows)
	}
	return &Page[T]{Rows: rows, HasNext: cut.HasNext, HasPrevious: cut.HasPrevious}
}

// Cut is what becomes of the rows that were read for a page.
type Cut struct {
	// Rows is how many of them the page has: the first.
	Rows int
	// Reversed tells whether they came from the list's end.
	Reversed             bool
	HasNext, HasPrevious bool
}

// Cut makes a page of so many rows that were read for it.
func (w Window) Cut(read int) Cut {
	more, rows := read > w.limit, min(read, w.limit)
	if w.backward {
		return Cut{Rows: rows, Reversed: true, HasPrevious: more, HasNext: w.before != nil}
	}
	return Cut{Rows: rows, HasNext: more, HasPrevious: w.after != nil || w.offset > 0}
}

// page narrows a SELECT, which has its conditions, to one page a parent.
//
// With one parent that is a LIMIT. With many, each parent's page is looked up
// by itself, along the index that has the parent column first: its cost grows
// with the rows that come out, not with those that are there.
func (l List[T]) page(s *sql.Selector, parents []uuid.UUID, w Window) {
	switch {
	case l.Parent == nil:
		l.limit(s, w)
	case len(parents) == 1:
		l.limit(s.Where(sql.EQ(s.C(l.Parent.Column), parents[0])), w)
	case s.Dialect() == dialect.Postgres:
		l.lateral(s, parents, w)
	default:
		l.correlated(s, parents, w)
	}
}

func (l List[T]) limit(s *sql.Selector, w Window) {
	l.sort(s, w.backward)
	s.Limit(w.limit + 1)
	if w.offset > 0 {
		s.Offset(w.offset)
	}
}

// lateral is the page of each parent on Postgres:
//
//	FROM unnest($1) parent(key), LATERAL (SELECT … WHERE stage_id = parent.key … LIMIT n) leads
//
// The rows of a parent come in the order of the subquery, which runs for one parent
// after the other: to sort them all again would cost more than to read them.
func (l List[T]) lateral(s *sql.Selector, parents []uuid.UUID, w Window) {
	inner := s.Clone().Select() // all; Postgres leaves out what is not read
	l.limit(inner.Where(sameAs(inner.C(l.Parent.Column), "parent.key")), w)
	s.SetP(nil).
		FromExpr(sql.ExprFunc(func(b *sql.Builder) {
			b.WriteString("unnest(").Arg(keyList(b.Dialect(), parents)).WriteString("::uuid[]) AS parent(key)")
		})).
		AppendFromExpr(lateralView{inner, l.Kind.table})
}

// lateralView is a subquery that sees the tables before it. It goes by the name
// of the table that it reads, so that the columns around it keep their names.
type lateralView struct {
	*sql.Selector
	name string
}

// Query writes the subquery.
func (v lateralView) Query() (string, []any) {
	query, args := v.Selector.Query()
	return "LATERAL (" + query + `) AS "` + v.name + `"`, args
}

// correlated is the page of each parent on SQLite, which has no LATERAL:
//
//	FROM json_each(?) parent, leads WHERE leads.id IN (SELECT id … WHERE stage_id = parent.value … LIMIT n)
func (l List[T]) correlated(s *sql.Selector, parents []uuid.UUID, w Window) {
	inner := s.Clone()
	id := inner.C("id")
	l.limit(inner.Select(id).Where(sameAs(inner.C(l.Parent.Column), "parent.value")), w)
	l.sort(s, w.backward)
	s.SetP(nil).
		FromExpr(sql.ExprFunc(func(b *sql.Builder) {
			b.WriteString("json_each(").Arg(keyList(b.Dialect(), parents)).WriteString(") AS parent")
		})).
		AppendFrom(sql.Table(l.Kind.table)).
		Where(sql.In(id, inner))
}

// sameAs compares a column with that of another table in the statement.
func sameAs(column, other string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) { b.Ident(column).WriteString(" = " + other) })
}
