package sales

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/business"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/schema"
	"dealflow/ent/stage"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// maxBusinesses is how many businesses a lead may belong to.
const maxBusinesses = 100

// phoneNumbers reads a lead's phone numbers.
func (c *check) phoneNumbers(values []string) []string {
	numbers := c.labels(in("phoneNumbers"), values, maxPhones)
	for _, number := range numbers {
		c.length(in("phoneNumbers"), number, maxPhone)
	}
	return numbers
}

// socialMedia reads a lead's addresses elsewhere; nil when there are none.
func (c *check) socialMedia(input *SocialMediaInput) *schema.SocialMedia {
	if input == nil {
		return nil
	}
	read := func(field string, value *string) *string {
		return c.optionalAt([]string{"input", "socialMedia", field}, value, maxTitle)
	}
	addresses := schema.SocialMedia{
		Youtube:   read("youtube", input.Youtube),
		Facebook:  read("facebook", input.Facebook),
		Instagram: read("instagram", input.Instagram),
		Twitter:   read("twitter", input.Twitter),
	}
	if addresses == (schema.SocialMedia{}) {
		return nil
	}
	return &addresses
}

// lockLead finds and locks the lead that an input field names, at the version
// that the sender has seen. More may be read with it, as its Value.
func (c *change) lockLead(ctx context.Context, field string, key uuid.UUID, expected *int, more ...store.Column) (*ent.Lead, error) {
	found := new(ent.Lead)
	owner := store.Column{Name: "stage_pipeline", Value: store.Of{
		Row: lead.Table, By: lead.FieldStageID, Table: stage.Table, Column: stage.FieldPipelineID,
	}}
	err := c.lockRow(ctx, found, lead.Table, lead.Columns, key, append(more, owner)...)
	if err != nil {
		return nil, missing(err, id.Lead, field)
	}
	c.events.knowLead(found, owner.Name)
	return found, unchanged(found, found.Version, expected)
}

// notArchived refuses to put an archived lead on a board, where nobody would see it.
func notArchived(found *ent.Lead, field string) error {
	if found.ArchivedAt == nil {
		return nil
	}
	return refuse(CodeInvalid, "archived", in(field), "The lead is archived: restore it first.")
}

// freeLead refuses an email or an external id that another lead has.
func (c *change) freeLead(ctx context.Context, old, next *ent.Lead) error {
	if next.Email != nil && !equal(old.Email, next.Email) {
		taken, err := c.db.Lead.Query().Where(lead.Email(*next.Email)).Exist(ctx)
		if err != nil {
			return err
		}
		if taken {
			return refuse(CodeAlreadyExists, "unique", in("email"), "Email already exists.")
		}
	}
	if next.ExternalID != nil && !equal(old.ExternalID, next.ExternalID) {
		taken, err := c.db.Lead.Query().Where(lead.ExternalID(*next.ExternalID)).Exist(ctx)
		if err != nil {
			return err
		}
		if taken {
			return refuse(CodeAlreadyExists, "unique", in("externalId"), "Another lead has the external id %q.", *next.ExternalID)
		}
	}
	return nil
}

// leadStatus is the status that statusId names, or else the organization's first.
func (c *change) leadStatus(ctx context.Context, named *uuid.UUID) (uuid.UUID, error) {
	query := c.db.LeadStatus.Query()
	if named != nil {
		key, err := query.Where(leadstatus.ID(*named)).OnlyID(ctx)
		return key, missing(err, id.LeadStatus, "statusId")
	}
	key, err := query.Order(leadstatus.ByPosition(), leadstatus.ByID()).FirstID(ctx)
	if ent.IsNotFound(err) {
		return uuid.Nil, refuse(CodeNotFound, "exists", in("statusId"), "No lead status found: create one with createLeadStatus.")
	}
	return key, err
}

// findBusinesses finds the businesses that businessIds names.
func (c *change) findBusinesses(ctx context.Context, keys []uuid.UUID) ([]*ent.Business, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := c.db.Business.Query().Where(business.IDIn(keys...)).All(ctx)
	if err != nil {
		return nil, err
	}
	return inOrder(id.Business, "businessIds", keys, found, func(b *ent.Business) uuid.UUID { return b.ID })
}

// inOrder puts rows in the order of the ids that a list names them by, and says
// of each id that there is no row for so.
func inOrder[T any](kind id.Kind, field string, keys []uuid.UUID, rows []T, key func(T) uuid.UUID) ([]T, error) {
	found := make(map[uuid.UUID]T, len(rows))
	for _, row := range rows {
		found[key(row)] = row
	}
	var k check
	ordered := make([]T, len(keys))
	for i, want := range keys {
		row, ok := found[want]
		if !ok {
			k.add(CodeNotFound, "exists", append(in(field), strconv.Itoa(i)), "%s not found.", capital(kind.Noun()))
		}
		ordered[i] = row
	}
	return ordered, k.err()
}

// businessIDs are the ids of a lead's businesses as the API shows them. Their
// order means nothing, so they are sorted.
func businessIDs(l *ent.Lead) []string {
	var ids []string
	for _, b := range l.Edges.Businesses {
		ids = append(ids, b.GlobalID())
	}
	slices.Sort(ids)
	return ids
}

func sameBusinesses(old, next *ent.Lead) bool {
	return slices.Equal(businessIDs(old), businessIDs(next))
}

// leadText is what a search finds a lead by. A phone number stands there as it
// is written and as digits alone.
func leadText(l *ent.Lead) string {
	parts := []string{l.FirstName, l.LastName, deref(l.Email)}
	for _, number := range l.PhoneNumbers {
		parts = append(parts, number)
		if digits := deref(phoneKey(&number)); digits != number {
			parts = append(parts, digits)
		}
	}
	return searchText(append(parts, deref(l.Company), deref(l.Position), deref(l.Location), deref(l.Source))...)
}

// instant is a time as an activity shows it, nil for none.
func instant(t *time.Time) any {
	if t == nil {
		return nil
	}
	return t.UTC()
}
