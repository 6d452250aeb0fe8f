// Package store turns a database URL into an ent client that keeps two
// promises: no statement leaves the viewer's organization (tenant.go), and
// SQLite and Postgres behave alike as far as callers can tell.
//
// A URL is one of
//
//	sqlite:dealflow.db                  a file, made when it is not there
//	sqlite:/var/lib/dealflow.db
//	postgres://user:password@host/name  or postgresql://
//
// A Postgres URL may carry any parameter of lib/pq. Without an sslmode the
// connection must be encrypted, which is lib/pq's default and stays ours: a
// server that speaks no TLS needs ?sslmode=disable.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
)

// Options tunes a Store. The zero value is right for most.
type Options struct {
	// MaxOpenConns bounds the connections to Postgres, or those that read a
	// SQLite file, to which one that writes is added. Zero stands for 20 and 8.
	MaxOpenConns int

	// PreparedStatements bounds how many statements each connection keeps prepared.
	// Zero stands for 200, and less for none, as poolers need that know nothing of them.
	PreparedStatements int

	// Patience is how long a function of Grouped that is on its own keeps others waiting,
	// who then share their statements. Zero stands for 20 milliseconds: longer than a change
	// takes, unless it waits for a lock.
	Patience time.Duration

	// Existing refuses to make a SQLite file: Open answers ErrNoDatabase where
	// there is none.
	Existing bool

	// Observe, when set, hears of every statement once it has run, or, when it
	// returns rows, once the first of them is there. It must be quick, and safe
	// to call from several goroutines.
	Observe func(ctx context.Context, query string, took time.Duration, err error)
}

// ErrNoDatabase says that there is no SQLite file, and that none was to be made.
var ErrNoDatabase = errors.New("there is no database")

// ErrBusy says that no connection became free in time.
var ErrBusy = errors.New("all connections to the database are busy")

// Store is an open database.
type Store struct {
	// Client reads and writes the database within the organization of the
	// context's viewer. Changes that belong together go through Tx.
	Client *ent.Client

	// Dialect is dialect.SQLite or dialect.Postgres, of entgo.io/ent/dialect.
	Dialect string

	path    string // of the SQLite file
	dsn     string // of Postgres
	readers *sql.DB
	writer  *sql.DB // the same as readers on Postgres
	driver  *driver
	groups  groups
}

// Open opens the database that a URL names and makes sure that it answers. Its
// schema may be missing or old: see Migrate and CheckSchema. What is wrong with
// a URL is told without repeating the URL, which may hold a password.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	s, err := open(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	s.driver = newDriver(s, opts)
	s.Client = ent.NewClient(ent.Driver(s.driver))
	confine(s.Client)
	s.groups = groups{client: ent.NewClient(ent.Driver(alone{s.driver})), patience: cmp.Or(opts.Patience, 20*time.Millisecond), taken: map[uuid.UUID]bool{}}
	return s, nil
}

func open(ctx context.Context, url string, opts Options) (*Store, error) {
	switch scheme, rest, _ := strings.Cut(url, ":"); scheme {
	case "sqlite":
		return openSQLite(ctx, rest, opts)
	case "postgres", "postgresql":
		return openPostgres(ctx, url, opts)
	default:
		return nil, errors.New("the database URL must begin with sqlite: or postgres://, " +
			"as in sqlite:dealflow.db or postgres://user:password@host/dealflow")
	}
}

// Close ends every connection, once the statements that run have ended.
func (s *Store) Close() error { return s.Client.Close() }

// Ping reports whether the database answers: ErrBusy when ctx ends while all
// connections are in use.
func (s *Store) Ping(ctx context.Context) error {
	err := s.readers.PingContext(ctx)
	stats := s.readers.Stats()
	if errors.Is(err, context.DeadlineExceeded) && stats.InUse >= stats.MaxOpenConnections {
		return ErrBusy
	}
	return err
}

// Stats sums up the connections of the store.
func (s *Store) Stats() sql.DBStats {
	sum := s.readers.Stats()
	if s.writer == s.readers {
		return sum
	}
	w := s.writer.Stats()
	sum.MaxOpenConnections += w.MaxOpenConnections
	sum.OpenConnections += w.OpenConnections
	sum.InUse += w.InUse
	sum.Idle += w.Idle
	sum.WaitCount += w.WaitCount
	sum.WaitDuration += w.WaitDuration
	sum.MaxIdleClosed += w.MaxIdleClosed
	sum.MaxIdleTimeClosed += w.MaxIdleTimeClosed
	sum.MaxLifetimeClosed += w.MaxLifetimeClosed
	return sum
}
