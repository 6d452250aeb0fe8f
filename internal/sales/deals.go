package sales

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// MoneyInput is an amount of money.
type MoneyInput struct {
	Amount   string
	Currency *string
}

// CreateDealInput describes a new deal.
type CreateDealInput struct {
	Labelled
	Title             string
	StageID           string
	Status            deal.Status
	Value             *MoneyInput
	Probability       *float64
	ContactID         *string
	Contact           *ContactInput
	AssignedToID      *string
	Source            *string
	Tags              []string
	ExpectedCloseDate *time.Time
	LostReason        *string
	ExternalID        *string
	AllowDuplicate    bool
}

// UpdateDealInput changes a deal. What is left out stays; null clears.
type UpdateDealInput struct {
	Labelled
	ID                string
	ExpectedVersion   *int
	Title             graphql.Omittable[*string]
	StageID           graphql.Omittable[*string]
	Status            graphql.Omittable[*deal.Status]
	Value             graphql.Omittable[*MoneyInput]
	Probability       graphql.Omittable[*float64]
	ContactID         graphql.Omittable[*string]
	Contact           *ContactInput
	AssignedToID      graphql.Omittable[*string]
	Source            graphql.Omittable[*string]
	Tags              graphql.Omittable[[]string]
	ExpectedCloseDate graphql.Omittable[*time.Time]
	LostReason        graphql.Omittable[*string]
	AllowDuplicate    bool
}

// DeleteDealInput names a deal to delete.
type DeleteDealInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// MoveDealInput says where a deal goes.
type MoveDealInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	StageID         *string
	Before          *string
	After           *string
	At              *Place
	AllowDuplicate  bool
}

// ChangeDealStatusInput sets a deal's status and, when given, its stage.
type ChangeDealStatusInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Status          deal.Status
	StageID         *string
	LostReason      *string
	AllowDuplicate  bool
}

// CreateDeal makes a deal at the end of its stage.
func (s *Sales) CreateDeal(ctx context.Context, input CreateDealInput) (*ent.Deal, error) {
	var k check
	stageID := k.id(id.Stage, "stageId", input.StageID)
	who := k.contact(input.ContactID, input.Contact)
	if who.none() {
		k.add(CodeRequired, "required", in("contactId"), "The contactId or email field is mandatory.")
	}
	wanted := ent.Deal{
		Title:             k.text("title", input.Title, maxTitle),
		Status:            input.Status,
		Probability:       k.probability(in("probability"), input.Probability),
		AssignedToID:      k.optionalID(id.User, "assignedToId", input.AssignedToID),
		Source:            k.optional("source", input.Source, maxName),
		Tags:              k.labels(in("tags"), input.Tags, maxTags),
		ExpectedCloseDate: input.ExpectedCloseDate,
		LostReason:        k.optional("lostReason", input.LostReason, maxText),
		ExternalID:        k.optional("externalId", input.ExternalID, maxName),
	}
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Deal, error) {
		next := wanted
		if err := c.setValue(ctx, &next, input.Value); err != nil {
			return nil, err
		}
		if err := c.assignable(ctx, next.AssignedToID); err != nil {
			return nil, err
		}
		stage, err := c.lockStage(ctx, "stageId", stageID)
		if err != nil {
			return nil, err
		}
		contact, err := c.resolveContact(ctx, who)
		if err != nil {
			return nil, err
		}
		return c.insertDeal(ctx, &next, stage, contact, input.AllowDuplicate)
	})
}

// insertDeal writes a new deal below the cards of its stage, which is locked.
func (c *change) insertDeal(ctx context.Context, next *ent.Deal, stage *ent.Stage, contact *ent.Contact, allowDuplicate bool) (*ent.Deal, error) {
	next.PipelineID, next.StageID = stage.PipelineID, stage.ID
	next.ContactID = contactID(contact)
	if err := c.freeExternalID(ctx, next.ExternalID); err != nil {
		return nil, err
	}
	if err := c.singleOpenDeal(ctx, "contactId", next, allowDuplicate); err != nil {
		return nil, err
	}
	key, err := c.rankFor(ctx, column{id.Deal, stage.ID}, uuid.Nil, bottom)
	if err != nil {
		return nil, err
	}
	next.Rank, next.SearchText = key, dealText(next, contact)
	created, err := c.createDeal(next).Save(ctx)
	if err != nil {
		return nil, err
	}
	c.switchStage(card{id.Deal, created.ID}, nil, stage)
	changes := dealDiff(&ent.Deal{}, created)
	c.tellCard(event.KindCARD_CREATED, card{id.Deal, created.ID}, nil, &stage.ID, changes)
	c.record(activity.ActionCREATED, activity.EntityTypeDEAL, created.ID, changes)
	return created, nil
}

