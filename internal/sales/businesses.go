package sales

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/business"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// CreateBusinessInput describes a new business.
type CreateBusinessInput struct {
	Labelled
	Name string
}

// UpdateBusinessInput changes a business. What is left out stays.
type UpdateBusinessInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Name            graphql.Omittable[*string]
}

// DeleteBusinessInput names a business to delete.
type DeleteBusinessInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// CreateBusiness makes a business.
func (s *Sales) CreateBusiness(ctx context.Context, input CreateBusinessInput) (*ent.Business, error) {
	var k check
	name := k.text("name", input.Name, maxName)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Business, error) {
		created, err := c.db.Business.Create().
			SetOrganizationID(c.organization).
			SetName(name).
			SetCreatedAt(c.at).
			SetUpdatedAt(c.at).
			Save(ctx)
		if err != nil {
			return nil, err
		}
		c.record(activity.ActionCREATED, activity.EntityTypeBUSINESS, created.ID, businessDiff(&ent.Business{}, created))
		return created, nil
	})
}

// UpdateBusiness changes a business.
func (s *Sales) UpdateBusiness(ctx context.Context, input UpdateBusinessInput) (*ent.Business, error) {
	var k check
	businessID := k.id(id.Business, "id", input.ID)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Business, error) {
		old, err := c.lockBusiness(ctx, businessID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		var k check
		next := *old
		next.Name = k.patchText("name", input.Name, old.Name, maxName)
		if err := k.err(); err != nil {
			return nil, err
		}
		return c.saveBusiness(ctx, old, &next)
	})
}

// DeleteBusiness deletes a business, and answers its id. Its leads stay, each
// without it.
func (s *Sales) DeleteBusiness(ctx context.Context, input DeleteBusinessInput) (string, error) {
	var k check
	businessID := k.id(id.Business, "id", input.ID)
	if err := k.err(); err != nil {
		return "", err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		old, err := c.lockBusiness(ctx, businessID, input.ExpectedVersion)
		if err != nil {
			return "", err
		}
		if err := c.db.Business.DeleteOne(old).Exec(ctx); err != nil {
			return "", err
		}
		c.record(activity.ActionDELETED, activity.EntityTypeBUSINESS, old.ID, businessDiff(old, &ent.Business{}))
		return old.GlobalID(), nil
	})
}

// lockBusiness finds and locks the business that an input names by id, at the
// version that the sender has seen.
func (c *change) lockBusiness(ctx context.Context, key uuid.UUID, expected *int) (*ent.Business, error) {
	found, err := c.db.Business.Query().Where(business.ID(key)).Modify(store.Lock).Only(ctx)
	if err != nil {
		return nil, missing(err, id.Business, "id")
	}
	return found, unchanged(found, found.Version, expected)
}

// saveBusiness writes what became of a business, and its activity.
func (c *change) saveBusiness(ctx context.Context, old, next *ent.Business) (*ent.Business, error) {
	changes := businessDiff(old, next)
	if len(changes) == 0 {
		return old, nil
	}
	saved, err := c.db.Business.UpdateOneID(old.ID).
		SetName(next.Name).
		SetUpdatedAt(c.at).
		AddVersion(1).
		Save(ctx)
	if err != nil {
		return nil, err
	}
	c.record(activity.ActionUPDATED, activity.EntityTypeBUSINESS, old.ID, changes)
	return saved, nil
}

// businessDiff is what changed between two states of a business, as the API shows it.
func businessDiff(old, next *ent.Business) diff {
	var d diff
	d.note("name", text(old.Name), text(next.Name))
	return d
}
