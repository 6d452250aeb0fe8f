package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"dealflow/ent"
)

// attempts bounds how often Tx runs its function.
const attempts = 5

// txKey is where a context has that Tx runs a function in it, with what is known
// of the transaction.
type txKey struct{}

type txState struct {
	wrote  atomic.Bool
	member *member // of a group, which the function is, if any
}

// inTx tells whether ctx is that of a function that Tx runs.
func inTx(ctx context.Context) bool { return ctx.Value(txKey{}) != nil }

// Wrote tells whether the function of Tx that ctx is of has written anything yet,
// as far as its statements tell.
func Wrote(ctx context.Context) bool {
	state, ok := ctx.Value(txKey{}).(*txState)
	return ok && state.wrote.Load()
}

func noteWrite(ctx context.Context) {
	if state, ok := ctx.Value(txKey{}).(*txState); ok {
		state.wrote.Store(true)
	}
}

// Tx runs fn in a transaction, which is committed when fn returns nil and
// rolled back when it returns an error or panics. Fn uses nothing but the
// context and the client that it is given; the store's own client refuses that
// context. It passes on the errors of the database, for Postgres runs nothing
// more in a transaction with an error.
//
// When the database says that the transaction got in the way of another one,
// Tx runs fn again, a few times, or Whole does so with all that it runs. So fn must
// do nothing but read and write the database, and must not build on what an earlier
// run left in its variables.
// One thing else is done in a transaction: package sales deletes the files of
// photos in one that has locked them and writes nothing. It is the last thing
// there, and may be done twice, so that neither another run nor a lost commit
// makes a difference to it.
//
// On Postgres the isolation is READ COMMITTED: what must not change between
// reading and writing is read with Lock. On SQLite transactions run one by one.
func (s *Store) Tx(ctx context.Context, fn func(ctx context.Context, db *ent.Client) error) error {
	w := s.wholeOf(ctx)
	if w == nil {
		return again(ctx, func() error { return s.tryTx(ctx, fn) })
	}
	err := s.tryTx(ctx, fn)
	if isRetryable(err) {
		w.fail(err)
	}
	return err
}

// again runs a transaction, and runs it again a few times when the database says
// that another one was in the way.
func again(ctx context.Context, try func() error) error {
	for attempt := 1; ; attempt++ {
		err := try()
		if attempt == attempts || !isRetryable(err) || !pause(ctx, attempt) {
			return err
		}
	}
}

func (s *Store) tryTx(ctx context.Context, fn func(ctx context.Context, db *ent.Client) error) error {
	tx, err := s.Client.Tx(ctx)
	if err != nil {
		return err
	}
	// After a commit it does nothing; when it fails, the connection is gone and
	// the database rolls back by itself.
	defer func() { _ = tx.Rollback() }()
	if err := fn(context.WithValue(ctx, txKey{}, &txState{}), tx.Client()); err != nil {
		return err
	}
	return tx.Commit()
}

// pause waits a little, longer after each attempt, and reports whether ctx
// leaves time to try again.
func pause(ctx context.Context, attempt int) bool {
	// Random, so that those who collided do not meet again.
	wait := time.Duration(rand.Int64N(int64(5*time.Millisecond) << attempt))
	select {
	case <-time.After(wait):
		return true
	case <-ctx.Done():
		return false
	}
}

// isRetryable tells whether a transaction failed because of another one, or of a
// prepared statement, and so may succeed when it runs again.
func isRetryable(err error) bool {
	if pg, ok := errors.AsType[*pq.Error](err); ok {
		return pg.Code == pqerror.TRSerializationFailure || pg.Code == pqerror.TRDeadlockDetected || isStale(pg)
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		return lite.Code()&0xff == sqlite3.SQLITE_BUSY // the rest of the code says which kind
	}
	return false
}

// Lock makes a query lock the rows it finds until the transaction ends:
//
//	db.Stage.Query().Where(stage.ID(id)).Modify(store.Lock).Only(ctx)
//
// Others may still refer to the rows by foreign keys. On SQLite there is
// nothing to do, since transactions run one by one there.
func Lock(s *entsql.Selector) {
	if s.Dialect() == dialect.Postgres {
		s.SetDistinct(false).For("NO KEY UPDATE") // Postgres locks no DISTINCT rows
	}
}
