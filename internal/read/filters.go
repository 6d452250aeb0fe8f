package read

import (
	"entgo.io/ent/dialect/sql"

	"dealflow/ent/apikey"
	"dealflow/ent/business"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/ent/user"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

type (
	// DealStatusFilter describes how a deal stands.
	DealStatusFilter = EnumFilter[deal.Status]
	// LeadStateFilter describes whether a lead is worked on.
	LeadStateFilter = EnumFilter[lead.State]

	// PipelineFilter describes pipelines.
	PipelineFilter struct {
		And, Or              []*PipelineFilter
		Not                  *PipelineFilter
		ID                   *IDFilter
		Name                 *StringFilter
		IsActive, IsDefault  *BooleanFilter
		ArchivedAt           *DateTimeFilter
		CreatedAt, UpdatedAt *DateTimeFilter
	}
	// StageFilter describes stages.
	StageFilter struct {
		And, Or              []*StageFilter
		Not                  *StageFilter
		ID, PipelineID       *IDFilter
		Name                 *StringFilter
		Order                *IntFilter
		Probability          *FloatFilter
		CreatedAt, UpdatedAt *DateTimeFilter
	}
	// DealFilter describes deals.
	DealFilter struct {
		And, Or                            []*DealFilter
		Not                                *DealFilter
		ID, PipelineID, StageID, ContactID *IDFilter
		AssignedToID, CreatedByID          *IDFilter
		Title, Currency, Source            *StringFilter
		ExternalID                         *StringFilter
		Status                             *DealStatusFilter
		Value                              *DecimalFilter
		Probability                        *FloatFilter
		Contact                            *ContactFilter
		Tags                               *TagsFilter
		ExpectedCloseDate                  *DateFilter
		LastStatusChangeAt, StageEnteredAt *DateTimeFilter
		CreatedAt, UpdatedAt               *DateTimeFilter
	}
	// LeadFilter describes leads.
	LeadFilter struct {
		And, Or                                          []*LeadFilter
		Not                                              *LeadFilter
		ID, StatusID, StageID, PipelineID, BusinessID    *IDFilter
		CreatedByID                                      *IDFilter
		FirstName, LastName, Email                       *StringFilter
		Source, Location, Position, Company, ExternalID  *StringFilter
		State                                            *LeadStateFilter
		ArchivedAt, StageEnteredAt, CreatedAt, UpdatedAt *DateTimeFilter
	}
	// ContactFilter describes contacts.
	ContactFilter struct {
		And, Or                         []*ContactFilter
		Not                             *ContactFilter
		ID                              *IDFilter
		Name, Email, Phone, CompanyName *StringFilter
		Tags                            *TagsFilter
		CreatedAt, UpdatedAt            *DateTimeFilter
	}
	// BusinessFilter describes businesses.
	BusinessFilter struct {
		And, Or              []*BusinessFilter
		Not                  *BusinessFilter
		ID                   *IDFilter
		Name                 *StringFilter
		CreatedAt, UpdatedAt *DateTimeFilter
	}
	// UserFilter describes users.
	UserFilter struct {
		And, Or              []*UserFilter
		Not                  *UserFilter
		ID                   *IDFilter
		Name, Email          *StringFilter
		CreatedAt, UpdatedAt *DateTimeFilter
	}
	// APIKeyFilter describes API keys.
	APIKeyFilter struct {
		And, Or               []*APIKeyFilter
		Not                   *APIKeyFilter
		ID                    *IDFilter
		Name, Client          *StringFilter
		CreatedAt, ExpiresAt  *DateTimeFilter
		LastUsedAt, RevokedAt *DateTimeFilter
	}
)

// Conditions are the conditions of a filter, or of none.
func (f *PipelineFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *PipelineFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*PipelineFilter).gather)
	c.key(id.Pipeline, pipeline.FieldID, f.ID)
	c.text(pipeline.FieldName, f.Name)
	c.flag(pipeline.FieldIsActive, f.IsActive)
	c.flag(pipeline.FieldIsDefault, f.IsDefault)
	span(c, pipeline.FieldArchivedAt, f.ArchivedAt, instant)
	span(c, pipeline.FieldCreatedAt, f.CreatedAt, instant)
	span(c, pipeline.FieldUpdatedAt, f.UpdatedAt, instant)
}

