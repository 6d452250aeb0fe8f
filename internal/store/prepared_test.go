package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"dealflow/ent"
	"dealflow/internal/store"
	"dealflow/internal/testdb"
)

// openOne opens a database through one connection, and fills a table with a row.
func openOne(t *testing.T, url string, opts store.Options) *store.Store {
	t.Helper()
	opts.MaxOpenConns = 1
	s, err := store.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	exec(t, s, "CREATE TABLE things (id BIGINT, name VARCHAR(9))")
	exec(t, s, "INSERT INTO things VALUES (1, 'one')")
	return s
}

// kept is the statements that the one connection to Postgres keeps prepared.
func kept(t *testing.T, s *store.Store) []string {
	t.Helper()
	return scanAll[string](t, s.Client, "SELECT statement FROM pg_prepared_statements")
}

// numbered is a statement with a text of its own.
func numbered(i int) string { return fmt.Sprintf("SELECT id + %d FROM things WHERE id = $1", i) }

func TestStatementsThatComeAgainArePrepared(t *testing.T) {
	s := openOne(t, testdb.Postgres(t), store.Options{})
	for i, want := range []int{0, 1, 1, 1} {
		if got := scan[int](t, s.Client, numbered(5), 1); got != 6 {
			t.Errorf("read %d, want 6", got)
		}
		if got := kept(t, s); len(got) != want || want > 0 && got[0] != numbered(5) {
			t.Errorf("after run %d: %q, want %d", i+1, got, want)
		}
	}
	for range 3 {
		exec(t, s, "UPDATE things SET name = $1", "uno")
		err := s.Tx(t.Context(), func(_ context.Context, db *ent.Client) error {
			if got := scan[string](t, db, "SELECT name FROM things WHERE id = $1", 1); got != "uno" {
				t.Errorf("read %q", got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if got := kept(t, s); len(got) != 3 {
		t.Errorf("with an UPDATE, and in Tx: %q", got)
	}
}

func TestPreparedStatementsAreBounded(t *testing.T) {
	s := openOne(t, testdb.Postgres(t), store.Options{PreparedStatements: 2})
	hot := numbered(100)
	for i := range 20 {
		for range 1 + i%3 { // most come again, and some do not
			scan[int](t, s.Client, numbered(i), 1)
		}
		if got := scan[int](t, s.Client, hot, 1); got != 101 {
			t.Errorf("read %d", got)
		}
		if got := kept(t, s); len(got) > 2 {
			t.Fatalf("keeps %q", got)
		}
	}
	for i := range 20 {
		scan[int](t, s.Client, numbered(200+i), 1) // once
	}
	if got := strings.Join(kept(t, s), "\n"); !strings.Contains(got, hot) {
		t.Errorf("keeps %q, and not what came again", got)
	}
}

// withoutPreparing are the ways to have no statement prepared.
var withoutPreparing = map[string]struct {
	parameter string
	opts      store.Options
}{
	"by the options": {"", store.Options{PreparedStatements: -1}},
	"by the URL":     {"&binary_parameters=yes", store.Options{}},
}

func TestNoPreparedStatements(t *testing.T) {
	for name, test := range withoutPreparing {
		t.Run(name, func(t *testing.T) {
			s := openOne(t, testdb.Postgres(t)+test.parameter, test.opts)
			for range 3 {
				scan[int](t, s.Client, numbered(1), 1)
			}
			if got := kept(t, s); len(got) > 0 {
				t.Errorf("keeps %q", got)
			}
		})
	}
}

// changes are what makes a prepared statement fail, or answer something else.
var changes = []string{
	"ALTER TABLE things ADD COLUMN colour TEXT DEFAULT 'red'",
	"ALTER TABLE things DROP COLUMN colour",
	"ALTER TABLE things ALTER COLUMN name TYPE TEXT",
	"ALTER TABLE things ALTER COLUMN id TYPE INTEGER",
}

// ways are those to run a statement.
var ways = map[string]func(*testing.T, *store.Store){"outside": outside, "in Tx": inTx}

func TestPreparedStatementsOutliveASchema(t *testing.T) {
	for name, run := range ways {
		t.Run(name, func(t *testing.T) {
			s := openOne(t, testdb.Postgres(t), store.Options{})
			for _, change := range changes {
				for range 3 {
					run(t, s)
				}
				exec(t, s, change)
			}
			run(t, s)
		})
	}
	t.Run("to another type", func(t *testing.T) {
		s := openOne(t, testdb.Postgres(t), store.Options{})
		const query = "SELECT name FROM things WHERE name = $1"
		for range 3 {
			scan[string](t, s.Client, query, "one")
		}
		exec(t, s, "ALTER TABLE things ALTER COLUMN name TYPE UUID USING '00000000-0000-7000-8000-000000000001'")
		const id = "00000000-0000-7000-8000-000000000001"
		// The parameter was for a text, which the first to come hears.
		if _, err := first(t.Context(), s.Client, query, id); err == nil {
			t.Error("the statement was not prepared")
		}
		if got := scan[string](t, s.Client, query, id); got != id {
			t.Errorf("read %q", got)
		}
	})
	t.Run("SQLite", func(t *testing.T) {
		s := openOne(t, testdb.SQLite(t), store.Options{})
		for _, change := range changes[:2] {
			for range 3 {
				outside(t, s)
			}
			exec(t, s, change)
		}
		outside(t, s)
	})
}

func TestAPoolerThatKnowsNoPreparedStatements(t *testing.T) {
	for name, run := range ways {
		t.Run(name, func(t *testing.T) {
			s := openOne(t, testdb.Postgres(t), store.Options{})
			for range 3 {
				run(t, s)
			}
			exec(t, s, "DEALLOCATE ALL") // as if it were another connection
			for range 3 {
				run(t, s)
			}
			if got := kept(t, s); len(got) > 0 {
				t.Errorf("prepares %q again", got)
			}
		})
	}
}

func TestPreparedNamesOfOthers(t *testing.T) {
	s := openOne(t, testdb.Postgres(t), store.Options{})
	exec(t, s, `PREPARE "1" AS SELECT 5`) // lib/pq counts
	for range 3 {
		outside(t, s)
	}
}

// first is the first cell that a statement reads.
func first(ctx context.Context, db *ent.Client, query string, args ...any) (any, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	cells := make([]any, len(columns))
	for i := range cells {
		cells[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(cells...); err != nil {
			return nil, err
		}
	}
	return *cells[0].(*any), rows.Err()
}

// readAll reads the row with all its columns.
func readAll(ctx context.Context, db *ent.Client) error {
	id, err := first(ctx, db, "SELECT * FROM things WHERE id = $1", 1)
	if err == nil && id != int64(1) {
		err = fmt.Errorf("read id %v", id)
	}
	return err
}

func outside(t *testing.T, s *store.Store) {
	t.Helper()
	if err := readAll(t.Context(), s.Client); err != nil {
		t.Error(err)
	}
}

// inTx is outside in a Tx, which may run again.
func inTx(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Tx(t.Context(), readAll); err != nil {
		t.Error(err)
	}
}

func TestStatementsWhileRowsAreOpen(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := openOne(t, url, store.Options{})
		exec(t, s, "INSERT INTO things VALUES (2, 'two')")
		const query = "SELECT id FROM things WHERE id < $1 ORDER BY id"
		err := s.Tx(t.Context(), func(ctx context.Context, db *ent.Client) error {
			for range 3 {
				scanAll[int](t, db, query, 9)
			}
			rows, err := db.QueryContext(ctx, query, 9)
			if err != nil {
				return err
			}
			defer rows.Close()
			count := 0
			for ; rows.Next(); count++ {
				inner, err := first(ctx, db, query, 2)
				if s.Dialect == dialect.Postgres {
					if err == nil || !strings.Contains(err.Error(), "until its rows are closed") {
						t.Errorf("err = %v", err)
					}
				} else if err != nil || inner != int64(1) {
					t.Errorf("read %v, %v", inner, err)
				}
			}
			if count != 2 {
				t.Errorf("read %d rows, want both", count)
			}
			return rows.Err()
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestACancelledStatement shows that the word to cancel one reaches no other.
func TestACancelledStatement(t *testing.T) {
	s := openOne(t, testdb.Postgres(t), store.Options{})
	const query = "SELECT pg_backend_pid() FROM pg_sleep($1::float8)"
	for range 2 {
		scan[int](t, s.Client, query, 0)
	}
	before := scan[int](t, s.Client, query, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := first(ctx, s.Client, query, 60); err == nil {
		t.Fatal("slept for a minute")
	}
	if after := scan[int](t, s.Client, query, 0); after == before {
		t.Error("the connection is used again")
	}
}

func TestPreparedStatementsAtOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), url, store.Options{PreparedStatements: 3, MaxOpenConns: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		exec(t, s, "CREATE TABLE things (id BIGINT)")
		exec(t, s, "INSERT INTO things VALUES (1)")
		var working sync.WaitGroup
		for range 8 {
			working.Go(func() {
				for i := range 100 {
					n := i % 5
					if got := scan[int](t, s.Client, numbered(n), 1); got != n+1 {
						t.Errorf("read %d, want %d", got, n+1)
					}
				}
			})
		}
		working.Wait()
	})
}

func TestPreparedStatementsLeaveSQLitesFileTidy(t *testing.T) {
	url := testdb.SQLite(t)
	s := openOne(t, url, store.Options{})
	for range 3 {
		scan[int](t, s.Client, numbered(1), 1)
		exec(t, s, "UPDATE things SET name = $1", "uno")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	path := strings.TrimPrefix(url, "sqlite:")
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log is left beside the file: %v", err)
	}
}
