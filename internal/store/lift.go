package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/lib/pq"
)

// This file runs the statements of LockRow and Together for several members of a group as
// one. Their texts are alike, but for the arguments. Lifted, a text has columns of k in
// place of arguments, k.a1, k.a2 and so on, and k.org for the organization; and k has a
// row for each member. So the text is the same for however many.

// texts are lifted texts that are not used any more.
var texts = sync.Pool{New: func() any { return &text{sql: make([]byte, 0, 1<<10), args: make([]any, 0, 16)} }}

// newLifted begins a lifted text.
func newLifted(organization uuid.UUID) *text {
	t := texts.Get().(*text)
	t.organization, t.postgres, t.lifted = organization, true, true
	return t
}

// drop gives texts back, which nobody has any more.
func drop(used []*text) {
	for _, t := range used {
		clear(t.args)
		*t = text{sql: t.sql[:0], args: t.args[:0], types: t.types[:0], owns: t.owns[:0]}
		texts.Put(t)
	}
}

// lifted is a member's writes, each a text of its own.
func lifted(writes []Write, organization uuid.UUID) []*text {
	list := make([]*text, len(writes))
	for i, one := range writes {
		t := newLifted(organization)
		t.write(one)
		if t.table, t.sum = one.table, one.sum; one.sum != "" {
			t.adds = one.rows[0][slices.Index(one.columns, one.sum)].(int)
		}
		list[i] = t
	}
	return list
}

// lift is the rows of an INSERT, for each member. Of an Upsert, an organization's
// members have one row, with the sum of theirs.
func (t *text) lift(w Write) {
	if w.sum == "" {
		for i, row := range w.rows {
			t.add([]string{" SELECT k.org", " UNION ALL SELECT k.org"}[min(i, 1)])
			for _, value := range row {
				t.add(", ").value(value)
			}
			t.add(" FROM k")
		}
		return
	}
	t.add(" SELECT DISTINCT ON (k.org) k.org")
	for i, value := range w.rows[0] {
		if t.add(", "); w.columns[i] != w.sum {
			t.value(value)
			continue
		}
		t.add("SUM(").value(value)
		t.add(") OVER (PARTITION BY k.org)")
	}
	t.add(" FROM k ORDER BY k.org")
}

// same tells whether one statement does for two texts.
func (t *text) same(other *text) bool {
	return bytes.Equal(t.sql, other.sql) && slices.Equal(t.types, other.types)
}

// lock runs LockRow for requests with the same text. It waits for no lock: whose row is
// locked is to try alone, and so is whose is missing, for it looks the same.
func (g *group) lock(alike []*request, errs []error) error {
	var k matrix
	k.add("org", "uuid", len(alike), func(i int) any { return alike[i].organization })
	first := alike[0].texts[0]
	k.addText("a", first, len(alike), func(i int) *text { return alike[i].texts[0] })
	var t text
	t.add("SELECT l.*, l.id IS NOT NULL FROM ").from(&k, "k").add(" LEFT JOIN LATERAL (").join(first).add(" SKIP LOCKED) l ON TRUE ORDER BY k.n")
	for i := range errs {
		errs[i] = errAlone // unless its row comes
	}
	return g.query(alike, &t, &k, func(i int, rows *sql.Rows) error {
		there := false
		errs[i] = alike[i].take(func(into ...any) error { return rows.Scan(append(into, &there)...) })
		if !there { // and so all is null, which the error may be about
			errs[i] = errAlone
		}
		return nil
	})
}

// write runs Together for requests, whose writes that are alike are one part of the
// statement. It leaves out the members whose organization has a row for the sum of an
// Upsert that somebody else is writing, or none: they are to try alone.
func (g *group) write(all []*request, errs []error) error {
	parts := partsOf(all)
	for i, r := range all {
		r.postpone(all[i+1:])
		errs[i] = errAlone // unless its number comes back
	}
	var m matrix
	var free, with, t text
	m.add("org", "uuid", len(all), func(i int) any { return all[i].organization })
	for i, one := range parts {
		if one.sum != "" {
			free.add(" AND EXISTS (SELECT FROM ").name(one.table).add(" WHERE ").name(column).add(" = m.org FOR NO KEY UPDATE SKIP LOCKED)")
		}
		with.addPart(&m, i, one)
	}
	t.add("WITH m AS MATERIALIZED (SELECT * FROM ").from(&m, "m").add(" WHERE TRUE").join(&free).add(")").join(&with)
	t.add(" SELECT n FROM m")
	return g.query(all, &t, &m, func(_ int, rows *sql.Rows) error {
		var n int
		if err := rows.Scan(&n); err != nil {
			return err
		}
		errs[n-1] = nil
		return nil
	})
}

// part is a write that some of the members have, which is nil in of for the others.
type part struct {
	*text
	of []*text
}

