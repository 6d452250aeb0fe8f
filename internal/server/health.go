package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"dealflow/internal/store"
)

// readyTimeout bounds how long a probe waits for the database, and for a
// connection to it while requests hold all of them.
const readyTimeout = time.Second

// healthz says that the process is alive.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	say(w, http.StatusOK, "ok")
}

// readyz says whether requests should be sent here.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		say(w, http.StatusServiceUnavailable, "shutting down")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	switch err := s.ready(ctx); {
	case err == nil:
		say(w, http.StatusOK, "ready")
	case errors.Is(err, store.ErrBusy) && s.current.Load():
		// All servers are busy at the same peak: were they taken out, nobody would
		// answer.
		s.config.Log.WarnContext(r.Context(), "ready, but busy", "error", err)
		say(w, http.StatusOK, "ready, but "+err.Error())
	case errors.Is(err, store.ErrSchemaOld), errors.Is(err, store.ErrBusy):
		say(w, http.StatusServiceUnavailable, err.Error())
	default:
		// The cause may name hosts and users, so it is for the log alone.
		s.config.Log.ErrorContext(r.Context(), "not ready", "error", err)
		say(w, http.StatusServiceUnavailable, "the database does not answer")
	}
}

// ready checks the database. A schema that was up to date stays so, which saves
// asking at every probe.
func (s *Server) ready(ctx context.Context) error {
	err := s.config.Store.Ping(ctx)
	if err != nil || s.current.Load() {
		return err
	}
	err = s.config.Store.CheckSchema(ctx)
	s.current.Store(err == nil)
	return err
}

func say(w http.ResponseWriter, status int, what string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, what)
}
