// Package process is what measurements stand on: throwaway databases, servers that
// are processes of their own, and what those take of the machine.
package process

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/lib/pq" // the driver

	"dealflow/internal/testdb"
)

// Database makes an empty database of a kind, sqlite or postgres, and returns its
// URL and how to drop it.
func Database(ctx context.Context, kind, dir string) (address string, drop func() error, err error) {
	switch kind {
	case "sqlite":
		return "sqlite:" + filepath.Join(dir, "dealflow.db"), func() error { return nil }, nil
	case "postgres":
	default:
		return "", nil, fmt.Errorf("-database is sqlite or postgres, not %q", kind)
	}
	admin, err := url.Parse(os.Getenv(testdb.Env))
	if err != nil || admin.Host == "" && admin.RawQuery == "" {
		return "", nil, errors.New(testdb.Env + " names no Postgres server: run it with make")
	}
	db, err := sql.Open("postgres", admin.String())
	if err != nil {
		return "", nil, err
	}
	name := "bench_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, errors.Join(err, db.Close())
	}
	drop = func() error {
		// Whoever has interrupted the measurement wants it dropped all the same.
		_, err := db.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, db.Close())
	}
	admin.Path = "/" + name
	return admin.String(), drop, nil
}
