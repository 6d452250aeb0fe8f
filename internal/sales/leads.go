package sales

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// SocialMediaInput holds addresses of a person elsewhere.
type SocialMediaInput struct {
	Youtube   *string
	Facebook  *string
	Instagram *string
	Twitter   *string
}

// CreateLeadInput describes a new lead.
type CreateLeadInput struct {
	Labelled
	FirstName    string
	LastName     string
	State        lead.State
	Email        *string
	PhoneNumbers []string
	Photo        *string
	StatusID     *string
	Source       *string
	Description  *string
	Location     *string
	Position     *string
	Company      *string
	SocialMedia  *SocialMediaInput
	BusinessIDs  []string
	StageID      *string
	ExternalID   *string
}

// UpdateLeadInput changes a lead. What is left out stays; null clears.
type UpdateLeadInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	FirstName       graphql.Omittable[*string]
	LastName        graphql.Omittable[*string]
	State           graphql.Omittable[*lead.State]
	Email           graphql.Omittable[*string]
	PhoneNumbers    graphql.Omittable[[]string]
	Photo           graphql.Omittable[*string]
	StatusID        graphql.Omittable[*string]
	Source          graphql.Omittable[*string]
	Description     graphql.Omittable[*string]
	Location        graphql.Omittable[*string]
	Position        graphql.Omittable[*string]
	Company         graphql.Omittable[*string]
	SocialMedia     graphql.Omittable[*SocialMediaInput]
	BusinessIDs     graphql.Omittable[[]string]
}

// CreateLead makes a lead, at the end of its stage when it has one.
func (s *Sales) CreateLead(ctx context.Context, input CreateLeadInput) (*ent.Lead, error) {
	var k check
	stageID := k.optionalID(id.Stage, "stageId", input.StageID)
	statusID := k.optionalID(id.LeadStatus, "statusId", input.StatusID)
	businessIDs := k.ids(id.Business, "businessIds", input.BusinessIDs, maxBusinesses)
	wanted := k.lead(&input)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (_ *ent.Lead, err error) {
		next := wanted
		if err := c.freeLead(ctx, &ent.Lead{}, &next); err != nil {
			return nil, err
		}
		if next.StatusID, err = c.leadStatus(ctx, statusID); err != nil {
			return nil, err
		}
		if next.Edges.Businesses, err = c.findBusinesses(ctx, businessIDs); err != nil {
			return nil, err
		}
		var stage *ent.Stage
		if stageID != nil {
			if stage, err = c.lockStage(ctx, "stageId", *stageID); err != nil {
				return nil, err
			}
		}
		if err := c.lockPhoto(ctx, next.Photo); err != nil {
			return nil, err
		}
		if err := c.adoptPhoto(ctx, "photo", &ent.Lead{}, &next); err != nil {
			return nil, err
		}
		return c.insertLead(ctx, &next, stage)
	})
}

// lead reads what a new lead is to be like.
func (k *check) lead(input *CreateLeadInput) ent.Lead {
	return ent.Lead{
		FirstName:    k.text("firstName", input.FirstName, maxName),
		LastName:     deref(k.optional("lastName", &input.LastName, maxName)),
		State:        input.State,
		Email:        k.email(in("email"), input.Email),
		PhoneNumbers: k.phoneNumbers(input.PhoneNumbers),
		Photo:        k.photo("photo", input.Photo),
		Source:       k.optional("source", input.Source, maxName),
		Description:  k.optional("description", input.Description, maxText),
		Location:     k.optional("location", input.Location, maxName),
		Position:     k.optional("position", input.Position, maxName),
		Company:      k.optional("company", input.Company, maxName),
		SocialMedia:  k.socialMedia(input.SocialMedia),
		ExternalID:   k.optional("externalId", input.ExternalID, maxName),
	}
}

// insertLead writes a new lead, below the cards of its stage, which is locked,
// when it has one.
func (c *change) insertLead(ctx context.Context, next *ent.Lead, stage *ent.Stage) (*ent.Lead, error) {
	if stage != nil {
		if err := c.placeLead(ctx, next, stage, bottom); err != nil {
			return nil, err
		}
	}
	next.SearchText = leadText(next)
	created, err := c.createLead(next).Save(ctx)
	if err != nil {
		return nil, err
	}
	if stage != nil {
		c.switchStage(card{id.Lead, created.ID}, nil, stage)
	}
	changes := leadDiff(&ent.Lead{}, next)
	c.tellCard(event.KindCARD_CREATED, card{id.Lead, created.ID}, nil, next.StageID, changes)
	c.record(activity.ActionCREATED, activity.EntityTypeLEAD, created.ID, changes)
	return created, nil
}

