package sales

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/internal/id"
)

const (
	maxStatusName = 100
	maxStatuses   = 100
)

// CreateLeadStatusInput describes a new lead status.
type CreateLeadStatusInput struct {
	Labelled
	Name         string
	PrimaryColor leadstatus.PrimaryColor
}

// UpdateLeadStatusInput changes a lead status. What is left out stays.
type UpdateLeadStatusInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Name            graphql.Omittable[*string]
	PrimaryColor    graphql.Omittable[*leadstatus.PrimaryColor]
}

// LeadStatusOrderInput is a place for a lead status.
type LeadStatusOrderInput struct {
	ID    string
	Order int
}

// ReorderLeadStatusesInput gives lead statuses their places.
type ReorderLeadStatusesInput struct {
	Labelled
	Statuses []*LeadStatusOrderInput
}

// DeleteLeadStatusInput names a lead status to delete.
type DeleteLeadStatusInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// CreateLeadStatus makes a lead status, after the others.
func (s *Sales) CreateLeadStatus(ctx context.Context, input CreateLeadStatusInput) (*ent.LeadStatus, error) {
	var k check
	wanted := ent.LeadStatus{
		Name:         k.text("name", input.Name, maxStatusName),
		PrimaryColor: input.PrimaryColor,
	}
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.LeadStatus, error) {
		all, err := c.lockStatuses(ctx)
		if err != nil {
			return nil, err
		}
		if len(all) >= maxStatuses {
			return nil, refuse(CodeInvalid, "max", []string{"input"}, "There are %d lead statuses, and no room for more: delete or rename one.", len(all))
		}
		next := wanted
		next.Position = len(all)
		if err := freeStatusName(all, &next); err != nil {
			return nil, err
		}
		created, err := c.insertStatuses(ctx, []*ent.LeadStatus{&next})
		if err != nil {
			return nil, err
		}
		return created[0], nil
	})
}

// insertStatuses writes new lead statuses, and their activities.
func (c *change) insertStatuses(ctx context.Context, statuses []*ent.LeadStatus) ([]*ent.LeadStatus, error) {
	rows := make([]*ent.LeadStatusCreate, len(statuses))
	for i, next := range statuses {
		rows[i] = c.db.LeadStatus.Create().
			SetOrganizationID(c.organization).
			SetName(next.Name).
			SetNameKey(nameKey(next.Name)).
			SetPrimaryColor(next.PrimaryColor).
			SetPosition(next.Position).
			SetCreatedAt(c.at).
			SetUpdatedAt(c.at)
	}
	created, err := c.db.LeadStatus.CreateBulk(rows...).Save(ctx)
	if err != nil {
		return nil, err
	}
	return created, c.recordMany(ctx, activity.ActionCREATED, activity.EntityTypeLEAD_STATUS, statusIDs(created), func(i int) diff {
		return statusDiff(&ent.LeadStatus{}, created[i])
	})
}

// UpdateLeadStatus changes a lead status.
func (s *Sales) UpdateLeadStatus(ctx context.Context, input UpdateLeadStatusInput) (*ent.LeadStatus, error) {
	var k check
	statusID := k.id(id.LeadStatus, "id", input.ID)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.LeadStatus, error) {
		all, old, err := c.lockStatus(ctx, statusID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		var k check
		next := *old
		next.Name = k.patchText("name", input.Name, old.Name, maxStatusName)
		next.PrimaryColor = mandatory(&k, "primaryColor", input.PrimaryColor, old.PrimaryColor)
		if err := k.err(); err != nil {
			return nil, err
		}
		if err := freeStatusName(all, &next); err != nil {
			return nil, err
		}
		return c.saveStatus(ctx, old, &next)
	})
}

// saveStatus writes what became of a lead status, and its activity.
func (c *change) saveStatus(ctx context.Context, old, next *ent.LeadStatus) (*ent.LeadStatus, error) {
	changes := statusDiff(old, next)
	if len(changes) == 0 {
		return old, nil
	}
	saved, err := c.db.LeadStatus.UpdateOneID(old.ID).
		SetName(next.Name).
		SetNameKey(nameKey(next.Name)).
		SetPrimaryColor(next.PrimaryColor).
		SetUpdatedAt(c.at).
		AddVersion(1).
		Save(ctx)
	if err != nil {
		return nil, err
	}
	c.record(activity.ActionUPDATED, activity.EntityTypeLEAD_STATUS, old.ID, changes)
	return saved, nil
}

