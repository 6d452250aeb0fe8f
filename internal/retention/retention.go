// Package retention has old rows forgotten while a server runs.
package retention

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"
)

// every is how often old rows are looked for.
const every = 10 * time.Minute

// Batch is how many are to be deleted in one statement, so that none takes long.
const Batch = 1000

// Run has old rows forgotten now and then until ctx ends. Processes that do so at
// the same time find less to do. What says of the rows what they are, in the plural;
// forget answers how many it has deleted.
func Run(ctx context.Context, log *slog.Logger, what string, forget func(context.Context) (int, error)) {
	for sleep(ctx) {
		gone, err := forget(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			log.WarnContext(ctx, "deleting old "+what+" failed: it is tried again later", "error", err)
		case gone > 0:
			log.InfoContext(ctx, "deleted old "+what, "rows", gone)
		}
	}
}

// sleep waits until it is time, and reports whether ctx goes on.
func sleep(ctx context.Context) bool {
	timer := time.NewTimer(every/2 + rand.N(every)) // so that processes do not all come at once
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
