package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// leads resolves the fields of Lead.
type leads struct{ *resolvers }

func leadKey(l *ent.Lead) uuid.UUID { return l.ID }

func (r leads) PhotoURL(_ context.Context, l *ent.Lead) (*string, error) {
	if l.Photo == nil {
		return nil, nil
	}
	url := r.Photos.URL(l.OrganizationID, *l.Photo)
	return &url, nil
}

func (leads) Status(ctx context.Context, l *ent.Lead) (*ent.LeadStatus, error) {
	return one(ctx, l, func(l *ent.Lead) uuid.UUID { return l.StatusID }, read.LeadStatuses)
}

func (leads) Businesses(ctx context.Context, l *ent.Lead) ([]*ent.Business, error) {
	columns := columns(ctx, read.Businesses)
	found, err := loadColumns(ctx, l, columns, leadKey, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID][]*ent.Business, error) {
		groups, err := read.BusinessesOfLead(ctx, db, keys, columns)
		joinGroups(loadersFrom(ctx), groups)
		return groups, err
	})
	return orEmpty(found), err
}

func (leads) Stage(ctx context.Context, l *ent.Lead) (*ent.Stage, error) {
	if l.Edges.Stage != nil {
		return l.Edges.Stage, nil
	}
	return one(ctx, l, func(l *ent.Lead) uuid.UUID { return orZero(l.StageID) }, read.Stages)
}

func (leads) CreatedBy(ctx context.Context, l *ent.Lead) (*ent.User, error) {
	return one(ctx, l, func(l *ent.Lead) uuid.UUID { return orZero(l.CreatedByID) }, read.Users)
}

func (leads) Comments(ctx context.Context, l *ent.Lead, first *int, after *string, last *int, before *string) (*read.CommentConnection, error) {
	return page(ctx, l, leadKey, read.CommentsOfLead(), nil, first, after, last, before)
}

func (leads) Activity(ctx context.Context, l *ent.Lead, first *int, after *string, last *int, before *string) (*read.ActivityConnection, error) {
	return page(ctx, l, leadKey, read.ActivityOf(), nil, first, after, last, before)
}

func (leads) StageHistory(ctx context.Context, l *ent.Lead) ([]*ent.StageStay, error) {
	return many(ctx, l, leadKey, read.StaysOfLead())
}

func (leads) Timeline(ctx context.Context, l *ent.Lead, first *int, after *string, last *int, before *string) (*read.TimelineConnection, error) {
	w, err := read.NewWindow(first, last, after, before, nil)
	if err != nil {
		return nil, err
	}
	connection := &read.TimelineConnection{
		TimelinePage: &read.TimelinePage{},
		Activities:   func(ctx context.Context) (int, error) { return counted(ctx, l, "activities", read.ActivityOf()) },
		Comments:     func(ctx context.Context) (int, error) { return counted(ctx, l, "comments", read.CommentsOfLead()) },
	}
	if !connectionFields(ctx).page {
		return connection, nil
	}
	connection.TimelinePage, err = load(ctx, l, leadKey, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]*read.TimelinePage, error) {
		timelines, err := read.Timelines(ctx, db, keys, w)
		joinTimelines(loadersFrom(ctx), timelines)
		return timelines, err
	})
	return connection, err
}

// joinTimelines makes the activities of all timelines one level, and the
// comments another.
func joinTimelines(l *loaders, timelines map[uuid.UUID]*read.TimelinePage) {
	var done []*ent.Activity
	var said []*ent.Comment
	for _, timeline := range timelines {
		for _, edge := range timeline.Edges {
			switch item := edge.Node.(type) {
			case *ent.Activity:
				done = append(done, item)
			case *ent.Comment:
				said = append(said, item)
			}
		}
	}
	join(l, done)
	join(l, said)
}

// counted is how long a lead's list is, counted once for all fields that show it.
func counted[T any](ctx context.Context, l *ent.Lead, what string, list read.List[T]) (int, error) {
	return loadAs(ctx, l, "timeline "+what, leadKey, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]int, error) {
		return list.Counts(ctx, db, keys)
	})
}

