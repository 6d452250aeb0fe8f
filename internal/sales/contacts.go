package sales

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// ContactInput describes a contact to find or make.
type ContactInput struct {
	Email       *string
	Phone       *string
	Name        *string
	CompanyName *string
	Tags        []string
}

func (i *ContactInput) saysNothing() bool {
	return i.Email == nil && i.Phone == nil && i.Name == nil && i.CompanyName == nil && i.Tags == nil
}

// contactRef is what a request says of a contact: its id, or a description.
type contactRef struct {
	id          *uuid.UUID
	description *ent.Contact
}

func (r contactRef) none() bool { return r.id == nil && r.description == nil }

// contact reads which contact a deal is with.
func (k *check) contact(contactID *string, input *ContactInput) contactRef {
	if input != nil && input.saysNothing() {
		input = nil // as a document has it whose variables were left out
	}
	if contactID != nil && input != nil {
		k.add(CodeInvalid, "exclusive", in("contactId"), "Give contactId or contact, not both.")
	}
	ref := contactRef{id: k.optionalID(id.Contact, "contactId", contactID)}
	if input != nil {
		ref.description = k.description(input)
	}
	return ref
}

// description reads what is said of a contact to find or make.
func (k *check) description(input *ContactInput) *ent.Contact {
	at := func(field string) []string { return []string{"input", "contact", field} }
	described := &ent.Contact{
		Name:        deref(k.optionalAt(at("name"), input.Name, maxName)),
		Email:       k.email(at("email"), input.Email),
		Phone:       k.optionalAt(at("phone"), input.Phone, maxPhone),
		CompanyName: k.optionalAt(at("companyName"), input.CompanyName, maxName),
		Tags:        k.labels(at("tags"), input.Tags, maxTags),
	}
	described.PhoneKey = phoneKey(described.Phone)
	switch {
	case described.Email == nil && described.Phone == nil:
		k.add(CodeRequired, "required", at("email"), "The contactId or email field is mandatory; a phone will do instead.")
	case described.Email == nil && described.PhoneKey == nil:
		k.add(CodeInvalid, "phone", at("phone"), "The phone field has no digits.")
	}
	return described
}

// phoneKey is a phone number's digits, by which a contact is found however the
// number is written; nil when there are none.
func phoneKey(phone *string) *string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, deref(phone))
	if digits == "" {
		return nil
	}
	return &digits
}

// resolveContact finds the contact that a request speaks of, or makes it; nil
// when it speaks of none. The contact is locked, so that its deals, to which one
// is about to be added, do not miss a change of it.
func (c *change) resolveContact(ctx context.Context, ref contactRef) (*ent.Contact, error) {
	switch {
	case ref.id != nil:
		found, err := c.db.Contact.Query().Where(contact.ID(*ref.id)).Modify(store.Lock).Only(ctx)
		return found, missing(err, id.Contact, "contactId")
	case ref.description == nil:
		return nil, nil
	}
	found, err := c.matchContact(ctx, ref.description)
	if err != nil || found != nil {
		return found, err
	}
	return c.makeContact(ctx, ref.description)
}

// findContact finds the contact that an input field names.
func (c *change) findContact(ctx context.Context, key uuid.UUID, field string) (*ent.Contact, error) {
	found, err := c.db.Contact.Query().Where(contact.ID(key)).Only(ctx)
	return found, missing(err, id.Contact, field)
}

// matchContact finds a contact by email or else by phone, and fills in what it
// lacks; nil when nobody matches.
func (c *change) matchContact(ctx context.Context, described *ent.Contact) (*ent.Contact, error) {
	if described.Email != nil {
		found, err := c.db.Contact.Query().Where(contact.Email(*described.Email)).Modify(store.Lock).Only(ctx)
		if err == nil {
			return c.fillContact(ctx, found, described)
		} else if !ent.IsNotFound(err) {
			return nil, err
		}
	}
	if described.PhoneKey != nil {
		query := c.db.Contact.Query().Where(contact.PhoneKey(*described.PhoneKey))
		if described.Email != nil {
			query.Where(contact.EmailIsNil()) // somebody else's phone says nothing against an email of one's own
		}
		found, err := query.Order(contact.ByCreatedAt(), contact.ByID()).Modify(store.Lock).First(ctx)
		if err == nil {
			return c.fillContact(ctx, found, described)
		} else if !ent.IsNotFound(err) {
			return nil, err
		}
	}
	return nil, nil
}

