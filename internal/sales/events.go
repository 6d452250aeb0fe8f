package sales

import (
	"context"
	"fmt"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/ent/stage"
	"dealflow/internal/id"
)

// events are what a change tells those who watch boards. They are gathered while
// it goes on, and written as the last thing of its transaction: from then until the
// commit nobody else in the organization writes any, which is to take as little
// time as it can.
type events struct {
	list []*ent.Event
	// pipelines are those of the stages that the change has come across. A stage
	// never changes its pipeline, but may be gone when the events are written.
	pipelines map[uuid.UUID]uuid.UUID
}

// know remembers the pipelines of stages.
func (e *events) know(stages ...*ent.Stage) {
	for _, one := range stages {
		e.pipelines[one.ID] = one.PipelineID
	}
}

// knowDeal remembers the pipeline of a deal's stage.
func (e *events) knowDeal(d *ent.Deal) { e.pipelines[d.StageID] = d.PipelineID }

// tell adds an event of what the change has done.
func (c *change) tell(told ent.Event, changes diff) {
	told.ID, told.UserID, told.Changes = id.New(), c.user, changes
	if changes == nil {
		told.Changes = diff{}
	}
	c.events.list = append(c.events.list, &told)
}

// tellCard tells what became of a card, which was in one stage and is in another,
// or in none.
func (c *change) tellCard(kind event.Kind, one card, from, to *uuid.UUID, changes diff) {
	c.tell(ent.Event{
		Kind: kind, EntityType: entityType(one.kind), EntityID: one.id, FromStageID: from, ToStageID: to,
	}, changes)
}

// tellChange is tellCard of a card that was changed, and perhaps moved.
func (c *change) tellChange(action activity.Action, one card, from, to *uuid.UUID, moved bool, changes diff) {
	kind := event.KindCARD_UPDATED
	switch {
	case moved || !equal(from, to):
		kind = event.KindCARD_MOVED
	case action == activity.ActionARCHIVED:
		kind = event.KindCARD_ARCHIVED
	case action == activity.ActionRESTORED:
		kind = event.KindCARD_RESTORED
	}
	c.tellCard(kind, one, from, to, changes)
}

// tellComment tells what became of a comment on a card.
func (c *change) tellComment(kind event.Kind, about card, comment uuid.UUID) {
	c.tell(ent.Event{
		Kind: kind, EntityType: entityType(about.kind), EntityID: about.id, CommentID: &comment,
	}, nil)
}

// tellStage tells what became of a stage.
func (c *change) tellStage(kind event.Kind, one *ent.Stage, changes diff) {
	told := ent.Event{Kind: kind, EntityType: event.EntityTypeSTAGE, EntityID: one.ID}
	c.events.know(one)
	if kind != event.KindSTAGE_CREATED {
		told.FromStageID = &one.ID
	}
	if kind != event.KindSTAGE_REMOVED {
		told.ToStageID = &one.ID
	}
	c.tell(told, changes)
}

// tellPipeline tells what became of a pipeline.
func (c *change) tellPipeline(kind event.Kind, key uuid.UUID, changes diff) {
	c.tell(ent.Event{
		Kind: kind, EntityType: event.EntityTypePIPELINE, EntityID: key, FromPipelineID: &key, ToPipelineID: &key,
	}, changes)
}

func entityType(kind id.Kind) event.EntityType {
	if kind == id.Deal {
		return event.EntityTypeDEAL
	}
	return event.EntityTypeLEAD
}

// advance writes what was told, and that there is something new.
func (c *change) advance(ctx context.Context) error {
	list := c.events.list
	last, err := c.advanceHead(ctx, len(list))
	if err != nil {
		return fmt.Errorf("advance the event log: %w", err)
	}
	first := last - int64(len(list)) + 1
	return inChunks(len(list), func(from, to int) error {
		rows := make([]*ent.EventCreate, 0, to-from)
		for i, told := range list[from:to] {
			rows = append(rows, c.createEvent(told, first+int64(from+i)))
		}
		return c.db.Event.CreateBulk(rows...).Exec(ctx)
	})
}

// locate gives events the pipelines of their stages.
func (c *change) locate(ctx context.Context, list []*ent.Event) error {
	if err := c.findPipelines(ctx, list); err != nil {
		return err
	}
	of := func(stage *uuid.UUID) *uuid.UUID {
		if stage == nil {
			return nil
		}
		owner, known := c.events.pipelines[*stage]
		if !known {
			return nil
		}
		return &owner
	}
	for _, told := range list {
		if told.EntityType != event.EntityTypePIPELINE {
			told.FromPipelineID, told.ToPipelineID = of(told.FromStageID), of(told.ToStageID)
		}
	}
	return nil
}

// findPipelines reads the pipelines of those stages that the change has not come
// across itself.
func (c *change) findPipelines(ctx context.Context, list []*ent.Event) error {
	var unknown []uuid.UUID
	for _, told := range list {
		for _, key := range []*uuid.UUID{told.FromStageID, told.ToStageID} {
			if key == nil {
				continue
			}
			if _, known := c.events.pipelines[*key]; !known {
				unknown = append(unknown, *key)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	stages, err := c.db.Stage.Query().Where(stage.IDIn(distinct(unknown)...)).
		Select(stage.FieldID, stage.FieldPipelineID).All(ctx)
	c.events.know(stages...)
	return err
}

// advanceHead gives the organization another revision, takes the next places in its
// event log, if any, and answers the last that is taken. It waits for whoever did so
// and has not committed yet.
//
// A revision is random, not counted: what is written after the database was set back
// to a backup is not to be taken for what was written before.
func (c *change) advanceHead(ctx context.Context, places int) (int64, error) {
	revision := uuid.New()
	query, args := entsql.Dialect(c.dialect).
		Insert(eventhead.Table).
		Columns(eventhead.FieldID, eventhead.FieldOrganizationID, eventhead.FieldSeq, eventhead.FieldRevision).
		Values(id.New(), c.organization, places, revision).
		OnConflict(
			entsql.ConflictColumns(eventhead.FieldOrganizationID),
			entsql.ResolveWith(func(u *entsql.UpdateSet) {
				u.Add(eventhead.FieldSeq, places).Set(eventhead.FieldRevision, revision)
			}),
		).
		Returning(eventhead.FieldSeq).
		Query()
	rows, err := c.db.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	return entsql.ScanInt64(rows)
}

// createEvent is the INSERT of an event into its place.
func (c *change) createEvent(told *ent.Event, seq int64) *ent.EventCreate {
	return c.db.Event.Create().
		SetID(told.ID).
		SetOrganizationID(c.organization).
		SetSeq(seq).
		SetKind(told.Kind).
		SetEntityType(told.EntityType).
		SetEntityID(told.EntityID).
		SetNillableFromPipelineID(told.FromPipelineID).
		SetNillableFromStageID(told.FromStageID).
		SetNillableToPipelineID(told.ToPipelineID).
		SetNillableToStageID(told.ToStageID).
		SetNillableCommentID(told.CommentID).
		SetNillableUserID(told.UserID).
		SetChanges(told.Changes).
		SetCreatedAt(c.at)
}
