// Package event reads the event log and brings it to those who watch.
//
// The log is the table of events, which internal/sales writes in the transaction
// of each change. An organization's events are numbered 1, 2, 3 and so on in the
// order of the commits, without holes: see ent/schema/eventhead.go. So whoever
// has seen an event knows which one comes next, and a hole in what is read means
// that history is gone, and never that it is yet to come.
//
// A process reads each new event once, however many of its clients watch: one
// tail follows the logs of the organizations that are watched (tail.go), keeps
// their last events in memory (stream.go), and Readers walk along these, or
// along the table when they are further behind (reader.go). Processes wake each
// other through a Bus, which carries nothing else: what it loses is found at the
// next poll. Nothing in memory decides what anybody gets to see.
package event

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/store"
)

// Config is what a Log is made of. Store is needed; the zero value of each of the
// others stands for its default.
type Config struct {
	Store *store.Store

	// Bus wakes the other processes on the same database, and is woken by them;
	// none, if this is the only one. Close it after Run.
	Bus Bus
	// Poll is how often the log is looked at without having been woken: every second.
	Poll time.Duration
	// Retention is how long events are kept: a week.
	Retention time.Duration

	Now func() time.Time // time.Now, if nil
	Log *slog.Logger     // slog.Default(), if nil
}

func (c Config) withDefaults() Config {
	if c.Bus == nil {
		c.Bus = alone{}
	}
	if c.Poll <= 0 {
		c.Poll = time.Second
	}
	if c.Retention <= 0 {
		c.Retention = 7 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return c
}

// Log is the event log as one process sees it. It is safe for concurrent use.
type Log struct {
	config Config

	mu      sync.Mutex
	streams map[uuid.UUID]*stream // of the organizations that are watched
	changed map[uuid.UUID]bool    // the organizations with a commit of this process
	wake    bell                  // rings when changed is not empty
}

// New returns the log of a store. It moves while Run runs.
func New(c Config) *Log {
	return &Log{
		config:  c.withDefaults(),
		streams: map[uuid.UUID]*stream{},
		changed: map[uuid.UUID]bool{},
		wake:    newBell(),
	}
}

// Run follows the log, and forgets what is old, until ctx ends.
func (l *Log) Run(ctx context.Context) {
	var tasks sync.WaitGroup
	tasks.Go(func() { l.follow(ctx) })
	tasks.Go(func() { l.forget(ctx) })
	tasks.Wait()
}

// Committed says that a change of the organization has been committed here, with
// events. It never waits.
func (l *Log) Committed(organization uuid.UUID) {
	l.mu.Lock()
	l.changed[organization] = true
	l.mu.Unlock()
	l.wake.ring()
	l.config.Bus.Wake()
}