// makeContact makes a contact. The organization is locked meanwhile, so that
// two changes that describe the same person do not both make one.
func (c *change) makeContact(ctx context.Context, described *ent.Contact) (*ent.Contact, error) {
	if _, err := c.lockOrganization(ctx); err != nil {
		return nil, err
	}
	found, err := c.matchContact(ctx, described)
	if err != nil || found != nil {
		return found, err
	}
	return c.insertContact(ctx, described)
}

// insertContact writes a new contact and its activity.
func (c *change) insertContact(ctx context.Context, next *ent.Contact) (*ent.Contact, error) {
	created, err := c.db.Contact.Create().
		SetOrganizationID(c.organization).
		SetName(next.Name).
		SetNillableEmail(next.Email).
		SetNillablePhone(next.Phone).
		SetNillablePhoneKey(next.PhoneKey).
		SetNillableCompanyName(next.CompanyName).
		SetTags(next.Tags).
		SetCreatedAt(c.at).
		SetUpdatedAt(c.at).
		Save(ctx)
	if err != nil {
		return nil, err
	}
	c.record(activity.ActionCREATED, activity.EntityTypeCONTACT, created.ID, contactDiff(&ent.Contact{}, created))
	return created, nil
}

// fillContact gives a contact what it lacks and a description has.
func (c *change) fillContact(ctx context.Context, old, described *ent.Contact) (*ent.Contact, error) {
	next := *old
	complete(&next, described)
	return c.saveContact(ctx, old, &next)
}

// complete gives a contact what it lacks and a description has.
func complete(who, described *ent.Contact) {
	if who.Name == "" {
		who.Name = described.Name
	}
	if who.Email == nil {
		who.Email = described.Email
	}
	if who.Phone == nil {
		who.Phone, who.PhoneKey = described.Phone, described.PhoneKey
	}
	if who.CompanyName == nil {
		who.CompanyName = described.CompanyName
	}
	if len(who.Tags) == 0 {
		who.Tags = described.Tags
	}
}

// contactID is a contact's id, nil for none.
func contactID(who *ent.Contact) *uuid.UUID {
	if who == nil {
		return nil
	}
	return &who.ID
}

// contactDiff is what changed between two states of a contact.
func contactDiff(old, next *ent.Contact) diff {
	var d diff
	d.note("name", text(old.Name), text(next.Name))
	d.note("email", old.Email, next.Email)
	d.note("phone", old.Phone, next.Phone)
	d.note("companyName", old.CompanyName, next.CompanyName)
	d.note("tags", list(old.Tags), list(next.Tags))
	return d
}

// saveContact writes what became of a contact, and its activity.
func (c *change) saveContact(ctx context.Context, old, next *ent.Contact) (*ent.Contact, error) {
	changes := contactDiff(old, next)
	if len(changes) == 0 {
		return old, nil
	}
	u := c.db.Contact.UpdateOneID(old.ID).
		SetName(next.Name).
		SetTags(next.Tags).
		SetUpdatedAt(c.at).
		AddVersion(1)
	setOrClear(next.Email, u.SetEmail, u.ClearEmail)
	setOrClear(next.Phone, u.SetPhone, u.ClearPhone)
	setOrClear(next.PhoneKey, u.SetPhoneKey, u.ClearPhoneKey)
	setOrClear(next.CompanyName, u.SetCompanyName, u.ClearCompanyName)
	saved, err := u.Save(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.refreshDealTexts(ctx, saved); err != nil {
		return nil, err
	}
	c.record(activity.ActionUPDATED, activity.EntityTypeCONTACT, old.ID, changes)
	return saved, nil
}

// refreshDealTexts renews what a search finds a contact's deals by.
func (c *change) refreshDealTexts(ctx context.Context, who *ent.Contact) error {
	deals, err := c.lockDealsOf(ctx, who.ID)
	if err != nil {
		return err
	}
	keys, texts := dealTexts(deals, who)
	return inChunks(len(keys), func(first, end int) error {
		keys, texts := keys[first:end], texts[first:end]
		return c.db.Deal.Update().
			Where(deal.IDIn(keys...)).
			Modify(byID(deal.FieldSearchText, keys, func(i int) any { return texts[i] })).
			Exec(ctx)
	})
}
