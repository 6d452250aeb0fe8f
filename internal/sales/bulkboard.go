package sales

import (
	"context"
	"slices"
	"strings"

	"dealflow/ent"
	"dealflow/ent/leadstatus"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/internal/id"
)

// ImportBoardInput says where cards are to go.
type ImportBoardInput struct {
	// Pipeline is the pipeline's name or id.
	Pipeline string
	// Create makes the pipeline, when there is none of that name.
	Create bool
	// Stages are made, after those there are, when the pipeline has none of
	// that name.
	Stages []*PipelineStageInput
}

// ImportBoard finds the pipeline that cards are to go to, and its stages in
// their order. It makes what is missing, as far as the input says so.
func (s *Sales) ImportBoard(ctx context.Context, input ImportBoardInput) (*ent.Pipeline, []*ent.Stage, error) {
	var k check
	name := k.textAt([]string{"pipeline"}, input.Pipeline, maxName)
	wanted := k.stages(input.Stages)
	if err := k.err(); err != nil {
		return nil, nil, err
	}
	var owner *ent.Pipeline
	stages, err := bulk(ctx, s, func(ctx context.Context, c *change) (_ []*ent.Stage, err error) {
		if owner, err = c.importPipeline(ctx, name, input.Create); err != nil {
			return nil, err
		}
		return c.importStages(ctx, owner, wanted)
	})
	return owner, stages, err
}

// importPipeline finds the pipeline with a name or an id, or makes it.
func (c *change) importPipeline(ctx context.Context, nameOrID string, create bool) (*ent.Pipeline, error) {
	found, err := c.pipelineNamed(ctx, nameOrID)
	if err != nil || found != nil {
		return found, err
	}
	if _, err := id.Pipeline.Decode(nameOrID); err == nil || !create {
		return nil, refuse(CodeNotFound, "exists", []string{"pipeline"}, "There is no pipeline %q.", nameOrID)
	}
	// Others who make one wait here; one may have been made since the look.
	if _, err := c.lockPipelines(ctx); err != nil {
		return nil, err
	}
	if found, err = c.pipelineNamed(ctx, nameOrID); err != nil || found != nil {
		return found, err
	}
	next := ent.Pipeline{Name: nameOrID, IsActive: true}
	if err := c.claimDefault(ctx, &next); err != nil {
		return nil, err
	}
	return c.insertPipeline(ctx, &next)
}

// pipelineNamed finds the pipeline with a name or an id; nil when there is none.
// Two with the same name are told apart by their ids alone.
func (c *change) pipelineNamed(ctx context.Context, nameOrID string) (*ent.Pipeline, error) {
	is := pipeline.Name(nameOrID)
	if key, err := id.Pipeline.Decode(nameOrID); err == nil {
		is = pipeline.ID(key)
	}
	found, err := c.db.Pipeline.Query().Where(is).Order(pipeline.ByID()).All(ctx)
	switch {
	case err != nil || len(found) == 0:
		return nil, err
	case len(found) > 1:
		ids := make([]string, len(found))
		for i, one := range found {
			ids[i] = one.GlobalID()
		}
		return nil, refuse(CodeInvalid, "unique", []string{"pipeline"},
			"%d pipelines have the name %q: name one by its id (%s).", len(found), nameOrID, strings.Join(ids, ", "))
	}
	return found[0], nil
}

// importStages is a pipeline's stages, once those that are wanted and missing
// have been made.
func (c *change) importStages(ctx context.Context, owner *ent.Pipeline, wanted []*ent.Stage) ([]*ent.Stage, error) {
	stages, err := c.db.Stage.Query().Where(stage.PipelineID(owner.ID)).Order(stage.ByPosition()).All(ctx)
	if err != nil || len(without(wanted, stages)) == 0 {
		return stages, err
	}
	if owner, err = c.lockPipeline(ctx, "pipeline", owner.ID); err != nil {
		return nil, err
	}
	b, err := c.lockBoard(ctx, owner, nil)
	if err != nil {
		return nil, err
	}
	var missing []*ent.Stage
	for _, one := range without(wanted, b.stages) {
		next := *one // the input may be needed for another attempt
		if next.Position, err = b.newPlace(nil); err != nil {
			return nil, err
		}
		b.stages, missing = append(b.stages, &next), append(missing, &next)
	}
	made, err := c.insertStages(ctx, owner, missing)
	if err != nil {
		return nil, err
	}
	_, err = c.restage(ctx, owner)
	return append(b.stages[:len(b.stages)-len(made)], made...), err
}

// without is those stages whose names others do not have.
func without(stages, others []*ent.Stage) []*ent.Stage {
	return slices.DeleteFunc(slices.Clone(stages), func(one *ent.Stage) bool {
		return slices.ContainsFunc(others, func(other *ent.Stage) bool { return other.Name == one.Name })
	})
}

// ImportStatuses is the organization's lead statuses in their order, once those
// that are wanted and missing have been made, after the others.
func (s *Sales) ImportStatuses(ctx context.Context, wanted []CreateLeadStatusInput) ([]*ent.LeadStatus, error) {
	var k check
	checked := make([]*ent.LeadStatus, len(wanted))
	for i, one := range wanted {
		checked[i] = &ent.LeadStatus{Name: k.text("name", one.Name, maxStatusName), PrimaryColor: one.PrimaryColor}
	}
	if err := k.err(); err != nil {
		return nil, err
	}
	return bulk(ctx, s, func(ctx context.Context, c *change) ([]*ent.LeadStatus, error) {
		all, err := c.db.LeadStatus.Query().Order(leadstatus.ByPosition(), leadstatus.ByID()).All(ctx)
		if err != nil || len(unknownStatuses(checked, all)) == 0 {
			return all, err
		}
		if all, err = c.lockStatuses(ctx); err != nil {
			return nil, err
		}
		missing := unknownStatuses(checked, all)
		if len(all)+len(missing) > maxStatuses {
			return nil, refuse(CodeInvalid, "max", []string{"statuses"}, "There would be %d lead statuses; at most %d are allowed.", len(all)+len(missing), maxStatuses)
		}
		made, err := c.insertStatuses(ctx, missing)
		return append(all, made...), err
	})
}

// unknownStatuses is those of some statuses whose names others do not have, to
// be placed after them.
func unknownStatuses(statuses, others []*ent.LeadStatus) []*ent.LeadStatus {
	var unknown []*ent.LeadStatus
	for _, one := range statuses {
		if freeStatusName(others, one) == nil {
			next := *one // the input may be needed for another attempt
			next.Position = len(others) + len(unknown)
			unknown = append(unknown, &next)
		}
	}
	return unknown
}
