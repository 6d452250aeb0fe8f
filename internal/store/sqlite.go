package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"entgo.io/ent/dialect"
	"modernc.org/sqlite"
)

// openSQLite opens a file twice: for many readers, and for the one writer that
// SQLite allows. Readers see the last commit and never wait for the writer.
// Writers wait for each other in Go, where a wait ends with its context and at
// once, instead of polling the file's lock.
func openSQLite(ctx context.Context, path string, opts Options) (*Store, error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	prepare := makeFile
	if opts.Existing {
		prepare = findFile
	}
	if err := prepare(path); err != nil {
		return nil, err
	}
	// The writer goes first: it sets up the file.
	writer, err := openFile(ctx, path, 1, "foreign_keys(1)", opts)
	if err != nil {
		return nil, err
	}
	// query_only makes a write that strays here fail, instead of competing for
	// the file with the writer.
	readers, err := openFile(ctx, path, cmp.Or(opts.MaxOpenConns, 8), "query_only(1)", opts)
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	return &Store{Dialect: dialect.SQLite, path: path, readers: readers, writer: writer}, nil
}

// checkPath refuses what would not be the database that was meant.
func checkPath(path string) error {
	switch {
	case path == "", strings.HasPrefix(path, "//"):
		return errors.New("the database URL of a SQLite file is sqlite: and the file's path, " +
			"such as sqlite:dealflow.db or sqlite:/var/lib/dealflow.db")
	case strings.HasPrefix(path, ":memory:"):
		return errors.New("sqlite::memory: would be another database for each connection: " +
			"name a file, such as sqlite:/tmp/dealflow.db")
	case strings.Contains(path, "?"):
		return errors.New("the database URL of a SQLite file takes no parameters: remove the ? and what follows")
	}
	return nil
}

// findFile makes sure that there is a file.
func findFile(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w at %s", ErrNoDatabase, path)
	}
	return err
}

// makeFile makes an empty file, its owner's alone, unless there is a file
// already: SQLite itself would let the umask say who reads it. What SQLite puts
// beside the file gets the file's mode.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s to hold the SQLite file: make it first", dir)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("making the SQLite file: %w", err)
	}
	return file.Close()
}

// openFile opens a pool of connections to a file, each under a pragma.
func openFile(ctx context.Context, path string, limit int, pragma string, opts Options) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(sqliteDSN(path, pragma))
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(prepared(connector, opts, false))
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(limit)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the SQLite file %s: %w", path, err), db.Close())
	}
	return db, nil
}

// sqliteDSN is how modernc.org/sqlite is told to open a file.
func sqliteDSN(path, pragma string) string {
	query := url.Values{
		"_pragma": {
			// Other processes may write too, such as an import beside a server.
			"busy_timeout(5000)",
			"journal_mode(WAL)",
			// Safe with WAL: a crash of the machine may lose the last commits,
			// never the file.
			"synchronous(NORMAL)",
			pragma,
		},
		// A transaction that reads before it writes would fail, not wait, if
		// another process wrote in between; so it takes the lock at the start.
		"_txlock": {"immediate"},
		// Times are compared as text, which is right while all are in one zone
		// and of one form.
		"_time_format": {"sqlite"},
		"_timezone":    {"UTC"},
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
}
