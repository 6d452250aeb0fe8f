// Package storetest gives tests stores with a migrated, empty database of each
// kind. The first of a kind is migrated, the others are copies of it.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"dealflow/internal/store"
	"dealflow/internal/testdb"
)

// Each runs a test on an empty store of each kind, as the subtests "sqlite" and
// "postgres".
func Each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite returns an empty store over a file, both gone when the test ends.
func SQLite(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, testdb.SQLiteFrom(tb, key(tb), migrate))
}

// Postgres returns an empty store over a database of its own, both gone when
// the test ends.
func Postgres(tb testing.TB) *store.Store {
	tb.Helper()
	return Open(tb, testdb.PostgresFrom(tb, key(tb), migrate))
}

// Open opens the database that a URL names, as it is, until the test ends.
func Open(tb testing.TB, url string) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), url, store.Options{})
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("storetest: %v", err)
		}
	})
	return s
}

// migrate makes the database that tests get copies of.
func migrate(url string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(s.Migrate(ctx), s.Close())
}

// key names the template: by all the migrations, since a Postgres server may
// outlive the change of one.
func key(tb testing.TB) string {
	tb.Helper()
	hash := sha256.New()
	err := fs.WalkDir(store.Migrations, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(store.Migrations, path)
		fmt.Fprintf(hash, "%s %d\n%s", path, len(content), content)
		return err
	})
	if err != nil {
		tb.Fatalf("storetest: %v", err)
	}
	return fmt.Sprintf("migrations %x", hash.Sum(nil))
}
