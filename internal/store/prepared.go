package store

import (
	"container/list"
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"hash/maphash"
	"strings"
	"sync/atomic"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// preparing makes connections that keep the statements prepared that come again. So
// Postgres neither parses nor plans them again, and they take one round trip, not
// two. A connection has its own, as Postgres wants it: nothing is shared, or locked,
// and a transaction has what its connection has.
type preparing struct {
	sqldriver.Connector
	limit    int  // how many a connection keeps
	postgres bool // or else SQLite
	seed     maphash.Seed
	// off is set once a pooler is met that gives each transaction another connection.
	off atomic.Bool
}

// prepared is a connector whose connections keep as many statements as opts say.
func prepared(to sqldriver.Connector, opts Options, postgres bool) sqldriver.Connector {
	limit := opts.PreparedStatements
	if limit == 0 {
		limit = 200
	}
	if limit < 0 {
		return to
	}
	return &preparing{Connector: to, limit: limit, postgres: postgres, seed: maphash.MakeSeed()}
}

// Connect implements driver.Connector.
func (p *preparing) Connect(ctx context.Context) (sqldriver.Conn, error) {
	made, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{
		plain: made.(plain), to: p, kept: map[string]*list.Element{}, order: list.New(),
		once: map[uint64]bool{}, queue: make([]uint64, p.limit),
	}, nil
}

// plain is what the connections of both drivers are.
type plain interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ConnPrepareContext
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.Pinger
	sqldriver.SessionResetter
	sqldriver.Validator
}

// connection is used by one goroutine at a time, as database/sql sees to.
type connection struct {
	plain
	to *preparing

	kept  map[string]*list.Element // of *statement, by text
	order *list.List               // of the same, the last one used first
	// once are the hashes of texts that have come once, the oldest of which gives way:
	// those that never come again cost no statement that does.
	once  map[uint64]bool
	queue []uint64
	next  int

	open   int             // rows that are not closed yet
	inTx   bool            // a transaction runs,
	txDone <-chan struct{} // and ends with this
	unsure bool            // a word to cancel a statement may still be on its way
}

// statement is a prepared one.
type statement struct {
	query string
	sqldriver.Stmt
}

// maxPrepared bounds the texts that are prepared, in bytes: those of bulk writes are
// as long as they have rows, and each is another.
const maxPrepared = 16 << 10

// unprepared begins the statements that PlanEachTime marks.
const unprepared = "/* planned each time */ "

// PlanEachTime keeps a query from being prepared. It is for one whose best plan is
// another for other arguments, such as the word that a search is for: Postgres may
// make one plan for all arguments of a prepared statement, for the average of them.
func PlanEachTime(s *entsql.Selector) {
	if s.Dialect() == dialect.Postgres {
		s.Prefix(entsql.Raw(unprepared))
	}
}

var errOpenRows = errors.New("store: a connection to Postgres runs nothing until its rows are closed")

// statement is the prepared one for a text, or nil if it is to be run plainly: what
// has no arguments takes one round trip in any case, and may be several statements.
func (c *connection) statement(ctx context.Context, query string, args []sqldriver.NamedValue) (*statement, error) {
	switch {
	case c.unsure:
		return nil, sqldriver.ErrBadConn
	case c.open > 0 && c.to.postgres:
		return nil, errOpenRows
	case len(args) == 0, len(query) > maxPrepared, strings.HasPrefix(query, unprepared), c.to.off.Load(), c.open > 0: // perhaps rows of the same statement
		return nil, nil //nolint:nilnil // there is none
	}
	if found, ok := c.kept[query]; ok {
		c.order.MoveToFront(found)
		return found.Value.(*statement), nil
	}
	if !c.again(query) {
		return nil, nil //nolint:nilnil // there is none
	}
	return c.prepare(ctx, query)
}

// again tells whether a text has come before, and remembers that it has come.
func (c *connection) again(query string) bool {
	hash := maphash.String(c.to.seed, query)
	if c.once[hash] {
		return true
	}
	delete(c.once, c.queue[c.next])
	c.queue[c.next] = hash
	c.next = (c.next + 1) % len(c.queue)
	c.once[hash] = true
	return false
}

func (c *connection) prepare(ctx context.Context, query string) (*statement, error) {
	if c.order.Len() >= c.to.limit {
		if err := c.drop(c.order.Back().Value.(*statement)); err != nil {
			return nil, err
		}
	}
	made, err := c.PrepareContext(ctx, query)
	if c.failed(nil, err) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	s := &statement{query, made}
	c.kept[query] = c.order.PushFront(s)
	return s, nil
}