// createLead is the INSERT of a lead.
func (c *change) createLead(next *ent.Lead) *ent.LeadCreate {
	create := c.db.Lead.Create().
		SetOrganizationID(c.organization).
		SetFirstName(next.FirstName).
		SetLastName(next.LastName).
		SetState(next.State).
		SetNillableEmail(next.Email).
		SetPhoneNumbers(next.PhoneNumbers).
		SetNillablePhoto(next.Photo).
		SetStatusID(next.StatusID).
		SetNillableSource(next.Source).
		SetNillableDescription(next.Description).
		SetNillableLocation(next.Location).
		SetNillablePosition(next.Position).
		SetNillableCompany(next.Company).
		SetNillableStageID(next.StageID).
		SetRank(next.Rank).
		SetNillableStageEnteredAt(next.StageEnteredAt).
		SetNillableCreatedByID(c.user).
		SetNillableExternalID(next.ExternalID).
		SetSearchText(next.SearchText).
		SetCreatedAt(c.at).
		SetUpdatedAt(c.at).
		AddBusinesses(next.Edges.Businesses...)
	if next.SocialMedia != nil {
		create.SetSocialMedia(next.SocialMedia)
	}
	return create
}

// UpdateLead changes a lead. The file of a photo that it no longer has goes too.
func (s *Sales) UpdateLead(ctx context.Context, input UpdateLeadInput) (*ent.Lead, error) {
	var k check
	leadID := k.id(id.Lead, "id", input.ID)
	patch := leadPatch{input: &input}
	patch.status = k.sentID(id.LeadStatus, "statusId", input.StatusID)
	patch.businesses = k.ids(id.Business, "businessIds", given(input.BusinessIDs, nil), maxBusinesses)
	if err := k.err(); err != nil {
		return nil, err
	}
	var dropped []string
	saved, err := answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		photo := given(input.Photo, nil)
		has, err := c.lockNewPhoto(ctx, leadID, photo)
		if err != nil {
			return nil, err
		}
		old, err := c.lockLead(ctx, "id", leadID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		if has && !equal(old.Photo, photo) {
			return nil, errAgain // somebody took it between the look and the lock
		}
		next, err := c.patchLead(ctx, old, &patch)
		if err != nil {
			return nil, err
		}
		dropped = droppedPhoto(old, next)
		return c.saveLead(ctx, old, next, nil, activity.ActionUPDATED)
	})
	if err != nil {
		return nil, err
	}
	s.deletePhotos(ctx, dropped...)
	return saved, nil
}

// leadPatch is an update of a lead, with the ids that it names.
type leadPatch struct {
	input      *UpdateLeadInput
	status     *uuid.UUID
	businesses []uuid.UUID
}

// patchLead is a lead with what an update sends.
func (c *change) patchLead(ctx context.Context, old *ent.Lead, patch *leadPatch) (*ent.Lead, error) {
	var k check
	next := k.patchLead(old, patch.input)
	err := c.checkPhoto(ctx, &k, "photo", old, next)
	if err != nil {
		return nil, err
	}
	if err := k.err(); err != nil {
		return nil, err
	}
	if patch.status != nil {
		if next.StatusID, err = c.leadStatus(ctx, patch.status); err != nil {
			return nil, err
		}
	}
	if patch.input.BusinessIDs.IsSet() {
		known, err := c.businessesOf(ctx, []uuid.UUID{old.ID})
		if err != nil {
			return nil, err
		}
		old.Edges.Businesses = known[old.ID]
		if next.Edges.Businesses, err = c.findBusinesses(ctx, patch.businesses); err != nil {
			return nil, err
		}
	}
	return next, c.freeLead(ctx, old, next)
}

// patchLead is a lead with the fields that an update sends.
func (k *check) patchLead(old *ent.Lead, input *UpdateLeadInput) *ent.Lead {
	next := *old
	next.FirstName = k.patchText("firstName", input.FirstName, old.FirstName, maxName)
	next.LastName = deref(k.optional("lastName", given(input.LastName, &old.LastName), maxName))
	next.State = mandatory(k, "state", input.State, old.State)
	next.Email = k.email(in("email"), given(input.Email, old.Email))
	next.PhoneNumbers = k.phoneNumbers(given(input.PhoneNumbers, old.PhoneNumbers))
	next.Photo = k.optional("photo", given(input.Photo, old.Photo), maxName)
	next.Source = k.optional("source", given(input.Source, old.Source), maxName)
	next.Description = k.optional("description", given(input.Description, old.Description), maxText)
	next.Location = k.optional("location", given(input.Location, old.Location), maxName)
	next.Position = k.optional("position", given(input.Position, old.Position), maxName)
	next.Company = k.optional("company", given(input.Company, old.Company), maxName)
	if sent, ok := input.SocialMedia.ValueOK(); ok {
		next.SocialMedia = k.socialMedia(sent)
	}
	return &next
}

