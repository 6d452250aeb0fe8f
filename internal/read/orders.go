package read

import (
	"time"

	"dealflow/ent"
	"dealflow/ent/business"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/ent/user"
)

// Order asks for a list to be sorted by a field.
type Order[F ~string] struct {
	Field     F
	Direction OrderDirection
}

// What each kind of list can be sorted by, as the schema names it.
type (
	// PipelineOrderField names what pipelines are sorted by.
	PipelineOrderField string
	// StageOrderField names what stages are sorted by.
	StageOrderField string
	// DealOrderField names what deals are sorted by.
	DealOrderField string
	// LeadOrderField names what leads are sorted by.
	LeadOrderField string
	// ContactOrderField names what contacts are sorted by.
	ContactOrderField string
	// BusinessOrderField names what businesses are sorted by.
	BusinessOrderField string
	// UserOrderField names what users are sorted by.
	UserOrderField string

	// PipelineOrder sorts pipelines.
	PipelineOrder = Order[PipelineOrderField]
	// StageOrder sorts stages.
	StageOrder = Order[StageOrderField]
	// DealOrder sorts deals.
	DealOrder = Order[DealOrderField]
	// LeadOrder sorts leads.
	LeadOrder = Order[LeadOrderField]
	// ContactOrder sorts contacts.
	ContactOrder = Order[ContactOrderField]
	// BusinessOrder sorts businesses.
	BusinessOrder = Order[BusinessOrderField]
	// UserOrder sorts users.
	UserOrder = Order[UserOrderField]
)

// maxOrder bounds the entries of an orderBy.
const maxOrder = 5

// orderBy makes the keys that are asked for, or the usual ones when none are.
func orderBy[T any, F ~string](asked []*Order[F], keys map[F]OrderKey[T], usual ...OrderKey[T]) ([]OrderKey[T], error) {
	if len(asked) == 0 {
		return usual, nil
	}
	if len(asked) > maxOrder {
		return nil, Wrong("orderBy", "orderBy may have at most %d entries.", maxOrder)
	}
	order := make([]OrderKey[T], len(asked))
	seen := map[F]bool{}
	for i, one := range asked {
		key, known := keys[one.Field]
		if !known || seen[one.Field] {
			return nil, Wrong("orderBy", "orderBy names %q twice, or there is no such field.", one.Field)
		}
		seen[one.Field], order[i] = true, key
		order[i].Desc = one.Direction == OrderDirectionDesc
	}
	return order, nil
}

// desc is a key the other way round.
func desc[T any](key OrderKey[T]) OrderKey[T] {
	key.Desc = true
	return key
}

func pipelineKeys() map[PipelineOrderField]OrderKey[ent.Pipeline] {
	return map[PipelineOrderField]OrderKey[ent.Pipeline]{
		"NAME":       by(pipeline.FieldName, func(p *ent.Pipeline) string { return p.Name }),
		"CREATED_AT": by(pipeline.FieldCreatedAt, func(p *ent.Pipeline) time.Time { return p.CreatedAt }),
		"UPDATED_AT": by(pipeline.FieldUpdatedAt, func(p *ent.Pipeline) time.Time { return p.UpdatedAt }),
	}
}

func stageKeys() map[StageOrderField]OrderKey[ent.Stage] {
	return map[StageOrderField]OrderKey[ent.Stage]{
		"ORDER":       by(stage.FieldPosition, func(s *ent.Stage) int { return s.Position }),
		"NAME":        by(stage.FieldName, func(s *ent.Stage) string { return s.Name }),
		"PROBABILITY": by(stage.FieldProbability, func(s *ent.Stage) float64 { return s.Probability }),
		"CREATED_AT":  by(stage.FieldCreatedAt, func(s *ent.Stage) time.Time { return s.CreatedAt }),
		"UPDATED_AT":  by(stage.FieldUpdatedAt, func(s *ent.Stage) time.Time { return s.UpdatedAt }),
	}
}

