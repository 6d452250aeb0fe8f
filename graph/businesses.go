package graph

import (
	"context"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
)

// Businesses resolves Query.businesses.
func (q query) Businesses(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.BusinessFilter, orderBy []*read.BusinessOrder) (*read.BusinessConnection, error) {
	list, err := read.BusinessList(filter, orderBy)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// Business resolves Query.business.
func (q query) Business(ctx context.Context, key string) (*ent.Business, error) {
	return find(ctx, read.Businesses, id.Business, key)
}

// CreateBusiness resolves Mutation.createBusiness.
func (m mutation) CreateBusiness(ctx context.Context, input sales.CreateBusinessInput) (*generated.CreateBusinessPayload, error) {
	business, err := m.Sales.CreateBusiness(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreateBusinessPayload{Business: business, UserErrors: problems}, err
}

// UpdateBusiness resolves Mutation.updateBusiness.
func (m mutation) UpdateBusiness(ctx context.Context, input sales.UpdateBusinessInput) (*generated.UpdateBusinessPayload, error) {
	business, err := m.Sales.UpdateBusiness(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateBusinessPayload{Business: business, UserErrors: problems}, err
}

// DeleteBusiness resolves Mutation.deleteBusiness.
func (m mutation) DeleteBusiness(ctx context.Context, input sales.DeleteBusinessInput) (*generated.DeleteBusinessPayload, error) {
	deleted, err := m.Sales.DeleteBusiness(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteBusinessPayload{DeletedBusinessID: orNil(deleted), UserErrors: problems}, err
}
