package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/store"
)

// happened resolves the fields of a type of event: each type has some of them.
type happened[T any, E interface {
	*T
	Logged() *ent.Event
}] struct{}

func (happened[T, E]) Actor(ctx context.Context, e *T) (*ent.User, error) {
	return one(ctx, E(e).Logged(), func(e *ent.Event) uuid.UUID { return orZero(e.UserID) }, read.Users)
}

func (happened[T, E]) Card(ctx context.Context, e *T) (generated.Card, error) {
	about := E(e).Logged()
	if about.EntityType == event.EntityTypeDEAL {
		return card(ctx, about, read.Deals)
	}
	return card(ctx, about, read.Leads)
}

// card reads the card that an event is about; nil when it is gone.
func card[T any, C interface {
	*T
	generated.Card
}](ctx context.Context, about *ent.Event, kind *read.Kind[T]) (generated.Card, error) {
	found, err := load(ctx, about, entityKey, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]*T, error) {
		return rowsByID(ctx, db, kind, keys, nil)
	})
	if err != nil || found == nil {
		return nil, err
	}
	return C(found), nil
}

func entityKey(e *ent.Event) uuid.UUID { return e.EntityID }

// Stage is the stage that the event is about, or else the one that its card is
// in, or was in last.
func (happened[T, E]) Stage(ctx context.Context, e *T) (*ent.Stage, error) {
	about := E(e).Logged()
	if about.ToStageID == nil {
		return stageBefore(ctx, about)
	}
	return stageAfter(ctx, about)
}

func (happened[T, E]) From(ctx context.Context, e *T) (*ent.Stage, error) {
	return stageBefore(ctx, E(e).Logged())
}

func (happened[T, E]) To(ctx context.Context, e *T) (*ent.Stage, error) {
	return stageAfter(ctx, E(e).Logged())
}

func stageBefore(ctx context.Context, e *ent.Event) (*ent.Stage, error) {
	return one(ctx, e, func(e *ent.Event) uuid.UUID { return orZero(e.FromStageID) }, read.Stages)
}

func stageAfter(ctx context.Context, e *ent.Event) (*ent.Stage, error) {
	return one(ctx, e, func(e *ent.Event) uuid.UUID { return orZero(e.ToStageID) }, read.Stages)
}

func (happened[T, E]) Pipeline(ctx context.Context, e *T) (*ent.Pipeline, error) {
	return one(ctx, E(e).Logged(), func(e *ent.Event) uuid.UUID {
		if e.ToPipelineID == nil {
			return orZero(e.FromPipelineID)
		}
		return *e.ToPipelineID
	}, read.Pipelines)
}

func (happened[T, E]) Comment(ctx context.Context, e *T) (*ent.Comment, error) {
	return one(ctx, E(e).Logged(), func(e *ent.Event) uuid.UUID { return orZero(e.CommentID) }, read.Comments)
}

// EventCursor resolves Query.eventCursor.
func (query) EventCursor(ctx context.Context) (string, error) {
	end := ctx.Value(endKey{}).(logEnd)
	return end.position.String(), end.err
}

// eventKind is the kind of thing that an event is about.
func eventKind(e *ent.Event) id.Kind {
	switch e.EntityType {
	case event.EntityTypePIPELINE:
		return id.Pipeline
	case event.EntityTypeSTAGE:
		return id.Stage
	case event.EntityTypeDEAL:
		return id.Deal
	default:
		return id.Lead
	}
}
