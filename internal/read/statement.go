package read

import (
	"context"

	"entgo.io/ent/dialect/sql"
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
	w := &Statement{flat: flat}
	if len(keys) == 0 {
		return w, nil
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
	return w, nil
}

// Read reads the rows of the organization with these keys. The caller closes them.
func (w *Statement) Read(ctx context.Context, db *store.Store, keys []uuid.UUID) (*sql.Rows, error) {
	return db.ReadFlat(ctx, w.flat, w.args(db.Dialect, keys))
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

// each reads the rows with these keys: into some places, after each of which it calls fn.
func (w *Statement) each(ctx context.Context, db *store.Store, keys []uuid.UUID, fn func(), places ...any) error {
	rows, err := w.Read(ctx, db, keys)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what it says is in Err
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		fn()
	}
	return rows.Err()
}
