package fill

import (
	"fmt"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/sales"
)

// Nobody here exists. Cards are as wide as those of people who fill in all that
// there is to fill in.
var (
	firstNames = []string{"Ada", "Bruno", "Chloé", "Dario", "Elif", "Farid", "Gita", "Hugo", "Inés", "Jonas", "Kaito", "Leon", "Mira"}
	lastNames  = []string{"Abrantes", "Bergholm", "Castellon", "Dahlqvist", "Ekelund", "Ferrante", "Grimaldo", "Holmqvist", "Jankauskas", "Müllenbach", "O'Farrell"}
	companies  = []string{"Larkmoor Robotics", "Quillbrook Foods", "Ostwick Energy", "Foxmere Optics", "Lanthorn Paper", "Saltmarsh Marine", "Zephyr Hill Media"}
	jobs       = []string{"Head of Operations", "Buyer", "Chief Engineer", "Office Manager", "Founder"}
	sources    = []string{"Website", "Referral", "Trade fair", "Cold call", "Newsletter", "Partner"}
	places     = []string{"Lisbon", "Gothenburg", "Nairobi", "Osaka", "Montréal", "Valparaíso", "Pune"}
	products   = []string{"Yearly plan", "Spare parts", "Training days", "Sensor kit"}
	ordinals   = []string{"first", "second", "third", "fourth", "fifth"}
)

// at is the entry of a list for a number.
func at(list []string, number int) string { return list[number%len(list)] }

// lead is the lead with a number.
func (o *office) lead(number int, stage *ent.Stage) *sales.ImportedLead {
	made := o.made(number)
	first, last, company := at(firstNames, number), at(lastNames, number/3), at(companies, number/5)
	phones := []string{fmt.Sprintf("+1 202 555 %04d", number%10_000)}
	if number%3 == 0 {
		phones = append(phones, fmt.Sprintf("+44 20 7946 %04d", number%10_000))
	}
	return &sales.ImportedLead{
		FirstName:      first,
		LastName:       given(last),
		Email:          given(fmt.Sprintf("lead.%d@%s.example", number, strings.ToLower(strings.ReplaceAll(company, " ", "-")))),
		PhoneNumbers:   graphql.OmittableOf(phones),
		StatusID:       graphql.OmittableOf(o.statuses[number*7%len(o.statuses)].ID),
		Source:         given(at(sources, number)),
		Description:    given(fmt.Sprintf("Met at the spring fair, and asked for an offer of the yearly plan with number %d.", 1000+number)),
		Location:       given(at(places, number)),
		Position:       given(at(jobs, number)),
		Company:        given(company),
		StageID:        graphql.OmittableOf(&stage.ID),
		CreatedAt:      &made,
		StageEnteredAt: &made,
	}
}

// deal is the deal with a number, which is with a contact of its own.
func (o *office) deal(number int, stage uuid.UUID) *sales.ImportedDeal {
	made := o.made(number)
	name, email := at(firstNames, number)+" "+at(lastNames, number/3), fmt.Sprintf("contact.%d@%s.example", number, "bench")
	return &sales.ImportedDeal{
		StageID:   stage,
		Title:     fmt.Sprintf("%s for %s", at(products, number), at(companies, number/5)),
		Value:     graphql.OmittableOf(&sales.MoneyInput{Amount: fmt.Sprintf("%d.%02d", 100+number*7919%90_000, number%100)}),
		Contact:   graphql.OmittableOf(&sales.ContactInput{Name: &name, Email: &email}),
		Source:    given(at(sources, number)),
		CreatedAt: &made, StageEnteredAt: &made, LastStatusChangeAt: &made,
	}
}

func given(s string) graphql.Omittable[*string] { return graphql.OmittableOf(&s) }
