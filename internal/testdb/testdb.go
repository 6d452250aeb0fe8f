// Package testdb gives tests real databases of both kinds: SQLite files and
// databases on a throwaway Postgres server.
//
// The server is the one that DEALFLOW_TEST_POSTGRES names, which the program
// withpostgres starts and sets for a whole run of `go test ./...`. Without it,
// the first test of a process that wants Postgres starts a server for that
// process alone, which ends and cleans up after itself when the process does:
// plain `go test` in any package works, two seconds slower. Where there is no
// Postgres to start, tests fail; they never skip.
package testdb

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
)

// Env names the environment variable with the URL of the database from which
// tests create their own.
const Env = "DEALFLOW_TEST_POSTGRES"

// patience bounds all that a test asks of the server here. It is long because
// a migration may run in it on a busy machine.
const patience = 2 * time.Minute

// Each runs a test on an empty database of each kind, as the subtests "sqlite"
// and "postgres".
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// EachFrom is Each on copies of a prepared database: see SQLiteFrom and
// PostgresFrom.
func EachFrom(t *testing.T, key string, prepare func(url string) error, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLiteFrom(t, key, prepare)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgresFrom(t, key, prepare)) })
}

// SQLite returns the URL of a database file that does not exist yet, in a
// directory that goes when the test ends.
func SQLite(tb testing.TB) string {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "test.db")
}

// SQLiteFrom returns the URL of a copy of the database that prepare makes.
// Prepare runs once for a key in a process, and must close what it opens.
func SQLiteFrom(tb testing.TB, key string, prepare func(url string) error) string {
	tb.Helper()
	content, err := sqliteTemplate(key, prepare)
	if err != nil {
		tb.Fatalf("testdb: preparing SQLite database %q: %v", key, err)
	}
	path := filepath.Join(tb.TempDir(), "test.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatalf("testdb: %v", err)
	}
	return "sqlite:" + path
}

// sqliteTemplates holds a func() ([]byte, error) for each key.
var sqliteTemplates sync.Map

// sqliteTemplate returns the prepared file's content, kept in memory so that
// no file outlives the process.
func sqliteTemplate(key string, prepare func(url string) error) ([]byte, error) {
	once, _ := sqliteTemplates.LoadOrStore(key, sync.OnceValues(func() ([]byte, error) {
		return prepareSQLite(prepare)
	}))
	return once.(func() ([]byte, error))()
}

func prepareSQLite(prepare func(url string) error) (content []byte, err error) {
	dir, err := os.MkdirTemp("", "dealflow-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "template.db")
	if err := prepare("sqlite:" + path); err != nil {
		return nil, err
	}
	// The last connection to close folds the log into the file; while there
	// is a log, the file alone is not the database.
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return nil, errors.New("prepare left a connection open")
	}
	return os.ReadFile(path)
}

// Postgres returns the URL of an empty database, dropped when the test ends
// whoever is still connected to it.
func Postgres(tb testing.TB) string {
	tb.Helper()
	s := mustServer(tb)
	return s.create(tb, "template1")
}

// PostgresFrom returns the URL of a copy of the database that prepare makes,
// dropped when the test ends. Prepare runs once for a key in the life of the
// server, however many processes share it, so the key must name all that the
// content depends on: on a server that outlives a run of the tests, that is a
// hash of the migrations.
func PostgresFrom(tb testing.TB, key string, prepare func(url string) error) string {
	tb.Helper()
	s := mustServer(tb)
	template, err := s.template(key, prepare)
	if err != nil {
		tb.Fatalf("testdb: preparing Postgres database %q: %v", key, err)
	}
	return s.create(tb, template)
}

// server is a Postgres server to create databases on.
type server struct{ admin *url.URL }

// own starts the cluster of this process, when it has to have one, and holds it
// to the end: nobody stops it.
var own = sync.OnceValues(func() (*Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return Start(ctx)
})

func mustServer(tb testing.TB) server {
	tb.Helper()
	s, err := findServer(os.Getenv(Env))
	if err != nil {
		tb.Fatalf("testdb: %v", err)
	}
	return s
}

func findServer(admin string) (server, error) {
	if admin == "" {
		cluster, err := own()
		if err != nil {
			return server{}, err
		}
		admin = cluster.URL("postgres")
	}
	u, err := url.Parse(admin)
	if err != nil {
		return server{}, fmt.Errorf("%s: %w", Env, err)
	}
	return server{admin: u}, nil
}

// url is the address of one of the server's databases.
func (s server) url(database string) string {
	u := *s.admin
	u.Path = "/" + database
	return u.String()
}

// create makes a database for the length of a test.
func (s server) create(tb testing.TB, template string) string {
	tb.Helper()
	name := "test_" + rand.Text()
	if err := s.exec("CREATE DATABASE " + pq.QuoteIdentifier(name) + " TEMPLATE " + pq.QuoteIdentifier(template)); err != nil {
		tb.Fatalf("testdb: creating a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.exec("DROP DATABASE IF EXISTS " + pq.QuoteIdentifier(name) + " WITH (FORCE)"); err != nil {
			tb.Errorf("testdb: dropping the test's database: %v", err)
		}
	})
	return s.url(name)
}

// exec runs one statement in the admin database.
func (s server) exec(query string) error {
	return s.withConn(func(ctx context.Context, conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, query)
		return err
	})
}

// withConn lends a connection to the admin database. It opens one each time:
// a pool kept in the background would look like a leak to tests that check
// for those.
func (s server) withConn(use func(ctx context.Context, conn *sql.Conn) error) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := sql.Open("postgres", s.admin.String())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return use(ctx, conn)
}

// template returns the name of the database prepared for a key, and prepares
// it first if nobody has.
func (s server) template(key string, prepare func(url string) error) (string, error) {
	sum := sha256.Sum256([]byte(key))
	name := fmt.Sprintf("template_%x", sum[:12])
	err := s.withConn(func(ctx context.Context, conn *sql.Conn) error {
		// One preparer at a time, in whichever process. The lock goes with
		// the connection, even if the process is killed.
		lock := int64(binary.BigEndian.Uint64(sum[:8]))
		if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
			return err
		}
		var done bool
		const exists = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
		if err := conn.QueryRowContext(ctx, exists, name).Scan(&done); err != nil || done {
			return err
		}
		return s.prepare(ctx, conn, name, prepare)
	})
	return name, err
}

// prepare makes a template database. It gets its name last, so that under its
// name it is always whole.
func (s server) prepare(ctx context.Context, conn *sql.Conn, name string, prepare func(url string) error) error {
	draft := name + "_draft"
	for _, query := range []string{
		"DROP DATABASE IF EXISTS " + draft + " WITH (FORCE)", // of a preparer who died
		"CREATE DATABASE " + draft,
	} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	if err := prepare(s.url(draft)); err != nil {
		_, dropErr := conn.ExecContext(ctx, "DROP DATABASE "+draft+" WITH (FORCE)")
		return errors.Join(err, dropErr)
	}
	// A database with anyone in it can be neither renamed nor copied, and a
	// closed connection takes the server a moment to forget.
	for _, query := range []string{
		"ALTER DATABASE " + draft + " ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" + draft + "'",
		"ALTER DATABASE " + draft + " RENAME TO " + name,
	} {
		if _, err := conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}
