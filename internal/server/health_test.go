package server

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

func TestHealthz(t *testing.T) {
	w := mustServe(t)
	if a := w.do(http.MethodGet, "/healthz", ""); a.status != http.StatusOK || a.body != "ok\n" {
		t.Errorf("status %d, body %q", a.status, a.body)
	}
}

// probe asks a new server over s whether it is ready.
func probe(t *testing.T, s *store.Store, status int, body string) {
	t.Helper()
	probeAgain(t, &Server{config: Config{Store: s, Log: slog.New(slog.DiscardHandler)}}, status, body)
}

// probeAgain asks a server whether it is ready, twice, for it remembers.
func probeAgain(t *testing.T, server *Server, status int, body string) {
	t.Helper()
	for range 2 {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil)
		response := serve(http.HandlerFunc(server.readyz), r)
		if response.Code != status || !strings.Contains(response.Body.String(), body) {
			t.Errorf("status %d, body %q, want %d and %q", response.Code, response.Body, status, body)
		}
	}
}

func TestReadyz(t *testing.T) {
	t.Run("Ready", func(t *testing.T) {
		storetest.Each(t, func(t *testing.T, s *store.Store) { probe(t, s, http.StatusOK, "ready") })
	})
	t.Run("ErrSchemaOld", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, url string) {
			probe(t, storetest.Open(t, url), http.StatusServiceUnavailable, "dealflow migrate up")
		})
	})
	t.Run("ErrDatabase", func(t *testing.T) {
		s, err := store.Open(t.Context(), testdb.SQLite(t), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		probe(t, s, http.StatusServiceUnavailable, "the database does not answer")
	})
	t.Run("ErrBusy", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, url string) {
			s, err := store.Open(t.Context(), url, store.Options{MaxOpenConns: 1})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			whileBusy(t, s, func() {
				probe(t, s, http.StatusServiceUnavailable, "all connections to the database are busy")
			})
			var log bytes.Buffer
			server := &Server{config: Config{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil))}}
			probeAgain(t, server, http.StatusOK, "ready\n")
			whileBusy(t, s, func() {
				probeAgain(t, server, http.StatusOK, "ready, but all connections to the database are busy\n")
			})
			if n := strings.Count(log.String(), "level=WARN"); n != 2 {
				t.Errorf("%d warnings in the log:\n%s", n, log.String())
			}
		})
	})
	t.Run("ErrDatabaseLater", func(t *testing.T) {
		w := mustServe(t)
		if a := w.do(http.MethodGet, "/readyz", ""); a.status != http.StatusOK {
			t.Fatalf("status %d, body %q", a.status, a.body)
		}
		w.store.Close()
		if a := w.do(http.MethodGet, "/readyz", ""); a.status != http.StatusServiceUnavailable {
			t.Errorf("status %d, body %q", a.status, a.body)
		}
	})
}

// whileBusy does something while a query, whose rows nobody has read yet, holds
// a connection.
func whileBusy(t *testing.T, s *store.Store, do func()) {
	t.Helper()
	rows, err := s.Client.QueryContext(store.System(t.Context()), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	do()
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

func TestReadyzWhileStopping(t *testing.T) {
	// Long enough to ask; the wait at the end is the rest of it.
	w := mustServe(t, func(c *Config) { c.ShutdownDelay = 300 * time.Millisecond })
	stopped := make(chan error)
	go func() { stopped <- w.stop() }()
	w.log.find(t, "msg", "stopping: waiting for requests to finish")
	if a := w.do(http.MethodGet, "/readyz", ""); a.status != http.StatusServiceUnavailable || a.body != "shutting down\n" {
		t.Errorf("status %d, body %q", a.status, a.body)
	}
	if a := w.query("{ hello }"); a.status != http.StatusOK {
		t.Errorf("status %d, want requests served meanwhile", a.status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
