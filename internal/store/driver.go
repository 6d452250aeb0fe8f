package store

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver is ent's way to the database. What it adds to ent's own driver: SQLite
// has a pool for reads and one for writes, statements are counted, and upserts
// stay within the organization.
type driver struct {
	counting // runs statements outside of transactions
	store    *Store
	observe  observer
}

func newDriver(s *Store, opts Options) *driver {
	d := &driver{store: s, observe: opts.Observe}
	d.counting = d.conn(pools{s.readers, s.writer})
	return d
}

// conn is the way of every statement, in a transaction or not.
func (d *driver) conn(to entsql.ExecQuerier) counting {
	return counting{entsql.Conn{ExecQuerier: upsertWall{watched{to, d.observe}}}}
}

// Dialect implements dialect.Driver.
func (d *driver) Dialect() string { return d.store.Dialect }

// Tx implements dialect.Driver.
func (d *driver) Tx(ctx context.Context) (dialect.Tx, error) { return d.BeginTx(ctx, nil) }

// BeginTx is what ent's Client.BeginTx looks for. On SQLite a read-only
// transaction keeps no writer waiting.
func (d *driver) BeginTx(ctx context.Context, opts *sql.TxOptions) (dialect.Tx, error) {
	if inTx(ctx) {
		return nil, errOutsideTx
	}
	if w := d.store.wholeOf(ctx); w != nil {
		return w.savepoint(ctx)
	}
	db := d.store.writer
	if opts != nil && opts.ReadOnly {
		db = d.store.readers
	}
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &transaction{d.conn(tx), tx}, nil
}

// transaction is ent's way to the database inside a transaction.
type transaction struct {
	counting
	sqldriver.Tx // how it ends
}

// outside is the transaction of Whole, which takes the statements of ctx in place
// of the pools: none of those of a Tx, which has its own way.
func (d *driver) outside(ctx context.Context) *whole {
	if inTx(ctx) {
		return nil
	}
	return d.store.wholeOf(ctx)
}

// Exec implements dialect.Driver.
func (d *driver) Exec(ctx context.Context, query string, args, into any) error {
	if w := d.outside(ctx); w != nil {
		return w.run(ctx, func() error { return w.conn.Exec(ctx, query, args, into) })
	}
	return d.counting.Exec(ctx, query, args, into)
}

// Query implements dialect.Driver.
func (d *driver) Query(ctx context.Context, query string, args, into any) error {
	if w := d.outside(ctx); w != nil {
		return w.query(ctx, query, args, into)
	}
	return d.counting.Query(ctx, query, args, into)
}

// ExecContext is what ent's Client.ExecContext looks for.
func (d *driver) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if w := d.outside(ctx); w != nil {
		var result sql.Result
		err := w.run(ctx, func() (err error) {
			result, err = w.conn.ExecContext(ctx, query, args...)
			return err
		})
		return result, err
	}
	return d.counting.ExecContext(ctx, query, args...)
}

// QueryContext is what ent's Client.QueryContext looks for.
func (d *driver) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if d.outside(ctx) != nil {
		return nil, errRaw // nobody hears when such rows are closed
	}
	return d.counting.QueryContext(ctx, query, args...)
}

// Close implements dialect.Driver.
func (d *driver) Close() error {
	if d.store.writer == d.store.readers {
		// What it says of a connection that had broken while it was idle is no news to
		// anybody: nothing was under way on it.
		_ = d.store.writer.Close()
		return nil
	}
	// The writer goes last, for the last connection to a SQLite file tidies up
	// and the readers may not write.
	return errors.Join(d.store.readers.Close(), d.store.writer.Close())
}

// errOutsideTx keeps a mistake from passing on Postgres, where the statement
// would escape the transaction, that on SQLite waits for the writer for ever.
var errOutsideTx = errors.New("store: inside Tx, use the client that Tx hands to its function")

// pools runs statements outside of transactions.
type pools struct{ readers, writer *sql.DB }

func (p pools) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if inTx(ctx) {
		return nil, errOutsideTx
	}
	return p.writer.ExecContext(ctx, query, args...)
}

func (p pools) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if inTx(ctx) {
		return nil, errOutsideTx
	}
	if reads(query) {
		return p.readers.QueryContext(ctx, query, args...)
	}
	return p.writer.QueryContext(ctx, query, args...) // INSERT … RETURNING
}

// reads tells whether a statement only reads. A WITH that writes is taken for
// one that reads: that of Together alone does, which knows it.
func reads(query string) bool {
	verb, _, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(query, unprepared)), " ")
	return strings.EqualFold(verb, "SELECT") || strings.EqualFold(verb, "WITH")
}
