package event

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/lib/pq"

	"dealflow/internal/store"
)

// channel is the name under which the processes on one Postgres database wake
// each other.
const channel = "dealflow_events"

// Notify is a Bus over Postgres's LISTEN and NOTIFY. A notification is sent
// outside of transactions, for those that are part of one make commits queue up.
type Notify struct {
	listener *pq.Listener
	pending  bell
	woken    bell
	self     string
	stop     context.CancelFunc
	tasks    sync.WaitGroup
}

// NewNotify begins to listen on a connection of its own, which is made anew
// whenever it is lost.
func NewNotify(s *store.Store, log *slog.Logger) *Notify {
	ctx, stop := context.WithCancel(context.Background())
	n := &Notify{pending: newBell(), woken: newBell(), self: uuid.NewString(), stop: stop}
	n.listener = s.Listener(func(event pq.ListenerEventType, err error) {
		if err != nil && ctx.Err() == nil {
			log.Warn("listening to Postgres was interrupted: until it works again, the log is polled", "error", err)
		}
	})
	n.tasks.Go(func() { n.listen(ctx, log) })
	n.tasks.Go(func() {
		sender(ctx, n.pending, log, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(store.System(ctx), 5*time.Second)
			defer cancel()
			_, err := s.Client.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, n.self)
			return err
		})
	})
	return n
}

// listen passes on what is heard until ctx ends.
func (n *Notify) listen(ctx context.Context, log *slog.Logger) {
	// It waits for the first connection, and so is not for the caller of NewNotify.
	if err := n.listener.Listen(channel); err != nil && ctx.Err() == nil {
		log.Warn("LISTEN failed: the event log is polled", "error", err)
	}
	n.woken.ring() // for what was said before anybody listened
	for {
		select {
		case <-ctx.Done():
			return
		case heard := <-n.listener.Notify:
			// Nothing is heard when the connection was lost and made again: who knows
			// what was said meanwhile.
			if heard == nil || heard.Extra != n.self {
				n.woken.ring()
			}
		}
	}
}

// Wake implements Bus.
func (n *Notify) Wake() { n.pending.ring() }

// Woken implements Bus.
func (n *Notify) Woken() <-chan struct{} { return n.woken }

// Close implements Bus.
func (n *Notify) Close() error {
	n.stop()
	err := n.listener.Close()
	n.tasks.Wait()
	return err
}
