package store

import (
	"context"
	"slices"
	"strconv"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
)

// Write is an INSERT or an UPDATE of rows of one table, for Together. The rows are
// those of the viewer's organization, which it says nowhere.
type Write struct {
	table string
	build func(organization uuid.UUID) entsql.Querier
	shown bool // to the writes after it
}

// Insert writes new rows, with values for some columns. A value that is a querier is
// written as the expression that it is.
func Insert(table string, columns []string, rows ...[]any) Write {
	return Write{table: table, build: func(organization uuid.UUID) entsql.Querier {
		return inserting(table, columns, rows, organization)
	}}
}

func inserting(table string, columns []string, rows [][]any, organization uuid.UUID) *entsql.InsertBuilder {
	insert := entsql.Insert(table).Columns(column).Columns(columns...)
	for _, row := range rows {
		insert.Values(append([]any{organization}, row...)...)
	}
	return insert
}

// Upsert writes the only row that the organization has in a table, or changes the one
// that is there. It shows a column of it to the writes after it, which find it in the
// table.
func Upsert(table string, columns []string, row []any, change func(*entsql.UpdateSet), see string) Write {
	return Write{table, func(organization uuid.UUID) entsql.Querier {
		return inserting(table, columns, [][]any{row}, organization).
			OnConflict(entsql.ConflictColumns(column), entsql.ResolveWith(change)).
			Returning(column, see)
	}, true}
}

// Update changes the rows that a predicate finds.
func Update(table string, which *entsql.Predicate, set func(*entsql.UpdateBuilder)) Write {
	return Write{table: table, build: func(organization uuid.UUID) entsql.Querier {
		update := entsql.Update(table).Where(entsql.And(entsql.EQ(column, organization), which))
		set(update)
		return update
	}}
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
	noteWrite(ctx)
	at := len(writes)
	if s.Dialect != dialect.Postgres {
		at = 1
	}
	for bunch := range slices.Chunk(writes, max(1, at)) {
		b := new(entsql.Builder)
		b.SetDialect(s.Dialect)
		join(b, bunch, organization)
		query, args := b.Query()
		if _, err := db.ExecContext(ctx, query, args...); err != nil {
			return err
		}
	}
	return nil
}

// join makes one statement of writes: WITH each that is not the last. What is shown
// goes by the name of its table, which so stands for the rows written in what follows.
func join(b *entsql.Builder, writes []Write, organization uuid.UUID) {
	last := len(writes) - 1
	for i, one := range writes[:last] {
		name := "write_" + strconv.Itoa(i)
		if one.shown {
			name = one.table
		}
		b.WriteString([]string{"WITH ", ", "}[min(i, 1)]).Ident(name).WriteString(" AS (").
			Join(one.build(organization)).WriteString(")")
	}
	b.Pad().Join(writes[last].build(organization))
}