// saveLead writes what became of a lead, with all that goes with it: the
// history of its stages and the activity. The stage is the one that the lead
// goes to, if any. A lead that did not change is left alone.
func (c *change) saveLead(ctx context.Context, old, next *ent.Lead, stage *ent.Stage, action activity.Action) (*ent.Lead, error) {
	changes := leadDiff(old, next)
	if len(changes) == 0 && old.Rank == next.Rank {
		return old, nil
	}
	next.SearchText = leadText(next)
	if err := c.updateLead(ctx, old, next); err != nil {
		return nil, err
	}
	c.changeLeadStage(old, next, stage)
	next.Edges = ent.LeadEdges{Stage: stage}
	c.tellChange(action, card{id.Lead, old.ID}, old.StageID, next.StageID, old.Rank != next.Rank, changes)
	c.record(action, activity.EntityTypeLEAD, old.ID, changes)
	return next, nil
}

// changeLeadStage writes the history of a lead that got another stage, or its
// first, or none.
func (c *change) changeLeadStage(old, next *ent.Lead, stage *ent.Stage) {
	if !equal(old.StageID, next.StageID) {
		c.switchStage(card{id.Lead, old.ID}, old.StageID, stage)
	}
}

// updateLead writes a lead as it is to be, its next version.
func (c *change) updateLead(ctx context.Context, old, next *ent.Lead) error {
	next.UpdatedAt, next.Version = c.at, old.Version+1
	var s columns
	set(&s, lead.FieldFirstName, old.FirstName, next.FirstName)
	set(&s, lead.FieldLastName, old.LastName, next.LastName)
	set(&s, lead.FieldState, old.State, next.State)
	set(&s, lead.FieldStatusID, old.StatusID, next.StatusID)
	s.set(lead.FieldRank, next.Rank) // which its column may have lost to new ones
	set(&s, lead.FieldSearchText, old.SearchText, next.SearchText)
	set(&s, lead.FieldUpdatedAt, old.UpdatedAt, next.UpdatedAt)
	set(&s, lead.FieldVersion, old.Version, next.Version)
	setOrNull(&s, lead.FieldEmail, old.Email, next.Email)
	setOrNull(&s, lead.FieldPhoto, old.Photo, next.Photo)
	setOrNull(&s, lead.FieldSource, old.Source, next.Source)
	setOrNull(&s, lead.FieldDescription, old.Description, next.Description)
	setOrNull(&s, lead.FieldLocation, old.Location, next.Location)
	setOrNull(&s, lead.FieldPosition, old.Position, next.Position)
	setOrNull(&s, lead.FieldCompany, old.Company, next.Company)
	setOrNull(&s, lead.FieldStageID, old.StageID, next.StageID)
	setOrNull(&s, lead.FieldStageEnteredAt, old.StageEnteredAt, next.StageEnteredAt)
	if !slices.Equal(old.PhoneNumbers, next.PhoneNumbers) {
		s.set(lead.FieldPhoneNumbers, apiJSON(next.PhoneNumbers))
	}
	switch {
	case equal(old.SocialMedia, next.SocialMedia):
	case next.SocialMedia == nil:
		s.set(lead.FieldSocialMedia, nil)
	default:
		s.set(lead.FieldSocialMedia, apiJSON(next.SocialMedia))
	}
	c.write(store.Update(lead.Table, s, store.Column{Name: lead.FieldID, Value: old.ID}))
	if sameBusinesses(old, next) {
		return nil
	}
	return c.db.Lead.UpdateOneID(old.ID).ClearBusinesses().AddBusinesses(next.Edges.Businesses...).Exec(ctx)
}

// leadDiff is what changed between two states of a lead, as the API shows it.
// The rank is nobody's business.
func leadDiff(old, next *ent.Lead) diff {
	var d diff
	d.note("firstName", text(old.FirstName), text(next.FirstName))
	d.note("lastName", text(old.LastName), text(next.LastName))
	d.note("state", text(string(old.State)), text(string(next.State)))
	d.note("email", old.Email, next.Email)
	d.note("phoneNumbers", list(old.PhoneNumbers), list(next.PhoneNumbers))
	d.note("photo", old.Photo, next.Photo)
	d.note("statusId", globalID(id.LeadStatus, &old.StatusID), globalID(id.LeadStatus, &next.StatusID))
	d.note("source", old.Source, next.Source)
	d.note("description", old.Description, next.Description)
	d.note("location", old.Location, next.Location)
	d.note("position", old.Position, next.Position)
	d.note("company", old.Company, next.Company)
	d.note("socialMedia", old.SocialMedia, next.SocialMedia)
	d.note("businessIds", list(businessIDs(old)), list(businessIDs(next)))
	d.note("stageId", globalID(id.Stage, old.StageID), globalID(id.Stage, next.StageID))
	d.note("archivedAt", instant(old.ArchivedAt), instant(next.ArchivedAt))
	d.note("externalId", old.ExternalID, next.ExternalID)
	return d
}
