package sales

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/ent/stage"
	"dealflow/internal/id"
)

// CreatePipelineInput describes a new pipeline.
type CreatePipelineInput struct {
	Labelled
	Name        string
	Description *string
	IsActive    bool
	IsDefault   bool
	Stages      []*PipelineStageInput
}

// PipelineStageInput describes a stage of a new pipeline.
type PipelineStageInput struct {
	Name        string
	Order       *int
	Description *string
	Probability float64
	RottenAfter *int
}

// UpdatePipelineInput changes a pipeline. What is left out stays; null clears.
type UpdatePipelineInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Name            graphql.Omittable[*string]
	Description     graphql.Omittable[*string]
	IsActive        graphql.Omittable[*bool]
	IsDefault       graphql.Omittable[*bool]
}

// DeletePipelineInput names a pipeline to delete, and the stage of another one
// that gets its cards.
type DeletePipelineInput struct {
	Labelled
	ID                 string
	ExpectedVersion    *int
	MoveCardsToStageID *string
}

// ArchivePipelineInput names a pipeline to archive.
type ArchivePipelineInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// UnarchivePipelineInput names a pipeline to bring back.
type UnarchivePipelineInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// CreatePipeline makes a pipeline with its stages. When the organization has no
// default pipeline, it becomes that.
func (s *Sales) CreatePipeline(ctx context.Context, input CreatePipelineInput) (*ent.Pipeline, error) {
	var k check
	wanted := ent.Pipeline{
		Name:        k.text("name", input.Name, maxName),
		Description: k.optional("description", input.Description, maxText),
		IsActive:    input.IsActive,
		IsDefault:   input.IsDefault,
	}
	stages := k.stages(input.Stages)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Pipeline, error) {
		if _, err := c.lockPipelines(ctx); err != nil {
			return nil, err
		}
		next := wanted
		if err := c.claimDefault(ctx, &next); err != nil {
			return nil, err
		}
		created, err := c.insertPipeline(ctx, &next)
		if err != nil {
			return nil, err
		}
		_, err = c.insertStages(ctx, created, stages)
		return created, err
	})
}

// stages reads the stages of a new pipeline, and puts them in their order.
func (k *check) stages(inputs []*PipelineStageInput) []*ent.Stage {
	if len(inputs) > maxStages {
		k.add(CodeInvalid, "max", in("stages"), "The stages field has %d entries; at most %d are allowed.", len(inputs), maxStages)
		return nil
	}
	ordered := slices.Clone(inputs)
	if k.stageOrders(inputs) {
		slices.SortStableFunc(ordered, func(x, y *PipelineStageInput) int { return cmp.Compare(*x.Order, *y.Order) })
	}
	stages := make([]*ent.Stage, len(ordered))
	for place, input := range ordered {
		i := strconv.Itoa(slices.Index(inputs, input))
		at := func(field string) []string { return append(in("stages"), i, field) }
		stages[place] = &ent.Stage{
			Name:        k.textAt(at("name"), input.Name, maxName),
			Description: k.optionalAt(at("description"), input.Description, maxText),
			Position:    place,
			Probability: *k.probability(at("probability"), &input.Probability),
			RottenAfter: k.wholeAt(at("rottenAfter"), input.RottenAfter, 1, maxRotten),
		}
	}
	return stages
}

// stageOrders tells whether the stages of a new pipeline say their places, as
// all of them do or none does.
func (k *check) stageOrders(inputs []*PipelineStageInput) bool {
	said := map[int]bool{}
	var silent []int
	for i, input := range inputs {
		at := append(in("stages"), strconv.Itoa(i), "order")
		if input.Order == nil {
			silent = append(silent, i)
			continue
		}
		if said[*input.Order] {
			k.add(CodeInvalid, "distinct", at, "Another stage has the order %d.", *input.Order)
		}
		said[*input.Order] = true
		k.wholeAt(at, input.Order, 0, math.MaxInt32)
	}
	if len(said) == 0 {
		return false
	}
	for _, i := range silent {
		k.add(CodeRequired, "required", append(in("stages"), strconv.Itoa(i), "order"), "The order field is mandatory when another stage has one: give one to all stages, or to none.")
	}
	return len(silent) == 0
}

