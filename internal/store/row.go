package store

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
)

// Row is an entity that takes a row of its table.
type Row interface {
	ScanRow(columns []string, scan func(...any) error) error
}

// First stands for a column of the first, or last, row of a table by some columns. It
// is one of those that have some values, and not the one with the id Except; without
// any it is the empty text. Past is the id of one of those rows, if any, that it comes
// after, or before, by two columns of which the second is the id.
type First struct {
	Table, Column string
	Which         []Column
	Except        uuid.UUID
	By            []string
	Last          bool
	Past          *uuid.UUID
}

// Of stands for a column of a table's row, whose id is in the column By of the Row that
// it is read with, as text; without one it is the empty text.
type Of struct{ Row, By, Table, Column string }

// LockRow reads the row with an id of the organization, and locks it as Lock does, or in
// Grouped has it locked, as it was read, when the function's writes are written. More
// may be read with it, which is then among the row's values by its name: what that says
// of other rows is as they were before the wait for this one. Without the row it answers
// an error that is ent.IsNotFound.
func (s *Store) LockRow(ctx context.Context, db *ent.Client, into Row, table string, columns []string, id uuid.UUID, more ...Column) error {
	organization, err := viewerOrganization(ctx)
	if err != nil {
		return err
	}
	take := func(scan func(...any) error) error { return into.ScanRow(columns, scan) }
	if m := memberOf(ctx); m != nil {
		t := newLifted(organization)
		columns = t.lockRow(table, columns, id, more)
		return m.look(ctx, t, rowOf{table, id}, take)
	}
	t := s.text(organization)
	columns = t.lockRow(table, columns, id, more)
	return t.one(ctx, db, take)
}

// lockRow writes the statement, and answers the columns of its row.
func (t *text) lockRow(table string, columns []string, id uuid.UUID, more []Column) []string {
	t.add("SELECT ")
	for i, name := range columns {
		t.comma(i).name(name)
	}
	for _, one := range more {
		t.add(", ").value(one.Value)
		t.add(" AS ").name(one.Name)
		columns = append(columns[:len(columns):len(columns)], one.Name)
	}
	t.add(" FROM ").name(table).add(" WHERE ").name("id").is(id)
	t.add(" AND ").name(column).add(" = ").ours()
	if t.postgres && !t.lifted { // a group locks them when it writes
		t.add(" FOR NO KEY UPDATE")
	}
	return columns
}

// one runs a statement that answers one row, or none.
func (t *text) one(ctx context.Context, db *ent.Client, take func(scan func(...any) error) error) error {
	rows, err := db.QueryContext(ctx, string(t.sql), t.args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return new(ent.NotFoundError)
	}
	if err := take(rows.Scan); err != nil {
		return err
	}
	return rows.Err()
}

func (t *text) first(f First) {
	t.add("COALESCE((").among(f, f.Column)
	t.add(" AND ").name("id").add(" <> ").value(f.Except)
	if f.Past != nil {
		t.past(f)
	}
	t.add(" ORDER BY ")
	for i, name := range f.By {
		t.comma(i).name(name)
		if f.Last {
			t.add(" DESC")
		}
	}
	t.add(" LIMIT 1), '')")
}

func (t *text) of(o Of) {
	t.add("COALESCE(CAST((SELECT ").name(o.Column).add(" FROM ").name(o.Table).add(" WHERE ").name(column).add(" = ").ours().
		add(" AND ").name("id").add(" = ").name(o.Row).add(".").name(o.By).add(") AS TEXT), '')")
}

// among selects a column of the rows that a First is one of.
func (t *text) among(f First, name string) *text {
	t.add("SELECT ").name(name).add(" FROM ").name(f.Table).add(" WHERE ").name(column).add(" = ").ours()
	for _, one := range f.Which {
		t.add(" AND ").name(one.Name).is(one.Value)
	}
	return t
}

// past compares both columns as one, which an index can begin at.
func (t *text) past(f First) {
	than := ") > (("
	if f.Last {
		than = ") < (("
	}
	t.add(" AND (").name(f.By[0]).add(", ").name(f.By[1]).add(than)
	t.among(f, f.By[0]).add(" AND ").name("id").is(*f.Past)
	t.add("), ").value(*f.Past)
	t.add(")")
}
