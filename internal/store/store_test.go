package store_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"dealflow/ent"
	"dealflow/ent/pipeline"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 99)), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ url, want string }{
		"nothing":              {"", "must begin with sqlite: or postgres://"},
		"another database":     {"mysql://root:secret@localhost/x", "must begin with sqlite: or postgres://"},
		"memory":               {"sqlite::memory:", "name a file"},
		"no path":              {"sqlite:", "sqlite:dealflow.db"},
		"slashes":              {"sqlite://dealflow.db", "sqlite:dealflow.db"},
		"parameters":           {"sqlite:dealflow.db?mode=ro", "takes no parameters"},
		"no folder":            {"sqlite:" + dir + "/none/x.db", "make it first"},
		"a folder":             {"sqlite:" + dir, "opening the SQLite file"},
		"another file":         {"sqlite:" + text, "not a database"},
		"password with a hash": {"postgres://ada:top#secret@localhost/x", "%23 for #"},
		"password with a %":    {"postgres://ada:top%secret@localhost/x", "in per cent"},
		"bad sslmode":          {"postgres://ada:secret@localhost/x?sslmode=perhaps", "sslmode"},
		"nobody there":         {"postgres://ada:secret@localhost:1/x?sslmode=disable", "connecting to Postgres"},
		"no TLS":               {"postgres://ada:secret@" + serverWithoutTLS(t) + "/x", "add ?sslmode=disable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), test.url, store.Options{})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("err = %v, want %q", err, test.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("err = %v gives the password away", err)
			}
		})
	}
}

// serverWithoutTLS is the address of what answers like a Postgres without TLS.
func serverWithoutTLS(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(conn, make([]byte, 8)) // the request for TLS
			_, _ = conn.Write([]byte("N"))
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func TestOpen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if stats := s.Stats(); stats.MaxOpenConnections < 2 || stats.OpenConnections < 1 {
			t.Errorf("stats = %+v", stats)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a closed store answers")
		}
	})
}

func TestOpenOddPath(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "50% off #1 & more.db")
	s := storetest.Open(t, url)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(strings.TrimPrefix(url, "sqlite:")); err != nil {
		t.Error(err)
	}
}

func TestCloseLeavesOneFile(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(t.Context(), "sqlite:"+dir+"/x.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("left %v, want the database alone", files)
	}
}

// Times of any zone are kept, compared and sorted as moments, to the microsecond.
func TestTimes(t *testing.T) {
	zone := time.FixedZone("", 5*60*60)
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	moments := []time.Time{ // in order
		day.Add(-time.Microsecond),
		day.In(zone),
		day.Add(time.Microsecond),
		day.Add(10 * time.Microsecond).In(zone),
		day.Add(500 * time.Millisecond),
		day.Add(510 * time.Millisecond).In(zone),
		day.Add(time.Second),
		day.Add(time.Hour).In(zone),
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		for _, at := range moments {
			s.Client.Pipeline.Create().SetName("x").SetCreatedAt(at).SetUpdatedAt(at).ExecX(n.ctx)
		}
		query := s.Client.Pipeline.Query().Where(pipeline.Name("x"))
		var got []time.Time
		for _, p := range query.Clone().Order(pipeline.ByCreatedAt()).AllX(n.ctx) {
			got = append(got, p.CreatedAt)
		}
		if diff := cmp.Diff(moments, got); diff != "" {
			t.Errorf("sorted:\n%s", diff)
		}
		for i, at := range moments {
			if n := query.Clone().Where(pipeline.CreatedAtLT(at)).CountX(n.ctx); n != i {
				t.Errorf("%d moments before %v, want %d", n, at, i)
			}
			if n := query.Clone().Where(pipeline.CreatedAt(at.UTC())).CountX(n.ctx); n != 1 {
				t.Errorf("%d moments at %v", n, at)
			}
		}
	})
}

// A month begins at the same moment on both databases.
func TestSQLSpeaksUTC(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*60*60)) // February in UTC
		p := s.Client.Pipeline.Create().SetName("x").SetCreatedAt(at).SetUpdatedAt(at).SaveX(n.ctx)
		month := map[string]string{
			dialect.SQLite:   "SELECT strftime('%m', created_at) FROM pipelines WHERE id = $1",
			dialect.Postgres: "SELECT to_char(created_at, 'MM') FROM pipelines WHERE id = $1",
		}
		if got := scan[string](t, s.Client, month[s.Dialect], p.ID); got != "02" {
			t.Errorf("month = %s, want 02", got)
		}
	})
}

func TestPostgresConnections(t *testing.T) {
	s := storetest.Postgres(t)
	const setting = "SELECT setting || ', by the ' || source FROM pg_settings WHERE name = $1"
	for name, want := range map[string]string{
		"TimeZone":         "UTC, by the client",
		"application_name": "dealflow, by the client",
	} {
		if got := scan[string](t, s.Client, setting, name); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestRanksCompareByteByByte(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		for _, rank := range []string{"b", "B", "a", "_", "Z", "z0", "zA"} {
			newDeal(n, s.Client, "ranked").SetRank(rank).ExecX(n.ctx)
		}
		got := scan[string](t, s.Client, "SELECT string_agg(rank, ' ' ORDER BY rank) FROM deals WHERE title = 'ranked'")
		if want := "B Z _ a b z0 zA"; got != want {
			t.Errorf("ranks = %s, want %s", got, want)
		}
	})
}

// scan is the one value that a statement reads.
func scan[T any](t *testing.T, db *ent.Client, query string, args ...any) T {
	t.Helper()
	values := scanAll[T](t, db, query, args...)
	if len(values) != 1 {
		t.Fatalf("%s reads %v, want one value", query, values)
	}
	return values[0]
}

// scanAll is the one column that a statement reads.
func scanAll[T any](t *testing.T, db *ent.Client, query string, args ...any) []T {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var values []T
	for rows.Next() {
		var value T
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

// exec runs a statement.
func exec(t *testing.T, s *store.Store, query string, args ...any) {
	t.Helper()
	if _, err := s.Client.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}
