package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
)

// pipelines resolves the fields of Pipeline.
type pipelines struct{}

func pipelineKey(p *ent.Pipeline) uuid.UUID { return p.ID }

func (pipelines) Stages(ctx context.Context, p *ent.Pipeline) ([]*ent.Stage, error) {
	return many(ctx, p, pipelineKey, read.StagesOfPipeline())
}

func (pipelines) Deals(ctx context.Context, p *ent.Pipeline, first *int, after *string, last *int, before *string, filter *read.DealFilter, orderBy []*read.DealOrder, search *string) (*read.DealConnection, error) {
	list, err := read.DealList(read.DealsOfPipeline(), filter, orderBy, search)
	return page(ctx, p, pipelineKey, list, err, first, after, last, before)
}

func (pipelines) Summary(ctx context.Context, p *ent.Pipeline, status *deal.Status) (*read.BoardSummary, error) {
	return summary(ctx, p, pipelineKey, deal.FieldPipelineID, status)
}

func (pipelines) Activity(ctx context.Context, p *ent.Pipeline, first *int, after *string, last *int, before *string) (*read.ActivityConnection, error) {
	return page(ctx, p, pipelineKey, read.ActivityOf(), nil, first, after, last, before)
}

// page reads a page of a list that hangs on a row, given the list and the
// arguments as the schema has them.
func page[P, T any](ctx context.Context, row *P, key func(*P) uuid.UUID, list read.List[T], err error, first *int, after *string, last *int, before *string) (*read.Connection[T], error) {
	if err != nil {
		return nil, err
	}
	w, err := read.NewWindow(first, last, after, before, nil)
	if err != nil {
		return nil, err
	}
	return nested(ctx, row, key, list, w)
}

// Pipelines resolves Query.pipelines.
func (q query) Pipelines(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.PipelineFilter, orderBy []*read.PipelineOrder, includeArchived bool) (*read.PipelineConnection, error) {
	list, err := read.PipelineList(filter, orderBy, includeArchived)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// Pipeline resolves Query.pipeline.
func (q query) Pipeline(ctx context.Context, key string) (*ent.Pipeline, error) {
	return find(ctx, read.Pipelines, id.Pipeline, key)
}

// CreatePipeline resolves Mutation.createPipeline.
func (m mutation) CreatePipeline(ctx context.Context, input sales.CreatePipelineInput) (*generated.CreatePipelinePayload, error) {
	pipeline, err := m.Sales.CreatePipeline(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreatePipelinePayload{Pipeline: pipeline, UserErrors: problems}, err
}

// UpdatePipeline resolves Mutation.updatePipeline.
func (m mutation) UpdatePipeline(ctx context.Context, input sales.UpdatePipelineInput) (*generated.UpdatePipelinePayload, error) {
	pipeline, err := m.Sales.UpdatePipeline(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdatePipelinePayload{Pipeline: pipeline, UserErrors: problems}, err
}

// DeletePipeline resolves Mutation.deletePipeline.
func (m mutation) DeletePipeline(ctx context.Context, input sales.DeletePipelineInput) (*generated.DeletePipelinePayload, error) {
	deleted, err := m.Sales.DeletePipeline(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeletePipelinePayload{DeletedPipelineID: orNil(deleted), UserErrors: problems}, err
}

// ArchivePipeline resolves Mutation.archivePipeline.
func (m mutation) ArchivePipeline(ctx context.Context, input sales.ArchivePipelineInput) (*generated.ArchivePipelinePayload, error) {
	pipeline, err := m.Sales.ArchivePipeline(ctx, input)
	problems, err := userErrors(err)
	return &generated.ArchivePipelinePayload{Pipeline: pipeline, UserErrors: problems}, err
}

// UnarchivePipeline resolves Mutation.unarchivePipeline.
func (m mutation) UnarchivePipeline(ctx context.Context, input sales.UnarchivePipelineInput) (*generated.UnarchivePipelinePayload, error) {
	pipeline, err := m.Sales.UnarchivePipeline(ctx, input)
	problems, err := userErrors(err)
	return &generated.UnarchivePipelinePayload{Pipeline: pipeline, UserErrors: problems}, err
}

// orNil is an id, or nil for none.
func orNil(key string) *string {
	if key == "" {
		return nil
	}
	return &key
}
