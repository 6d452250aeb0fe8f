// Package lastuse writes down when things were last used: to within a minute, and
// without whoever uses them having to wait.
package lastuse

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// Precision is how far what is written may be behind: one thing is not written
	// down more often than this.
	Precision = time.Minute
	// gather is how long uses wait for others, to be written together.
	gather = time.Second
	// writeTime bounds how long the database may take.
	writeTime = 10 * time.Second
	// kept bounds the things whose last use is remembered.
	kept = 10_000
)

// Write writes down that things were used at a time. It leaves alone what is known
// to have been used less than Precision before.
type Write func(ctx context.Context, things []uuid.UUID, at time.Time) error

// Log gathers uses. It is safe for concurrent use.
type Log struct {
	write Write
	now   func() time.Time
	log   *slog.Logger

	mu      sync.Mutex
	noted   *lru.Cache[uuid.UUID, time.Time]
	waiting map[uuid.UUID]bool // to be written
	timer   *time.Timer        // that will write them; nil when nothing waits
	closed  bool
	writing sync.WaitGroup
}

// New returns a log that writes what it gathers by write.
func New(write Write, now func() time.Time, log *slog.Logger) *Log {
	noted, err := lru.New[uuid.UUID, time.Time](kept)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &Log{write: write, now: now, log: log, noted: noted, waiting: map[uuid.UUID]bool{}}
}

// Note notes that a thing is used now.
func (l *Log) Note(thing uuid.UUID) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.noted.Get(thing); l.closed || ok && now.Sub(last) < Precision {
		return
	}
	l.noted.Add(thing, now)
	l.waiting[thing] = true
	if l.timer == nil {
		l.writing.Add(1)
		l.timer = time.AfterFunc(gather, func() {
			defer l.writing.Done()
			l.flush(context.Background())
		})
	}
}

// Close writes what waits. Nothing is noted after it.
func (l *Log) Close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	stopped := l.timer != nil && l.timer.Stop()
	l.mu.Unlock()
	if stopped {
		l.flush(ctx)
		l.writing.Done()
	}
	l.writing.Wait()
}

// flush writes what waits.
func (l *Log) flush(ctx context.Context) {
	l.mu.Lock()
	things := slices.Collect(maps.Keys(l.waiting))
	clear(l.waiting)
	l.timer = nil
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if err := l.write(ctx, things, l.now()); err != nil {
		l.log.Warn("could not write down when something was last used", "error", err)
		l.forget(things) // their next uses are to be written, then
	}
}

func (l *Log) forget(things []uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, thing := range things {
		l.noted.Remove(thing)
	}
}