// ReorderLeadStatuses gives lead statuses the places that are named, one after
// the other without gaps, and then the rest theirs, in the order that they have.
// It answers all of them.
func (s *Sales) ReorderLeadStatuses(ctx context.Context, input ReorderLeadStatusesInput) ([]*ent.LeadStatus, error) {
	var k check
	keys := k.statusPlaces(input.Statuses)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) ([]*ent.LeadStatus, error) {
		all, err := c.lockStatuses(ctx)
		if err != nil {
			return nil, err
		}
		ordered, err := orderStatuses(all, keys, input.Statuses)
		if err != nil {
			return nil, err
		}
		after, moved, err := c.arrangeStatuses(ctx, ordered)
		if err != nil {
			return nil, err
		}
		return after, c.recordMany(ctx, activity.ActionREORDERED, activity.EntityTypeLEAD_STATUS, statusIDs(moved), func(i int) diff {
			old := moved[i]
			return statusDiff(old, after[slices.IndexFunc(after, hasID(old.ID))])
		})
	})
}

// statusPlaces reads places for lead statuses, and answers the ids.
func (c *check) statusPlaces(inputs []*LeadStatusOrderInput) []uuid.UUID {
	if len(inputs) > maxStatuses {
		c.add(CodeInvalid, "max", in("statuses"), "The statuses field has %d entries; at most %d are allowed.", len(inputs), maxStatuses)
		return nil
	}
	keys := make([]uuid.UUID, len(inputs))
	ids, orders := map[string]bool{}, map[int]bool{}
	for i, input := range inputs {
		at := func(field string) []string { return append(in("statuses"), strconv.Itoa(i), field) }
		keys[i] = c.idAt(id.LeadStatus, at("id"), input.ID)
		c.wholeAt(at("order"), &input.Order, 0, maxIDs)
		if ids[input.ID] {
			c.add(CodeInvalid, "distinct", at("id"), "%s stands in the list twice.", input.ID)
		}
		if orders[input.Order] {
			c.add(CodeInvalid, "distinct", at("order"), "Another status has the order %d.", input.Order)
		}
		ids[input.ID], orders[input.Order] = true, true
	}
	return keys
}

// orderStatuses is all statuses, those with the given ids first, in the order
// that the inputs, one an id, say.
func orderStatuses(all []*ent.LeadStatus, keys []uuid.UUID, inputs []*LeadStatusOrderInput) ([]*ent.LeadStatus, error) {
	var k check
	order := map[uuid.UUID]int{}
	for i, key := range keys {
		if !slices.ContainsFunc(all, hasID(key)) {
			k.add(CodeNotFound, "exists", append(in("statuses"), strconv.Itoa(i), "id"), "Lead status not found.")
		}
		order[key] = inputs[i].Order
	}
	after := func(status *ent.LeadStatus) int {
		if at, named := order[status.ID]; named {
			return at
		}
		return maxIDs + 1 // after all that are named, which have at most maxIDs
	}
	ordered := slices.Clone(all)
	slices.SortStableFunc(ordered, func(a, b *ent.LeadStatus) int { return cmp.Compare(after(a), after(b)) })
	return ordered, k.err()
}

// arrangeStatuses gives statuses the places in which they stand in the list. It
// answers what they are like after, and what those that moved were like before.
func (c *change) arrangeStatuses(ctx context.Context, ordered []*ent.LeadStatus) (after, moved []*ent.LeadStatus, err error) {
	var places []int
	after = slices.Clone(ordered)
	for place, old := range ordered {
		if old.Position == place {
			continue
		}
		next := *old
		next.Position, next.UpdatedAt, next.Version = place, c.at, old.Version+1
		after[place] = &next
		moved, places = append(moved, old), append(places, place)
	}
	if len(moved) == 0 {
		return after, nil, nil
	}
	keys := statusIDs(moved)
	err = c.db.LeadStatus.Update().
		Where(leadstatus.IDIn(keys...)).
		SetUpdatedAt(c.at).
		AddVersion(1).
		Modify(byID(leadstatus.FieldPosition, keys, func(i int) any { return sql.Raw(strconv.Itoa(places[i])) })).
		Exec(ctx)
	return after, moved, err
}

