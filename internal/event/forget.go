package event

import (
	"context"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/internal/store"
)

const (
	// forgetEvery is how often old events are looked for.
	forgetEvery = 10 * time.Minute
	// forgetBatch is how many are deleted in one statement.
	forgetBatch = 1000
)

// forget deletes old events now and then until ctx ends. Processes that do so at
// the same time find less to do.
func (l *Log) forget(ctx context.Context) {
	for sleep(ctx, forgetEvery) {
		gone, err := l.Forget(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			l.config.Log.WarnContext(ctx, "deleting old events failed: it is tried again later", "error", err)
		case gone > 0:
			l.config.Log.InfoContext(ctx, "deleted old events", "events", gone)
		}
	}
}

// Forget deletes the events of all organizations that are older than the
// retention, and returns how many there were. The last event of each log stays,
// and so do all that follow one that is young: what is left has no holes.
func (l *Log) Forget(ctx context.Context) (int, error) {
	ctx = store.System(ctx)
	db := l.config.Store.Client
	before := l.config.Now().Add(-l.config.Retention)
	var sum int
	for after := uuid.Nil; ; {
		heads, err := db.EventHead.Query().Where(eventhead.IDGT(after)).
			Order(eventhead.ByID()).Limit(forgetBatch).All(ctx)
		if err != nil || len(heads) == 0 {
			return sum, err
		}
		for _, head := range heads {
			gone, err := forgetLog(ctx, db, head, before)
			if sum += gone; err != nil {
				return sum, err
			}
		}
		after = heads[len(heads)-1].ID
	}
}

// forgetLog deletes the old events of one log.
func forgetLog(ctx context.Context, db *ent.Client, head *ent.EventHead, before time.Time) (int, error) {
	var sum int
	for {
		oldest, err := db.Event.Query().
			Where(event.OrganizationID(head.OrganizationID), event.SeqLT(head.Seq)).
			Order(event.BySeq()).Limit(forgetBatch).
			Select(event.FieldSeq, event.FieldCreatedAt).
			All(ctx)
		if err != nil {
			return sum, err
		}
		old := 0
		for old < len(oldest) && oldest[old].CreatedAt.Before(before) {
			old++
		}
		if old == 0 {
			return sum, nil
		}
		gone, err := db.Event.Delete().
			Where(event.OrganizationID(head.OrganizationID), event.SeqLTE(oldest[old-1].Seq)).Exec(ctx)
		if sum += gone; err != nil || old < forgetBatch {
			return sum, err
		}
	}
}