// Leads resolves Query.leads.
func (q query) Leads(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.LeadFilter, orderBy []*read.LeadOrder, search *string, includeArchived bool) (*read.LeadConnection, error) {
	list, err := read.LeadList(nil, filter, orderBy, search, includeArchived)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// Lead resolves Query.lead.
func (q query) Lead(ctx context.Context, key string) (*ent.Lead, error) {
	return find(ctx, read.Leads, id.Lead, key)
}

// CreateLead resolves Mutation.createLead.
func (m mutation) CreateLead(ctx context.Context, input sales.CreateLeadInput) (*generated.CreateLeadPayload, error) {
	lead, err := m.Sales.CreateLead(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreateLeadPayload{Lead: lead, UserErrors: problems}, err
}

// UpdateLead resolves Mutation.updateLead.
func (m mutation) UpdateLead(ctx context.Context, input sales.UpdateLeadInput) (*generated.UpdateLeadPayload, error) {
	lead, err := m.Sales.UpdateLead(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateLeadPayload{Lead: lead, UserErrors: problems}, err
}

// MoveLead resolves Mutation.moveLead.
func (m mutation) MoveLead(ctx context.Context, input sales.MoveLeadInput) (*generated.MoveLeadPayload, error) {
	lead, err := m.Sales.MoveLead(ctx, input)
	problems, err := userErrors(err)
	return &generated.MoveLeadPayload{Lead: lead, UserErrors: problems}, err
}

// AddLeadToStage resolves Mutation.addLeadToStage.
func (m mutation) AddLeadToStage(ctx context.Context, input sales.AddLeadToStageInput) (*generated.AddLeadToStagePayload, error) {
	lead, pipeline, err := m.Sales.AddLeadToStage(ctx, input)
	problems, err := userErrors(err)
	return &generated.AddLeadToStagePayload{Lead: lead, Pipeline: pipeline, UserErrors: problems}, err
}

// RemoveLeadFromStage resolves Mutation.removeLeadFromStage.
func (m mutation) RemoveLeadFromStage(ctx context.Context, input sales.RemoveLeadFromStageInput) (*generated.RemoveLeadFromStagePayload, error) {
	lead, pipeline, err := m.Sales.RemoveLeadFromStage(ctx, input)
	problems, err := userErrors(err)
	return &generated.RemoveLeadFromStagePayload{Lead: lead, Pipeline: pipeline, UserErrors: problems}, err
}

// ArchiveLeads resolves Mutation.archiveLeads.
func (m mutation) ArchiveLeads(ctx context.Context, input sales.ArchiveLeadsInput) (*generated.ArchiveLeadsPayload, error) {
	leads, err := m.Sales.ArchiveLeads(ctx, input)
	problems, err := userErrors(err)
	return &generated.ArchiveLeadsPayload{Leads: joined(ctx, leads), UserErrors: problems}, err
}

// RestoreLeads resolves Mutation.restoreLeads.
func (m mutation) RestoreLeads(ctx context.Context, input sales.RestoreLeadsInput) (*generated.RestoreLeadsPayload, error) {
	leads, err := m.Sales.RestoreLeads(ctx, input)
	problems, err := userErrors(err)
	return &generated.RestoreLeadsPayload{Leads: joined(ctx, leads), UserErrors: problems}, err
}

// ChangeLeadStatus resolves Mutation.changeLeadStatus.
func (m mutation) ChangeLeadStatus(ctx context.Context, input sales.ChangeLeadStatusInput) (*generated.ChangeLeadStatusPayload, error) {
	leads, err := m.Sales.ChangeLeadStatus(ctx, input)
	problems, err := userErrors(err)
	return &generated.ChangeLeadStatusPayload{Leads: joined(ctx, leads), UserErrors: problems}, err
}

// DeleteLeads resolves Mutation.deleteLeads.
func (m mutation) DeleteLeads(ctx context.Context, input sales.DeleteLeadsInput) (*generated.DeleteLeadsPayload, error) {
	deleted, err := m.Sales.DeleteLeads(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteLeadsPayload{DeletedLeadIds: orEmpty(deleted), UserErrors: problems}, err
}

// orEmpty is a list that is never null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
