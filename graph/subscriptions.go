package graph

import (
	"context"
	"errors"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/ent/pipeline"
	"dealflow/graph/generated"
	"dealflow/internal/auth"
	log "dealflow/internal/event"
	"dealflow/internal/id"
	"dealflow/internal/read"
)

// subscription holds the fields of the root type.
type subscription struct{ *resolvers }

// StageMoved resolves Subscription.stageMoved.
func (s subscription) StageMoved(ctx context.Context, pipelineID string, after *string) (<-chan generated.StageMove, error) {
	key, err := s.pipeline(ctx, pipelineID, after)
	if err != nil {
		return nil, err
	}
	return follow[generated.StageMove](ctx, s.Events, after, func(e *ent.Event) bool {
		return e.Kind == event.KindCARD_MOVED && onBoard(e, key) && orZero(e.FromStageID) != orZero(e.ToStageID)
	})
}

// BoardChanged resolves Subscription.boardChanged.
func (s subscription) BoardChanged(ctx context.Context, pipelineID string, after *string) (<-chan generated.BoardChange, error) {
	key, err := s.pipeline(ctx, pipelineID, after)
	if err != nil {
		return nil, err
	}
	return follow[generated.BoardChange](ctx, s.Events, after, func(e *ent.Event) bool {
		return e.CommentID == nil && onBoard(e, key)
	})
}

// LeadChanged resolves Subscription.leadChanged.
func (s subscription) LeadChanged(ctx context.Context, leadID string, after *string) (<-chan generated.LeadChange, error) {
	key, err := id.Lead.Decode(leadID)
	if err != nil {
		return nil, err
	}
	if !resumes(ctx, after) {
		if err := found(s.Store.Client.Lead.Query().Where(lead.ID(key)).Exist(ctx))("leadId", id.Lead); err != nil {
			return nil, err
		}
	}
	return follow[generated.LeadChange](ctx, s.Events, after, func(e *ent.Event) bool {
		return e.EntityType == event.EntityTypeLEAD && e.EntityID == key
	})
}

// resumes tells whether a subscription begins after a cursor. Then what it is
// about may be gone by now, and how it went is among what is delivered.
func resumes(ctx context.Context, after *string) bool {
	feed := log.FeedFrom(ctx)
	if feed != nil && feed.Range != nil {
		return feed.Range.After != nil
	}
	return after != nil
}

// pipeline is the key of a pipeline that there is, or was.
func (s subscription) pipeline(ctx context.Context, text string, after *string) (uuid.UUID, error) {
	key, err := id.Pipeline.Decode(text)
	if err != nil || resumes(ctx, after) {
		return key, err
	}
	return key, found(s.Store.Client.Pipeline.Query().Where(pipeline.ID(key)).Exist(ctx))("pipelineId", id.Pipeline)
}

// found refuses an argument that names nothing.
func found(exists bool, err error) func(argument string, kind id.Kind) error {
	return func(argument string, kind id.Kind) error {
		if err != nil || exists {
			return err
		}
		return read.Wrong(argument, "There is no such %s.", kind.Noun())
	}
}

// onBoard tells whether an event is about a board, or about a card that came to
// it or left it.
func onBoard(e *ent.Event, pipeline uuid.UUID) bool {
	return orZero(e.FromPipelineID) == pipeline || orZero(e.ToPipelineID) == pipeline
}

// follow delivers the events that are wanted, and that the viewer may see, as one
// of a subscription's types, until ctx ends.
func follow[T any](ctx context.Context, events *log.Log, after *string, wanted func(*ent.Event) bool) (<-chan T, error) {
	what, feed, err := feedOf(ctx, after)
	if err != nil {
		return nil, err
	}
	reader, err := events.Read(ctx, what)
	if err != nil {
		return nil, err
	}
	feed.Begin(reader.Position())
	viewer, _ := auth.ViewerFrom(ctx)
	out := make(chan T)
	send := func(e log.Event) bool {
		return feed.Announce(ctx, e) && deliver(ctx, out, e.(T))
	}
	go func() {
		defer close(out)
		defer reader.Close()
		for pump(ctx, events, reader, func(e *ent.Event) bool {
			return wanted(e) && maySee(viewer, e)
		}, send) {
		}
	}()
	return out, nil
}

// pump delivers what comes next, and tells whether there may be more.
func pump(ctx context.Context, events *log.Log, reader *log.Reader, wanted func(*ent.Event) bool, send func(log.Event) bool) bool {
	next, err := reader.Next(ctx)
	if gap, ok := errors.AsType[*log.Gap](err); ok {
		return send(events.Missing(gap))
	}
	if err != nil {
		return false
	}
	for _, e := range next {
		if wanted(e) && !send(log.Of(e)) {
			return false
		}
	}
	return true
}

func deliver[T any](ctx context.Context, out chan<- T, e T) bool {
	select {
	case out <- e:
		return true
	case <-ctx.Done():
		return false
	}
}

// feedOf is what a subscription reads: what its transport wants it to, or else
// everything after a cursor.
func feedOf(ctx context.Context, after *string) (log.Range, *log.Feed, error) {
	feed := log.FeedFrom(ctx)
	if feed != nil && feed.Range != nil {
		return *feed.Range, feed, nil
	}
	if after == nil {
		return log.Range{}, feed, nil
	}
	position, err := log.ParsePosition(*after)
	if err != nil {
		return log.Range{}, nil, read.Wrong("after", "The cursor in after is not one that this server gave.")
	}
	return log.Range{After: &position}, feed, nil
}

// maySee tells whether the viewer may see what an event is about.
func maySee(viewer auth.Viewer, e *ent.Event) bool {
	needed, guarded := viewPermission(eventKind(e))
	return !guarded || viewer.Permissions.Has(needed)
}

// asksFor tells whether the operation of ctx selects a field of its root.
func asksFor(ctx context.Context, name string) bool {
	operation := graphql.GetOperationContext(ctx)
	if operation.Operation == nil {
		return false // the document is bad
	}
	if !strings.Contains(operation.RawQuery, name) {
		return false // which most are told by
	}
	for _, field := range graphql.CollectFields(operation, operation.Operation.SelectionSet, nil) {
		if field.Name == name {
			return true
		}
	}
	return false
}
