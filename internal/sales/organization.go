package sales

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/organization"
	"dealflow/internal/money"
	"dealflow/internal/store"
)

// UpdateOrganizationInput changes the sender's organization. What is left out stays.
type UpdateOrganizationInput struct {
	Labelled
	Name            graphql.Omittable[*string]
	Currency        graphql.Omittable[*string]
	ExpectedVersion *int
}

// UpdateOrganization changes the sender's organization. A new currency is for
// amounts to come: those that are there keep theirs.
func (s *Sales) UpdateOrganization(ctx context.Context, input UpdateOrganizationInput) (*ent.Organization, error) {
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Organization, error) {
		old, err := c.lockOrganization(ctx)
		if err != nil {
			return nil, err
		}
		if err := unchanged(old, old.Version, input.ExpectedVersion); err != nil {
			return nil, err
		}
		var k check
		next := *old
		next.Name = k.patchText("name", input.Name, old.Name, maxName)
		next.Currency = k.currency("currency", mandatory(&k, "currency", input.Currency, old.Currency))
		if err := k.err(); err != nil {
			return nil, err
		}
		return c.saveOrganization(ctx, old, &next)
	})
}

// currency reads the code of a currency.
func (k *check) currency(field, value string) string {
	code, err := money.ParseCurrency(value)
	var wrong *money.Error
	if errors.As(err, &wrong) {
		k.add(CodeInvalid, wrong.Rule, in(field), "%s.", wrong.Message)
	}
	return code
}

// lockOrganization locks the sender's organization.
func (c *change) lockOrganization(ctx context.Context) (*ent.Organization, error) {
	return c.db.Organization.Query().Where(organization.ID(c.organization)).Modify(store.Lock).Only(ctx)
}

// saveOrganization writes what became of an organization, and its activity.
func (c *change) saveOrganization(ctx context.Context, old, next *ent.Organization) (*ent.Organization, error) {
	var changes diff
	changes.note("name", old.Name, next.Name)
	changes.note("currency", old.Currency, next.Currency)
	if len(changes) == 0 {
		return old, nil
	}
	saved, err := c.db.Organization.UpdateOneID(old.ID).
		SetName(next.Name).
		SetCurrency(next.Currency).
		SetUpdatedAt(c.at).
		AddVersion(1).
		Save(ctx)
	if store.Violates(err, "organizations_name_key") {
		// The name is unique on the server, and a change sees one organization
		// only: nothing but the index can tell.
		return nil, refuse(CodeAlreadyExists, "unique", in("name"), "Another organization has the name %q.", next.Name)
	}
	if err != nil {
		return nil, err
	}
	c.record(activity.ActionUPDATED, activity.EntityTypeORGANIZATION, old.ID, changes)
	return saved, nil
}
