package sales

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/ent/stage"
	"dealflow/internal/id"
	"dealflow/internal/store"
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

// knowLead remembers the pipeline of a lead's stage, which is its Value with a name. It is
// not there for a lead in no stage, or one that was moved to a new stage while the change
// waited for the lock.
func (e *events) knowLead(l *ent.Lead, name string) {
	if owner, err := uuid.Parse(textValue(l, name)); err == nil && l.StageID != nil {
		e.pipelines[*l.StageID] = owner
	}
}

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

// advance writes what was told, and that there is something new, with all that is
// pending.
func (c *change) advance(ctx context.Context) error {
	list := c.events.list
	c.write(c.advanceHead(len(list)))
	err := inChunks(len(list), func(from, to int) error {
		return c.writeNow(ctx, c.insertEvents(list[from:to], len(list)-from))
	})
	if err == nil && len(list) == 0 {
		err = c.writeNow(ctx)
	}
	if err != nil {
		return fmt.Errorf("write down what was changed: %w", err)
	}
	return nil
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

// advanceHead gives the organization another revision, and takes the next places in
// its event log, if any. It waits for whoever did so and has not committed yet.
//
// A revision is random, not counted: what is written after the database was set back
// to a backup is not to be taken for what was written before.
func (c *change) advanceHead(places int) store.Write {
	return store.Upsert(eventhead.Table,
		[]string{eventhead.FieldID, eventhead.FieldSeq, eventhead.FieldRevision},
		[]any{id.New(), places, uuid.New()}, eventhead.FieldSeq)
}

// insertEvents writes events into their places: the first of them has as many to the
// end of the log, itself included, as are left.
func (c *change) insertEvents(list []*ent.Event, left int) store.Write {
	rows := make([][]any, len(list))
	for i, told := range list {
		rows[i] = []any{
			told.ID, store.Own{Table: eventhead.Table, Column: eventhead.FieldSeq, Less: left - i - 1}, told.Kind, told.EntityType, told.EntityID,
			told.FromPipelineID, told.FromStageID, told.ToPipelineID, told.ToStageID,
			told.CommentID, told.UserID, diff(told.Changes).stored(), c.at,
		}
	}
	return store.Insert(event.Table, []string{
		event.FieldID, event.FieldSeq, event.FieldKind, event.FieldEntityType, event.FieldEntityID,
		event.FieldFromPipelineID, event.FieldFromStageID, event.FieldToPipelineID, event.FieldToStageID,
		event.FieldCommentID, event.FieldUserID, event.FieldChanges, event.FieldCreatedAt,
	}, rows...)
}
