package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// stages resolves the fields of Stage.
type stages struct{}

func stageKey(s *ent.Stage) uuid.UUID { return s.ID }

func (stages) Pipeline(ctx context.Context, s *ent.Stage) (*ent.Pipeline, error) {
	return one(ctx, s, func(s *ent.Stage) uuid.UUID { return s.PipelineID }, read.Pipelines)
}

func (stages) Deals(ctx context.Context, s *ent.Stage, first *int, after *string, last *int, before *string, filter *read.DealFilter, orderBy []*read.DealOrder, search *string) (*read.DealConnection, error) {
	list, err := read.DealList(read.DealsOfStage(), filter, orderBy, search)
	return page(ctx, s, stageKey, list, err, first, after, last, before)
}

func (stages) Leads(ctx context.Context, s *ent.Stage, first *int, after *string, last *int, before *string, filter *read.LeadFilter, orderBy []*read.LeadOrder, search *string, includeArchived bool) (*read.LeadConnection, error) {
	list, err := read.LeadList(read.LeadsOfStage(), filter, orderBy, search, includeArchived)
	return page(ctx, s, stageKey, list, err, first, after, last, before)
}

func (stages) Summary(ctx context.Context, s *ent.Stage, status *deal.Status) (*read.BoardSummary, error) {
	return summary(ctx, s, stageKey, deal.FieldStageID, status)
}

// summary reads what the deals of a stage or a pipeline come to.
func summary[P any](ctx context.Context, row *P, key func(*P) uuid.UUID, of string, status *deal.Status) (*read.BoardSummary, error) {
	shown := names(graphql.CollectFieldsCtx(ctx, nil))
	tally := read.Tally{Of: of, Status: status, Weighted: slices.Contains(shown, "weightedValue")}
	what := fieldOf(ctx, fmt.Sprint(tally.Weighted))
	return loadAs(ctx, row, what, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]*read.BoardSummary, error) {
		found, err := tally.Summaries(ctx, db, keys)
		join(loadersFrom(ctx), slices.Collect(maps.Values(found)))
		return found, err
	})
}

// summaries resolves the fields of BoardSummary.
type summaries struct{}

func (summaries) LeadCount(ctx context.Context, s *read.BoardSummary) (*int, error) {
	key := func(s *read.BoardSummary) uuid.UUID { return s.Parent }
	leads, err := load(ctx, s, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]int, error) {
		return read.LeadCount(s.Of).Counts(ctx, db, keys)
	})
	return &leads, err
}

// Stages resolves Query.stages.
func (q query) Stages(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.StageFilter, orderBy []*read.StageOrder) (*read.StageConnection, error) {
	list, err := read.StageList(filter, orderBy)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// Stage resolves Query.stage.
func (q query) Stage(ctx context.Context, key string) (*ent.Stage, error) {
	return find(ctx, read.Stages, id.Stage, key)
}

// CreateStage resolves Mutation.createStage.
func (m mutation) CreateStage(ctx context.Context, input sales.CreateStageInput) (*generated.CreateStagePayload, error) {
	stage, pipeline, err := m.Sales.CreateStage(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreateStagePayload{Stage: stage, Pipeline: pipeline, UserErrors: problems}, err
}

// UpdateStage resolves Mutation.updateStage.
func (m mutation) UpdateStage(ctx context.Context, input sales.UpdateStageInput) (*generated.UpdateStagePayload, error) {
	stage, err := m.Sales.UpdateStage(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateStagePayload{Stage: stage, UserErrors: problems}, err
}

// ReorderStages resolves Mutation.reorderStages.
func (m mutation) ReorderStages(ctx context.Context, input sales.ReorderStagesInput) (*generated.ReorderStagesPayload, error) {
	pipeline, err := m.Sales.ReorderStages(ctx, input)
	problems, err := userErrors(err)
	return &generated.ReorderStagesPayload{Pipeline: pipeline, UserErrors: problems}, err
}

// DeleteStage resolves Mutation.deleteStage.
func (m mutation) DeleteStage(ctx context.Context, input sales.DeleteStageInput) (*generated.DeleteStagePayload, error) {
	deleted, pipeline, err := m.Sales.DeleteStage(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteStagePayload{DeletedStageID: orNil(deleted), Pipeline: pipeline, UserErrors: problems}, err
}