// drop forgets a statement.
func (c *connection) drop(s *statement) error {
	found, ok := c.kept[s.query]
	if !ok {
		return nil
	}
	c.order.Remove(found)
	delete(c.kept, s.query)
	return s.Close()
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	s, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if s != nil {
		rows, err := s.Stmt.(sqldriver.StmtQueryContext).QueryContext(c.watched(ctx), args)
		if !c.failed(s, err) {
			return c.opened(ctx, rows, err)
		}
	}
	rows, err := c.plain.QueryContext(ctx, query, args)
	return c.opened(context.Background(), rows, err) // lib/pq sees to the end of ctx
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	s, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if s != nil {
		result, err := s.Stmt.(sqldriver.StmtExecContext).ExecContext(c.watched(ctx), args)
		if !c.failed(s, err) {
			c.ran(ctx)
			return result, err
		}
	}
	return c.plain.ExecContext(ctx, query, args)
}

// watched is the context for a prepared statement. Lib/pq has a goroutine wait for
// the end of each, which there is no need of where one waits for the same end on
// behalf of the transaction.
func (c *connection) watched(ctx context.Context) context.Context {
	if c.inTx && c.to.postgres && ctx.Done() == c.txDone {
		return context.Background()
	}
	return ctx
}

// ran notes that a prepared statement has ended. If its context has, too, Postgres
// has been told to cancel it, and may take that for the next one: lib/pq gives up a
// connection for that reason after plain statements alone.
func (c *connection) ran(ctx context.Context) {
	if c.to.postgres && ctx.Err() != nil {
		c.unsure = true
	}
}

// IsValid implements driver.Validator.
func (c *connection) IsValid() bool { return !c.unsure && c.plain.IsValid() }

// failed tells whether a statement has not run because it was prepared, and may run
// plainly. S is nil if that failed already. In a transaction of Postgres nothing runs
// any more; Tx runs it all again.
func (c *connection) failed(s *statement, err error) bool {
	if err == nil {
		return false
	}
	pg, ok := errors.AsType[*pq.Error](err)
	if !ok {
		return false
	}
	stale := isStale(pg)
	if stale && pg.Code != pqerror.FeatureNotSupported {
		c.to.off.Store(true)
	}
	// A type may have changed that the statement was prepared for: the next time,
	// it is prepared afresh.
	if s != nil && (stale || pg.Code.Class() == pqerror.ClassSyntaxErrorOrAccessRuleViolation) {
		_ = c.drop(s) // if it cannot be, it is gone already
	}
	return stale && !c.inTx
}

// isStale tells whether Postgres has refused a statement because it was prepared: it
// answers other columns by now, or a pooler has passed it to another connection, where
// it is not known, or its name is.
func isStale(err *pq.Error) bool {
	return err.Code == pqerror.FeatureNotSupported && err.Routine == "RevalidateCachedQuery" ||
		err.Code == pqerror.InvalidSQLStatementName || err.Code == pqerror.DuplicatePstatement
}

// BeginTx implements driver.ConnBeginTx.
func (c *connection) BeginTx(ctx context.Context, opts sqldriver.TxOptions) (sqldriver.Tx, error) {
	tx, err := c.plain.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	c.inTx, c.txDone = true, ctx.Done()
	return ending{tx, c}, nil
}

// ending ends a transaction.
type ending struct {
	sqldriver.Tx
	on *connection
}

// Commit implements driver.Tx.
func (e ending) Commit() error {
	e.on.inTx = false
	return e.Tx.Commit()
}

// Rollback implements driver.Tx.
func (e ending) Rollback() error {
	e.on.inTx = false
	return e.Tx.Rollback()
}

// CheckNamedValue implements driver.NamedValueChecker.
func (c *connection) CheckNamedValue(value *sqldriver.NamedValue) error {
	if checker, ok := c.plain.(sqldriver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return sqldriver.ErrSkip
}

// Close implements driver.Conn. A session of Postgres takes its statements with it.
func (c *connection) Close() error {
	var err error
	for c.order.Len() > 0 && !c.to.postgres {
		err = errors.Join(err, c.drop(c.order.Front().Value.(*statement)))
	}
	return errors.Join(err, c.plain.Close())
}

// openRows are rows that keep others from running on a connection.
type openRows struct {
	sqldriver.Rows
	on  *connection
	ctx context.Context // see ran
}

func (c *connection) opened(ctx context.Context, rows sqldriver.Rows, err error) (sqldriver.Rows, error) {
	if err != nil {
		c.ran(ctx)
		return nil, err
	}
	c.open++
	return &openRows{rows, c, ctx}, nil
}

// Close implements driver.Rows.
func (r *openRows) Close() error {
	err := r.Rows.Close()
	r.on.open--
	r.on.ran(r.ctx)
	return err
}
