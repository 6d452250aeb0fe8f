package main

import (
	"context"
	"log/slog"
	"time"

	"dealflow/internal/once"
	"dealflow/internal/store"
)

// onceFlags are about requests that are sent again.
type onceFlags struct {
	IdempotencyRetention time.Duration `group:"Limits:" default:"24h" min:"1m" max:"8760h" placeholder:"DURATION" help:"How long the answers of mutations with an Idempotency-Key are kept, for requests that are sent again. Default: ${default}"`
}

// answers begins to forget old answers, until stop is called.
func (f onceFlags) answers(ctx context.Context, db *store.Store, log *slog.Logger) (answers *once.Answers, stop func()) {
	answers = once.New(once.Config{Store: db, Retention: f.IdempotencyRetention, Now: time.Now, Log: log})
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		answers.Run(ctx)
	}()
	return answers, func() {
		cancel()
		<-done
	}
}
