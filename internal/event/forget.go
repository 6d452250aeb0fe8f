package event

import (
	"context"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/internal/retention"
	"dealflow/internal/store"
)

// forget deletes old events now and then until ctx ends.
func (l *Log) forget(ctx context.Context) { retention.Run(ctx, l.config.Log, "events", l.Forget) }

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
			Order(eventhead.ByID()).Limit(retention.Batch).All(ctx)
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
			Order(event.BySeq()).Limit(retention.Batch).
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
		if sum += gone; err != nil || old < retention.Batch {
			return sum, err
		}
	}
}
