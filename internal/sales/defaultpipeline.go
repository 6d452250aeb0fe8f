package sales

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/pipeline"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// An organization with a pipeline in use has one default pipeline, which is in
// use. Whatever may touch that runs after lockPipelines.

// lockPipelines locks all pipelines of the organization: whoever may change
// which one is the default waits here for the others who may.
func (c *change) lockPipelines(ctx context.Context) ([]*ent.Pipeline, error) {
	return c.db.Pipeline.Query().Order(pipeline.ByID()).Modify(store.Lock).All(ctx)
}

// lockAmongPipelines locks all pipelines, and finds the one that an input names
// by id, at the version that the sender has seen.
func (c *change) lockAmongPipelines(ctx context.Context, key uuid.UUID, expected *int) (*ent.Pipeline, error) {
	all, err := c.lockPipelines(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(one *ent.Pipeline) bool { return one.ID == key })
	if i < 0 {
		return nil, notFound(id.Pipeline, in("id"))
	}
	return all[i], unchanged(all[i], all[i].Version, expected)
}

// claimDefault makes a pipeline that is about to be written the default one, if
// it wants to be or nobody else is, and takes the flag from who has it. An
// organization with a pipeline in use always has a default one.
func (c *change) claimDefault(ctx context.Context, next *ent.Pipeline) error {
	holder, err := c.db.Pipeline.Query().Where(pipeline.IsDefault(true)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		next.IsDefault = true
		return nil
	case err != nil || !next.IsDefault:
		return err
	}
	former := *holder
	former.IsDefault = false
	_, err = c.savePipeline(ctx, holder, &former, activity.ActionUPDATED)
	return err
}

// passOnDefault gives the flag of a pipeline that went, if it had it, to the
// oldest other one in use. When there is none, the next that comes claims it.
func (c *change) passOnDefault(ctx context.Context, gone *ent.Pipeline) error {
	if !gone.IsDefault {
		return nil
	}
	heir, err := c.db.Pipeline.Query().
		Where(pipeline.IDNEQ(gone.ID), pipeline.ArchivedAtIsNil()).
		Order(pipeline.ByCreatedAt(), pipeline.ByID()).
		First(ctx)
	if ent.IsNotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	next := *heir
	next.IsDefault = true
	_, err = c.savePipeline(ctx, heir, &next, activity.ActionUPDATED)
	return err
}

// namedOrDefault is the pipeline that pipelineId names, or else the default one.
func (c *change) namedOrDefault(ctx context.Context, named *uuid.UUID) (uuid.UUID, error) {
	if named != nil {
		return *named, nil
	}
	key, err := c.db.Pipeline.Query().Where(pipeline.IsDefault(true)).OnlyID(ctx)
	if ent.IsNotFound(err) {
		return uuid.Nil, refuse(CodeNotFound, "exists", in("pipelineId"), "There is no default pipeline: create one with createPipeline, or name a pipeline.")
	}
	return key, err
}
