package sales

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/contact"
	"dealflow/ent/predicate"
	"dealflow/internal/id"
)

// importedContact reads whom a deal is with; nil for nobody. Unlike a request,
// a file may know no more than a name: a company alone is a contact of its name.
func (c *check) importedContact(sent *ContactInput) *ent.Contact {
	if sent == nil {
		return nil
	}
	at := func(field string) []string { return []string{"input", "contact", field} }
	read := &ent.Contact{
		Name:        deref(c.optionalAt(at("name"), sent.Name, maxName)),
		Email:       c.email(at("email"), sent.Email),
		Phone:       c.optionalAt(at("phone"), sent.Phone, maxPhone),
		CompanyName: c.optionalAt(at("companyName"), sent.CompanyName, maxName),
		Tags:        c.labels(at("tags"), sent.Tags, maxTags),
	}
	read.PhoneKey = phoneKey(read.Phone)
	if read.Email == nil && read.PhoneKey == nil {
		read.Name = cmp.Or(read.Name, deref(read.CompanyName))
		if read.Name == "" {
			return nil
		}
	}
	return read
}

// contactName tells contacts apart that have neither email nor phone.
type contactName struct{ name, company string }

// contactBook is contacts as they are to become, by what they are found by.
type contactBook struct {
	byEmail map[string]*ent.Contact
	byPhone map[string][]*ent.Contact // oldest first
	byName  map[contactName]*ent.Contact

	before map[uuid.UUID]*ent.Contact // as they were
	made   []*ent.Contact             // those that are new
}

// enter notes what a contact is found by.
func (b *contactBook) enter(who *ent.Contact) {
	if who.Email != nil {
		b.byEmail[*who.Email] = who
	}
	if key := deref(who.PhoneKey); key != "" && !slices.Contains(b.byPhone[key], who) {
		b.byPhone[key] = append(b.byPhone[key], who)
	}
	name := contactName{who.Name, deref(who.CompanyName)}
	if _, older := b.byName[name]; !older {
		b.byName[name] = who
	}
}

// match is matchContact among the contacts of the book; nil when nobody matches.
func (b *contactBook) match(described *ent.Contact) *ent.Contact {
	if described.Email == nil && described.PhoneKey == nil {
		return b.byName[contactName{described.Name, deref(described.CompanyName)}]
	}
	if described.Email != nil {
		if found := b.byEmail[*described.Email]; found != nil {
			return found
		}
	}
	for _, found := range b.byPhone[deref(described.PhoneKey)] {
		if described.Email == nil || found.Email == nil {
			return found
		}
	}
	return nil
}

// resolve is the contact that a description is of, which is completed with it,
// or made.
func (b *contactBook) resolve(described *ent.Contact) *ent.Contact {
	who := b.match(described)
	if who == nil {
		fresh := *described
		who = &fresh
		who.ID = id.New()
		b.made = append(b.made, who)
	} else {
		complete(who, described)
	}
	b.enter(who)
	return who
}

// importContacts finds the contacts that are described, fills in what they lack,
// and makes those that are missing. It answers one for each description.
func (c *change) importContacts(ctx context.Context, described []*ent.Contact) ([]*ent.Contact, error) {
	if len(described) == 0 {
		return nil, nil
	}
	book, contacts, err := c.resolveContacts(ctx, described)
	if err != nil {
		return nil, err
	}
	if len(book.made) > 0 {
		// As in makeContact: nobody else may make the same ones meanwhile.
		if _, err := c.lockOrganization(ctx); err != nil {
			return nil, err
		}
		if book, contacts, err = c.resolveContacts(ctx, described); err != nil {
			return nil, err
		}
	}
	for _, who := range distinctContacts(contacts) {
		if old := book.before[who.ID]; old != nil {
			if _, err := c.saveContact(ctx, old, who); err != nil {
				return nil, err
			}
		}
	}
	return contacts, c.insertContacts(ctx, book.made)
}

