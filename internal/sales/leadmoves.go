package sales

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/pipeline"
	"dealflow/internal/id"
)

// MoveLeadInput says where a lead goes.
type MoveLeadInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	StageID         *string
	Before          *string
	After           *string
	At              *Place
}

// AddLeadToStageInput says which stage a lead goes to.
type AddLeadToStageInput struct {
	Labelled
	LeadID          string
	StageID         string
	PipelineID      *string
	ExpectedVersion *int
}

// RemoveLeadFromStageInput says which stage a lead is taken out of.
type RemoveLeadFromStageInput struct {
	Labelled
	LeadID          string
	StageID         string
	PipelineID      *string
	ExpectedVersion *int
}

// MoveLead moves a lead to a place in a stage.
func (s *Sales) MoveLead(ctx context.Context, input MoveLeadInput) (*ent.Lead, error) {
	var k check
	leadID := k.id(id.Lead, "id", input.ID)
	stageID := k.optionalID(id.Stage, "stageId", input.StageID)
	to := k.spot(id.Lead, leadID, input.Before, input.After, input.At)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		target, err := c.targetStage(ctx, card{id.Lead, leadID}, stageID, to)
		if err != nil {
			return nil, err
		}
		stage, err := c.lockStage(ctx, "stageId", target)
		if err != nil {
			return nil, again(stageID == nil, err)
		}
		old, err := c.lockLead(ctx, "id", leadID, input.ExpectedVersion, to.columns(column{id.Lead, stage.ID}, leadID)...)
		if err != nil {
			return nil, err
		}
		if stageID == nil && to.neighbour() == nil && !equal(old.StageID, &stage.ID) {
			return nil, errAgain // somebody moved it between the look and the lock
		}
		if err := notArchived(old, "id"); err != nil {
			return nil, err
		}
		next := *old
		if err := c.placeLead(ctx, &next, stage, to.with(old)); err != nil {
			return nil, again(stageID == nil, err)
		}
		return c.saveLead(ctx, old, &next, stage, activity.ActionMOVED)
	}, movedRows(leadID, stageID)...)
}

// AddLeadToStage puts a lead below the cards of a stage, and answers the
// stage's pipeline too. A lead that is there stays where it is.
func (s *Sales) AddLeadToStage(ctx context.Context, input AddLeadToStageInput) (*ent.Lead, *ent.Pipeline, error) {
	return s.onBoard(ctx, RemoveLeadFromStageInput(input), func(ctx context.Context, c *change, old *ent.Lead, stage *ent.Stage) (*ent.Lead, error) {
		if err := notArchived(old, "leadId"); err != nil {
			return nil, err
		}
		if equal(old.StageID, &stage.ID) {
			return old, nil
		}
		next := *old
		if err := c.placeLead(ctx, &next, stage, bottom); err != nil {
			return nil, err
		}
		return c.saveLead(ctx, old, &next, stage, activity.ActionMOVED)
	})
}

// RemoveLeadFromStage takes a lead off a board, and answers the stage's
// pipeline too.
func (s *Sales) RemoveLeadFromStage(ctx context.Context, input RemoveLeadFromStageInput) (*ent.Lead, *ent.Pipeline, error) {
	return s.onBoard(ctx, input, func(ctx context.Context, c *change, old *ent.Lead, stage *ent.Stage) (*ent.Lead, error) {
		if !equal(old.StageID, &stage.ID) {
			return nil, refuse(CodeNotFound, "exists", in("stageId"), "The lead is not in that stage.")
		}
		next := *old
		next.StageID, next.StageEnteredAt, next.Rank = nil, nil, ""
		return c.saveLead(ctx, old, &next, nil, activity.ActionMOVED)
	})
}

// onBoard runs a change of a lead and a stage, both locked, and answers what
// became of the lead and the stage's pipeline.
func (s *Sales) onBoard(
	ctx context.Context, input RemoveLeadFromStageInput,
	fn func(context.Context, *change, *ent.Lead, *ent.Stage) (*ent.Lead, error),
) (*ent.Lead, *ent.Pipeline, error) {
	var k check
	leadID := k.id(id.Lead, "leadId", input.LeadID)
	stageID := k.id(id.Stage, "stageId", input.StageID)
	pipelineID := k.optionalID(id.Pipeline, "pipelineId", input.PipelineID)
	if err := k.err(); err != nil {
		return nil, nil, err
	}
	var board *ent.Pipeline
	saved, err := answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		stage, err := c.lockStage(ctx, "stageId", stageID)
		if err != nil {
			return nil, err
		}
		if board, err = c.pipelineOf(ctx, stage, pipelineID); err != nil {
			return nil, err
		}
		old, err := c.lockLead(ctx, "leadId", leadID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		return fn(ctx, c, old, stage)
	})
	if err != nil {
		return nil, nil, err
	}
	return saved, board, nil
}

// pipelineOf is a stage's pipeline, which must be the one that pipelineId names,
// when it names one.
func (c *change) pipelineOf(ctx context.Context, stage *ent.Stage, named *uuid.UUID) (*ent.Pipeline, error) {
	want := stage.PipelineID
	if named != nil {
		want = *named
	}
	found, err := c.db.Pipeline.Query().Where(pipeline.ID(want)).Only(ctx)
	if err != nil {
		return nil, missing(err, id.Pipeline, "pipelineId")
	}
	if found.ID != stage.PipelineID {
		return nil, refuse(CodeInvalid, "match", in("pipelineId"), "The stage belongs to another pipeline. Name that one, or leave pipelineId out.")
	}
	return found, nil
}

// placeLead puts a lead at a spot of a stage, which is locked.
func (c *change) placeLead(ctx context.Context, next *ent.Lead, stage *ent.Stage, to spot) error {
	key, err := c.rankFor(ctx, column{id.Lead, stage.ID}, next.ID, to)
	if err != nil {
		return err
	}
	if !equal(next.StageID, &stage.ID) {
		next.StageEnteredAt = &c.at
	}
	next.StageID, next.Rank = &stage.ID, key
	return nil
}
