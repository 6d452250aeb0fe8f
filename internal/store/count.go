package store

import (
	"context"
	"database/sql"
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

type counterKey struct{}

// CountStatements returns a context whose statements are counted, and their
// count. A count that ctx has already goes on.
func CountStatements(ctx context.Context) (context.Context, *Counter) {
	outer, _ := ctx.Value(counterKey{}).(*Counter)
	c := &Counter{outer: outer}
	return context.WithValue(ctx, counterKey{}, c), c
}

// RecordStatements is CountStatements that keeps the statements as well, for
// tests and for those who look for a slow one.
func RecordStatements(ctx context.Context) (context.Context, *Counter) {
	ctx, c := CountStatements(ctx)
	c.keep = true
	return ctx, c
}

// watched counts the statements that pass, notes those that write, and reports
// them to observe, if any.
type watched struct {
	to      entsql.ExecQuerier
	observe func(ctx context.Context, query string, took time.Duration, err error)
}

func (w watched) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	start := time.Now()
	result, err := w.to.ExecContext(ctx, query, args...)
	w.note(ctx, query, args, start, err)
	return result, err
}

func (w watched) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	start := time.Now()
	rows, err := w.to.QueryContext(ctx, query, args...)
	w.note(ctx, query, args, start, err)
	return rows, err
}

func (w watched) note(ctx context.Context, query string, args []any, start time.Time, err error) {
	if c, ok := ctx.Value(counterKey{}).(*Counter); ok {
		c.add(query, args)
	}
	if state, ok := ctx.Value(txKey{}).(*txState); ok && !reads(query) {
		state.wrote.Store(true)
	}
	if w.observe != nil {
		w.observe(ctx, query, time.Since(start), err)
	}
}
