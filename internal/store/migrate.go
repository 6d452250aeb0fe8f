package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations is the SQL that Migrate runs, in a folder for each database. Its
// files are goose's, written by internal/store/newmigration and finished by
// hand; one that was released never changes. There is no way down: to undo one,
// write the next, or restore a backup.
//
//go:embed migrations/*/*.sql
var Migrations embed.FS

// ErrSchemaOld says that migrations wait to be run.
var ErrSchemaOld = errors.New("the database's schema is older than this program: run `dealflow migrate up`")

// Migration is one step from an empty database to the schema of this program.
type Migration struct {
	Version   int64
	Name      string
	Pending   bool
	AppliedAt time.Time // zero while it is pending
}

// Migrate brings the schema up to date, each migration in a transaction of its
// own. On Postgres several programs may do so at once: one works, the others
// wait for it.
func (s *Store) Migrate(ctx context.Context) error {
	if s.Dialect == dialect.SQLite {
		return s.migrateSQLite(ctx)
	}
	// Asking every second, for as long as a long migration may take.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 3600))
	if err != nil {
		return err
	}
	return s.migrate(ctx, s.writer, goose.WithSessionLocker(locker))
}

// migrateSQLite migrates over a connection of its own, on which foreign keys are
// not enforced. Most changes to a table mean a copy of it there, and dropping
// the original would take the rows that refer to it along:
// https://www.sqlite.org/lang_altertable.html#otheralter
func (s *Store) migrateSQLite(ctx context.Context) (err error) {
	db, err := openFile(ctx, s.path, 1, "foreign_keys(0)", Options{PreparedStatements: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := s.migrate(ctx, db); err != nil {
		return err
	}
	return checkForeignKeys(ctx, db)
}

// checkForeignKeys tells of a row that a migration has left pointing nowhere.
func checkForeignKeys(ctx context.Context, db *sql.DB) error {
	var table, parent string
	const query = `SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1`
	err := db.QueryRowContext(ctx, query).Scan(&table, &parent)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("a row of the table %s refers to one that is missing from %s", table, parent)
	}
	return fmt.Errorf("checking the migrated database: %w", err)
}

func (s *Store) migrate(ctx context.Context, db *sql.DB, opts ...goose.ProviderOption) error {
	provider, err := s.provider(db, opts...)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

// folders hold the migrations of each dialect.
var folders = map[string]string{
	dialect.SQLite:   "migrations/sqlite",
	dialect.Postgres: "migrations/postgres",
}

// provider is goose, which calls the dialects as ent does.
func (s *Store) provider(db *sql.DB, opts ...goose.ProviderOption) (*goose.Provider, error) {
	files, err := fs.Sub(Migrations, folders[s.Dialect])
	if err != nil {
		return nil, err
	}
	opts = append(opts, goose.WithDisableGlobalRegistry(true))
	return goose.NewProvider(goose.Dialect(s.Dialect), db, files, opts...)
}

// Status lists the migrations that this program knows, the oldest first.
func (s *Store) Status(ctx context.Context) ([]Migration, error) {
	provider, err := s.provider(s.writer)
	if err != nil {
		return nil, err
	}
	states, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading which migrations have run: %w", err)
	}
	list := make([]Migration, len(states))
	for i, state := range states {
		list[i] = Migration{
			Version:   state.Source.Version,
			Name:      migrationName(state.Source.Path),
			Pending:   state.State == goose.StatePending,
			AppliedAt: state.AppliedAt,
		}
	}
	return list, nil
}

// migrationName is "first" of "0001_first.sql".
func migrationName(file string) string {
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	return name
}

// Pending is how many migrations wait to be run.
func (s *Store) Pending(ctx context.Context) (int, error) {
	list, err := s.Status(ctx)
	count := 0
	for _, m := range list {
		if m.Pending {
			count++
		}
	}
	return count, err
}

// CheckSchema returns ErrSchemaOld when the database is not ready for this program.
func (s *Store) CheckSchema(ctx context.Context) error {
	count, err := s.Pending(ctx)
	if err == nil && count > 0 {
		err = fmt.Errorf("%w (%d to run)", ErrSchemaOld, count)
	}
	return err
}
