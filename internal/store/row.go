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
// any it is the empty text.
type First struct {
	Table, Column string
	Which         []Column
	Except        uuid.UUID
	By            []string
	Last          bool
}

// LockRow reads the row with an id of the organization, and locks it as Lock does. More
// may be read with it, which is then among the row's values by its name: what that says
// of other rows is as they were before the wait for this one. Without the row it answers
// an error that is ent.IsNotFound.
func (s *Store) LockRow(ctx context.Context, db *ent.Client, into Row, table string, columns []string, id uuid.UUID, more ...Column) error {
	organization, err := viewerOrganization(ctx)
	if err != nil {
		return err
	}
	t := s.text(organization)
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
	t.add(" AND ").name(column).is(organization)
	if t.postgres {
		t.add(" FOR NO KEY UPDATE")
	}
	return t.one(ctx, db, func(scan func(...any) error) error { return into.ScanRow(columns, scan) })
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
	t.add("COALESCE((SELECT ").name(f.Column).add(" FROM ").name(f.Table).add(" WHERE ").name(column).is(t.organization)
	for _, one := range f.Which {
		t.add(" AND ").name(one.Name).is(one.Value)
	}
	t.add(" AND ").name("id").add(" <> ").value(f.Except)
	t.add(" ORDER BY ")
	for i, name := range f.By {
		t.comma(i).name(name)
		if f.Last {
			t.add(" DESC")
		}
	}
	t.add(" LIMIT 1), '')")
}
