package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"dealflow/ent"
	"dealflow/ent/eventhead"
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
func drop(used ...*text) {
	for _, t := range used {
		clear(t.args)
		*t = text{sql: t.sql[:0], args: t.args[:0], types: t.types[:0]}
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

// canLift tells whether all arguments are of types that are known.
func (t *text) canLift() bool { return !slices.Contains(t.types, "") }

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

// look runs LockRow for requests with the same text, without the lock. With each row comes
// the organization's revision, which stays the same as long as a member reads: so all that
// it has read was there at the same time.
func (g *group) look(ctx context.Context, alike []*request, errs []error) error {
	var k matrix
	k.add("org", "uuid", len(alike), func(i int) any { return alike[i].member.organization })
	k.addText("a", alike[0].text, len(alike), func(i int) *text { return alike[i].text })
	var t text
	t.add("SELECT l.id IS NOT NULL, h.").name(eventhead.FieldRevision).add(", l.* FROM ").from(&k, "k")
	t.add(" LEFT JOIN LATERAL (").join(alike[0].text).add(") l ON TRUE LEFT JOIN ").name(eventhead.Table)
	t.add(" h ON h.").name(column).add(" = k.org ORDER BY k.n")
	err := g.query(ctx, alike, &t, &k, func(i int, rows *sql.Rows) error {
		m, there, revision := alike[i].member, false, uuid.NullUUID{}
		err := alike[i].take(func(into ...any) error { return rows.Scan(append([]any{&there, &revision}, into...)...) })
		switch {
		case !there: // and so all is null, which the error may be about
			errs[i] = new(ent.NotFoundError)
		case err != nil:
			errs[i] = err
		case revision.Valid && (!m.revision.Valid || m.revision == revision):
			m.revision, errs[i] = revision, nil
		}
		return nil
	})
	if err != nil {
		return errAlone // it only reads
	}
	return nil
}

// write runs Together for requests, whose writes that are alike are one part of the
// statement. It leaves out, to try alone, the members whose organization has another
// revision by now, or is getting one, and those whose rows are locked.
func (g *group) write(ctx context.Context, all []*request, errs []error) error {
	var m matrix
	var free, with, t text
	m.add("org", "uuid", len(all), func(i int) any { return all[i].member.organization })
	m.add("revision", "uuid", len(all), func(i int) any { return all[i].member.revision.UUID })
	m.add("adds", "bigint", len(all), func(i int) any { return all[i].member.adds() })
	free.lockFree(eventhead.Table, eventhead.FieldRevision, "revision")
	for i, slot := range slotsOf(all) {
		name := "row" + strconv.Itoa(i)
		m.add(name, "uuid", len(all), func(i int) any { return slot.of[i] })
		free.add(" AND (m.").add(name).add(" IS NULL OR ").lockFree(slot.table, "id", name).add(")")
	}
	for i, one := range partsOf(all) {
		with.addPart(&m, i, one)
	}
	t.add("WITH m AS MATERIALIZED (SELECT *, CAST(SUM(adds) OVER (PARTITION BY org ORDER BY n DESC) - adds AS bigint) AS later FROM ").
		from(&m, "m").add(" WHERE set_config('lock_timeout', '" + lockTime + "', TRUE) <> '' AND ").join(&free).add(")").join(&with).add(" SELECT n FROM m")
	for _, r := range all {
		drop(r.member.writes...)
	}
	err := g.query(ctx, all, &t, &m, func(_ int, rows *sql.Rows) error {
		var n int
		if err := rows.Scan(&n); err != nil {
			return err
		}
		errs[n-1] = nil
		return nil
	})
	if pg, told := errors.AsType[*pq.Error](err); told && pg.Code.Class() != pqerror.ClassConnectionException {
		return errAlone // and nothing is written; a pooler may have lost the connection, and not know
	}
	return err
}

// lockFree locks the organization's row of a table with m's value of a column, if there is
// one and nobody else has it.
func (t *text) lockFree(table, name, of string) *text {
	return t.add("EXISTS (SELECT FROM ").name(table).add(" WHERE ").name(column).add(" = m.org AND ").
		name(name).add(" = m.").add(of).add(" FOR NO KEY UPDATE SKIP LOCKED)")
}

// adds is what a member adds to its organization's sum.
func (m *member) adds() int {
	sum := 0
	for _, t := range m.writes {
		sum += t.adds
	}
	return sum
}

// slot is a row of a table that some of the members have read, whose id is nil in of for
// the others.
type slot struct {
	table string
	of    []any
}

// slotsOf are the rows that all have read, in the order of their tables.
func slotsOf(all []*request) []*slot {
	var slots []*slot
	for i, r := range all {
		for _, row := range r.member.read {
			at := slices.IndexFunc(slots, func(s *slot) bool { return s.of[i] == nil && s.table == row.table })
			if at < 0 {
				at = len(slots)
				slots = append(slots, &slot{row.table, make([]any, len(all))})
			}
			slots[at].of[i] = row.id
		}
	}
	slices.SortStableFunc(slots, func(a, b *slot) int { return cmp.Compare(a.table, b.table) })
	return slots
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
		for _, t := range r.member.writes {
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
	t.add(", ").name(partName(i, one.table, one.sum)).add(" AS (WITH k AS (SELECT m.org, m.later")
	for a := range one.args {
		n := strconv.Itoa(a + 1)
		t.add(", m.").add(p).add("a").add(n).add(" AS a").add(n)
	}
	t.add(" FROM m WHERE m.").add(p).add(") ").join(one.text).add(")")
}

// query runs a statement on behalf of those who asked for it, and hands each row over
// with its number.
func (g *group) query(ctx context.Context, all []*request, t *text, m *matrix, row func(int, *sql.Rows) error) error {
	query := string(t.sql)
	for _, r := range all[1:] {
		if c := counterOf(r.ctx); c != nil {
			c.add(query, m.args)
		}
	}
	rows, err := g.store.driver.conn(g.conn).QueryContext(ctx, query, m.args...)
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
