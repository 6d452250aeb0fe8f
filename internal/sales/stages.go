package sales

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/internal/id"
)

// CreateStageInput describes a new stage.
type CreateStageInput struct {
	Labelled
	PipelineID  *string
	Name        string
	Description *string
	Order       *int
	Probability float64
	RottenAfter *int
	LeadIDs     []string
}

// UpdateStageInput changes a stage. What is left out stays; null clears.
type UpdateStageInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Name            graphql.Omittable[*string]
	Description     graphql.Omittable[*string]
	Order           graphql.Omittable[*int]
	Probability     graphql.Omittable[*float64]
	RottenAfter     graphql.Omittable[*int]
}

// ReorderStagesInput puts all stages of a pipeline in a new order.
type ReorderStagesInput struct {
	Labelled
	PipelineID      string
	ExpectedVersion *int
	StageIDs        []string
}

// DeleteStageInput names a stage to delete, and the one that gets its cards.
type DeleteStageInput struct {
	Labelled
	ID                 string
	ExpectedVersion    *int
	MoveCardsToStageID *string
}

// CreateStage makes a stage, with leads in it when they are named, and answers
// its pipeline too.
func (s *Sales) CreateStage(ctx context.Context, input CreateStageInput) (*ent.Stage, *ent.Pipeline, error) {
	var k check
	pipelineID := k.optionalID(id.Pipeline, "pipelineId", input.PipelineID)
	leadIDs := k.ids(id.Lead, "leadIds", input.LeadIDs, maxIDs)
	wanted := ent.Stage{
		Name:        k.text("name", input.Name, maxName),
		Description: k.optional("description", input.Description, maxText),
		Probability: *k.probability(in("probability"), &input.Probability),
		RottenAfter: k.whole("rottenAfter", input.RottenAfter, 1, maxRotten),
	}
	if err := k.err(); err != nil {
		return nil, nil, err
	}
	var owner *ent.Pipeline
	created, err := answer(ctx, s, func(ctx context.Context, c *change) (*ent.Stage, error) {
		b, err := c.lockBoardFor(ctx, pipelineID)
		if err != nil {
			return nil, err
		}
		next := wanted
		if next.Position, err = b.newPlace(input.Order); err != nil {
			return nil, err
		}
		created, err := c.insertStage(ctx, b, &next)
		if err != nil {
			return nil, err
		}
		if err := c.fillStage(ctx, created, leadIDs); err != nil {
			return nil, err
		}
		owner, err = c.restage(ctx, b.pipeline)
		return created, err
	})
	if err != nil {
		return nil, nil, err
	}
	return created, owner, nil
}

// newPlace is the place of a new stage on a board: the one that is asked for,
// or the last.
func (b *board) newPlace(order *int) (int, error) {
	if len(b.stages) >= maxStages {
		return 0, refuse(CodeInvalid, "max", in("pipelineId"), "The pipeline has %d stages, and no room for more: delete one, or name another pipeline.", len(b.stages))
	}
	if order == nil {
		return len(b.stages), nil
	}
	var k check
	k.whole("order", order, 0, len(b.stages))
	return *order, k.err()
}

// insertStage writes a new stage into its place, and its activity. Later stages
// make room.
func (c *change) insertStage(ctx context.Context, b *board, next *ent.Stage) (*ent.Stage, error) {
	if err := c.arrange(ctx, b.pipeline, slices.Insert(slices.Clone(b.stages), next.Position, nil)); err != nil {
		return nil, err
	}
	created, err := c.insertStages(ctx, b.pipeline, []*ent.Stage{next})
	if err != nil {
		return nil, err
	}
	return created[0], nil
}

// UpdateStage changes a stage. When it gets another place, the others make room.
func (s *Sales) UpdateStage(ctx context.Context, input UpdateStageInput) (*ent.Stage, error) {
	var k check
	stageID := k.id(id.Stage, "id", input.ID)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Stage, error) {
		b, old, err := c.lockBoardOf(ctx, stageID, input.ExpectedVersion, nil)
		if err != nil {
			return nil, err
		}
		next, err := b.patchStage(old, &input)
		if err != nil {
			return nil, err
		}
		if next.Position != old.Position {
			if err := c.giveWay(ctx, b, old, next.Position); err != nil {
				return nil, err
			}
		}
		return c.saveStage(ctx, old, next)
	})
}

