package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"dealflow/ent"
)

// whole is the transaction of Whole. It has one connection, which is used by one
// at a time: for a statement until its rows are closed, or for all of a Tx inside,
// which is a savepoint there and not to have anybody else's statements in it.
type whole struct {
	tx   *sql.Tx
	conn counting
	// turn has a token while nobody uses the connection.
	turn chan struct{}
	// again ends the context of the function: it is to be run again.
	again context.CancelFunc

	mu     sync.Mutex
	failed error // after it nothing runs any more
	last   []func(context.Context, *ent.Client) error
	after  []func(context.Context)
}

// wholeKey is where a context has the transaction of a store.
type wholeKey struct{ store *Store }

// wholeOf is the transaction that ctx is in, or nil.
func (s *Store) wholeOf(ctx context.Context) *whole {
	w, _ := ctx.Value(wholeKey{s}).(*whole)
	return w
}

var (
	errNested = errors.New("store: Whole is for what is in no transaction yet")
	errEnded  = errors.New("store: the transaction of Whole has ended")
	errRaw    = errors.New("store: inside Whole, rows of raw SQL are read in a Tx")
)

// Whole runs fn in one transaction, with all that fn does to this store: in the
// context that fn gets, the store's own client reads and writes in it, and each Tx
// is a part of it, which undoes itself alone when it fails. Fn may use several
// goroutines: they take turns.
//
// What Tx says of running again goes for all of fn; a part is not run again alone.
// A statement outside of the parts that fails fails the whole, whatever fn
// returns.
func (s *Store) Whole(ctx context.Context, fn func(context.Context) error) error {
	if inTx(ctx) || s.wholeOf(ctx) != nil {
		return errNested
	}
	return again(ctx, func() error { return s.tryWhole(ctx, fn) })
}

func (s *Store) tryWhole(ctx context.Context, fn func(context.Context) error) error {
	w, err := s.beginWhole(ctx)
	if err != nil {
		return err
	}
	// As in Tx: after a commit it does nothing.
	defer func() { _ = w.tx.Rollback() }()
	inside, cancel := context.WithCancel(context.WithValue(ctx, wholeKey{s}, w))
	defer cancel()
	w.again = cancel
	err = fn(inside)
	if err == nil {
		err = w.finish(inside, s)
	}
	if failed := w.end(ctx); failed != nil && (err == nil || isRetryable(failed)) {
		err = failed
	}
	if err == nil {
		err = w.tx.Commit()
	}
	if err != nil {
		return err
	}
	outside := context.WithValue(ctx, wholeKey{s}, nil)
	for _, f := range w.after {
		f(outside)
	}
	return nil
}

func (s *Store) beginWhole(ctx context.Context) (*whole, error) {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	w := &whole{tx: tx, conn: s.driver.conn(tx), turn: make(chan struct{}, 1)}
	w.give()
	return w, nil
}

// finish does what was left for the end.
func (w *whole) finish(ctx context.Context, s *Store) error {
	if len(w.last) == 0 {
		return nil
	}
	return s.Tx(ctx, func(ctx context.Context, db *ent.Client) error {
		for _, f := range w.last {
			if err := f(ctx, db); err != nil {
				return err
			}
		}
		return nil
	})
}

// end keeps the connection from being used any more, and tells what has failed. It
// waits for whoever has the connection, a goroutine that fn left behind, for as long
// as ctx lasts: after that nothing can be committed, and rolling back ends what the
// goroutine does with the connection, so the writer is not held by it.
func (w *whole) end(ctx context.Context) error {
	select {
	case <-w.turn:
		defer w.give()
	case <-ctx.Done():
		w.fail(ctx.Err())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	failed := w.failed
	if failed == nil {
		w.failed = errEnded
	}
	return failed
}

// take waits for the connection.
func (w *whole) take(ctx context.Context) error {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		w.give()
	}
	return w.failed
}

func (w *whole) give() { w.turn <- struct{}{} }

// fail notes that the transaction cannot go on.
func (w *whole) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	if isRetryable(w.failed) {
		w.again()
	}
}

// run runs a statement that answers no rows.
func (w *whole) run(ctx context.Context, statement func() error) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.give()
	err := statement()
	if err != nil {
		w.fail(err)
	}
	return err
}

// query is dialect.Driver's Query. The connection is given back with the rows.
func (w *whole) query(ctx context.Context, query string, args, into any) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	if err := w.conn.Query(ctx, query, args, into); err != nil {
		w.fail(err)
		w.give()
		return err
	}
	rows := into.(*entsql.Rows) // or it would have failed
	rows.ColumnScanner = &turn{ColumnScanner: rows.ColumnScanner, whole: w}
	return nil
}

// turn is rows during which nobody else uses the connection.
type turn struct {
	entsql.ColumnScanner
	whole *whole
	once  sync.Once
}

// Close ends the turn.
func (t *turn) Close() error {
	err := t.ColumnScanner.Close()
	t.once.Do(func() {
		if failed := errors.Join(t.Err(), err); failed != nil {
			t.whole.fail(failed)
		}
		t.whole.give()
	})
	return err
}

// savepoint is a Tx inside.
type savepoint struct {
	counting
	whole *whole
	done  bool
}

func (w *whole) savepoint(ctx context.Context) (dialect.Tx, error) {
	if err := w.take(ctx); err != nil {
		return nil, err
	}
	if _, err := w.tx.ExecContext(ctx, "SAVEPOINT part"); err != nil {
		w.fail(err)
		w.give()
		return nil, err
	}
	return &savepoint{counting: w.conn, whole: w}, nil
}

// Commit implements dialect.Tx.
func (p *savepoint) Commit() error { return p.finish("RELEASE SAVEPOINT part") }

// Rollback implements dialect.Tx.
func (p *savepoint) Rollback() error {
	return p.finish("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part")
}

func (p *savepoint) finish(statements string) error {
	if p.done {
		return sql.ErrTxDone
	}
	p.done = true
	defer p.whole.give()
	// When it cannot be had, the database has rolled more back than the part, or
	// the connection is gone.
	_, err := p.whole.tx.ExecContext(context.Background(), statements)
	if err != nil {
		p.whole.fail(err)
	}
	return err
}

// BeforeCommit runs fn as one of the last things of the transaction that ctx is
// in, with its client: now, since Tx has come to its end where it is called, or
// at the end of Whole. It is for what locks rows that others need.
func (s *Store) BeforeCommit(ctx context.Context, db *ent.Client, fn func(context.Context, *ent.Client) error) error {
	w := s.wholeOf(ctx)
	if w == nil {
		return fn(ctx, db)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = append(w.last, fn)
	return nil
}

// AfterCommit runs fn once all that was done in ctx so far is there for others to
// see: now, or after the commit of Whole. If that is rolled back, fn never runs. It
// is called outside of Tx, and fn uses the context that it is given.
func (s *Store) AfterCommit(ctx context.Context, fn func(context.Context)) {
	w := s.wholeOf(ctx)
	if w == nil {
		fn(ctx)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.after = append(w.after, fn)
}

// InWhole tells whether ctx is in a Whole, and so whether what has been done may
// yet be undone after a Tx has returned.
func (s *Store) InWhole(ctx context.Context) bool { return s.wholeOf(ctx) != nil }
