package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/internal/sales"
)

// author makes things up. Authors with the same seed make up the same.
type author struct {
	*rand.Rand
	today time.Time
	// series begins the external ids of the cards.
	series string
}

// pick is one of a list.
func pick[T any](a author, list []T) T { return list[a.IntN(len(list))] }

// often is a text in so many of ten cases, and none in the others.
func (a author) often(inTen int, list []string) *string {
	text := pick(a, list)
	if a.IntN(10) >= inTen {
		return nil
	}
	return &text
}

// company is the name of the company with a number, of which there are 480.
func company(i int) string {
	return companyNames[i%len(companyNames)] + " " + companyKinds[i/len(companyNames)%len(companyKinds)]
}

// person is somebody.
type person struct{ first, last, email, phone, company string }

// somebody is the person with a number in a series: the same one whenever asked.
func somebody(series string, i int) person {
	p := person{
		// The steps have no factor in common with the lists, so that all names come up.
		first:   firstNames[i*7%len(firstNames)],
		last:    lastNames[(i*13+i/len(lastNames))%len(lastNames)],
		phone:   fmt.Sprintf("+1 %s 555 01%02d", areaCodes[i/100%len(areaCodes)], i%100),
		company: company(i * 11),
	}
	domain := strings.ReplaceAll(p.company, " ", "-") + ".example"
	p.email = strings.ToLower(fmt.Sprintf("%s.%s.%s-%d@%s", p.first, p.last, series, i, domain))
	return p
}

// life is when a card was made and when it came into its stage: some time in
// the last half year, of late more often than before.
func (a author) life() (made, entered time.Time) {
	const most = 180 * 24 * time.Hour
	age := time.Duration(a.Float64() * a.Float64() * float64(most))
	made = a.today.Add(-age).Truncate(time.Second)
	return made, a.since(made)
}

// since is some time between another one and today.
func (a author) since(at time.Time) time.Time {
	return at.Add(time.Duration(a.Float64() * float64(a.today.Sub(at)))).Truncate(time.Second)
}

// lead makes up the lead with a number, in a stage or, when that is nil, in none.
func (a author) lead(i int, stage *ent.Stage, statuses []*ent.LeadStatus) *sales.ImportedLead {
	who := somebody(a.series, i)
	made, entered := a.life()
	row := &sales.ImportedLead{
		ExternalID:   ptr(fmt.Sprintf("%s-lead-%d", a.series, i)),
		FirstName:    who.first,
		LastName:     given(who.last),
		State:        graphql.OmittableOf(pick(a, []lead.State{lead.StateACTIVE, lead.StateACTIVE, lead.StateACTIVE, lead.StateINACTIVE})),
		Email:        given(who.email),
		PhoneNumbers: graphql.OmittableOf([]string{who.phone}),
		StatusID:     graphql.OmittableOf(pick(a, statuses).ID),
		Source:       graphql.OmittableOf(a.often(8, sources)),
		Description:  graphql.OmittableOf(a.often(3, remarks)),
		Location:     graphql.OmittableOf(a.often(7, locations)),
		Position:     graphql.OmittableOf(a.often(8, positions)),
		Company:      given(who.company),
		Businesses:   graphql.OmittableOf(a.businesses()),
		CreatedAt:    &made,
	}
	if stage != nil {
		row.StageID, row.StageEnteredAt = graphql.OmittableOf(&stage.ID), &entered
	}
	return row
}

// businesses are none, one or two of an organization's twelve.
func (a author) businesses() []string {
	var names []string
	for range a.IntN(3) {
		names = append(names, company(a.IntN(12)*41))
	}
	return names
}

// deal makes up the deal with a number, which is with the contact of the same
// number.
func (a author) deal(i int, stage *ent.Stage, status deal.Status, owners []*ent.User) *sales.ImportedDeal {
	who, owner := somebody("contact", i), pick(a, owners)
	made, entered := a.life()
	row := &sales.ImportedDeal{
		ExternalID: ptr(fmt.Sprintf("%s-deal-%d", a.series, i)),
		StageID:    stage.ID,
		Title:      pick(a, products) + " for " + who.company,
		Status:     graphql.OmittableOf(status),
		Value:      graphql.OmittableOf(&sales.MoneyInput{Amount: fmt.Sprint(a.value())}),
		Contact: graphql.OmittableOf(&sales.ContactInput{
			Name: ptr(who.first + " " + who.last), Email: &who.email, Phone: &who.phone, CompanyName: &who.company,
		}),
		Assignee:           graphql.OmittableOf(&sales.ImportedUser{Subject: owner.Subject}),
		Source:             graphql.OmittableOf(a.often(7, sources)),
		Tags:               graphql.OmittableOf([]string{deref(a.often(4, tags)), deref(a.often(2, tags))}),
		CreatedAt:          &made,
		StageEnteredAt:     &entered,
		LastStatusChangeAt: &entered,
	}
	switch status {
	case deal.StatusOPEN:
		row.LastStatusChangeAt = &made
		row.ExpectedCloseDate = graphql.OmittableOf(ptr(a.today.AddDate(0, 0, a.IntN(120)-15)))
	case deal.StatusLOST:
		row.LostReason = graphql.OmittableOf(a.often(8, lostReasons))
	}
	return row
}

// value is an amount of money: many are small, few are large.
func (a author) value() int {
	n := 1 + a.IntN(60)
	return n * n * 50
}

// comments are remarks on a card since it was made, of one in two cards none.
func (a author) comments(about sales.ImportedComment, made time.Time, authors []*ent.User) []*sales.ImportedComment {
	var comments []*sales.ImportedComment
	for range max(0, a.IntN(4)-1) {
		made = a.since(made)
		comment := about
		comment.AuthorID, comment.Content, comment.CreatedAt = &pick(a, authors).ID, pick(a, remarks), made
		comments = append(comments, &comment)
	}
	return comments
}

// onLead and onDeal say what comments are about.
func onLead(key uuid.UUID) sales.ImportedComment { return sales.ImportedComment{LeadID: key} }

func onDeal(key uuid.UUID) sales.ImportedComment { return sales.ImportedComment{DealID: key} }

func ptr[T any](value T) *T { return &value }

func given(s string) graphql.Omittable[*string] { return graphql.OmittableOf(&s) }

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