func dealKeys() map[DealOrderField]OrderKey[ent.Deal] {
	return map[DealOrderField]OrderKey[ent.Deal]{
		"RANK":                  by(deal.FieldRank, func(d *ent.Deal) string { return d.Rank }),
		"TITLE":                 by(deal.FieldTitle, func(d *ent.Deal) string { return d.Title }),
		"STATUS":                by(deal.FieldStatus, func(d *ent.Deal) string { return string(d.Status) }),
		"VALUE":                 byOptional(deal.FieldValueAmount, func(d *ent.Deal) *int64 { return d.ValueAmount }),
		"EXPECTED_CLOSE_DATE":   byOptional(deal.FieldExpectedCloseDate, func(d *ent.Deal) *time.Time { return d.ExpectedCloseDate }),
		"LAST_STATUS_CHANGE_AT": by(deal.FieldLastStatusChangeAt, func(d *ent.Deal) time.Time { return d.LastStatusChangeAt }),
		"STAGE_ENTERED_AT":      by(deal.FieldStageEnteredAt, func(d *ent.Deal) time.Time { return d.StageEnteredAt }),
		"CREATED_AT":            by(deal.FieldCreatedAt, func(d *ent.Deal) time.Time { return d.CreatedAt }),
		"UPDATED_AT":            by(deal.FieldUpdatedAt, func(d *ent.Deal) time.Time { return d.UpdatedAt }),
	}
}

func leadKeys() map[LeadOrderField]OrderKey[ent.Lead] {
	return map[LeadOrderField]OrderKey[ent.Lead]{
		"RANK":             by(lead.FieldRank, func(l *ent.Lead) string { return l.Rank }),
		"FIRST_NAME":       by(lead.FieldFirstName, func(l *ent.Lead) string { return l.FirstName }),
		"LAST_NAME":        by(lead.FieldLastName, func(l *ent.Lead) string { return l.LastName }),
		"EMAIL":            byOptional(lead.FieldEmail, func(l *ent.Lead) *string { return l.Email }),
		"COMPANY":          byOptional(lead.FieldCompany, func(l *ent.Lead) *string { return l.Company }),
		"STAGE_ENTERED_AT": byOptional(lead.FieldStageEnteredAt, func(l *ent.Lead) *time.Time { return l.StageEnteredAt }),
		"CREATED_AT":       by(lead.FieldCreatedAt, func(l *ent.Lead) time.Time { return l.CreatedAt }),
		"UPDATED_AT":       by(lead.FieldUpdatedAt, func(l *ent.Lead) time.Time { return l.UpdatedAt }),
	}
}

func contactKeys() map[ContactOrderField]OrderKey[ent.Contact] {
	return map[ContactOrderField]OrderKey[ent.Contact]{
		"NAME":         by(contact.FieldName, func(c *ent.Contact) string { return c.Name }),
		"EMAIL":        byOptional(contact.FieldEmail, func(c *ent.Contact) *string { return c.Email }),
		"COMPANY_NAME": byOptional(contact.FieldCompanyName, func(c *ent.Contact) *string { return c.CompanyName }),
		"CREATED_AT":   by(contact.FieldCreatedAt, func(c *ent.Contact) time.Time { return c.CreatedAt }),
		"UPDATED_AT":   by(contact.FieldUpdatedAt, func(c *ent.Contact) time.Time { return c.UpdatedAt }),
	}
}

func businessKeys() map[BusinessOrderField]OrderKey[ent.Business] {
	return map[BusinessOrderField]OrderKey[ent.Business]{
		"NAME":       by(business.FieldName, func(b *ent.Business) string { return b.Name }),
		"CREATED_AT": by(business.FieldCreatedAt, func(b *ent.Business) time.Time { return b.CreatedAt }),
		"UPDATED_AT": by(business.FieldUpdatedAt, func(b *ent.Business) time.Time { return b.UpdatedAt }),
	}
}

func userKeys() map[UserOrderField]OrderKey[ent.User] {
	return map[UserOrderField]OrderKey[ent.User]{
		"NAME":       by(user.FieldName, func(u *ent.User) string { return u.Name }),
		"CREATED_AT": by(user.FieldCreatedAt, func(u *ent.User) time.Time { return u.CreatedAt }),
		"UPDATED_AT": by(user.FieldUpdatedAt, func(u *ent.User) time.Time { return u.UpdatedAt }),
	}
}
