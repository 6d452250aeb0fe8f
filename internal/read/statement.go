package read

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/google/uuid"

	"dealflow/internal/store"
)

// Statement is a SELECT of a table that is written once, and read for whatever keys. It
// is one text for one key, and another for several: see Like.
type Statement struct {
	flat *store.Flat
	// one and all are the arguments that are the key, when there is one, and all keys.
	one, all []int
}

// The keys that stand for others in a statement.
var some = []uuid.UUID{uuid.New(), uuid.New()}

// Like is keys that stand for these where a statement is written.
func Like(keys []uuid.UUID) []uuid.UUID { return some[:min(len(keys), len(some))] }

// Write writes a statement, with a shape that was made for keys of Like.
func Write(db *store.Store, table string, keys []uuid.UUID, shape Shape) (*Statement, error) {
	flat, err := db.Flat(table, shape)
	if err != nil {
		return nil, err
	}
	return statementOf(db, flat, keys), nil
}

// Batch is one statement that reads what all of these read, which were written for the
// same keys of Like: see store.Batch.
func Batch(db *store.Store, keys []uuid.UUID, all ...*Statement) *Statement {
	if len(all) == 1 {
		return all[0]
	}
	flats := make([]*store.Flat, len(all))
	for i, w := range all {
		flats[i] = w.flat
	}
	return statementOf(db, db.Batch(flats...), keys)
}

// statementOf is the statement that was written for keys of Like.
func statementOf(db *store.Store, flat *store.Flat, keys []uuid.UUID) *Statement {
	w := &Statement{flat: flat}
	if len(keys) == 0 {
		return w
	}
	list := keyList(db.Dialect, keys)
	for i, arg := range flat.Args {
		switch arg {
		case any(keys[0]):
			w.one = append(w.one, i)
		case any(list):
			w.all = append(w.all, i)
		}
	}
	return w
}

// Read reads the rows of the organization with these keys, and hands the driver's values
// of each to row, which keeps none of their bytes.
func (w *Statement) Read(ctx context.Context, db *store.Store, keys []uuid.UUID, row func([]driver.Value) error) error {
	return db.ReadFlat(ctx, w.flat, w.args(db.Dialect, keys), row)
}

// args are the statement's arguments with these keys.
func (w *Statement) args(database string, keys []uuid.UUID) []any {
	if len(w.one)+len(w.all) == 0 {
		return w.flat.Args
	}
	args := append([]any(nil), w.flat.Args...)
	for _, i := range w.one {
		args[i] = keys[0]
	}
	if len(w.all) > 0 {
		list := keyList(database, keys)
		for _, i := range w.all {
			args[i] = list
		}
	}
	return args
}

// each reads the rows with these keys into some places, and calls fn after each of them.
func (w *Statement) each(ctx context.Context, db *store.Store, keys []uuid.UUID, fn func(), places ...stdsql.Scanner) error {
	return w.Read(ctx, db, keys, func(values []driver.Value) error {
		if len(values) != len(places) {
			return fmt.Errorf("read: a statement has %d columns, not %d", len(values), len(places))
		}
		for i, value := range values {
			if err := places[i].Scan(value); err != nil {
				return err
			}
		}
		fn()
		return nil
	})
}