// createDeal is the INSERT of a deal that comes into its stage now.
func (c *change) createDeal(next *ent.Deal) *ent.DealCreate {
	return c.db.Deal.Create().
		SetOrganizationID(c.organization).
		SetPipelineID(next.PipelineID).
		SetStageID(next.StageID).
		SetRank(next.Rank).
		SetTitle(next.Title).
		SetStatus(next.Status).
		SetNillableValueAmount(next.ValueAmount).
		SetNillableValueCurrency(next.ValueCurrency).
		SetNillableProbability(next.Probability).
		SetNillableContactID(next.ContactID).
		SetNillableAssignedToID(next.AssignedToID).
		SetNillableCreatedByID(c.user).
		SetNillableSource(next.Source).
		SetTags(next.Tags).
		SetNillableExpectedCloseDate(next.ExpectedCloseDate).
		SetNillableLostReason(next.LostReason).
		SetNillableExternalID(next.ExternalID).
		SetDuplicate(next.Duplicate).
		SetSearchText(next.SearchText).
		SetLastStatusChangeAt(c.at).
		SetStageEnteredAt(c.at).
		SetCreatedAt(c.at).
		SetUpdatedAt(c.at)
}

// UpdateDeal changes a deal. A new stage is a move to its end.
func (s *Sales) UpdateDeal(ctx context.Context, input UpdateDealInput) (*ent.Deal, error) {
	var k check
	dealID := k.id(id.Deal, "id", input.ID)
	stageID := k.sentID(id.Stage, "stageId", input.StageID)
	who := k.contact(given(input.ContactID, nil), input.Contact)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Deal, error) {
		stage, err := c.lockTarget(ctx, stageID)
		if err != nil {
			return nil, err
		}
		contact, err := c.resolveContact(ctx, who)
		if err != nil {
			return nil, err
		}
		old, err := c.lockDeal(ctx, dealID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		next, err := c.patchDeal(ctx, old, &input)
		if err != nil {
			return nil, err
		}
		if contact != nil {
			next.ContactID = &contact.ID
		}
		if stage != nil && stage.ID != old.StageID {
			if err := c.place(ctx, next, stage, bottom); err != nil {
				return nil, err
			}
		}
		return c.saveDeal(ctx, old, next, stage, activity.ActionUPDATED, input.AllowDuplicate)
	})
}

// patchDeal is a deal with the fields that an update sends.
func (c *change) patchDeal(ctx context.Context, old *ent.Deal, input *UpdateDealInput) (*ent.Deal, error) {
	var k check
	next := *old
	next.Title = k.patchText("title", input.Title, old.Title, maxTitle)
	next.Status = mandatory(&k, "status", input.Status, old.Status)
	next.Probability = k.probability(in("probability"), given(input.Probability, old.Probability))
	next.ContactID = k.patchID(id.Contact, "contactId", input.ContactID, old.ContactID)
	next.AssignedToID = k.patchID(id.User, "assignedToId", input.AssignedToID, old.AssignedToID)
	next.Source = k.optional("source", given(input.Source, old.Source), maxName)
	next.Tags = k.labels(in("tags"), given(input.Tags, old.Tags), maxTags)
	next.ExpectedCloseDate = given(input.ExpectedCloseDate, old.ExpectedCloseDate)
	next.LostReason = k.optional("lostReason", given(input.LostReason, old.LostReason), maxText)
	if err := k.err(); err != nil {
		return nil, err
	}
	if value, sent := input.Value.ValueOK(); sent {
		if err := c.setValue(ctx, &next, value); err != nil {
			return nil, err
		}
	}
	return &next, c.assignable(ctx, next.AssignedToID)
}

