package importer

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/internal/sales"
)

// read makes a deal of a row.
func (m *DealMapping) read(c *cells, stages *choices) *sales.ImportedDeal {
	return &sales.ImportedDeal{
		ExternalID:         optional(c.must("externalId", m.ExternalID)),
		StageID:            stages.id(c.choose("stage", m.Stage, stages)),
		Title:              c.must("title", m.Title),
		Status:             choice[deal.Status](c, "status", m.Status, dealStatuses),
		Value:              m.Value.read(c),
		Probability:        c.number("probability", m.Probability),
		Contact:            m.Contact.read(c),
		Assignee:           m.assignee(c),
		Source:             c.sent(m.Source),
		Tags:               c.list(m.Tags),
		ExpectedCloseDate:  c.day("expectedCloseDate", m.ExpectedCloseDate),
		LostReason:         c.sent(m.LostReason),
		CreatedAt:          c.time("createdAt", m.CreatedAt),
		StageEnteredAt:     c.time("stageEnteredAt", m.StageEnteredAt),
		LastStatusChangeAt: c.time("lastStatusChangeAt", m.LastStatusChangeAt),
	}
}

// leadChoices is what there is for leads to be in.
type leadChoices struct{ stages, statuses *choices }

// read makes a lead of a row.
func (m *LeadMapping) read(c *cells, known leadChoices) *sales.ImportedLead {
	row := &sales.ImportedLead{
		ExternalID:     optional(c.must("externalId", m.ExternalID)),
		FirstName:      c.must("firstName", m.FirstName),
		LastName:       c.sent(m.LastName),
		State:          choice[lead.State](c, "state", m.State, leadStates),
		Email:          c.sent(m.Email),
		PhoneNumbers:   c.list(m.PhoneNumbers),
		Source:         c.sent(m.Source),
		Description:    c.sent(m.Description),
		Location:       c.sent(m.Location),
		Position:       c.sent(m.Position),
		Company:        c.sent(m.Company),
		SocialMedia:    m.SocialMedia.read(c),
		Businesses:     c.list(m.Businesses),
		CreatedAt:      c.time("createdAt", m.CreatedAt),
		StageEnteredAt: c.time("stageEnteredAt", m.StageEnteredAt),
	}
	if m.Status.given() {
		if name := m.Status.of(c, "status", known.statuses); name != "" {
			row.StatusID = graphql.OmittableOf(known.statuses.id(name))
		}
	}
	if m.Stage.given() {
		row.StageID = graphql.OmittableOf[*uuid.UUID](nil)
		if name := m.Stage.of(c, "stage", known.stages); name != "" {
			key := known.stages.id(name)
			row.StageID = graphql.OmittableOf(&key)
		}
	}
	return row
}

var (
	dealStatuses = enum(deal.StatusOPEN, deal.StatusWON, deal.StatusLOST, deal.StatusABANDONED)
	leadStates   = enum(lead.StateACTIVE, lead.StateINACTIVE)
)

// choose is a name that has to be said.
func (c *cells) choose(what string, l lookup, known *choices) string {
	name := l.of(c, what, known)
	if name == "" {
		c.fail("%s is empty%s", what, named(l.From.columns()))
	}
	return name
}

// choice is one of a few words. A row that says nothing leaves it as it is.
func choice[T ~string](c *cells, what string, l lookup, known *choices) graphql.Omittable[T] {
	if !l.given() {
		return graphql.Omittable[T]{}
	}
	name := l.of(c, what, known)
	if name == "" {
		return graphql.Omittable[T]{}
	}
	return graphql.OmittableOf(T(name))
}

func (m *moneyMapping) read(c *cells) graphql.Omittable[*sales.MoneyInput] {
	if !m.Amount.given() {
		return graphql.Omittable[*sales.MoneyInput]{}
	}
	amount := m.Amount.of(c)
	if amount == "" {
		return graphql.OmittableOf[*sales.MoneyInput](nil)
	}
	return graphql.OmittableOf(&sales.MoneyInput{
		Amount: c.format.number(amount), Currency: optional(m.Currency.of(c)),
	})
}

func (m *contactMapping) given() bool {
	return m.Name.given() || m.Company.given() || m.Email.given() || m.Phone.given()
}

func (m *contactMapping) read(c *cells) graphql.Omittable[*sales.ContactInput] {
	if !m.given() {
		return graphql.Omittable[*sales.ContactInput]{}
	}
	return graphql.OmittableOf(&sales.ContactInput{
		Name:        optional(m.Name.of(c)),
		CompanyName: optional(m.Company.of(c)),
		Email:       optional(m.Email.of(c)),
		Phone:       optional(m.Phone.of(c)),
		Tags:        m.Tags.of(c),
	})
}

func (m *DealMapping) assignee(c *cells) graphql.Omittable[*sales.ImportedUser] {
	if !m.Assignee.given() && !m.AssigneeSubject.given() {
		return graphql.Omittable[*sales.ImportedUser]{}
	}
	return graphql.OmittableOf(&sales.ImportedUser{Name: m.Assignee.of(c), Subject: m.AssigneeSubject.of(c)})
}

func (m *socialMapping) read(c *cells) graphql.Omittable[*sales.SocialMediaInput] {
	if !m.Youtube.given() && !m.Facebook.given() && !m.Instagram.given() && !m.Twitter.given() {
		return graphql.Omittable[*sales.SocialMediaInput]{}
	}
	return graphql.OmittableOf(&sales.SocialMediaInput{
		Youtube:   optional(m.Youtube.of(c)),
		Facebook:  optional(m.Facebook.of(c)),
		Instagram: optional(m.Instagram.of(c)),
		Twitter:   optional(m.Twitter.of(c)),
	})
}
