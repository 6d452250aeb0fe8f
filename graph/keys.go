package graph

import (
	"context"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/auth"
	"dealflow/internal/read"
	"dealflow/internal/sales"
)

// keys resolves the fields of ApiKey.
type keys struct{}

func (keys) Permissions(_ context.Context, key *ent.APIKey) ([]auth.Permission, error) {
	list := make([]auth.Permission, len(key.Permissions))
	for i, name := range key.Permissions {
		list[i] = auth.Permission(name)
	}
	return list, nil
}

// APIKeys resolves Query.apiKeys.
func (q query) APIKeys(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.APIKeyFilter) (*read.APIKeyConnection, error) {
	list, err := read.APIKeyList(filter)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// CreateAPIKey resolves Mutation.createApiKey.
func (m mutation) CreateAPIKey(ctx context.Context, input sales.CreateAPIKeyInput) (*generated.CreateAPIKeyPayload, error) {
	made, err := m.Sales.CreateAPIKey(ctx, input)
	problems, err := userErrors(err)
	payload := &generated.CreateAPIKeyPayload{UserErrors: problems}
	if made != nil {
		payload.APIKey, payload.Secret = made.APIKey, &made.Secret
	}
	return payload, err
}

// RevokeAPIKey resolves Mutation.revokeApiKey.
func (m mutation) RevokeAPIKey(ctx context.Context, input sales.RevokeAPIKeyInput) (*generated.RevokeAPIKeyPayload, error) {
	key, err := m.Sales.RevokeAPIKey(ctx, input)
	problems, err := userErrors(err)
	return &generated.RevokeAPIKeyPayload{APIKey: key, UserErrors: problems}, err
}