// DeleteLeadStatus deletes a lead status that no lead has, and answers its id.
// Later ones close the gap.
func (s *Sales) DeleteLeadStatus(ctx context.Context, input DeleteLeadStatusInput) (string, error) {
	var k check
	statusID := k.id(id.LeadStatus, "id", input.ID)
	if err := k.err(); err != nil {
		return "", err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		all, old, err := c.lockStatus(ctx, statusID, input.ExpectedVersion)
		if err != nil {
			return "", err
		}
		if err := c.dispensable(ctx, all, old); err != nil {
			return "", err
		}
		if err := c.db.LeadStatus.DeleteOne(old).Exec(ctx); err != nil {
			return "", err
		}
		if _, _, err := c.arrangeStatuses(ctx, slices.DeleteFunc(all, hasID(old.ID))); err != nil {
			return "", err
		}
		c.record(activity.ActionDELETED, activity.EntityTypeLEAD_STATUS, old.ID, statusDiff(old, &ent.LeadStatus{}))
		return old.GlobalID(), nil
	})
}

// dispensable refuses to do without the last status, which new leads get, and
// without one that leads have, archived ones among them.
func (c *change) dispensable(ctx context.Context, all []*ent.LeadStatus, status *ent.LeadStatus) error {
	if len(all) == 1 {
		return blocked(0, in("id"), "Cannot delete status: it is the last one. Create another one first.")
	}
	count, err := c.db.Lead.Query().Where(lead.StatusID(status.ID)).Count(ctx)
	switch {
	case err != nil:
		return err
	case count == 1:
		return blocked(1, in("id"), "Cannot delete status: 1 lead has it. Give it another status first.")
	case count > 1:
		return blocked(count, in("id"), "Cannot delete status: %d leads have it. Give them another status first.", count)
	}
	return nil
}

// lockStatuses is all lead statuses, in their order. The organization is locked,
// and with it who changes a status: the rules are about all of them.
func (c *change) lockStatuses(ctx context.Context) ([]*ent.LeadStatus, error) {
	if _, err := c.lockOrganization(ctx); err != nil {
		return nil, err
	}
	return c.db.LeadStatus.Query().Order(leadstatus.ByPosition(), leadstatus.ByID()).All(ctx)
}

// lockStatus is lockStatuses, and the one that an input names by id, at the
// version that the sender has seen.
func (c *change) lockStatus(ctx context.Context, key uuid.UUID, expected *int) ([]*ent.LeadStatus, *ent.LeadStatus, error) {
	all, err := c.lockStatuses(ctx)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(all, hasID(key))
	if i < 0 {
		return nil, nil, notFound(id.LeadStatus, in("id"))
	}
	return all, all[i], unchanged(all[i], all[i].Version, expected)
}

// freeStatusName refuses a name that another status has, in whatever case.
func freeStatusName(all []*ent.LeadStatus, next *ent.LeadStatus) error {
	for _, one := range all {
		if one.ID != next.ID && one.NameKey == nameKey(next.Name) {
			return refuse(CodeAlreadyExists, "unique", in("name"), "Lead status already exists.")
		}
	}
	return nil
}

// nameKey is what makes two names the same.
func nameKey(name string) string { return strings.ToLower(name) }

// hasID tells of a status whether it is the one with an id.
func hasID(key uuid.UUID) func(*ent.LeadStatus) bool {
	return func(status *ent.LeadStatus) bool { return status.ID == key }
}

func statusIDs(statuses []*ent.LeadStatus) []uuid.UUID {
	keys := make([]uuid.UUID, len(statuses))
	for i, one := range statuses {
		keys[i] = one.ID
	}
	return keys
}

// statusDiff is what changed between two states of a lead status, as the API
// shows it.
func statusDiff(old, next *ent.LeadStatus) diff {
	var d diff
	d.note("name", text(old.Name), text(next.Name))
	d.note("primaryColor", text(string(old.PrimaryColor)), text(string(next.PrimaryColor)))
	d.note("order", ofEntity(old.ID, old.Position), ofEntity(next.ID, next.Position))
	return d
}
