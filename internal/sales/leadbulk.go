package sales

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// ArchiveLeadsInput names leads to archive.
type ArchiveLeadsInput struct {
	Labelled
	IDs []string
}

// RestoreLeadsInput names leads to bring back.
type RestoreLeadsInput struct {
	Labelled
	IDs []string
}

// DeleteLeadsInput names leads to delete.
type DeleteLeadsInput struct {
	Labelled
	IDs []string
}

// ChangeLeadStatusInput gives leads a status.
type ChangeLeadStatusInput struct {
	Labelled
	IDs      []string
	StatusID string
}

// ArchiveLeads archives leads. Those that are archived stay as they are, and
// all keep their places on boards, to come back to.
func (s *Sales) ArchiveLeads(ctx context.Context, input ArchiveLeadsInput) ([]*ent.Lead, error) {
	var k check
	return s.changeLeads(ctx, &k, input.IDs, func(ctx context.Context, c *change, leads []*ent.Lead) ([]*ent.Lead, error) {
		archive := func(next *ent.Lead) {
			if next.ArchivedAt == nil {
				next.ArchivedAt = &c.at
			}
		}
		write := c.db.Lead.Update().SetArchivedAt(c.at)
		return c.setLeads(ctx, leads, activity.ActionARCHIVED, archive, write)
	})
}

// RestoreLeads brings archived leads back. Those that are not archived stay as
// they are.
func (s *Sales) RestoreLeads(ctx context.Context, input RestoreLeadsInput) ([]*ent.Lead, error) {
	var k check
	return s.changeLeads(ctx, &k, input.IDs, func(ctx context.Context, c *change, leads []*ent.Lead) ([]*ent.Lead, error) {
		restore := func(next *ent.Lead) { next.ArchivedAt = nil }
		write := c.db.Lead.Update().ClearArchivedAt()
		return c.setLeads(ctx, leads, activity.ActionRESTORED, restore, write)
	})
}

// ChangeLeadStatus gives leads a status.
func (s *Sales) ChangeLeadStatus(ctx context.Context, input ChangeLeadStatusInput) ([]*ent.Lead, error) {
	var k check
	statusID := k.id(id.LeadStatus, "statusId", input.StatusID)
	return s.changeLeads(ctx, &k, input.IDs, func(ctx context.Context, c *change, leads []*ent.Lead) ([]*ent.Lead, error) {
		status, err := c.leadStatus(ctx, &statusID)
		if err != nil {
			return nil, err
		}
		label := func(next *ent.Lead) { next.StatusID = status }
		write := c.db.Lead.Update().SetStatusID(status)
		return c.setLeads(ctx, leads, activity.ActionSTATUS_CHANGED, label, write)
	})
}

// changeLeads runs a change of many leads, which are locked, and answers them
// in the order of their ids.
func (s *Sales) changeLeads(
	ctx context.Context, k *check, ids []string,
	fn func(context.Context, *change, []*ent.Lead) ([]*ent.Lead, error),
) ([]*ent.Lead, error) {
	keys := k.ids(id.Lead, "ids", ids, maxIDs)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) ([]*ent.Lead, error) {
		leads, err := c.lockLeads(ctx, keys)
		if err != nil {
			return nil, err
		}
		return fn(ctx, c, leads)
	})
}

// lockLeads finds and locks the leads that ids names, in the order of the list.
func (c *change) lockLeads(ctx context.Context, keys []uuid.UUID) ([]*ent.Lead, error) {
	found, err := c.db.Lead.Query().Where(lead.IDIn(keys...)).Order(lead.ByID()).Modify(store.Lock).All(ctx)
	c.locked()
	if err != nil {
		return nil, err
	}
	return inOrder(id.Lead, "ids", keys, found, func(l *ent.Lead) uuid.UUID { return l.ID })
}

// setLeads does the same to many leads in one UPDATE: set says what becomes of
// a lead, and write writes it. Leads that do not change are left alone.
func (c *change) setLeads(ctx context.Context, leads []*ent.Lead, action activity.Action, set func(*ent.Lead), write *ent.LeadUpdate) ([]*ent.Lead, error) {
	after := make([]*ent.Lead, len(leads))
	var changed []uuid.UUID
	var changes []diff
	for i, old := range leads {
		next := *old
		set(&next)
		after[i] = old
		if d := leadDiff(old, &next); len(d) > 0 {
			c.tellChange(action, card{id.Lead, old.ID}, old.StageID, next.StageID, false, d)
			next.UpdatedAt, next.Version = c.at, old.Version+1
			after[i] = &next
			changed, changes = append(changed, old.ID), append(changes, d)
		}
	}
	if len(changed) == 0 {
		return after, nil
	}
	if err := write.Where(lead.IDIn(changed...)).SetUpdatedAt(c.at).AddVersion(1).Exec(ctx); err != nil {
		return nil, err
	}
	return after, c.recordMany(ctx, action, activity.EntityTypeLEAD, changed, func(i int) diff { return changes[i] })
}

// DeleteLeads deletes leads, with their comments and photos, and answers their
// ids.
func (s *Sales) DeleteLeads(ctx context.Context, input DeleteLeadsInput) ([]string, error) {
	var k check
	leads, err := s.changeLeads(ctx, &k, input.IDs, func(ctx context.Context, c *change, leads []*ent.Lead) ([]*ent.Lead, error) {
		return leads, c.deleteLeads(ctx, leads)
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(leads))
	var photos []string
	for i, gone := range leads {
		ids[i] = gone.GlobalID()
		photos = append(photos, droppedPhoto(gone, &ent.Lead{})...)
	}
	s.deletePhotos(ctx, photos...)
	return ids, nil
}

// deleteLeads deletes leads, which are locked.
func (c *change) deleteLeads(ctx context.Context, leads []*ent.Lead) error {
	keys := make([]uuid.UUID, len(leads))
	for i, gone := range leads {
		keys[i] = gone.ID
	}
	businesses, err := c.businessesOf(ctx, keys)
	if err != nil {
		return err
	}
	if _, err := c.db.Lead.Delete().Where(lead.IDIn(keys...)).Exec(ctx); err != nil {
		return err
	}
	return c.recordMany(ctx, activity.ActionDELETED, activity.EntityTypeLEAD, keys, func(i int) diff {
		old := *leads[i]
		old.Edges.Businesses = businesses[old.ID]
		changes := leadDiff(&old, &ent.Lead{})
		c.tellCard(event.KindCARD_REMOVED, card{id.Lead, old.ID}, old.StageID, nil, changes)
		return changes
	})
}

// businessesOf are the businesses of leads, by lead.
func (c *change) businessesOf(ctx context.Context, keys []uuid.UUID) (map[uuid.UUID][]*ent.Business, error) {
	leads, err := c.db.Lead.Query().Where(lead.IDIn(keys...)).Select(lead.FieldID).WithBusinesses().All(ctx)
	if err != nil {
		return nil, err
	}
	businesses := make(map[uuid.UUID][]*ent.Business, len(leads))
	for _, l := range leads {
		businesses[l.ID] = l.Edges.Businesses
	}
	return businesses, nil
}
