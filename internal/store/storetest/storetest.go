// Package storetest gives tests stores with a migrated, empty database of each
// kind. The first of a kind is migrated, the others are copies of it.
package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/auth"
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

// Two returns two stores over one database of Postgres, as two servers have.
func Two(tb testing.TB) (one, other *store.Store) {
	tb.Helper()
	url := testdb.PostgresFrom(tb, key(tb), migrate)
	return Open(tb, url), Open(tb, url)
}

// Crowd runs functions of Grouped at once, in one group on a Postgres store that is
// Patient, and answers once all of them have. Waiting is called when they wait.
func Crowd(tb testing.TB, s *store.Store, waiting func(), all ...func()) {
	tb.Helper()
	release := make(chan struct{})
	var others sync.WaitGroup
	for range 2 { // who keep them waiting
		begun := make(chan struct{})
		begin := sync.OnceFunc(func() { close(begun) }) // Tx may run it twice
		ctx := auth.WithViewer(tb.Context(), auth.Viewer{OrganizationID: uuid.New()})
		others.Go(func() {
			err := s.Grouped(ctx, nil, func(context.Context, *ent.Client) error {
				begin()
				if s.Dialect == dialect.Postgres { // or nobody else could write
					<-release
				}
				return nil
			})
			if err != nil {
				begin()
				tb.Errorf("storetest: %v", err)
			}
		})
		<-begun
	}
	for _, one := range all {
		others.Go(one)
	}
	// A poll, for nothing else tells that they wait. It decides nothing but when to go on.
	limit := time.Now().Add(time.Minute)
	for s.Dialect == dialect.Postgres && s.GroupedWaiting() < len(all) {
		if time.Now().After(limit) {
			tb.Errorf("storetest: %d wait, not %d", s.GroupedWaiting(), len(all))
			break
		}
		time.Sleep(time.Millisecond)
	}
	waiting()
	close(release)
	others.Wait()
}

// Patient is Postgres, with a store whose groups begin when those before them are over,
// however long that takes.
func Patient(tb testing.TB) *store.Store {
	tb.Helper()
	return open(tb, testdb.PostgresFrom(tb, key(tb), migrate), store.Options{Patience: time.Hour})
}

// Open opens the database that a URL names, as it is, until the test ends.
func Open(tb testing.TB, url string) *store.Store {
	tb.Helper()
	return open(tb, url, store.Options{})
}

func open(tb testing.TB, url string, opts store.Options) *store.Store {
	tb.Helper()
	s, err := store.Open(tb.Context(), url, opts)
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