// insertPipeline writes a new pipeline and its activity.
func (c *change) insertPipeline(ctx context.Context, next *ent.Pipeline) (*ent.Pipeline, error) {
	created, err := c.db.Pipeline.Create().
		SetOrganizationID(c.organization).
		SetName(next.Name).
		SetNillableDescription(next.Description).
		SetIsActive(next.IsActive).
		SetIsDefault(next.IsDefault).
		SetCreatedAt(c.at).
		SetUpdatedAt(c.at).
		Save(ctx)
	if err != nil {
		return nil, err
	}
	return created, c.recordPipeline(ctx, activity.ActionCREATED, created.ID, pipelineDiff(&ent.Pipeline{}, created))
}

// UpdatePipeline changes a pipeline.
func (s *Sales) UpdatePipeline(ctx context.Context, input UpdatePipelineInput) (*ent.Pipeline, error) {
	var k check
	pipelineID := k.id(id.Pipeline, "id", input.ID)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Pipeline, error) {
		old, err := c.lockAmongPipelines(ctx, pipelineID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		next, err := patchPipeline(old, &input)
		if err != nil {
			return nil, err
		}
		if next.IsDefault && !old.IsDefault {
			if err := c.claimDefault(ctx, next); err != nil {
				return nil, err
			}
		}
		return c.savePipeline(ctx, old, next, activity.ActionUPDATED)
	})
}

// patchPipeline is a pipeline with the fields that an update sends.
func patchPipeline(old *ent.Pipeline, input *UpdatePipelineInput) (*ent.Pipeline, error) {
	var k check
	next := *old
	next.Name = k.patchText("name", input.Name, old.Name, maxName)
	next.Description = k.optional("description", given(input.Description, old.Description), maxText)
	next.IsActive = mandatory(&k, "isActive", input.IsActive, old.IsActive)
	next.IsDefault = mandatory(&k, "isDefault", input.IsDefault, old.IsDefault)
	if old.IsDefault && !next.IsDefault {
		k.add(CodeInvalid, "default", in("isDefault"), "The default pipeline's isDefault field cannot be false: make another pipeline the default instead.")
	}
	if next.IsDefault && old.ArchivedAt != nil {
		k.add(CodeInvalid, "archived", in("isDefault"), "An archived pipeline cannot be the default: unarchive it first.")
	}
	return &next, k.err()
}

// DeletePipeline deletes a pipeline with its stages, and answers its id. Its
// cards go to a stage of another pipeline.
func (s *Sales) DeletePipeline(ctx context.Context, input DeletePipelineInput) (string, error) {
	var k check
	pipelineID := k.id(id.Pipeline, "id", input.ID)
	targetID := k.optionalID(id.Stage, "moveCardsToStageId", input.MoveCardsToStageID)
	if err := k.err(); err != nil {
		return "", err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		old, err := c.lockAmongPipelines(ctx, pipelineID, input.ExpectedVersion)
		if err != nil {
			return "", err
		}
		b, err := c.lockBoard(ctx, old, targetID)
		if err != nil {
			return "", err
		}
		if b.target != nil && b.target.PipelineID == old.ID {
			return "", refuse(CodeInvalid, "different", in("moveCardsToStageId"), "That stage goes with the pipeline: name a stage of another pipeline.")
		}
		if err := c.vacate(ctx, b.stages, b.target, "The pipeline", "which stage of another pipeline"); err != nil {
			return "", err
		}
		return old.GlobalID(), c.removePipeline(ctx, b)
	})
}

// removePipeline deletes a pipeline that holds no cards.
func (c *change) removePipeline(ctx context.Context, b *board) error {
	if _, err := c.db.Stage.Delete().Where(stage.PipelineID(b.pipeline.ID)).Exec(ctx); err != nil {
		return err
	}
	if err := c.recordStages(ctx, activity.ActionDELETED, b.stages, goneStage); err != nil {
		return err
	}
	if err := c.db.Pipeline.DeleteOne(b.pipeline).Exec(ctx); err != nil {
		return err
	}
	if err := c.recordPipeline(ctx, activity.ActionDELETED, b.pipeline.ID, pipelineDiff(b.pipeline, &ent.Pipeline{})); err != nil {
		return err
	}
	return c.passOnDefault(ctx, b.pipeline)
}

