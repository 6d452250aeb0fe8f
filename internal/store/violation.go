package store

import (
	"errors"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/dialect/sql/sqlgraph"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"dealflow/ent/migrate"
)

// Violates tells whether err is the database's refusal to put the same value
// twice into a unique index, by the name that ent/migrate gives the index.
func Violates(err error, index string) bool {
	name, ok := UniqueViolation(err)
	return ok && name == index
}

// UniqueViolation is the name of the unique index that err says is violated;
// false if it says something else. It is the same on both databases.
func UniqueViolation(err error) (index string, ok bool) {
	if pg, ok := errors.AsType[*pq.Error](err); ok {
		return pg.Constraint, pg.Code == pqerror.UniqueViolation
	}
	lite, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return "", false
	}
	switch lite.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return indexOf(lite.Error())
	}
	return "", false
}

// indexOf finds the index that SQLite describes by its columns, as in
// "… UNIQUE constraint failed: leads.organization_id, leads.email (2067)".
func indexOf(message string) (string, bool) {
	_, list, _ := strings.Cut(message, "UNIQUE constraint failed: ")
	list, _, _ = strings.Cut(list, " (")
	columns := strings.Split(list, ", ")
	name, _, _ := strings.Cut(columns[0], ".")
	for i := range columns {
		columns[i] = strings.TrimPrefix(columns[i], name+".")
	}
	for _, table := range migrate.Tables {
		if table.Name == name {
			return uniqueIndex(table, columns)
		}
	}
	return "", false
}

// uniqueIndex is the name, as Postgres knows it, of a table's unique index.
func uniqueIndex(table *schema.Table, columns []string) (string, bool) {
	for _, index := range table.Indexes {
		if index.Unique && slices.Equal(names(index.Columns), columns) {
			return index.Name, true
		}
	}
	for _, column := range table.Columns {
		if column.Unique && slices.Equal(columns, []string{column.Name}) {
			return table.Name + "_" + column.Name + "_key", true
		}
	}
	return table.Name + "_pkey", slices.Equal(names(table.PrimaryKey), columns)
}

func names(columns []*schema.Column) []string {
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = column.Name
	}
	return list
}

// IsConstraint tells whether err is the database's refusal to break a constraint.
func IsConstraint(err error) bool { return err != nil && sqlgraph.IsConstraintError(err) }
