// Command live measures subscriptions: it starts the server as a process of its
// own, opens many WebSockets that all watch the moves on one board, moves deals
// on it, and says when the moves arrived, whether all of them did, and what that
// took. Run it with `make bench-live`; docs/performance.md says what it gave.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"dealflow/bench/process"
	"dealflow/internal/event"
	"dealflow/internal/store"
)

// options are the flags.
type options struct {
	subscribers int
	moves       float64 // a second
	seconds     int
	database    string
}

func main() {
	var o options
	flag.IntVar(&o.subscribers, "subscribers", 10_000, "how many sockets watch the board")
	flag.Float64Var(&o.moves, "moves", 2, "how many deals are moved in a second")
	flag.IntVar(&o.seconds, "seconds", 20, "for how long")
	flag.StringVar(&o.database, "database", "sqlite", "sqlite, or postgres, a new database on the server that DEALFLOW_TEST_POSTGRES names")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench-live:", err)
		os.Exit(1)
	}
}

// run makes a measurement and prints it.
func run(ctx context.Context, o options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dealflow-bench-live-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	url, drop, err := process.Database(ctx, o.database, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, drop()) }()
	s, err := startServer(ctx, dir, url, o.subscribers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	found, err := measure(ctx, o, s, db)
	if err != nil {
		return err
	}
	found.print(os.Stdout)
	return found.verdict()
}

// check refuses what this process, or the server, has no files for.
func (o options) check() error {
	if o.subscribers < 1 || o.moves <= 0 || o.seconds < 1 {
		return errors.New("-subscribers, -moves and -seconds are positive numbers")
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	// Go has raised the limit as far as it goes, and does so in the server.
	if need := uint64(o.subscribers + 100); files.Cur < need {
		return fmt.Errorf("a process may have %d open files here and needs %d: see ulimit -Hn", files.Cur, need)
	}
	return nil
}

const (
	// settling is how long the server is left alone before it is looked at.
	settling = 3 * time.Second
	// patience is how long the last messages may take.
	patience = 30 * time.Second
)

// measure makes moves without anybody who watches, and then with all who do.
func measure(ctx context.Context, o options, s *server, db *store.Store) (*findings, error) {
	m, err := newMover(ctx, s)
	if err != nil {
		return nil, err
	}
	f := &findings{options: o}
	process.Show("moving deals that nobody watches")
	if f.alone, err = m.during(ctx, o.moves, 5*time.Second); err != nil {
		return nil, err
	}
	time.Sleep(settling)
	if f.before, err = s.metrics(ctx); err != nil {
		return nil, err
	}
	after, err := m.cursor(ctx)
	if err != nil {
		return nil, err
	}
	watchers, err := watchAll(ctx, s, m.board, after, o.subscribers)
	if err != nil {
		return nil, err
	}
	defer watchers.close()
	process.Show("waiting for the server to settle")
	if f.idle, err = s.spending(ctx, func() error { time.Sleep(settling); return nil }); err != nil {
		return nil, err
	}
	f.subscribed = f.idle.after
	began := processor()
	if f.watched, err = m.during(ctx, o.moves, time.Duration(o.seconds)*time.Second); err != nil {
		return nil, err
	}
	position, err := event.ParsePosition(after)
	if err != nil {
		return nil, err
	}
	log, err := m.logged(db, position.Seq)
	if err != nil {
		return nil, err
	}
	watchers.wait(len(log) * o.subscribers)
	f.client = processor() - began
	if f.watched.after, err = s.metrics(ctx); err != nil {
		return nil, err
	}
	watchers.close()
	f.compare(watchers, log, m.answers)
	process.Show("")
	return f, nil
}

// processor is the processor's time that this process has taken.
func processor() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
