package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"
)

func openPostgres(ctx context.Context, rawURL string, opts Options) (*Store, error) {
	dsn, err := postgresDSN(rawURL)
	if err != nil {
		return nil, err
	}
	if strings.Contains(dsn, "binary_parameters=yes") {
		opts.PreparedStatements = -1 // it is for poolers that know of none
	}
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("the parameters of the database URL: %w", err)
	}
	db := sql.OpenDB(prepared(connector, opts, true))
	limit := cmp.Or(opts.MaxOpenConns, 20)
	db.SetMaxOpenConns(limit)
	// Idle connections are kept: making one costs more than most queries.
	db.SetMaxIdleConns(limit)
	// They still end some time, so that the load follows when a server behind
	// the same address is added or taken away.
	db.SetConnMaxLifetime(30 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(unreachable(err), db.Close())
	}
	return &Store{Dialect: dialect.Postgres, dsn: dsn, readers: db, writer: db}, nil
}

// Listener is a connection of its own for LISTEN, on Postgres; hear is told when
// it is lost and when it is back. Close it.
func (s *Store) Listener(hear func(pq.ListenerEventType, error)) *pq.Listener {
	return pq.NewListener(s.dsn, 100*time.Millisecond, 10*time.Second, hear)
}

// postgresDSN is the URL with the parameters that every connection needs.
func postgresDSN(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		// The error repeats what it could not read, perhaps a piece of the password.
		return "", errors.New("the database URL is no URL: write special characters " +
			"of the user and the password in per cent, such as %40 for @ and %23 for #")
	}
	query := u.Query()
	// Dates and months are cut in UTC, as SQLite does, whatever the server's zone.
	query.Set("timezone", "UTC")
	// Shown by pg_stat_activity.
	query.Set("fallback_application_name", "dealflow")
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// unreachable says why Postgres does not answer, and what to do where that is known.
func unreachable(err error) error {
	hint := ""
	if errors.Is(err, pq.ErrSSLNotSupported) {
		hint = " (add ?sslmode=disable to the database URL if the network between is trusted)"
	}
	return fmt.Errorf("connecting to Postgres: %w%s", err, hint)
}
