package testdb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "modernc.org/sqlite"
)

const asNeighbour = "TESTDB_AS_NEIGHBOUR"

func TestEach(t *testing.T) {
	var kinds []string
	Each(t, func(t *testing.T, url string) {
		kind, _, _ := strings.Cut(url, ":")
		kinds = append(kinds, kind)
		if !strings.HasSuffix(t.Name(), "/"+kind) {
			t.Errorf("%s runs on %s", t.Name(), url)
		}
		mustExec(t, url, "CREATE TABLE deals (title text)", "INSERT INTO deals VALUES ('roof')")
		if n := scan[int](t, url, "SELECT count(*) FROM deals"); n != 1 {
			t.Errorf("%d rows, want the one of this test", n)
		}
	})
	if got := strings.Join(kinds, " "); got != "sqlite postgres" {
		t.Errorf("ran on %q", got)
	}
}

func TestDatabasesAreTheTestsOwn(t *testing.T) {
	var first string
	for range 2 {
		Each(t, func(t *testing.T, url string) {
			if url == first {
				t.Error("the same database twice")
			}
			first = url
			mustExec(t, url, "CREATE TABLE deals (title text)") // fails where there is one
		})
	}
}

func TestPostgresDropsTheDatabase(t *testing.T) {
	var url string
	var leftOpen *sql.DB
	t.Run("a test that leaves a connection open", func(t *testing.T) {
		url = Postgres(t)
		db, err := connect(url)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		leftOpen = db
	})
	defer leftOpen.Close()
	if err := open(t, url).PingContext(t.Context()); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("err = %v, want that the database does not exist", err)
	}
}

func TestEachFrom(t *testing.T) {
	var prepared atomic.Int32
	key := rand.Text()
	prepare := func(url string) error {
		prepared.Add(1)
		return execAll(url, "CREATE TABLE deals (title text)", "INSERT INTO deals VALUES ('roof')")
	}
	for range 2 {
		EachFrom(t, key, prepare, func(t *testing.T, url string) {
			mustExec(t, url, "INSERT INTO deals VALUES ('wall')")
			if n := scan[int](t, url, "SELECT count(*) FROM deals"); n != 2 {
				t.Errorf("%d rows, want the template's and this test's", n)
			}
		})
	}
	if n := prepared.Load(); n != 2 {
		t.Errorf("prepared %d times, want once for each kind of database", n)
	}
}

func TestFromPreparesOnceForParallelTests(t *testing.T) {
	for kind, from := range kinds() {
		t.Run(kind, func(t *testing.T) {
			var prepared atomic.Int32
			key := rand.Text()
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					from(t, key, func(url string) error {
						prepared.Add(1)
						return execAll(url, "CREATE TABLE deals (title text)")
					})
				})
			}
			wg.Wait()
			if n := prepared.Load(); n != 1 {
				t.Errorf("prepared %d times", n)
			}
		})
	}
}

func TestPostgresFromCopiesWhilePrepareHoldsAConnection(t *testing.T) {
	var held *sql.DB
	url := PostgresFrom(t, rand.Text(), func(url string) error {
		held = open(t, url)
		_, err := held.ExecContext(t.Context(), "CREATE TABLE deals (title text)")
		return err
	})
	if n := scan[int](t, url, "SELECT count(*) FROM deals"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestSQLiteFromRefusesALogLeftBehind(t *testing.T) {
	_, err := prepareSQLite(func(url string) error {
		db := open(t, url)
		if _, err := db.ExecContext(t.Context(), "PRAGMA journal_mode = WAL"); err != nil {
			return err
		}
		_, err := db.ExecContext(t.Context(), "CREATE TABLE deals (title text)")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "left a connection open") {
		t.Errorf("err = %v", err)
	}
}

func TestTemplateIsWholeOrAbsent(t *testing.T) {
	s := mustServer(t)
	key := rand.Text()
	broken := errors.New("bad migration")
	_, err := s.template(key, func(url string) error {
		if err := execAll(url, "CREATE TABLE half (done text)"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("err = %v, want %v", err, broken)
	}
	// The next one finds nothing of it.
	url := PostgresFrom(t, key, func(url string) error { return execAll(url, "CREATE TABLE half (done text)") })
	if n := scan[int](t, url, "SELECT count(*) FROM half"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestTemplateIsSharedByProcesses(t *testing.T) {
	log := Postgres(t)
	mustExec(t, log, "CREATE TABLE prepared (pid int)")
	var wg sync.WaitGroup
	key := rand.Text()
	for range 3 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), asNeighbour+"="+key, Env+"="+mustServer(t).admin.String(), "TESTDB_LOG="+log)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	if n := scan[int](t, log, "SELECT count(*) FROM prepared"); n != 1 {
		t.Errorf("prepared %d times by three processes", n)
	}
}

// neighbour wants a template that other processes want as well.
func neighbour() {
	s, err := findServer(os.Getenv(Env))
	if err == nil {
		_, err = s.template(os.Getenv(asNeighbour), func(string) error {
			return execAll(os.Getenv("TESTDB_LOG"), fmt.Sprintf("INSERT INTO prepared VALUES (%d)", os.Getpid()))
		})
	}
	if err != nil {
		panic(err)
	}
}

// kinds is how to copy a prepared database, by the kind of database.
func kinds() map[string]func(tb testing.TB, key string, prepare func(url string) error) string {
	return map[string]func(tb testing.TB, key string, prepare func(url string) error) string{
		"sqlite": SQLiteFrom, "postgres": PostgresFrom,
	}
}

func connect(url string) (*sql.DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", path)
	}
	return sql.Open("postgres", url)
}

func mustExec(tb testing.TB, url string, queries ...string) {
	tb.Helper()
	if err := execAll(url, queries...); err != nil {
		tb.Fatal(err)
	}
}

func execAll(url string, queries ...string) (err error) {
	db, err := connect(url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, query := range queries {
		if _, err := db.ExecContext(context.Background(), query); err != nil {
			return fmt.Errorf("%s: %w", query, err)
		}
	}
	return nil
}
