package read

import (
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/apikey"
	"dealflow/ent/comment"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/ent/stagestay"
)

// PipelineList is the organization's pipelines.
func PipelineList(filter *PipelineFilter, asked []*PipelineOrder, includeArchived bool) (List[ent.Pipeline], error) {
	keys := pipelineKeys()
	l := List[ent.Pipeline]{Kind: Pipelines}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	if !includeArchived {
		l.Where = append(l.Where, isNull(pipeline.FieldArchivedAt))
	}
	l.Order, err = orderBy(asked, keys, keys["CREATED_AT"])
	return l, err
}

// StageList is the stages of all pipelines.
func StageList(filter *StageFilter, asked []*StageOrder) (List[ent.Stage], error) {
	keys := stageKeys()
	l := List[ent.Stage]{Kind: Stages}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	l.Order, err = orderBy(asked, keys, desc(keys["CREATED_AT"]))
	return l, err
}

// StagesOfPipeline is each pipeline's stages, in their order.
func StagesOfPipeline() List[ent.Stage] {
	return List[ent.Stage]{
		Kind:   Stages,
		Parent: &Parent[ent.Stage]{stage.FieldPipelineID, func(s *ent.Stage) uuid.UUID { return s.PipelineID }},
		Order:  []OrderKey[ent.Stage]{stageKeys()["ORDER"]},
	}
}

// DealList is the deals of the organization, or of each parent: in the order of
// the cards in a stage, newest first elsewhere.
func DealList(parent *Parent[ent.Deal], filter *DealFilter, asked []*DealOrder, search *string) (List[ent.Deal], error) {
	keys := dealKeys()
	l := List[ent.Deal]{Kind: Deals, Parent: parent}
	usual := desc(keys["CREATED_AT"])
	if parent != nil && parent.Column == deal.FieldStageID {
		usual = keys["RANK"]
	}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	if l.Where, err = searching(l.Where, deal.Table, search); err != nil {
		return l, err
	}
	l.Order, err = orderBy(asked, keys, usual)
	return l, err
}

// DealsOfStage is the parent of the deals in a stage.
func DealsOfStage() *Parent[ent.Deal] {
	return &Parent[ent.Deal]{deal.FieldStageID, func(d *ent.Deal) uuid.UUID { return d.StageID }}
}

// DealsOfPipeline is the parent of a pipeline's deals.
func DealsOfPipeline() *Parent[ent.Deal] {
	return &Parent[ent.Deal]{deal.FieldPipelineID, func(d *ent.Deal) uuid.UUID { return d.PipelineID }}
}

// DealsOfContact is the parent of a contact's deals.
func DealsOfContact() *Parent[ent.Deal] {
	return &Parent[ent.Deal]{deal.FieldContactID, func(d *ent.Deal) uuid.UUID { return deref(d.ContactID) }}
}

// LeadList is the leads of the organization, or of each stage: in the order of
// the cards in a stage, newest first elsewhere.
func LeadList(parent *Parent[ent.Lead], filter *LeadFilter, asked []*LeadOrder, search *string, includeArchived bool) (List[ent.Lead], error) {
	keys := leadKeys()
	l := List[ent.Lead]{Kind: Leads, Parent: parent}
	usual := desc(keys["CREATED_AT"])
	if parent != nil {
		usual = keys["RANK"]
	}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	if l.Where, err = searching(l.Where, lead.Table, search); err != nil {
		return l, err
	}
	if !includeArchived {
		l.Where = append(l.Where, isNull(lead.FieldArchivedAt))
	}
	l.Order, err = orderBy(asked, keys, usual)
	return l, err
}

// LeadsOfStage is the parent of a stage's leads.
func LeadsOfStage() *Parent[ent.Lead] {
	return &Parent[ent.Lead]{lead.FieldStageID, func(l *ent.Lead) uuid.UUID { return deref(l.StageID) }}
}

// LeadsOfStatus is the leads that have each status, without archived ones.
func LeadsOfStatus() List[ent.Lead] {
	return List[ent.Lead]{
		Kind:   Leads,
		Parent: &Parent[ent.Lead]{lead.FieldStatusID, func(l *ent.Lead) uuid.UUID { return l.StatusID }},
		Where:  []Shape{isNull(lead.FieldArchivedAt)},
	}
}

// ContactList is the organization's contacts.
func ContactList(filter *ContactFilter, asked []*ContactOrder) (List[ent.Contact], error) {
	keys := contactKeys()
	l := List[ent.Contact]{Kind: Contacts}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	l.Order, err = orderBy(asked, keys, desc(keys["CREATED_AT"]))
	return l, err
}