// Conditions are the conditions of a filter, or of none.
func (f *StageFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *StageFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*StageFilter).gather)
	c.key(id.Stage, stage.FieldID, f.ID)
	c.key(id.Pipeline, stage.FieldPipelineID, f.PipelineID)
	c.text(stage.FieldName, f.Name)
	span(c, stage.FieldPosition, f.Order, same)
	span(c, stage.FieldProbability, f.Probability, same)
	span(c, stage.FieldCreatedAt, f.CreatedAt, instant)
	span(c, stage.FieldUpdatedAt, f.UpdatedAt, instant)
}

// Conditions are the conditions of a filter, or of none.
func (f *DealFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *DealFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*DealFilter).gather)
	c.key(id.Deal, deal.FieldID, f.ID)
	c.key(id.Pipeline, deal.FieldPipelineID, f.PipelineID)
	c.key(id.Stage, deal.FieldStageID, f.StageID)
	c.key(id.Contact, deal.FieldContactID, f.ContactID)
	c.key(id.User, deal.FieldAssignedToID, f.AssignedToID)
	c.key(id.User, deal.FieldCreatedByID, f.CreatedByID)
	c.text(deal.FieldTitle, f.Title)
	c.text(deal.FieldValueCurrency, f.Currency)
	c.text(deal.FieldSource, f.Source)
	c.text(deal.FieldExternalID, f.ExternalID)
	enum(c, deal.FieldStatus, f.Status)
	span(c, deal.FieldValueAmount, f.Value, c.minorUnits(f.currency()))
	span(c, deal.FieldProbability, f.Probability, same)
	c.tags(deal.FieldTags, f.Tags)
	span(c, deal.FieldExpectedCloseDate, f.ExpectedCloseDate, instant)
	span(c, deal.FieldLastStatusChangeAt, f.LastStatusChangeAt, instant)
	span(c, deal.FieldStageEnteredAt, f.StageEnteredAt, instant)
	span(c, deal.FieldCreatedAt, f.CreatedAt, instant)
	span(c, deal.FieldUpdatedAt, f.UpdatedAt, instant)
	if of := c.said(f.Contact.gather); of != nil {
		c.add(inside(deal.FieldContactID, contact.Table, contact.FieldID, of))
	}
}

// currency is the one whose decimals the value is compared with; US dollars,
// with two like most, when the filter names none.
func (f *DealFilter) currency() string {
	if f.Currency != nil && f.Currency.Eq != nil {
		return *f.Currency.Eq
	}
	return "USD"
}

// Conditions are the conditions of a filter, or of none.
func (f *LeadFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *LeadFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*LeadFilter).gather)
	c.key(id.Lead, lead.FieldID, f.ID)
	c.key(id.LeadStatus, lead.FieldStatusID, f.StatusID)
	c.key(id.Stage, lead.FieldStageID, f.StageID)
	c.key(id.User, lead.FieldCreatedByID, f.CreatedByID)
	c.text(lead.FieldFirstName, f.FirstName)
	c.text(lead.FieldLastName, f.LastName)
	c.email(lead.FieldEmail, f.Email)
	c.text(lead.FieldSource, f.Source)
	c.text(lead.FieldLocation, f.Location)
	c.text(lead.FieldPosition, f.Position)
	c.text(lead.FieldCompany, f.Company)
	c.text(lead.FieldExternalID, f.ExternalID)
	enum(c, lead.FieldState, f.State)
	span(c, lead.FieldArchivedAt, f.ArchivedAt, instant)
	span(c, lead.FieldStageEnteredAt, f.StageEnteredAt, instant)
	span(c, lead.FieldCreatedAt, f.CreatedAt, instant)
	span(c, lead.FieldUpdatedAt, f.UpdatedAt, instant)
	f.gatherPipeline(c)
	f.gatherBusinesses(c)
}

// gatherPipeline: a lead has a pipeline when it has a stage.
func (f *LeadFilter) gatherPipeline(c *conditions) {
	if f.PipelineID == nil {
		return
	}
	c.null(lead.FieldStageID, f.PipelineID.IsNull)
	if named := f.PipelineID.named(); named != nil {
		of := c.sub(func(c *conditions) { c.key(id.Pipeline, stage.FieldPipelineID, named) })
		c.add(inside(lead.FieldStageID, stage.Table, stage.FieldID, of))
	}
}

