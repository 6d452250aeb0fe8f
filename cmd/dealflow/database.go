package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"dealflow/internal/store"
)

// databaseFlags say where the data is.
type databaseFlags struct {
	Database   string `group:"Database:" default:"sqlite:dealflow.db" placeholder:"URL" help:"Where the data is: sqlite:FILE for the embedded database, or postgres://USER:PASSWORD@HOST/NAME. Default: ${default}"`
	DBMaxConns int    `group:"Database:" name:"db-max-conns" default:"0" min:"0" max:"10000" placeholder:"N" help:"The most connections to the database. Default: 0, which is 20 to Postgres and 8 that read the embedded database."`

	PreparedStatements int `group:"Database:" default:"200" min:"0" max:"10000" placeholder:"N" help:"How many statements each connection keeps prepared; 0 for poolers that know of none, such as PgBouncer before 1.21. Default: ${default}"`
}

// file is the path of the embedded database; false for any other.
func (f databaseFlags) file() (string, bool) { return strings.CutPrefix(f.Database, "sqlite:") }

// connect opens the database, whatever its schema.
func (f databaseFlags) connect(ctx context.Context, opts store.Options) (*store.Store, error) {
	opts.MaxOpenConns = f.DBMaxConns
	opts.PreparedStatements = cmp.Or(f.PreparedStatements, -1)
	return store.Open(ctx, f.Database, opts)
}

// connectExisting is connect for commands that have nothing to do in a new
// database: a wrong path makes no file.
func (f databaseFlags) connectExisting(ctx context.Context) (*store.Store, error) {
	s, err := f.connect(ctx, store.Options{Existing: true})
	if errors.Is(err, store.ErrNoDatabase) {
		return nil, fmt.Errorf("%w: name another with --database (DEALFLOW_DATABASE), "+
			"or make this one with `dealflow serve` or `dealflow organization create`", err)
	}
	return s, err
}

// openExisting is open for such commands.
func (f databaseFlags) openExisting(ctx context.Context) (*store.Store, error) {
	s, err := f.connectExisting(ctx)
	if err != nil {
		return nil, err
	}
	return f.migrated(ctx, s, false)
}

// open opens the database with a schema that this program can use.
func (f databaseFlags) open(ctx context.Context, opts store.Options, migrate bool) (*store.Store, error) {
	s, err := f.connect(ctx, opts)
	if err != nil {
		return nil, err
	}
	return f.migrated(ctx, s, migrate)
}

// migrated sees to a database's schema, or closes it. The embedded database gets
// the schema that this program can use, for nobody else has a say in it; others
// get it only if migrate says so.
func (f databaseFlags) migrated(ctx context.Context, s *store.Store, migrate bool) (*store.Store, error) {
	var err error
	if _, embedded := f.file(); embedded || migrate {
		err = s.Migrate(ctx)
	} else {
		err = s.CheckSchema(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}
