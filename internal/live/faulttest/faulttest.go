// Package faulttest tries what subscriptions promise while the parts that they
// stand on fail: that in the end every client has seen the event log, in its
// order, nothing lost and nothing doubled.
//
// Three servers, each a process of its own, share a Postgres server. Writers
// change cards through all of them, and watchers with subscriptions on all of
// them connect again after the last cursor that they saw. Meanwhile one part
// after the other fails and comes back (faults.go). Then what each watcher saw is
// compared with the table (verdict.go).
//
// No clock decides: every step waits for something to happen.
package faulttest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"dealflow/internal/store"
	"dealflow/internal/testdb"
)

const (
	serverCount = 3
	// writersEach is how many writers there are on each server.
	writersEach = 2
	// limit is how long anything may take before it counts as never. It is
	// generous: the machine may be busy.
	limit = 2 * time.Minute
)

// Config says what to try.
type Config struct {
	// Program is the command dealflow, as its path or its name.
	Program string
	// NATS has the servers wake each other over NATS instead of Postgres.
	NATS bool
	// For is how long parts go on failing. Each of them does once in any case.
	For time.Duration
	// Progress hears now and then how far it is, if it is set.
	Progress func(done time.Duration)
}

// trial is a run of the test.
type trial struct {
	testing.TB
	config   Config
	began    time.Time
	postgres *testdb.Cluster
	nats     *natsServer // nil without NATS
	servers  []*server
	store    *store.Store // the table, past the servers
	shop     *shop
	client   *http.Client

	writers  []*writer
	watchers []*watcher
	stop     context.CancelFunc // ends the watchers
	writing  sync.WaitGroup
	watching sync.WaitGroup
	faults   []outcome
}

// Run runs the test.
func Run(tb testing.TB, c Config) {
	tb.Helper()
	t := begin(tb, c)
	t.startWriters()
	t.startWatchers()
	t.progress("before any fault")
	t.began = time.Now()
	for round := 0; round == 0 || time.Since(t.began) < c.For; round++ {
		for _, f := range t.plan(round) {
			t.suffer(f)
		}
	}
	t.stopWriters()
	t.agree()
	t.stop()
	t.watching.Wait()
	t.stopServers()
	t.report()
}

// begin sets everything up.
func begin(tb testing.TB, c Config) *trial {
	tb.Helper()
	t := &trial{TB: tb, config: c, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: 20 * time.Second}}
	tb.Cleanup(t.client.CloseIdleConnections)
	var err error
	t.postgres, err = testdb.Start(tb.Context())
	t.must(err)
	tb.Cleanup(t.postgres.Stop)
	t.store = t.openDatabase()
	tb.Cleanup(func() { t.must(t.store.Close()) })
	t.shop = newShop(t)
	if c.NATS {
		t.nats = startNATS(t)
	}
	for i := range serverCount {
		t.servers = append(t.servers, newServer(t, i))
	}
	var starting sync.WaitGroup
	for _, s := range t.servers {
		starting.Go(s.start)
	}
	starting.Wait()
	if tb.Failed() {
		tb.FailNow()
	}
	return t
}

// openDatabase makes the database, as one that loses nothing in a crash, which
// the throwaway one of other tests may.
func (t *trial) openDatabase() *store.Store {
	url := t.postgres.URL("postgres")
	first, err := store.Open(t.Context(), url, store.Options{})
	t.must(err)
	_, err = first.Client.ExecContext(store.System(t.Context()), "ALTER ROLE CURRENT_USER SET synchronous_commit = on")
	t.must(err)
	t.must(first.Close())
	s, err := store.Open(t.Context(), url, store.Options{})
	t.must(err)
	t.must(s.Migrate(t.Context()))
	return s
}

func (t *trial) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// await waits until something is so. Nothing else in this package has a limit.
func (t *trial) await(what string, so func() bool) {
	t.Helper()
	begun := time.Now()
	for !so() {
		if time.Since(begun) > limit {
			t.Fatalf("%s: not within %v\n%s", what, limit, t.state())
		}
		if t.config.Progress != nil && !t.began.IsZero() {
			t.config.Progress(min(time.Since(t.began), t.config.For))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// state is what there is to know when something went wrong.
func (t *trial) state() string {
	text := ""
	for _, w := range t.watchers {
		text += fmt.Sprintln(w)
	}
	for _, s := range t.servers {
		text += fmt.Sprintf("server %d, the end of its log:\n%s\n", s.number, s.tail())
	}
	return text
}
