package main

import (
	"context"
	"errors"
	"strings"

	"dealflow/internal/store"
)

// databaseFlags say where the data is.
type databaseFlags struct {
	Database   string `group:"Database:" default:"sqlite:dealflow.db" placeholder:"URL" help:"Where the data is: sqlite:FILE for the embedded database, or postgres://USER:PASSWORD@HOST/NAME. Default: ${default}"`
	DBMaxConns int    `group:"Database:" name:"db-max-conns" default:"0" placeholder:"N" help:"The most connections to the database. Default: 20 to Postgres, 8 that read the embedded database."`
}

// file is the path of the embedded database; false for any other.
func (f databaseFlags) file() (string, bool) { return strings.CutPrefix(f.Database, "sqlite:") }

// connect opens the database, whatever its schema.
func (f databaseFlags) connect(ctx context.Context, opts store.Options) (*store.Store, error) {
	opts.MaxOpenConns = f.DBMaxConns
	return store.Open(ctx, f.Database, opts)
}

// open opens the database with a schema that this program can use. The embedded
// database gets it on the way, for nobody else has a say in it; others get it
// only if migrate says so.
func (f databaseFlags) open(ctx context.Context, opts store.Options, migrate bool) (*store.Store, error) {
	s, err := f.connect(ctx, opts)
	if err != nil {
		return nil, err
	}
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
