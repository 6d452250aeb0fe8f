package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver is ent's way to the database. What it adds to ent's own driver: SQLite
// has a pool for reads and one for writes, statements are counted, and upserts
// stay within the organization.
type driver struct {
	entsql.Conn // runs statements outside of transactions
	store       *Store
	opts        Options
}

func newDriver(s *Store, opts Options) *driver {
	d := &driver{store: s, opts: opts}
	d.Conn = d.conn(pools{s.readers, s.writer})
	return d
}

// conn is the way of every statement, in a transaction or not.
func (d *driver) conn(to entsql.ExecQuerier) entsql.Conn {
	return entsql.Conn{ExecQuerier: upsertWall{watched{to, d.opts.Observe}}}
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
	db := d.store.writer
	if opts != nil && opts.ReadOnly {
		db = d.store.readers
	}
	tx, err := db.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &entsql.Tx{Conn: d.conn(tx), Tx: tx}, nil
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
// one that reads, and then refused by SQLite: nobody here writes such a thing.
func reads(query string) bool {
	verb, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	return strings.EqualFold(verb, "SELECT") || strings.EqualFold(verb, "WITH")
}