// distinctContacts is a list without repetitions.
func distinctContacts(contacts []*ent.Contact) []*ent.Contact {
	seen := make(map[uuid.UUID]bool, len(contacts))
	return slices.DeleteFunc(slices.Clone(contacts), func(who *ent.Contact) bool {
		again := seen[who.ID]
		seen[who.ID] = true
		return again
	})
}

// resolveContacts finds out what becomes of the contacts that are described, and
// writes nothing.
func (c *change) resolveContacts(ctx context.Context, described []*ent.Contact) (*contactBook, []*ent.Contact, error) {
	found, err := c.contactsLike(ctx, described)
	if err != nil {
		return nil, nil, err
	}
	book := &contactBook{
		byEmail: map[string]*ent.Contact{}, byPhone: map[string][]*ent.Contact{}, byName: map[contactName]*ent.Contact{},
		before: make(map[uuid.UUID]*ent.Contact, len(found)),
	}
	for _, old := range found {
		who := *old
		book.before[old.ID] = old
		book.enter(&who)
	}
	contacts := make([]*ent.Contact, len(described))
	for i, one := range described {
		contacts[i] = book.resolve(one)
	}
	return book, contacts, nil
}

// contactsLike looks for all contacts that may match one of the descriptions,
// the oldest first.
func (c *change) contactsLike(ctx context.Context, described []*ent.Contact) ([]*ent.Contact, error) {
	var found []*ent.Contact
	// A query for each way, with an index, where one for all would read all
	// contacts.
	for _, is := range waysToFind(described) {
		some, err := c.db.Contact.Query().Where(is).All(ctx)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	slices.SortFunc(found, func(a, b *ent.Contact) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), slices.Compare(a.ID[:], b.ID[:]))
	})
	return slices.CompactFunc(found, func(a, b *ent.Contact) bool { return a.ID == b.ID }), nil
}

// waysToFind are the contacts that may match, by email, by phone, by name within
// a company, and by name alone, as far as the descriptions ask for it.
func waysToFind(described []*ent.Contact) []predicate.Contact {
	var emails, phones, names, companies, alone []string
	for _, one := range described {
		if one.Email != nil {
			emails = append(emails, *one.Email)
		}
		if one.PhoneKey != nil {
			phones = append(phones, *one.PhoneKey)
		}
		switch {
		case one.Email != nil || one.PhoneKey != nil:
		case one.CompanyName != nil:
			names, companies = append(names, one.Name), append(companies, *one.CompanyName)
		default:
			alone = append(alone, one.Name)
		}
	}
	var ways []predicate.Contact
	if len(emails) > 0 {
		ways = append(ways, contact.EmailIn(emails...))
	}
	if len(phones) > 0 {
		ways = append(ways, contact.PhoneKeyIn(phones...))
	}
	if len(names) > 0 {
		ways = append(ways, contact.And(contact.CompanyNameIn(companies...), contact.NameIn(names...)))
	}
	if len(alone) > 0 {
		ways = append(ways, contact.And(contact.CompanyNameIsNil(), contact.NameIn(alone...)))
	}
	return ways
}

// insertContacts writes new contacts and their activities.
func (c *change) insertContacts(ctx context.Context, contacts []*ent.Contact) error {
	return inChunks(len(contacts), func(from, to int) error {
		rows := make([]*ent.ContactCreate, 0, to-from)
		keys := make([]uuid.UUID, 0, to-from)
		for _, next := range contacts[from:to] {
			keys = append(keys, next.ID)
			rows = append(rows, c.db.Contact.Create().
				SetID(next.ID).
				SetOrganizationID(c.organization).
				SetName(next.Name).
				SetNillableEmail(next.Email).
				SetNillablePhone(next.Phone).
				SetNillablePhoneKey(next.PhoneKey).
				SetNillableCompanyName(next.CompanyName).
				SetTags(next.Tags).
				SetCreatedAt(c.at).
				SetUpdatedAt(c.at))
		}
		if err := c.db.Contact.CreateBulk(rows...).Exec(ctx); err != nil {
			return err
		}
		return c.recordMany(ctx, activity.ActionCREATED, activity.EntityTypeCONTACT, keys, func(i int) diff {
			return contactDiff(&ent.Contact{}, contacts[from+i])
		})
	})
}
