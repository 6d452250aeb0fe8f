package store

import (
	"context"
	"slices"
	"strconv"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"dealflow/ent"
)

// Write is an INSERT or an UPDATE of rows of one table, for Together. The rows are
// those of the viewer's organization, which it says nowhere.
type Write struct {
	table string
	// An INSERT has rows of columns. With a sum, the organization has a single row of
	// the table, which is changed if it is there.
	columns []string
	rows    [][]any
	sum     string
	// An UPDATE sets some columns of the rows that have some values.
	set, which []Column
}

// Column is a column, and a value that it gets or has: to have In is to have one of
// its values, and to have nil is to have none.
type Column struct {
	Name  string
	Value any
}

// In is the values of which a column has one.
type In []uuid.UUID

// Own stands for a number in the only row that the organization has in a table, less
// another number.
type Own struct {
	Table, Column string
	Less          int
}

// Insert writes new rows, with values for some columns.
func Insert(table string, columns []string, rows ...[]any) Write {
	return Write{table: table, columns: columns, rows: rows}
}

// Upsert writes the only row that the organization has in a table, or gives its values
// to the one that is there, whose sum it adds to. The writes after it see that, as Own.
func Upsert(table string, columns []string, row []any, sum string) Write {
	return Write{table: table, columns: columns, rows: [][]any{row}, sum: sum}
}

// Update sets columns of the rows that have some values.
func Update(table string, set []Column, which ...Column) Write {
	return Write{table: table, set: set, which: which}
}

// Together runs writes in a transaction, with the client of which it is called.
// Postgres gets them as one statement, which is one round trip; SQLite, where these
// cost nothing, gets them one by one. So no write builds on another, but for what an
// Upsert shows, and no two are about the same row.
func (s *Store) Together(ctx context.Context, db *ent.Client, writes ...Write) error {
	organization, err := viewerOrganization(ctx)
	if err != nil {
		return err
	}
	writes = slices.DeleteFunc(slices.Clone(writes), func(w Write) bool { return w.columns != nil && len(w.rows) == 0 })
	if len(writes) == 0 {
		return nil
	}
	noteWrite(ctx)
	if m := memberOf(ctx); m != nil {
		return m.write(organization, writes)
	}
	at := len(writes)
	if s.Dialect != dialect.Postgres {
		at = 1
	}
	for bunch := range slices.Chunk(writes, max(1, at)) {
		t := s.text(organization)
		t.together(bunch)
		if _, err := db.ExecContext(ctx, string(t.sql), t.args...); err != nil {
			return err
		}
	}
	return nil
}

// text is a statement that is being written. It is written by hand, and not by ent's
// builders, for a move spent more time on these than on its round trips.
type text struct {
	organization uuid.UUID
	postgres     bool
	sql          []byte
	args         []any
	own          int // the argument that is the organization, or 0

	// A lifted one is written for any number of organizations at once, whose arguments are
	// the columns of k: see lift.go.
	lifted bool
	types  []string // of the arguments, "" for one that cannot be lifted
	table  string
	sum    string // of an Upsert,
	adds   int    // and what it adds
}

// text begins a statement, with room for one as long as those of a move are.
func (s *Store) text(organization uuid.UUID) text {
	return text{
		organization: organization, postgres: s.Dialect == dialect.Postgres,
		sql: make([]byte, 0, 2<<10), args: make([]any, 0, 48),
	}
}

// together makes one statement of writes: WITH each that is not the last.
func (t *text) together(writes []Write) {
	last := len(writes) - 1
	for i, one := range writes[:last] {
		t.add([]string{"WITH ", ", "}[min(i, 1)]).name(partName(i, one.table, one.sum)).add(" AS (").write(one)
		t.add(") ")
	}
	t.write(writes[last])
}

// partName is what a write goes by: a sum by the name of its table, which so stands for
// the row written in what follows.
func partName(i int, table, sum string) string {
	if sum != "" {
		return table
	}
	return "write_" + strconv.Itoa(i)
}