// patchStage is a stage of a board with the fields that an update sends.
func (b *board) patchStage(old *ent.Stage, input *UpdateStageInput) (*ent.Stage, error) {
	var k check
	next := *old
	next.Name = k.patchText("name", input.Name, old.Name, maxName)
	next.Description = k.optional("description", given(input.Description, old.Description), maxText)
	next.Position = mandatory(&k, "order", input.Order, old.Position)
	k.whole("order", &next.Position, 0, len(b.stages)-1)
	next.Probability = mandatory(&k, "probability", input.Probability, old.Probability)
	k.probability(in("probability"), &next.Probability)
	next.RottenAfter = k.whole("rottenAfter", given(input.RottenAfter, old.RottenAfter), 1, maxRotten)
	return &next, k.err()
}

// ReorderStages puts all stages of a pipeline in a new order.
func (s *Sales) ReorderStages(ctx context.Context, input ReorderStagesInput) (*ent.Pipeline, error) {
	var k check
	pipelineID := k.id(id.Pipeline, "pipelineId", input.PipelineID)
	keys := k.ids(id.Stage, "stageIds", input.StageIDs, maxStages)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Pipeline, error) {
		owner, err := c.lockPipeline(ctx, "pipelineId", pipelineID)
		if err != nil {
			return nil, err
		}
		if err := unchanged(owner, owner.Version, input.ExpectedVersion); err != nil {
			return nil, err
		}
		b, err := c.lockBoard(ctx, owner, nil)
		if err != nil {
			return nil, err
		}
		stages, err := b.inOrder(keys)
		if err != nil {
			return nil, err
		}
		return c.reorder(ctx, b, stages)
	})
}

// reorder gives a board's stages the order of the list. A board that has that
// order is left alone.
func (c *change) reorder(ctx context.Context, b *board, stages []*ent.Stage) (*ent.Pipeline, error) {
	var changes diff
	changes.note("stageIds", stageTexts(b.stages), stageTexts(stages))
	if len(changes) == 0 {
		return b.pipeline, nil
	}
	if err := c.arrange(ctx, b.pipeline, stages); err != nil {
		return nil, err
	}
	owner, err := c.restage(ctx, b.pipeline)
	if err != nil {
		return nil, err
	}
	c.record(activity.ActionREORDERED, activity.EntityTypePIPELINE, owner.ID, changes)
	return owner, nil
}

// DeleteStage deletes a stage, and answers its id and its pipeline. Its cards
// go to another stage; later stages close the gap.
func (s *Sales) DeleteStage(ctx context.Context, input DeleteStageInput) (string, *ent.Pipeline, error) {
	var k check
	stageID := k.id(id.Stage, "id", input.ID)
	targetID := k.optionalID(id.Stage, "moveCardsToStageId", input.MoveCardsToStageID)
	if targetID != nil && *targetID == stageID {
		k.add(CodeInvalid, "different", in("moveCardsToStageId"), "That is the stage to delete: name another one.")
	}
	if err := k.err(); err != nil {
		return "", nil, err
	}
	var owner *ent.Pipeline
	deleted, err := answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		b, old, err := c.lockBoardOf(ctx, stageID, input.ExpectedVersion, targetID)
		if err != nil {
			return "", err
		}
		if err := c.vacate(ctx, []*ent.Stage{old}, b.target, "The stage", "which other stage"); err != nil {
			return "", err
		}
		owner, err = c.removeStage(ctx, b, old)
		return old.GlobalID(), err
	})
	if err != nil {
		return "", nil, err
	}
	return deleted, owner, nil
}

