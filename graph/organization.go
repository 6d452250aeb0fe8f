package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
)

// Viewer resolves Query.viewer.
func (q query) Viewer(ctx context.Context) (*generated.Viewer, error) {
	viewer, _ := auth.ViewerFrom(ctx)
	db := loadersFrom(ctx).db
	users, err := read.ByID(ctx, db, read.Users, []uuid.UUID{viewer.UserID}, nil)
	if err != nil {
		return nil, err
	}
	organizations, err := read.ByID(ctx, db, read.Organizations, []uuid.UUID{viewer.OrganizationID}, nil)
	if err != nil {
		return nil, err
	}
	shown := &generated.Viewer{Role: viewer.Role, Permissions: viewer.Permissions.List()}
	if len(users) == 1 && len(organizations) == 1 {
		shown.User, shown.Organization = users[0], organizations[0]
	}
	return shown, nil
}

// Users resolves Query.users.
func (q query) Users(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.UserFilter, orderBy []*read.UserOrder) (*read.UserConnection, error) {
	list, err := read.UserList(filter, orderBy)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// User resolves Query.user.
func (q query) User(ctx context.Context, key string) (*ent.User, error) {
	return find(ctx, read.Users, id.User, key)
}

// UpdateOrganization resolves Mutation.updateOrganization.
func (m mutation) UpdateOrganization(ctx context.Context, input sales.UpdateOrganizationInput) (*generated.UpdateOrganizationPayload, error) {
	organization, err := m.Sales.UpdateOrganization(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateOrganizationPayload{Organization: organization, UserErrors: problems}, err
}
