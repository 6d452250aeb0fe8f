package sales

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// CreateContactInput describes a new contact.
type CreateContactInput struct {
	Labelled
	Name        *string
	Email       *string
	Phone       *string
	CompanyName *string
	Tags        []string
}

// UpdateContactInput changes a contact. What is left out stays; null clears.
type UpdateContactInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Name            graphql.Omittable[*string]
	Email           graphql.Omittable[*string]
	Phone           graphql.Omittable[*string]
	CompanyName     graphql.Omittable[*string]
	Tags            graphql.Omittable[[]string]
}

// DeleteContactInput names a contact to delete.
type DeleteContactInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// CreateContact makes a contact.
func (s *Sales) CreateContact(ctx context.Context, input CreateContactInput) (*ent.Contact, error) {
	var k check
	wanted := ent.Contact{
		Name:        deref(k.optional("name", input.Name, maxName)),
		Email:       k.email(in("email"), input.Email),
		Phone:       k.optional("phone", input.Phone, maxPhone),
		CompanyName: k.optional("companyName", input.CompanyName, maxName),
		Tags:        k.labels(in("tags"), input.Tags, maxTags),
	}
	wanted.PhoneKey = phoneKey(wanted.Phone)
	k.reachable(&wanted)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Contact, error) {
		next := wanted
		if err := c.freeEmail(ctx, &ent.Contact{}, &next); err != nil {
			return nil, err
		}
		return c.insertContact(ctx, &next)
	})
}

// UpdateContact changes a contact.
func (s *Sales) UpdateContact(ctx context.Context, input UpdateContactInput) (*ent.Contact, error) {
	var k check
	contactID := k.id(id.Contact, "id", input.ID)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Contact, error) {
		old, err := c.lockContact(ctx, contactID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		next, err := patchContact(old, &input)
		if err != nil {
			return nil, err
		}
		if err := c.freeEmail(ctx, old, next); err != nil {
			return nil, err
		}
		return c.saveContact(ctx, old, next)
	})
}

// patchContact is a contact with the fields that an update sends.
func patchContact(old *ent.Contact, input *UpdateContactInput) (*ent.Contact, error) {
	var k check
	next := *old
	next.Name = deref(k.optional("name", given(input.Name, &old.Name), maxName))
	next.Email = k.email(in("email"), given(input.Email, old.Email))
	next.Phone = k.optional("phone", given(input.Phone, old.Phone), maxPhone)
	next.PhoneKey = phoneKey(next.Phone)
	next.CompanyName = k.optional("companyName", given(input.CompanyName, old.CompanyName), maxName)
	next.Tags = k.labels(in("tags"), given(input.Tags, old.Tags), maxTags)
	k.reachable(&next)
	return &next, k.err()
}

// reachable refuses a contact that nobody could tell from others.
func (k *check) reachable(who *ent.Contact) {
	switch {
	case who.Name != "" || who.Email != nil || who.PhoneKey != nil:
	case who.Phone != nil:
		k.add(CodeInvalid, "phone", in("phone"), "The phone field has no digits.")
	default:
		k.add(CodeRequired, "required", in("name"), "The name field is mandatory; an email or a phone will do instead.")
	}
}

// DeleteContact deletes a contact, and answers its id. Its deals stay, without one.
func (s *Sales) DeleteContact(ctx context.Context, input DeleteContactInput) (string, error) {
	var k check
	contactID := k.id(id.Contact, "id", input.ID)
	if err := k.err(); err != nil {
		return "", err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		old, err := c.lockContact(ctx, contactID, input.ExpectedVersion)
		if err != nil {
			return "", err
		}
		if err := c.releaseDeals(ctx, old); err != nil {
			return "", err
		}
		if err := c.db.Contact.DeleteOne(old).Exec(ctx); err != nil {
			return "", err
		}
		c.record(activity.ActionDELETED, activity.EntityTypeCONTACT, old.ID, contactDiff(old, &ent.Contact{}))
		return old.GlobalID(), nil
	})
}

// lockContact finds and locks the contact that an input names by id, at the
// version that the sender has seen.
func (c *change) lockContact(ctx context.Context, key uuid.UUID, expected *int) (*ent.Contact, error) {
	found, err := c.db.Contact.Query().Where(contact.ID(key)).Modify(store.Lock).Only(ctx)
	c.locked()
	if err != nil {
		return nil, missing(err, id.Contact, "id")
	}
	return found, unchanged(found, found.Version, expected)
}

// lockDealsOf locks a contact's deals.
func (c *change) lockDealsOf(ctx context.Context, key uuid.UUID) ([]*ent.Deal, error) {
	return c.db.Deal.Query().Where(deal.ContactID(key)).Order(deal.ByID()).Modify(store.Lock).All(ctx)
}

// releaseDeals takes a contact, which is about to be deleted, from its deals.
func (c *change) releaseDeals(ctx context.Context, who *ent.Contact) error {
	deals, err := c.lockDealsOf(ctx, who.ID)
	if err != nil {
		return err
	}
	keys, texts := dealTexts(deals, nil)
	err = inChunks(len(keys), func(first, end int) error {
		keys, texts := keys[first:end], texts[first:end]
		return c.db.Deal.Update().
			Where(deal.IDIn(keys...)).
			ClearContactID().
			SetDuplicate(false).
			SetUpdatedAt(c.at).
			AddVersion(1).
			Modify(byID(deal.FieldSearchText, keys, func(i int) any { return texts[i] })).
			Exec(ctx)
	})
	if err != nil {
		return err
	}
	return c.recordMany(ctx, activity.ActionUPDATED, activity.EntityTypeDEAL, keys, func(i int) diff {
		var d diff
		d.note("contactId", who.GlobalID(), nil)
		c.tellCard(event.KindCARD_UPDATED, card{id.Deal, deals[i].ID}, &deals[i].StageID, &deals[i].StageID, d)
		return d
	})
}

// freeEmail refuses a new email that another contact has.
func (c *change) freeEmail(ctx context.Context, old, next *ent.Contact) error {
	if next.Email == nil || equal(old.Email, next.Email) {
		return nil
	}
	taken, err := c.db.Contact.Query().Where(contact.Email(*next.Email)).Exist(ctx)
	if err != nil || !taken {
		return err
	}
	return refuse(CodeAlreadyExists, "unique", in("email"), "Another contact has the email %s.", *next.Email)
}

// dealTexts are the ids of deals, and what a search finds them by when who is
// their contact.
func dealTexts(deals []*ent.Deal, who *ent.Contact) ([]uuid.UUID, []string) {
	keys := make([]uuid.UUID, len(deals))
	texts := make([]string, len(deals))
	for i, d := range deals {
		keys[i], texts[i] = d.ID, dealText(d, who)
	}
	return keys, texts
}