// removeStage deletes a stage that holds no cards, and answers its pipeline.
func (c *change) removeStage(ctx context.Context, b *board, old *ent.Stage) (*ent.Pipeline, error) {
	if err := c.db.Stage.DeleteOne(old).Exec(ctx); err != nil {
		return nil, err
	}
	if err := c.arrange(ctx, b.pipeline, b.without(old.ID)); err != nil {
		return nil, err
	}
	if err := c.recordStages(ctx, activity.ActionDELETED, []*ent.Stage{old}, goneStage); err != nil {
		return nil, err
	}
	return c.restage(ctx, b.pipeline)
}

// insertStages writes new stages of a pipeline, and their activities.
func (c *change) insertStages(ctx context.Context, owner *ent.Pipeline, stages []*ent.Stage) ([]*ent.Stage, error) {
	rows := make([]*ent.StageCreate, len(stages))
	for i, next := range stages {
		rows[i] = c.db.Stage.Create().
			SetOrganizationID(c.organization).
			SetPipelineID(owner.ID).
			SetName(next.Name).
			SetNillableDescription(next.Description).
			SetPosition(next.Position).
			SetProbability(next.Probability).
			SetNillableRottenAfter(next.RottenAfter).
			SetCreatedAt(c.at).
			SetUpdatedAt(c.at)
	}
	created, err := c.db.Stage.CreateBulk(rows...).Save(ctx)
	if err != nil {
		return nil, err
	}
	return created, c.recordStages(ctx, activity.ActionCREATED, created, madeStage)
}

// saveStage writes what became of a stage, and its activity.
func (c *change) saveStage(ctx context.Context, old, next *ent.Stage) (*ent.Stage, error) {
	changes := stageDiff(old, next)
	if len(changes) == 0 {
		return old, nil
	}
	u := c.db.Stage.UpdateOneID(old.ID).
		SetName(next.Name).
		SetPosition(next.Position).
		SetProbability(next.Probability).
		SetUpdatedAt(c.at).
		AddVersion(1)
	setOrClear(next.Description, u.SetDescription, u.ClearDescription)
	setOrClear(next.RottenAfter, u.SetRottenAfter, u.ClearRottenAfter)
	saved, err := u.Save(ctx)
	if err != nil {
		return nil, err
	}
	c.tellStage(event.KindSTAGE_UPDATED, saved, changes)
	c.record(activity.ActionUPDATED, activity.EntityTypeSTAGE, old.ID, changes)
	return saved, nil
}

// recordStages writes down that stages were made, or deleted, and tells it.
func (c *change) recordStages(ctx context.Context, action activity.Action, stages []*ent.Stage, changes func(*ent.Stage) diff) error {
	kind := event.KindSTAGE_CREATED
	if action == activity.ActionDELETED {
		kind = event.KindSTAGE_REMOVED
	}
	for _, one := range stages {
		c.tellStage(kind, one, changes(one))
	}
	return c.recordMany(ctx, action, activity.EntityTypeSTAGE, stageIDs(stages), func(i int) diff { return changes(stages[i]) })
}

func madeStage(made *ent.Stage) diff { return stageDiff(&ent.Stage{}, made) }

func goneStage(gone *ent.Stage) diff { return stageDiff(gone, &ent.Stage{}) }

// stageDiff is what changed between two states of a stage, as the API shows it.
func stageDiff(old, next *ent.Stage) diff {
	var d diff
	d.note("pipelineId", globalID(id.Pipeline, &old.PipelineID), globalID(id.Pipeline, &next.PipelineID))
	d.note("name", text(old.Name), text(next.Name))
	d.note("description", old.Description, next.Description)
	d.note("order", ofEntity(old.ID, old.Position), ofEntity(next.ID, next.Position))
	d.note("probability", ofEntity(old.ID, old.Probability), ofEntity(next.ID, next.Probability))
	d.note("rottenAfter", old.RottenAfter, next.RottenAfter)
	return d
}

// stageTexts are the ids of stages as the API shows them.
func stageTexts(stages []*ent.Stage) []string {
	texts := make([]string, len(stages))
	for i, one := range stages {
		texts[i] = one.GlobalID()
	}
	return texts
}
