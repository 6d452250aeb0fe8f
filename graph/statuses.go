package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// statuses resolves the fields of LeadStatus.
type statuses struct{}

func (statuses) SecondaryColor(_ context.Context, s *ent.LeadStatus) (string, error) {
	return sales.SecondaryColor(s.PrimaryColor), nil
}

func (statuses) LeadCount(ctx context.Context, s *ent.LeadStatus) (int, error) {
	key := func(s *ent.LeadStatus) uuid.UUID { return s.ID }
	return load(ctx, s, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]int, error) {
		return read.LeadsOfStatus().Counts(ctx, db, keys)
	})
}

// LeadStatuses resolves Query.leadStatuses.
func (q query) LeadStatuses(ctx context.Context) ([]*ent.LeadStatus, error) {
	list := read.StatusList()
	list.Columns = columns(ctx, list.Kind)
	rows, err := list.All(ctx, loadersFrom(ctx).db)
	return joined(ctx, rows), err
}

// LeadStatus resolves Query.leadStatus.
func (q query) LeadStatus(ctx context.Context, key string) (*ent.LeadStatus, error) {
	return find(ctx, read.LeadStatuses, id.LeadStatus, key)
}

// LeadStatusColors resolves Query.leadStatusColors.
func (q query) LeadStatusColors(context.Context) ([]*sales.LeadStatusColorOption, error) {
	return sales.Colors(), nil
}

// CreateLeadStatus resolves Mutation.createLeadStatus.
func (m mutation) CreateLeadStatus(ctx context.Context, input sales.CreateLeadStatusInput) (*generated.CreateLeadStatusPayload, error) {
	status, err := m.Sales.CreateLeadStatus(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreateLeadStatusPayload{Status: status, UserErrors: problems}, err
}

// UpdateLeadStatus resolves Mutation.updateLeadStatus.
func (m mutation) UpdateLeadStatus(ctx context.Context, input sales.UpdateLeadStatusInput) (*generated.UpdateLeadStatusPayload, error) {
	status, err := m.Sales.UpdateLeadStatus(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateLeadStatusPayload{Status: status, UserErrors: problems}, err
}

// ReorderLeadStatuses resolves Mutation.reorderLeadStatuses.
func (m mutation) ReorderLeadStatuses(ctx context.Context, input sales.ReorderLeadStatusesInput) (*generated.ReorderLeadStatusesPayload, error) {
	statuses, err := m.Sales.ReorderLeadStatuses(ctx, input)
	problems, err := userErrors(err)
	return &generated.ReorderLeadStatusesPayload{Statuses: joined(ctx, statuses), UserErrors: problems}, err
}

// DeleteLeadStatus resolves Mutation.deleteLeadStatus.
func (m mutation) DeleteLeadStatus(ctx context.Context, input sales.DeleteLeadStatusInput) (*generated.DeleteLeadStatusPayload, error) {
	deleted, err := m.Sales.DeleteLeadStatus(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteLeadStatusPayload{DeletedLeadStatusID: orNil(deleted), UserErrors: problems}, err
}
