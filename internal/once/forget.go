package once

import (
	"context"

	"dealflow/ent/idempotentanswer"
	"dealflow/internal/retention"
	"dealflow/internal/store"
)

// Run deletes old answers now and then until ctx ends.
func (a *Answers) Run(ctx context.Context) {
	retention.Run(ctx, a.config.Log, "idempotent answers", a.Forget)
}

// Forget deletes the answers of all organizations that are older than the
// retention, and returns how many there were.
func (a *Answers) Forget(ctx context.Context) (int, error) {
	ctx = store.System(ctx)
	db := a.config.Store.Client
	for sum := 0; ; {
		old, err := db.IdempotentAnswer.Query().
			Where(idempotentanswer.CreatedAtLTE(a.oldest())).
			Order(idempotentanswer.ByCreatedAt()).
			Limit(retention.Batch).
			IDs(ctx)
		if err != nil || len(old) == 0 {
			return sum, err
		}
		gone, err := db.IdempotentAnswer.Delete().Where(idempotentanswer.IDIn(old...)).Exec(ctx)
		if sum += gone; err != nil || len(old) < retention.Batch {
			return sum, err
		}
	}
}