// partsOf are the writes of all, in the same order for the same writes, whoever comes with
// them, so that the statement is the same. The sums come first, for others show them: all
// members have the same ones.
func partsOf(all []*request) []*part {
	var parts []*part
	for i, r := range all {
		for _, t := range r.texts {
			at := slices.IndexFunc(parts, func(p *part) bool { return p.of[i] == nil && p.same(t) })
			if at < 0 {
				at = len(parts)
				parts = append(parts, &part{t, make([]*text, len(all))})
			}
			parts[at].of[i] = t
		}
	}
	slices.SortFunc(parts, func(a, b *part) int {
		if (a.sum == "") != (b.sum == "") {
			return cmp.Compare(b.sum, a.sum)
		}
		return bytes.Compare(a.sql, b.sql)
	})
	return parts
}

// addPart writes a part of a statement for those who have it, and its arguments into m.
func (t *text) addPart(m *matrix, i int, one *part) {
	p := "p" + strconv.Itoa(i)
	m.add(p, "bool", len(one.of), func(i int) any { return one.of[i] != nil })
	m.addText(p+"a", one.text, len(one.of), func(i int) *text { return one.of[i] })
	t.add(", ").name(partName(i, one.table, one.sum)).add(" AS (WITH k AS (SELECT m.org")
	for a := range one.args {
		n := strconv.Itoa(a + 1)
		t.add(", m.").add(p).add("a").add(n).add(" AS a").add(n)
	}
	t.add(" FROM m WHERE m.").add(p).add(") ").join(one.text).add(")")
}

// postpone takes from the numbers of an Own what the organization's later members add. None
// of these is left out if the first is not: whose sum is locked for it is so for them.
func (r *request) postpone(later []*request) {
	added := 0
	for _, other := range later {
		for _, t := range other.texts {
			if other.organization == r.organization {
				added += t.adds
			}
		}
	}
	for _, t := range r.texts {
		for _, own := range t.owns {
			t.args[own-1] = t.args[own-1].(int) + added
		}
	}
}

// query runs a statement on behalf of those who asked for it, and hands each row over
// with its number.
func (g *group) query(all []*request, t *text, m *matrix, row func(int, *sql.Rows) error) error {
	query := string(t.sql)
	ctx := context.WithValue(g.ctx, counterKey{}, counterOf(all[0].ctx))
	for _, r := range all[1:] {
		if c := counterOf(r.ctx); c != nil {
			c.add(query, m.args)
		}
	}
	rows, err := g.store.driver.conn(g.tx).QueryContext(ctx, query, m.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for i := 0; rows.Next(); i++ {
		if err := row(i, rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// matrix is a table that a statement has as arguments, an array for each column. That
// the arrays stand in a SELECT keeps Postgres from looking at how long they are this
// time, to plan the statement for that.
type matrix struct {
	arrays, names text
	args          []any
}

// add adds a column.
func (m *matrix) add(name, typ string, rows int, value func(i int) any) {
	column := make([]any, rows)
	for i := range column {
		column[i] = value(i)
	}
	m.args = append(m.args, pq.Array(column))
	m.arrays.comma(len(m.args) - 1).add("(SELECT $").add(strconv.Itoa(len(m.args))).add("::").add(typ).add("[])")
	m.names.add(name).add(", ")
}

// addText adds a column for each argument of a text, or of others that are the same, which
// those have who have none.
func (m *matrix) addText(prefix string, like *text, rows int, of func(i int) *text) {
	for a, typ := range like.types {
		m.add(prefix+strconv.Itoa(a+1), typ, rows, func(i int) any {
			if t := of(i); t != nil {
				return t.args[a]
			}
			return nil
		})
	}
}

// from writes the table as what a SELECT is from, its rows numbered as n from 1.
func (t *text) from(m *matrix, name string) *text {
	return t.add("unnest(").join(&m.arrays).add(") WITH ORDINALITY ").add(name).add(" (").join(&m.names).add("n)")
}

// typeOf is Postgres' type of a value of a type that moves write, or "". A time is a
// timestamptz, and never a date.
func typeOf(value any) string {
	typ := reflect.TypeOf(value)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[uuid.UUID]():
		return "uuid"
	case typ == reflect.TypeFor[time.Time]():
		return "timestamptz"
	case typ == reflect.TypeFor[json.RawMessage]():
		return "jsonb"
	case typ.Kind() == reflect.String:
		return "text"
	case typ.Kind() == reflect.Int:
		return "bigint"
	default:
		return ""
	}
}

// alone is the driver of the members' client, which runs nothing.
type alone struct{ dialect.Driver }

func (alone) Exec(context.Context, string, any, any) error  { return errAlone }
func (alone) Query(context.Context, string, any, any) error { return errAlone }
func (alone) Tx(context.Context) (dialect.Tx, error)        { return nil, errAlone }

func (alone) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errAlone
}

func (alone) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, errAlone
}
