package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
)

// contacts resolves the fields of Contact.
type contacts struct{}

func (contacts) Deals(ctx context.Context, c *ent.Contact, first *int, after *string, last *int, before *string, filter *read.DealFilter, orderBy []*read.DealOrder) (*read.DealConnection, error) {
	list, err := read.DealList(read.DealsOfContact(), filter, orderBy, nil)
	return page(ctx, c, func(c *ent.Contact) uuid.UUID { return c.ID }, list, err, first, after, last, before)
}

// Contacts resolves Query.contacts.
func (q query) Contacts(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.ContactFilter, orderBy []*read.ContactOrder) (*read.ContactConnection, error) {
	list, err := read.ContactList(filter, orderBy)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// Contact resolves Query.contact.
func (q query) Contact(ctx context.Context, key string) (*ent.Contact, error) {
	return find(ctx, read.Contacts, id.Contact, key)
}

// CreateContact resolves Mutation.createContact.
func (m mutation) CreateContact(ctx context.Context, input sales.CreateContactInput) (*generated.CreateContactPayload, error) {
	contact, err := m.Sales.CreateContact(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreateContactPayload{Contact: contact, UserErrors: problems}, err
}

// UpdateContact resolves Mutation.updateContact.
func (m mutation) UpdateContact(ctx context.Context, input sales.UpdateContactInput) (*generated.UpdateContactPayload, error) {
	contact, err := m.Sales.UpdateContact(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateContactPayload{Contact: contact, UserErrors: problems}, err
}

// DeleteContact resolves Mutation.deleteContact.
func (m mutation) DeleteContact(ctx context.Context, input sales.DeleteContactInput) (*generated.DeleteContactPayload, error) {
	deleted, err := m.Sales.DeleteContact(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteContactPayload{DeletedContactID: orNil(deleted), UserErrors: problems}, err
}