// gatherBusinesses: a lead has a business when the table between them says so.
func (f *LeadFilter) gatherBusinesses(c *conditions) {
	if f.BusinessID == nil {
		return
	}
	leadID, businessID := lead.BusinessesPrimaryKey[0], lead.BusinessesPrimaryKey[1]
	if is := f.BusinessID.IsNull; is != nil {
		has := inside(lead.FieldID, lead.BusinessesTable, leadID, (&conditions{}).all)
		c.add(func(s *sql.Selector) *sql.Predicate {
			if *is {
				return sql.Not(has(s))
			}
			return has(s)
		})
	}
	if named := f.BusinessID.named(); named != nil {
		of := c.sub(func(c *conditions) { c.key(id.Business, businessID, named) })
		c.add(inside(lead.FieldID, lead.BusinessesTable, leadID, of))
	}
}

// named is what a filter says of ids that are there; nil when that is nothing.
func (f *IDFilter) named() *IDFilter {
	if f.Eq == nil && f.In == nil {
		return nil
	}
	return &IDFilter{Eq: f.Eq, In: f.In}
}

// Conditions are the conditions of a filter, or of none.
func (f *ContactFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *ContactFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*ContactFilter).gather)
	c.key(id.Contact, contact.FieldID, f.ID)
	c.text(contact.FieldName, f.Name)
	c.email(contact.FieldEmail, f.Email)
	c.text(contact.FieldPhone, f.Phone)
	c.text(contact.FieldCompanyName, f.CompanyName)
	c.tags(contact.FieldTags, f.Tags)
	span(c, contact.FieldCreatedAt, f.CreatedAt, instant)
	span(c, contact.FieldUpdatedAt, f.UpdatedAt, instant)
}

// Conditions are the conditions of a filter, or of none.
func (f *BusinessFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *BusinessFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*BusinessFilter).gather)
	c.key(id.Business, business.FieldID, f.ID)
	c.text(business.FieldName, f.Name)
	span(c, business.FieldCreatedAt, f.CreatedAt, instant)
	span(c, business.FieldUpdatedAt, f.UpdatedAt, instant)
}

// Conditions are the conditions of a filter, or of none.
func (f *UserFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *UserFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*UserFilter).gather)
	c.key(id.User, user.FieldID, f.ID)
	c.text(user.FieldName, f.Name)
	c.email(user.FieldEmail, f.Email)
	span(c, user.FieldCreatedAt, f.CreatedAt, instant)
	span(c, user.FieldUpdatedAt, f.UpdatedAt, instant)
}

// inside tells whether a column names a row of another table for which a
// condition holds. The rows around it keep it inside the organization: what
// they name is theirs. Saying so again, where the other table has the column,
// lets the database use an index of the organization's.
func inside(column, table, key string, holds clause) clause {
	return func(s *sql.Selector) *sql.Predicate {
		other := sql.Dialect(s.Dialect()).Select().From(sql.Table(table))
		other.Select(other.C(key)).Where(holds(other))
		if viewer, ok := auth.ViewerFrom(s.Context()); ok && table != lead.BusinessesTable {
			other.Where(sql.EQ(other.C("organization_id"), viewer.OrganizationID))
		}
		return sql.In(s.C(column), other)
	}
}

// Conditions are the conditions of a filter, or of none.
func (f *APIKeyFilter) Conditions() ([]Shape, error) { return compile(f.gather) }

func (f *APIKeyFilter) gather(c *conditions) {
	if f == nil {
		return
	}
	combine(c, f.And, f.Or, f.Not, (*APIKeyFilter).gather)
	c.key(id.APIKey, apikey.FieldID, f.ID)
	c.text(apikey.FieldName, f.Name)
	c.text(apikey.FieldClient, f.Client)
	span(c, apikey.FieldCreatedAt, f.CreatedAt, instant)
	span(c, apikey.FieldExpiresAt, f.ExpiresAt, instant)
	span(c, apikey.FieldLastUsedAt, f.LastUsedAt, instant)
	span(c, apikey.FieldRevokedAt, f.RevokedAt, instant)
}
