package event

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// subject is the name under which processes wake each other over NATS.
const subject = "dealflow.events"

// NATS is a Bus over a NATS server.
type NATS struct {
	connection *nats.Conn
	pending    bell
	woken      bell
	stop       context.CancelFunc
	tasks      sync.WaitGroup
}

// NewNATS connects to the servers of a URL, and keeps trying to while it cannot.
// It fails for a URL that is none.
func NewNATS(url string, log *slog.Logger) (*NATS, error) {
	n := &NATS{pending: newBell(), woken: newBell()}
	connection, err := nats.Connect(url,
		nats.Name("dealflow"),
		nats.NoEcho(),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(time.Second),
		nats.ReconnectBufSize(-1), // a wake-up that comes late is of no use
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				log.Warn("NATS was lost: until it is back, the event log is polled", "error", err)
			}
		}),
		// Who knows what was said meanwhile.
		nats.ConnectHandler(func(*nats.Conn) { n.woken.ring() }),
		nats.ReconnectHandler(func(*nats.Conn) { n.woken.ring() }),
	)
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	n.connection = connection
	if _, err := connection.Subscribe(subject, func(*nats.Msg) { n.woken.ring() }); err != nil {
		connection.Close()
		return nil, fmt.Errorf("subscribing at NATS: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	n.tasks.Go(func() {
		sender(ctx, n.pending, log, func(context.Context) error { return connection.Publish(subject, nil) })
	})
	return n, nil
}

// Wake implements Bus.
func (n *NATS) Wake() { n.pending.ring() }

// Woken implements Bus.
func (n *NATS) Woken() <-chan struct{} { return n.woken }

// Close implements Bus.
func (n *NATS) Close() error {
	n.stop()
	n.tasks.Wait()
	n.connection.Close()
	return nil
}