// MoveDeal moves a deal to a place in a stage.
func (s *Sales) MoveDeal(ctx context.Context, input MoveDealInput) (*ent.Deal, error) {
	var k check
	dealID := k.id(id.Deal, "id", input.ID)
	stageID := k.optionalID(id.Stage, "stageId", input.StageID)
	to := k.spot(id.Deal, dealID, input.Before, input.After, input.At)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Deal, error) {
		target, err := c.targetStage(ctx, card{id.Deal, dealID}, stageID, to)
		if err != nil {
			return nil, err
		}
		stage, err := c.lockStage(ctx, "stageId", target)
		if err != nil {
			return nil, again(stageID == nil, err)
		}
		old, err := c.lockDeal(ctx, dealID, input.ExpectedVersion, to.columns(column{id.Deal, stage.ID}, dealID)...)
		if err != nil {
			return nil, err
		}
		if stageID == nil && to.neighbour() == nil && stage.ID != old.StageID {
			return nil, errAgain // somebody moved it between the look and the lock
		}
		next := *old
		if err := c.place(ctx, &next, stage, to.with(old)); err != nil {
			return nil, again(stageID == nil, err)
		}
		return c.saveDeal(ctx, old, &next, stage, activity.ActionMOVED, input.AllowDuplicate)
	}, movedRows(dealID, stageID)...)
}

// ChangeDealStatus sets a deal's status and, when given, its stage.
func (s *Sales) ChangeDealStatus(ctx context.Context, input ChangeDealStatusInput) (*ent.Deal, error) {
	var k check
	dealID := k.id(id.Deal, "id", input.ID)
	stageID := k.optionalID(id.Stage, "stageId", input.StageID)
	reason := k.optional("lostReason", input.LostReason, maxText)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Deal, error) {
		stage, err := c.lockTarget(ctx, stageID)
		if err != nil {
			return nil, err
		}
		old, err := c.lockDeal(ctx, dealID, input.ExpectedVersion)
		if err != nil {
			return nil, err
		}
		next := *old
		next.Status = input.Status
		if reason != nil {
			next.LostReason = reason
		}
		if stage != nil && stage.ID != old.StageID {
			if err := c.place(ctx, &next, stage, bottom); err != nil {
				return nil, err
			}
		}
		return c.saveDeal(ctx, old, &next, stage, activity.ActionSTATUS_CHANGED, input.AllowDuplicate)
	})
}

// DeleteDeal deletes a deal, with its comments, and answers its id.
func (s *Sales) DeleteDeal(ctx context.Context, input DeleteDealInput) (string, error) {
	var k check
	dealID := k.id(id.Deal, "id", input.ID)
	if err := k.err(); err != nil {
		return "", err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		old, err := c.lockDeal(ctx, dealID, input.ExpectedVersion)
		if err != nil {
			return "", err
		}
		if err := c.db.Deal.DeleteOne(old).Exec(ctx); err != nil {
			return "", err
		}
		changes := dealDiff(old, &ent.Deal{})
		c.tellCard(event.KindCARD_REMOVED, card{id.Deal, old.ID}, &old.StageID, nil, changes)
		c.record(activity.ActionDELETED, activity.EntityTypeDEAL, old.ID, changes)
		return old.GlobalID(), nil
	})
}

// place puts a deal at a spot of a stage, which is locked.
func (c *change) place(ctx context.Context, next *ent.Deal, stage *ent.Stage, to spot) error {
	key, err := c.rankFor(ctx, column{id.Deal, stage.ID}, next.ID, to)
	if err != nil {
		return err
	}
	if next.StageID != stage.ID {
		next.StageEnteredAt = c.at
	}
	next.PipelineID, next.StageID, next.Rank = stage.PipelineID, stage.ID, key
	return nil
}

