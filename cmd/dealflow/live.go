package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"entgo.io/ent/dialect"

	"dealflow/internal/event"
	"dealflow/internal/live"
	"dealflow/internal/store"
)

// liveFlags are about subscriptions.
type liveFlags struct {
	NATS           string        `group:"Live:" name:"nats" placeholder:"URL" help:"A NATS server through which many servers on one database wake each other, such as nats://nats.example.com. Default: Postgres's LISTEN and NOTIFY; with the embedded database, nothing."`
	EventRetention time.Duration `group:"Live:" default:"168h" min:"1m" max:"87600h" placeholder:"DURATION" help:"How long events are kept, for clients that were away. Default: ${default}"`
	EventPoll      time.Duration `group:"Live:" default:"1s" min:"10ms" max:"1h" placeholder:"DURATION" help:"How often to look for events of other servers without having been woken: what a lost wake-up costs. Default: ${default}"`
	MaxSockets     int           `group:"Live:" default:"100" min:"1" max:"1000000" placeholder:"N" help:"The most WebSockets and event streams of one user at a time, here. Default: ${default}"`
	MaxOperations  int           `group:"Live:" default:"100" min:"1" max:"10000" placeholder:"N" help:"The most operations of one WebSocket at a time. Default: ${default}"`
	MaxWaiting     int           `group:"Live:" default:"256" min:"2" max:"100000" placeholder:"N" help:"The most messages that wait for one client, before it is too slow and has to connect again. Default: ${default}"`
	PingInterval   time.Duration `group:"Live:" default:"30s" min:"10ms" max:"1h" placeholder:"DURATION" help:"How long a client may be silent before it is asked, and then cut off. Default: ${default}"`
}

// limits are those of the server's subscriptions.
func (f liveFlags) limits() live.Config {
	return live.Config{
		MaxSockets: f.MaxSockets, MaxOperations: f.MaxOperations, Buffer: f.MaxWaiting, PingInterval: f.PingInterval,
	}
}

// events begins to follow the event log, until stop is called, which adds to an
// error what goes wrong then.
func (f liveFlags) events(ctx context.Context, db *store.Store, log *slog.Logger) (*event.Log, func(*error), error) {
	bus, err := f.bus(db, log)
	if err != nil {
		return nil, nil, err
	}
	events := event.New(event.Config{
		Store: db, Bus: bus, Poll: f.EventPoll, Retention: f.EventRetention, Now: time.Now, Log: log,
	})
	// Subscriptions are served a while longer than ctx.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		events.Run(ctx)
	}()
	return events, func(err *error) {
		cancel()
		<-done
		if bus != nil {
			*err = errors.Join(*err, bus.Close())
		}
	}, nil
}

// bus is how this server and others on the database wake each other; nil when
// there can be no others.
func (f liveFlags) bus(db *store.Store, log *slog.Logger) (event.Bus, error) {
	switch {
	case f.NATS != "":
		bus, err := event.NewNATS(f.NATS, log)
		if err != nil {
			return nil, fmt.Errorf("--nats (DEALFLOW_NATS): %w", err)
		}
		return bus, nil
	case db.Dialect == dialect.Postgres:
		return event.NewNotify(db, log), nil
	}
	return nil, nil
}
