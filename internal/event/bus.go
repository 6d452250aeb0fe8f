package event

import (
	"context"
	"log/slog"
	"time"
)

// Bus wakes processes that share a database. It may lose what it is told, say it
// twice, or be late: the log is the table.
type Bus interface {
	// Wake tells the other processes that there is something new in the log. It
	// never waits.
	Wake()
	// Woken has a token when another process has said so.
	Woken() <-chan struct{}
	// Close ends the bus.
	Close() error
}

// alone is the bus of a process that shares its database with nobody.
type alone struct{}

func (alone) Wake()                  {}
func (alone) Woken() <-chan struct{} { return nil }
func (alone) Close() error           { return nil }

// spacing is the time between two messages to the other processes, at least: what
// many changes have to say in that time is said once.
const spacing = 10 * time.Millisecond

// bell is a wake-up that has not been heard yet: ringing twice is ringing once.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// sender passes on wake-ups, one at a time, until ctx ends.
func sender(ctx context.Context, pending bell, log *slog.Logger, send func(context.Context) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-pending:
		}
		if err := send(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "waking the other servers failed: they find out when they next poll", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(spacing):
		}
	}
}
