package sales

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/apikey"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/lastuse"
	"dealflow/internal/store"
)

// CreateAPIKeyInput describes a new key of a partner.
type CreateAPIKeyInput struct {
	Labelled
	Name, Client string
	Permissions  []auth.Permission
	Budget       *int
	ExpiresAt    *time.Time
}

// RevokeAPIKeyInput names a key to revoke.
type RevokeAPIKeyInput struct {
	Labelled
	ID string
}

// NewAPIKey is a key that was made, with its text, which nobody sees again.
type NewAPIKey struct {
	*ent.APIKey
	Secret string
}

// CreateAPIKey makes a key, which may do no more than who makes it.
func (s *Sales) CreateAPIKey(ctx context.Context, input CreateAPIKeyInput) (*NewAPIKey, error) {
	var k check
	name := k.text("name", input.Name, maxName)
	client := k.client("client", input.Client)
	if len(input.Permissions) == 0 {
		k.required("permissions")
	}
	k.whole("budget", input.Budget, 1, maxBudget)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*NewAPIKey, error) {
		if err := c.mayGive(input); err != nil {
			return nil, err
		}
		key := auth.NewKey(id.New())
		hash := key.Hash()
		created, err := c.db.APIKey.Create().
			SetID(key.ID).
			SetOrganizationID(c.organization).
			SetName(name).
			SetClient(client).
			SetHash(hash[:]).
			SetPermissions(permissionNames(input.Permissions)).
			SetNillableBudget(input.Budget).
			SetNillableExpiresAt(input.ExpiresAt).
			SetCreatedAt(c.at).
			Save(ctx)
		if err != nil {
			return nil, err
		}
		return &NewAPIKey{created, key.String()}, c.recordKey(ctx, nil, shownKey(created))
	})
}

// RevokeAPIKey ends a key for ever. One that was revoked stays as it is.
func (s *Sales) RevokeAPIKey(ctx context.Context, input RevokeAPIKeyInput) (*ent.APIKey, error) {
	var k check
	keyID := k.id(id.APIKey, "id", input.ID)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.APIKey, error) {
		old, err := c.db.APIKey.Query().Where(apikey.ID(keyID)).Modify(store.Lock).Only(ctx)
		if err != nil {
			return nil, missing(err, id.APIKey, "id")
		}
		if old.RevokedAt != nil {
			return old, nil
		}
		saved, err := c.db.APIKey.UpdateOneID(old.ID).SetRevokedAt(c.at).Save(ctx)
		if err != nil {
			return nil, err
		}
		return saved, c.recordKey(ctx, shownKey(old), nil)
	})
}

// client reads the name of a client, whose documents are kept together.
func (k *check) client(field, value string) string {
	switch {
	case value == "":
		k.required(field)
	case !auth.IsClient(value):
		k.add(CodeInvalid, "client", in(field), "The %s field is no name of a client: up to 64 letters, digits, "+
			"dots, hyphens and underscores, of which the first is a letter or a digit.", field)
	}
	return value
}

// mayGive refuses a key that could do what its maker may not do, and one that
// is over before it begins.
func (c *change) mayGive(input CreateAPIKeyInput) error {
	var k check
	for i, permission := range input.Permissions {
		if !c.permissions.Has(permission) {
			k.add(CodeNotAllowed, "held", append(in("permissions"), strconv.Itoa(i)),
				"You do not have the permission %s yourself, and so cannot give it.", permission)
		}
	}
	if input.ExpiresAt != nil && !input.ExpiresAt.After(c.at) {
		k.add(CodeInvalid, "future", in("expiresAt"), "The expiresAt field has to be in the future.")
	}
	return k.err()
}

// permissionNames are permissions with those that they imply, as they are stored.
func permissionNames(given []auth.Permission) []string {
	var names []string
	for _, permission := range auth.PermissionsOf(given...).List() {
		names = append(names, string(permission))
	}
	return names
}

// shownKey is a key as activities show it.
func shownKey(key *ent.APIKey) any {
	return map[string]any{"id": key.GlobalID(), "name": key.Name, "client": key.Client, "permissions": key.Permissions}
}

// recordKey writes down that the organization has a key more, or one less.
func (c *change) recordKey(ctx context.Context, from, to any) error {
	var d diff
	d.note("apiKeys", from, to)
	c.record(activity.ActionUPDATED, activity.EntityTypeORGANIZATION, c.organization, d)
	return nil
}

// What follows serves the server itself, which asks whose a key is, and so works
// across organizations.

// FindKey is the row of a key; auth.ErrNoKey where there is none.
func (s *Sales) FindKey(ctx context.Context, key uuid.UUID) (*ent.APIKey, error) {
	found, err := s.store.Client.APIKey.Query().Where(apikey.ID(key)).Only(store.System(ctx))
	if ent.IsNotFound(err) {
		return nil, auth.ErrNoKey
	}
	return found, err
}

// RevokedKeys are those of some keys that are good for nothing any more.
func (s *Sales) RevokedKeys(ctx context.Context, keys []uuid.UUID) ([]uuid.UUID, error) {
	var good []uuid.UUID
	err := inChunks(len(keys), func(from, to int) error {
		some, err := s.store.Client.APIKey.Query().
			Where(apikey.IDIn(keys[from:to]...), apikey.RevokedAtIsNil()).
			IDs(store.System(ctx))
		good = append(good, some...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(keys), func(key uuid.UUID) bool { return slices.Contains(good, key) }), nil
}

// KeysUsed writes down that keys were used: see lastuse.Write.
func (s *Sales) KeysUsed(ctx context.Context, keys []uuid.UUID, at time.Time) error {
	return inChunks(len(keys), func(from, to int) error {
		return s.store.Client.APIKey.Update().
			Where(apikey.IDIn(keys[from:to]...), apikey.Or(
				apikey.LastUsedAtIsNil(), apikey.LastUsedAtLT(at.Add(-lastuse.Precision)))).
			SetLastUsedAt(at.UTC().Truncate(time.Microsecond)).
			Exec(store.System(ctx))
	})
}