// BusinessList is the organization's businesses.
func BusinessList(filter *BusinessFilter, asked []*BusinessOrder) (List[ent.Business], error) {
	keys := businessKeys()
	l := List[ent.Business]{Kind: Businesses}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	l.Order, err = orderBy(asked, keys, keys["NAME"])
	return l, err
}

// UserList is the people of the organization.
func UserList(filter *UserFilter, asked []*UserOrder) (List[ent.User], error) {
	keys := userKeys()
	l := List[ent.User]{Kind: Users}
	var err error
	if l.Where, err = filter.Conditions(); err != nil {
		return l, err
	}
	l.Order, err = orderBy(asked, keys, keys["NAME"])
	return l, err
}

// APIKeyList is the organization's API keys, newest first.
func APIKeyList(filter *APIKeyFilter) (List[ent.APIKey], error) {
	l := List[ent.APIKey]{
		Kind:  APIKeys,
		Order: []OrderKey[ent.APIKey]{desc(by(apikey.FieldCreatedAt, func(k *ent.APIKey) time.Time { return k.CreatedAt }))},
	}
	var err error
	l.Where, err = filter.Conditions()
	return l, err
}

// StatusList is the organization's lead statuses, in their order.
func StatusList() List[ent.LeadStatus] {
	return List[ent.LeadStatus]{
		Kind:  LeadStatuses,
		Order: []OrderKey[ent.LeadStatus]{by(leadstatus.FieldPosition, func(s *ent.LeadStatus) int { return s.Position })},
	}
}

// CommentsOfLead is what people wrote about each lead, oldest first.
func CommentsOfLead() List[ent.Comment] {
	return List[ent.Comment]{
		Kind:   Comments,
		Parent: &Parent[ent.Comment]{comment.FieldLeadID, func(c *ent.Comment) uuid.UUID { return deref(c.LeadID) }},
		Order:  []OrderKey[ent.Comment]{commentTime()},
	}
}

// CommentsOfDeal is what people wrote about each deal, oldest first.
func CommentsOfDeal() List[ent.Comment] {
	return List[ent.Comment]{
		Kind:   Comments,
		Parent: &Parent[ent.Comment]{comment.FieldDealID, func(c *ent.Comment) uuid.UUID { return deref(c.DealID) }},
		Order:  []OrderKey[ent.Comment]{commentTime()},
	}
}

func commentTime() OrderKey[ent.Comment] {
	return by(comment.FieldCreatedAt, func(c *ent.Comment) time.Time { return c.CreatedAt })
}

// ActivityOf is what was done to each entity, newest first.
func ActivityOf() List[ent.Activity] {
	return List[ent.Activity]{
		Kind:   Activities,
		Parent: &Parent[ent.Activity]{activity.FieldEntityID, func(a *ent.Activity) uuid.UUID { return a.EntityID }},
		Order: []OrderKey[ent.Activity]{
			desc(by(activity.FieldCreatedAt, func(a *ent.Activity) time.Time { return a.CreatedAt })),
		},
	}
}

// StaysOfDeal is each deal's stays in stages, in order of coming in.
func StaysOfDeal() List[ent.StageStay] {
	return List[ent.StageStay]{
		Kind:   StageStays,
		Parent: &Parent[ent.StageStay]{stagestay.FieldDealID, func(s *ent.StageStay) uuid.UUID { return deref(s.DealID) }},
		Order:  []OrderKey[ent.StageStay]{entered()},
	}
}

// StaysOfLead is each lead's stays in stages, in order of coming in.
func StaysOfLead() List[ent.StageStay] {
	return List[ent.StageStay]{
		Kind:   StageStays,
		Parent: &Parent[ent.StageStay]{stagestay.FieldLeadID, func(s *ent.StageStay) uuid.UUID { return deref(s.LeadID) }},
		Order:  []OrderKey[ent.StageStay]{entered()},
	}
}

func entered() OrderKey[ent.StageStay] {
	return by(stagestay.FieldEnteredAt, func(s *ent.StageStay) time.Time { return s.EnteredAt })
}

func isNull(column string) Shape {
	return func(s *sql.Selector) { s.Where(sql.IsNull(s.C(column))) }
}

func deref(key *uuid.UUID) uuid.UUID {
	if key == nil {
		return uuid.Nil
	}
	return *key
}