// saveDeal writes what became of a deal, with all that goes with it: the time
// of a new status, the history of its stages, and the activity. The stage is
// the one that the deal goes to, if any. A deal that did not change is left alone.
func (c *change) saveDeal(ctx context.Context, old, next *ent.Deal, stage *ent.Stage, action activity.Action, allowDuplicate bool) (*ent.Deal, error) {
	changes := dealDiff(old, next)
	if len(changes) == 0 && old.Rank == next.Rank {
		return old, nil
	}
	if next.Status != old.Status {
		next.LastStatusChangeAt = c.at
	}
	if err := c.keepSingleOpenDeal(ctx, old, next, allowDuplicate); err != nil {
		return nil, err
	}
	if err := c.refreshText(ctx, old, next); err != nil {
		return nil, err
	}
	c.updateDeal(old, next)
	if old.StageID != next.StageID {
		c.switchStage(card{id.Deal, old.ID}, &old.StageID, stage)
	}
	next.Edges.Stage = stage // if it is here already
	c.tellChange(action, card{id.Deal, old.ID}, &old.StageID, &next.StageID, old.Rank != next.Rank, changes)
	c.record(action, activity.EntityTypeDEAL, old.ID, changes)
	return next, nil
}

// updateDeal writes a deal as it is to be, its next version.
func (c *change) updateDeal(old, next *ent.Deal) {
	next.UpdatedAt, next.Version = c.at, old.Version+1
	var s columns
	set(&s, deal.FieldPipelineID, old.PipelineID, next.PipelineID)
	set(&s, deal.FieldStageID, old.StageID, next.StageID)
	s.set(deal.FieldRank, next.Rank) // which its column may have lost to new ones
	set(&s, deal.FieldTitle, old.Title, next.Title)
	set(&s, deal.FieldStatus, old.Status, next.Status)
	set(&s, deal.FieldDuplicate, old.Duplicate, next.Duplicate)
	set(&s, deal.FieldSearchText, old.SearchText, next.SearchText)
	set(&s, deal.FieldLastStatusChangeAt, old.LastStatusChangeAt, next.LastStatusChangeAt)
	set(&s, deal.FieldStageEnteredAt, old.StageEnteredAt, next.StageEnteredAt)
	set(&s, deal.FieldUpdatedAt, old.UpdatedAt, next.UpdatedAt)
	set(&s, deal.FieldVersion, old.Version, next.Version)
	setOrNull(&s, deal.FieldValueAmount, old.ValueAmount, next.ValueAmount)
	setOrNull(&s, deal.FieldValueCurrency, old.ValueCurrency, next.ValueCurrency)
	setOrNull(&s, deal.FieldProbability, old.Probability, next.Probability)
	setOrNull(&s, deal.FieldContactID, old.ContactID, next.ContactID)
	setOrNull(&s, deal.FieldAssignedToID, old.AssignedToID, next.AssignedToID)
	setOrNull(&s, deal.FieldSource, old.Source, next.Source)
	setOrNull(&s, deal.FieldExpectedCloseDate, old.ExpectedCloseDate, next.ExpectedCloseDate)
	setOrNull(&s, deal.FieldLostReason, old.LostReason, next.LostReason)
	if !slices.Equal(old.Tags, next.Tags) {
		s.set(deal.FieldTags, apiJSON(next.Tags))
	}
	c.write(store.Update(deal.Table, s, store.Column{Name: deal.FieldID, Value: old.ID}))
}

// dealDiff is what changed between two states of a deal, as the API shows it.
// The rank is nobody's business.
func dealDiff(old, next *ent.Deal) diff {
	var d diff
	d.note("title", text(old.Title), text(next.Title))
	d.note("status", text(string(old.Status)), text(string(next.Status)))
	d.note("value", dealValue(old), dealValue(next))
	d.note("probability", old.Probability, next.Probability)
	d.note("stageId", globalID(id.Stage, &old.StageID), globalID(id.Stage, &next.StageID))
	d.note("contactId", globalID(id.Contact, old.ContactID), globalID(id.Contact, next.ContactID))
	d.note("assignedToId", globalID(id.User, old.AssignedToID), globalID(id.User, next.AssignedToID))
	d.note("source", old.Source, next.Source)
	d.note("tags", list(old.Tags), list(next.Tags))
	d.note("expectedCloseDate", day(old.ExpectedCloseDate), day(next.ExpectedCloseDate))
	d.note("lostReason", old.LostReason, next.LostReason)
	d.note("externalId", old.ExternalID, next.ExternalID)
	return d
}
