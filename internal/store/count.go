package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"time"

	entsql "entgo.io/ent/dialect/sql"
)

// Counter counts the statements of a context: see CountStatements.
type Counter struct {
	outer *Counter // of the context that this one's was made from, if any
	mu    sync.Mutex
	count int
	rows  int // all of them
	free  int // those of them that were read in a Tx
	limit int // of the others; 0 for none
	keep  bool
	texts []string
	args  [][]any
}

// Count is how many statements have run so far. BEGIN and COMMIT do not count.
func (c *Counter) Count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

// Rows is how many rows the statements have handed over so far, and of AddRows.
func (c *Counter) Rows() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows
}

// RowsOutside is how many of Rows were not read in a Tx.
func (c *Counter) RowsOutside() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rows - c.free
}

// Statements is the SQL of what has run so far, if it was asked for with
// RecordStatements.
func (c *Counter) Statements() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.texts)
}

// Arguments are those of each of Statements.
func (c *Counter) Arguments() [][]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.args)
}

func (c *Counter) add(query string, args []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	if c.keep {
		c.texts, c.args = append(c.texts, query), append(c.args, args)
	}
	if c.outer != nil {
		c.outer.add(query, args)
	}
}

// LimitRows has the statements fail with ErrTooManyRows that would hand over more
// rows than this, in all. Those of a Tx are free: what a change reads, such as all
// cards of a stage, is bounded by its rules, and it is not for the length of a list
// to stop it halfway.
func (c *Counter) LimitRows(rows int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = rows
}

// addRow counts a row, and tells whether it may be handed over.
func (c *Counter) addRow(free bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	within := free || c.limit == 0 || c.rows-c.free < c.limit
	if within && c.outer != nil {
		within = c.outer.addRow(free)
	}
	if !within {
		return false
	}
	c.rows++
	if free {
		c.free++
	}
	return true
}

// AddRows counts rows that came along in those of others, by a join, as if they had
// come by themselves: ErrTooManyRows beyond the limit of ctx.
func AddRows(ctx context.Context, rows int) error {
	c := counterOf(ctx)
	for range rows {
		if c != nil && !c.addRow(inTx(ctx)) {
			return ErrTooManyRows
		}
	}
	return nil
}

// ErrTooManyRows is the error of a statement that comes to the limit of its context.
var ErrTooManyRows = errors.New("there are more rows than may be read")

type counterKey struct{}

// counterOf is the counter of a context, or nil.
func counterOf(ctx context.Context) *Counter {
	c, _ := ctx.Value(counterKey{}).(*Counter)
	return c
}

// CountStatements returns a context whose statements are counted, and their
// count. A count that ctx has already goes on.
func CountStatements(ctx context.Context) (context.Context, *Counter) {
	c := &Counter{outer: counterOf(ctx)}
	return context.WithValue(ctx, counterKey{}, c), c
}

// RecordStatements is CountStatements that keeps the statements as well, for
// tests and for those who look for a slow one.
func RecordStatements(ctx context.Context) (context.Context, *Counter) {
	ctx, c := CountStatements(ctx)
	c.keep = true
	return ctx, c
}

// watched has the statements that pass noted.
type watched struct {
	to      entsql.ExecQuerier
	observe observer
}

func (w watched) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	start := time.Now()
	result, err := w.to.ExecContext(ctx, query, args...)
	w.observe.note(ctx, query, args, start, err)
	return result, err
}

func (w watched) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	start := time.Now()
	rows, err := w.to.QueryContext(ctx, query, args...)
	w.observe.note(ctx, query, args, start, err)
	return rows, err
}

// observer is Options.Observe, or nil.
type observer func(ctx context.Context, query string, took time.Duration, err error)

// note counts a statement, remembers of one that writes that it did, and reports it.
func (o observer) note(ctx context.Context, query string, args []any, start time.Time, err error) {
	if c := counterOf(ctx); c != nil {
		c.add(query, args)
	}
	if !reads(query) {
		noteWrite(ctx)
	}
	if o != nil {
		o(ctx, query, time.Since(start), err)
	}
}

// counting is ent's connection that counts the rows it hands over.
type counting struct{ entsql.Conn }

// Query implements dialect.ExecQuerier. It is the way of all that ent reads.
func (c counting) Query(ctx context.Context, query string, args, into any) error {
	if err := c.Conn.Query(ctx, query, args, into); err != nil {
		return err
	}
	if rows, ok := into.(*entsql.Rows); ok && counterOf(ctx) != nil {
		rows.ColumnScanner = counted(ctx, rows.ColumnScanner)
	}
	return nil
}

// countedRows are rows that are counted as they come.
type countedRows struct {
	entsql.ColumnScanner
	counter *Counter // or nil
	free    bool     // of the limit
	stopped bool
}

func counted(ctx context.Context, rows entsql.ColumnScanner) *countedRows {
	return &countedRows{ColumnScanner: rows, counter: counterOf(ctx), free: inTx(ctx)}
}

// Next implements entsql.ColumnScanner. It ends the rows at the limit of their
// context.
func (r *countedRows) Next() bool {
	if r.stopped || !r.ColumnScanner.Next() {
		return false
	}
	r.stopped = r.counter != nil && !r.counter.addRow(r.free)
	return !r.stopped
}

// Err implements entsql.ColumnScanner: ErrTooManyRows after the limit.
func (r *countedRows) Err() error {
	if r.stopped {
		return ErrTooManyRows
	}
	return r.ColumnScanner.Err()
}