func (t *text) write(w Write) {
	if w.rows != nil {
		t.insert(w)
		return
	}
	t.add("UPDATE ").name(w.table).add(" SET ")
	for i, one := range w.set {
		t.comma(i).name(one.Name).add(" = ").value(one.Value)
	}
	if t.lifted {
		t.add(" FROM k")
	}
	t.add(" WHERE ").name(column).add(" = ").ours()
	for _, one := range w.which {
		t.add(" AND ").name(one.Name).is(one.Value)
	}
}

func (t *text) insert(w Write) {
	t.add("INSERT INTO ").name(w.table).add(" (").name(column)
	for _, name := range w.columns {
		t.add(", ").name(name)
	}
	t.add(")")
	if t.lifted {
		t.lift(w)
	} else {
		t.values(w.rows)
	}
	if w.sum != "" {
		t.resolve(w)
	}
}

func (t *text) values(rows [][]any) {
	t.add(" VALUES ")
	for i, row := range rows {
		t.comma(i).add("(").ours()
		for _, value := range row {
			t.add(", ").value(value)
		}
		t.add(")")
	}
}

// resolve says what becomes of the row that is there already.
func (t *text) resolve(w Write) {
	t.add(" ON CONFLICT (").name(column).add(") DO UPDATE SET ").name(w.sum).
		add(" = ").name(w.table).add(".").name(w.sum).add(" + EXCLUDED.").name(w.sum)
	for _, name := range w.columns {
		if name != w.sum && name != "id" {
			t.add(", ").name(name).add(" = EXCLUDED.").name(name)
		}
	}
	t.add(" RETURNING ").name(column).add(", ").name(w.sum)
}

// is compares what was written before with a value.
func (t *text) is(value any) {
	switch value := value.(type) {
	case nil:
		t.add(" IS NULL")
	case In:
		if len(value) == 0 {
			t.add(" IS NULL AND FALSE")
			return
		}
		t.add(" IN (")
		for i, one := range value {
			t.comma(i).value(one)
		}
		t.add(")")
	default:
		t.add(" = ").value(value)
	}
}

func (t *text) value(value any) {
	switch value := value.(type) {
	case nil:
		t.add("NULL")
	case Own:
		t.add("(SELECT ").name(value.Column).add(" FROM ").name(value.Table).add(" WHERE ").name(column).add(" = ").ours()
		t.add(") - ").less(value.Less)
	case First:
		t.first(value)
	case Of:
		t.of(value)
	default:
		t.args = append(t.args, value)
		if t.lifted {
			t.types = append(t.types, typeOf(value))
		}
		t.argument(len(t.args))
	}
}

// ours writes the organization.
func (t *text) ours() *text {
	if t.lifted {
		return t.add("k.org")
	}
	if t.own == 0 || !t.postgres {
		t.args = append(t.args, t.organization)
		t.own = len(t.args)
	}
	t.argument(t.own)
	return t
}

// less writes how much an Own is less.
func (t *text) less(number int) {
	if !t.lifted {
		t.add(strconv.Itoa(number))
		return
	}
	t.value(number)
	t.add(" - k.later") // what the organization's later members add
}

func (t *text) argument(i int) {
	switch {
	case t.lifted:
		t.add("k.a")
	case t.postgres:
		t.add("$")
	default:
		t.add("?")
		return
	}
	t.sql = strconv.AppendInt(t.sql, int64(i), 10)
}

func (t *text) comma(i int) *text {
	if i > 0 {
		t.add(", ")
	}
	return t
}

func (t *text) name(name string) *text { return t.add(`"`).add(name).add(`"`) }

func (t *text) join(other *text) *text {
	t.sql = append(t.sql, other.sql...)
	return t
}

func (t *text) add(sql string) *text {
	t.sql = append(t.sql, sql...)
	return t
}