// ArchivePipeline archives a pipeline. Its cards stay as they are.
func (s *Sales) ArchivePipeline(ctx context.Context, input ArchivePipelineInput) (*ent.Pipeline, error) {
	return s.changePipeline(ctx, input.ID, input.ExpectedVersion, func(ctx context.Context, c *change, old *ent.Pipeline) (*ent.Pipeline, error) {
		if old.ArchivedAt != nil {
			return old, nil
		}
		next := *old
		next.ArchivedAt, next.IsDefault = &c.at, false
		saved, err := c.savePipeline(ctx, old, &next, activity.ActionARCHIVED)
		if err != nil {
			return nil, err
		}
		return saved, c.passOnDefault(ctx, old)
	})
}

// UnarchivePipeline brings an archived pipeline back. When the organization has
// no default pipeline, it becomes that.
func (s *Sales) UnarchivePipeline(ctx context.Context, input UnarchivePipelineInput) (*ent.Pipeline, error) {
	return s.changePipeline(ctx, input.ID, input.ExpectedVersion, func(ctx context.Context, c *change, old *ent.Pipeline) (*ent.Pipeline, error) {
		if old.ArchivedAt == nil {
			return old, nil
		}
		next := *old
		next.ArchivedAt = nil
		if err := c.claimDefault(ctx, &next); err != nil {
			return nil, err
		}
		return c.savePipeline(ctx, old, &next, activity.ActionRESTORED)
	})
}

// changePipeline does something to the pipeline that an input names by id.
func (s *Sales) changePipeline(ctx context.Context, key string, expected *int, fn func(context.Context, *change, *ent.Pipeline) (*ent.Pipeline, error)) (*ent.Pipeline, error) {
	var k check
	pipelineID := k.id(id.Pipeline, "id", key)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Pipeline, error) {
		old, err := c.lockAmongPipelines(ctx, pipelineID, expected)
		if err != nil {
			return nil, err
		}
		return fn(ctx, c, old)
	})
}

// savePipeline writes what became of a pipeline, and its activity.
func (c *change) savePipeline(ctx context.Context, old, next *ent.Pipeline, action activity.Action) (*ent.Pipeline, error) {
	changes := pipelineDiff(old, next)
	if len(changes) == 0 {
		return old, nil
	}
	u := c.db.Pipeline.UpdateOneID(old.ID).
		SetName(next.Name).
		SetIsActive(next.IsActive).
		SetIsDefault(next.IsDefault).
		SetUpdatedAt(c.at).
		AddVersion(1)
	setOrClear(next.Description, u.SetDescription, u.ClearDescription)
	setOrClear(next.ArchivedAt, u.SetArchivedAt, u.ClearArchivedAt)
	saved, err := u.Save(ctx)
	if err != nil {
		return nil, err
	}
	return saved, c.recordPipeline(ctx, action, old.ID, changes)
}

// recordPipeline writes down what became of a pipeline, and tells it.
func (c *change) recordPipeline(ctx context.Context, action activity.Action, key uuid.UUID, changes diff) error {
	c.tellPipeline(event.KindPIPELINE_CHANGED, key, changes)
	c.record(action, activity.EntityTypePIPELINE, key, changes)
	return nil
}

// restage notes that a pipeline's list of stages has changed, which is part of
// the pipeline to its readers: a reordering may rely on the version they saw.
func (c *change) restage(ctx context.Context, owner *ent.Pipeline) (*ent.Pipeline, error) {
	return c.db.Pipeline.UpdateOne(owner).SetUpdatedAt(c.at).AddVersion(1).Save(ctx)
}

// pipelineDiff is what changed between two states of a pipeline, as the API shows it.
func pipelineDiff(old, next *ent.Pipeline) diff {
	var d diff
	d.note("name", text(old.Name), text(next.Name))
	d.note("description", old.Description, next.Description)
	d.note("isActive", ofEntity(old.ID, old.IsActive), ofEntity(next.ID, next.IsActive))
	d.note("isDefault", ofEntity(old.ID, old.IsDefault), ofEntity(next.ID, next.IsDefault))
	d.note("archivedAt", instant(old.ArchivedAt), instant(next.ArchivedAt))
	return d
}

// ofEntity is a value of an entity; nil when there is no such entity, which has
// no id: before it was made, and once it is gone.
func ofEntity(key uuid.UUID, value any) any {
	if key == uuid.Nil {
		return nil
	}
	return value
}
