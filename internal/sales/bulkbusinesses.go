package sales

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/business"
	"dealflow/internal/id"
)

// importBusinesses finds the businesses with some names, and makes those that
// are missing. Of several with a name, the oldest is meant.
func (c *change) importBusinesses(ctx context.Context, names []string) (map[string]*ent.Business, error) {
	if len(names) == 0 {
		return nil, nil
	}
	found, err := c.db.Business.Query().
		Where(business.NameIn(names...)).
		Order(business.ByName(), business.ByCreatedAt(), business.ByID()). // by name, as the index
		All(ctx)
	if err != nil {
		return nil, err
	}
	known := make(map[string]*ent.Business, len(names))
	for _, one := range found {
		if known[one.Name] == nil {
			known[one.Name] = one
		}
	}
	var made []*ent.Business
	for _, name := range names {
		if known[name] == nil {
			known[name] = &ent.Business{ID: id.New(), Name: name}
			made = append(made, known[name])
		}
	}
	return known, c.insertBusinesses(ctx, made)
}

// insertBusinesses writes new businesses and their activities.
func (c *change) insertBusinesses(ctx context.Context, made []*ent.Business) error {
	rows := make([]*ent.BusinessCreate, len(made))
	keys := make([]uuid.UUID, len(made))
	for i, next := range made {
		keys[i] = next.ID
		rows[i] = c.db.Business.Create().
			SetID(next.ID).
			SetOrganizationID(c.organization).
			SetName(next.Name).
			SetCreatedAt(c.at).
			SetUpdatedAt(c.at)
	}
	if err := c.db.Business.CreateBulk(rows...).Exec(ctx); err != nil {
		return err
	}
	return c.recordMany(ctx, activity.ActionCREATED, activity.EntityTypeBUSINESS, keys, func(i int) diff {
		return businessDiff(&ent.Business{}, made[i])
	})
}
