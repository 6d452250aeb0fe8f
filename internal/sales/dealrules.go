package sales

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/organization"
	"dealflow/ent/user"
	"dealflow/internal/id"
	"dealflow/internal/money"
)

// singleOpenDeal keeps a contact to one open deal a pipeline, unless duplicates
// are allowed: then the deal is marked as one. The field is the one of the input
// that makes it a second one.
func (c *change) singleOpenDeal(ctx context.Context, field string, next *ent.Deal, allowDuplicate bool) error {
	next.Duplicate = false
	if next.ContactID == nil || next.Status != deal.StatusOPEN {
		return nil
	}
	existing, err := c.db.Deal.Query().
		Where(
			deal.ContactID(*next.ContactID),
			deal.PipelineID(next.PipelineID),
			deal.StatusEQ(deal.StatusOPEN),
			deal.IDNEQ(next.ID),
		).
		Order(deal.ByCreatedAt(), deal.ByID()).
		First(ctx)
	switch {
	case ent.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case allowDuplicate:
		next.Duplicate = true
		return nil
	}
	return Errors{DuplicateDealError{
		InputError{
			"The contact already has an open deal in this pipeline. Set allowDuplicate to let it have another.",
			CodeDuplicateDeal, in(field), "duplicate",
		},
		existing,
	}}
}

// keepSingleOpenDeal applies singleOpenDeal to a deal that the rule did not
// hold for before: one with another contact, in another pipeline, or reopened.
func (c *change) keepSingleOpenDeal(ctx context.Context, old, next *ent.Deal, allowDuplicate bool) error {
	switch {
	case !equal(old.ContactID, next.ContactID):
		return c.singleOpenDeal(ctx, "contactId", next, allowDuplicate)
	case old.PipelineID != next.PipelineID:
		return c.singleOpenDeal(ctx, "stageId", next, allowDuplicate)
	case old.Status != next.Status:
		return c.singleOpenDeal(ctx, "status", next, allowDuplicate)
	}
	return nil
}

// freeExternalID refuses an external id that another deal has.
func (c *change) freeExternalID(ctx context.Context, externalID *string) error {
	if externalID == nil {
		return nil
	}
	taken, err := c.db.Deal.Query().Where(deal.ExternalID(*externalID)).Exist(ctx)
	if err != nil || !taken {
		return err
	}
	return refuse(CodeAlreadyExists, "unique", in("externalId"), "Another deal has the external id %q.", *externalID)
}

// assignable refuses an assignee that the organization does not have.
func (c *change) assignable(ctx context.Context, assignee *uuid.UUID) error {
	if assignee == nil {
		return nil
	}
	known, err := c.db.User.Query().Where(user.ID(*assignee)).Exist(ctx)
	if err != nil || known {
		return err
	}
	return notFound(id.User, in("assignedToId"))
}

// setValue gives a deal its value, in the organization's currency unless the
// amount names one.
func (c *change) setValue(ctx context.Context, next *ent.Deal, input *MoneyInput) error {
	next.ValueAmount, next.ValueCurrency = nil, nil
	if input == nil {
		return nil
	}
	currency, err := c.currency(ctx)
	if err != nil {
		return err
	}
	var k check
	value := k.money("value", input, currency)
	if err := k.err(); err != nil {
		return err
	}
	next.ValueAmount, next.ValueCurrency = &value.Amount, &value.Currency
	return nil
}

// currency is the organization's.
func (c *change) currency(ctx context.Context) (string, error) {
	own, err := c.db.Organization.Query().Where(organization.ID(c.organization)).Only(ctx)
	if err != nil {
		return "", err
	}
	return own.Currency, nil
}

// lockTarget locks the stage that a deal is asked to go to, if there is one.
func (c *change) lockTarget(ctx context.Context, stageID *uuid.UUID) (*ent.Stage, error) {
	if stageID == nil {
		return nil, nil
	}
	return c.lockStage(ctx, "stageId", *stageID)
}

// refreshText renews what a search finds a deal by, when any of it changed.
func (c *change) refreshText(ctx context.Context, old, next *ent.Deal) error {
	if old.Title == next.Title && equal(old.Source, next.Source) &&
		strings.Join(old.Tags, "\n") == strings.Join(next.Tags, "\n") && equal(old.ContactID, next.ContactID) {
		return nil
	}
	var contact *ent.Contact
	if next.ContactID != nil {
		var err error
		if contact, err = c.findContact(ctx, *next.ContactID, "contactId"); err != nil {
			return err
		}
	}
	next.SearchText = dealText(next, contact)
	return nil
}

// dealText is what a search finds a deal by.
func dealText(d *ent.Deal, contact *ent.Contact) string {
	parts := append([]string{d.Title, deref(d.Source)}, d.Tags...)
	if contact != nil {
		parts = append(parts, contact.Name, deref(contact.Email), deref(contact.Phone), deref(contact.CompanyName))
	}
	return searchText(parts...)
}

// dealValue is a deal's value as the API shows it, nil for none.
func dealValue(d *ent.Deal) any {
	if d.ValueAmount == nil {
		return nil
	}
	value := money.Money{Amount: *d.ValueAmount, Currency: *d.ValueCurrency}
	return map[string]string{"amount": value.Decimal(), "currency": value.Currency}
}
