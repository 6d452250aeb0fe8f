package sales_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/stagestay"
	"dealflow/ent/user"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// imported is a row of a deal, changed by the given functions.
func imported(key string, in *ent.Stage, shape ...func(*sales.ImportedDeal)) *sales.ImportedDeal {
	row := &sales.ImportedDeal{ExternalID: ptr(key), StageID: in.ID, Title: "Deal " + key}
	for _, fn := range shape {
		fn(row)
	}
	return row
}

// of says whom a deal is with.
func of(who sales.ContactInput) func(*sales.ImportedDeal) {
	return func(d *sales.ImportedDeal) { d.Contact = graphql.OmittableOf(&who) }
}

func status(is deal.Status) func(*sales.ImportedDeal) {
	return func(d *sales.ImportedDeal) { d.Status = graphql.OmittableOf(is) }
}

// importDeals brings rows in, and answers what became of each in a word or two.
func (s *shop) importDeals(input sales.ImportDealsInput) string {
	s.Helper()
	results, err := s.ImportDeals(s.ctx, input)
	s.must(err)
	return outcomes(results)
}

func outcomes(results []sales.Imported) string {
	words := make([]string, len(results))
	for i, one := range results {
		words[i] = []string{"refused", "new", "updated", "unchanged"}[one.Outcome]
		if one.Err != nil {
			words[i] += " (" + one.Err.Error() + ")"
		}
	}
	return strings.Join(words, ", ")
}

func (s *shop) dealOf(key string) *ent.Deal {
	s.Helper()
	found, err := s.db.Deal.Query().Where(deal.ExternalID(key)).WithContact().WithAssignedTo().Only(s.ctx)
	s.must(err)
	return found
}

func TestImportDeals(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New", "Won")
		first, won := s.stage("New"), s.stage("Won")
		s.deal("Before", "old@example.com", first)
		closed := start.AddDate(0, -1, 0)
		full := imported("1", won, status(deal.StatusWON), of(sales.ContactInput{CompanyName: ptr("Acme")}), func(d *sales.ImportedDeal) {
			d.Value = graphql.OmittableOf(&sales.MoneyInput{Amount: "12.50"})
			d.Assignee = graphql.OmittableOf(&sales.ImportedUser{Name: "Grace"})
			d.Tags = graphql.OmittableOf([]string{"a", "b"})
			d.Source = set("CRM")
			d.CreatedAt, d.StageEnteredAt, d.LastStatusChangeAt = ptr(closed.AddDate(0, -1, 0)), &closed, &closed
		})
		rows := []*sales.ImportedDeal{full, imported("2", first), imported("3", first), imported("4", first)}
		s.equal("first run", s.importDeals(sales.ImportDealsInput{Deals: rows}), "new, new, new, new")
		s.equal("order", s.cards(first), "Before Deal 2 Deal 3 Deal 4")

		made := s.dealOf("1")
		s.equal("value", *made.ValueAmount, int64(1250))
		s.equal("contact", made.Edges.Contact.Name+"/"+*made.Edges.Contact.CompanyName, "Acme/Acme")
		s.equal("assignee", made.Edges.AssignedTo.Name+"/"+made.Edges.AssignedTo.Subject, "Grace/import:Grace")
		s.equal("created", made.CreatedAt, closed.AddDate(0, -1, 0))
		s.equal("status since", made.LastStatusChangeAt, closed)
		s.equal("in its stage since", made.StageEnteredAt, closed)
		s.equal("found by", made.SearchText, "deal 1\ncrm\na\nb\nacme\nacme")
		s.equal("log", s.log(made), "CREATED title status value stageId contactId assignedToId source tags externalId")
		s.equal("history", s.stays(s.db.StageStay.Query().Where(stagestay.DealID(made.ID))), "Won now")
		s.equal("of a deal without times", s.dealOf("2").CreatedAt, start)

		s.later(time.Hour)
		s.equal("second run", s.importDeals(sales.ImportDealsInput{Deals: rows}), "unchanged, unchanged, unchanged, unchanged")
		s.equal("version", s.dealOf("1").Version, 1)
		s.equal("log", s.log(made), "CREATED title status value stageId contactId assignedToId source tags externalId")
	})
}

func TestImportDealsAgain(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New", "Won")
		first, won := s.stage("New"), s.stage("Won")
		s.importDeals(sales.ImportDealsInput{Deals: []*sales.ImportedDeal{
			imported("1", first, func(d *sales.ImportedDeal) { d.Source = set("CRM") }), imported("2", first),
		}})
		s.later(48 * time.Hour)
		moved := start.Add(24 * time.Hour)
		got := s.importDeals(sales.ImportDealsInput{Deals: []*sales.ImportedDeal{
			imported("1", won, status(deal.StatusWON), of(sales.ContactInput{CompanyName: ptr("Acme")}), func(d *sales.ImportedDeal) {
				d.StageEnteredAt, d.LastStatusChangeAt = &moved, &moved
			}),
			imported("2", first, func(d *sales.ImportedDeal) { d.CreatedAt = &moved }), // a time alone changes nothing
			imported("3", first),
		}})
		s.equal("outcomes", got, "updated, unchanged, new")
		now := s.dealOf("1")
		s.equal("what is not sent stays", *now.Source, "CRM")
		s.equal("version", now.Version, 2)
		s.equal("in its stage since", now.StageEnteredAt, moved)
		s.equal("status since", now.LastStatusChangeAt, moved)
		s.equal("found by", now.SearchText, "deal 1\ncrm\nacme\nacme")
		s.equal("history", s.stays(s.db.StageStay.Query().Where(stagestay.DealID(now.ID))), "New, Won now")
		stay, err := s.db.StageStay.Query().Where(stagestay.DealID(now.ID), stagestay.LeftAtNotNil()).Only(s.ctx)
		s.must(err)
		s.equal("left", *stay.LeftAt, moved)
		s.equal("log", s.log(now), "CREATED title status stageId source externalId, UPDATED status stageId contactId")

		// A deal's own id is as good as an external one.
		own := s.deal("Own", "own@example.com", first)
		got = s.importDeals(sales.ImportDealsInput{Deals: []*sales.ImportedDeal{
			{ExternalID: ptr(own.GlobalID()), StageID: first.ID, Title: "Renamed"},
		}})
		s.equal("by id", got, "updated")
		s.equal("by id: log", s.log(own), "CREATED title status stageId contactId, UPDATED title")
	})
}

// TestImportDealsRefuses shows that a bad row is refused and the others come in.
func TestImportDealsRefuses(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New")
		first := s.stage("New")
		strange := *first
		s.rival().pipeline("Theirs", "Theirs")
		theirs, err := s.db.Stage.Query().All(store.System(s.ctx))
		s.must(err)
		for _, one := range theirs {
			if one.Name == "Theirs" {
				strange = *one
			}
		}
		who := of(sales.ContactInput{Email: ptr("Ada@example.com")})
		s.deal("Open", "grace@example.com", first)
		rows := []*sales.ImportedDeal{
			imported("1", first, who),
			imported("1", first),
			imported("2", first, who),
			imported("3", first, of(sales.ContactInput{Email: ptr("GRACE@example.com")})),
			imported("4", first, of(sales.ContactInput{Email: ptr("no address")})),
			imported("5", first, func(d *sales.ImportedDeal) { d.Title = " " }),
			imported("6", &strange),
			imported("7", first, func(d *sales.ImportedDeal) { d.CreatedAt = ptr(start.Add(time.Second)) }),
			imported("8", first, func(d *sales.ImportedDeal) {
				d.Value = graphql.OmittableOf(&sales.MoneyInput{Amount: "1", Currency: ptr("MOO")})
			}),
			imported("9", first, who, status(deal.StatusLOST)),
		}
		s.equal("outcomes", s.importDeals(sales.ImportDealsInput{Deals: rows}), strings.Join([]string{
			"new",
			`refused (Another row has the external id "1".)`,
			"refused (The contact already has an open deal in this pipeline.)",
			"refused (The contact already has an open deal in this pipeline.)",
			"refused (The email field is not an email address, such as ada@example.com.)",
			"refused (The title field is mandatory.)",
			"refused (Stage not found.)",
			"refused (The createdAt field is in the future: 2026-03-18T09:30:01Z.)",
			`refused ("MOO" is not a currency; send a code of ISO 4217, such as USD)`,
			"new",
		}, ", "))
		allowed := sales.ImportDealsInput{Deals: rows[2:4], AllowDuplicates: true}
		s.equal("with duplicates", s.importDeals(allowed), "new, new")
		s.equal("marked", s.dealOf("2").Duplicate, true)

		// One that is updated keeps to the rule too.
		lost := imported("9", first, who, status(deal.StatusOPEN))
		results, err := s.ImportDeals(s.ctx, sales.ImportDealsInput{Deals: []*sales.ImportedDeal{lost}})
		s.must(err)
		var errs sales.Errors
		if !errors.As(results[0].Err, &errs) {
			s.Fatalf("reopened: %v", results[0].Err)
		}
		if one, ok := errs[0].(sales.DuplicateDealError); !ok || *one.Existing.ExternalID != "1" {
			s.Errorf("reopened: %v", errs)
		}
	})
}

// TestImportContacts shows how contacts are found, made and filled.
func TestImportContacts(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New")
		first := s.stage("New")
		rows := []*sales.ImportedDeal{
			imported("1", first, of(sales.ContactInput{Email: ptr("ada@example.com")})),
			imported("2", first, of(sales.ContactInput{Email: ptr("ADA@example.com"), Phone: ptr("+44 1"), Name: ptr("Ada")})),
			imported("3", first, of(sales.ContactInput{Phone: ptr("(44) 1")})),
			imported("4", first, of(sales.ContactInput{CompanyName: ptr("Acme")})),
			imported("5", first, of(sales.ContactInput{CompanyName: ptr("Acme"), Name: ptr("Bob")})),
			imported("6", first, of(sales.ContactInput{CompanyName: ptr("Acme")})),
			imported("7", first, of(sales.ContactInput{Name: ptr("Bob")})),
			imported("8", first, of(sales.ContactInput{Tags: []string{"nobody"}})),
		}
		for run := range 2 {
			s.importDeals(sales.ImportDealsInput{Deals: rows, AllowDuplicates: true})
			var got []string
			for i := range rows {
				name := "nobody"
				if who := s.dealOf(fmt.Sprint(i + 1)).Edges.Contact; who != nil {
					name = who.Name + "@" + val(who.CompanyName)
				}
				got = append(got, name)
			}
			s.equal(fmt.Sprint("contacts of run ", run), strings.Join(got, " "), "Ada@ Ada@ Ada@ Acme@Acme Bob@Acme Acme@Acme Bob@ nobody")
		}
		all, err := s.db.Contact.Query().Order(contact.ByName(), contact.ByVersion()).All(s.ctx)
		s.must(err)
		s.equal("contacts", len(all), 4)
		for _, one := range all {
			if one.Email != nil {
				s.equal("made whole", one.Version, 1)
				s.equal("log", s.log(one), "CREATED name email phone")
			}
		}
		s.equal("a search finds them", strings.Contains(s.dealOf("1").SearchText, "+44 1"), true)

		// What a contact lacks is filled in, and its deals are found by that.
		more := []*sales.ImportedDeal{imported("9", first, of(sales.ContactInput{Email: ptr("ada@example.com"), CompanyName: ptr("Engines")}))}
		s.importDeals(sales.ImportDealsInput{Deals: more, AllowDuplicates: true})
		s.equal("log", s.log(s.dealOf("9").Edges.Contact), "CREATED name email phone, UPDATED companyName")
		s.equal("a search finds them by it", strings.HasSuffix(s.dealOf("1").SearchText, "engines"), true)
	})
}

func val(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// TestImportUsers shows whom a name means.
func TestImportUsers(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New")
		first := s.stage("New")
		to := func(who sales.ImportedUser) func(*sales.ImportedDeal) {
			return func(d *sales.ImportedDeal) { d.Assignee = graphql.OmittableOf(&who) }
		}
		rows := []*sales.ImportedDeal{
			imported("1", first, to(sales.ImportedUser{Name: "ada"})), // the subject of who asks
			imported("2", first, to(sales.ImportedUser{Name: "Grace"})),
			imported("3", first, to(sales.ImportedUser{Name: "Grace", Subject: "auth0|7"})),
			imported("4", first, to(sales.ImportedUser{Name: "Grace"})),
			imported("5", first, to(sales.ImportedUser{})),
		}
		for range 2 {
			s.importDeals(sales.ImportDealsInput{Deals: rows})
			var got []string
			for i := range rows {
				subject := "nobody"
				if who := s.dealOf(fmt.Sprint(i + 1)).Edges.AssignedTo; who != nil {
					subject = who.Subject
				}
				got = append(got, subject)
			}
			s.equal("assignees", strings.Join(got, " "), "ada import:Grace auth0|7 import:Grace nobody")
		}
		count, err := s.db.User.Query().Where(user.Name("Grace")).Count(s.ctx)
		s.must(err)
		s.equal("users made", count, 2)
	})
}

// TestImportInFewStatements shows that a batch costs the same however many rows
// it has.
func TestImportInFewStatements(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New")
		first := s.stage("New")
		batch := func(series string, n int) (new, again int) {
			rows := make([]*sales.ImportedDeal, n)
			for i := range rows {
				key := fmt.Sprint(series, i)
				rows[i] = imported(key, first, of(sales.ContactInput{CompanyName: &key}), func(d *sales.ImportedDeal) {
					d.Assignee = graphql.OmittableOf(&sales.ImportedUser{Name: key})
				})
			}
			count := func() int {
				ctx, counter := store.CountStatements(s.ctx)
				_, err := s.ImportDeals(ctx, sales.ImportDealsInput{Deals: rows})
				s.must(err)
				return counter.Count()
			}
			return count(), count()
		}
		fewNew, fewAgain := batch("few", 2)
		manyNew, manyAgain := batch("many", 400)
		s.equal("statements for new rows", manyNew, fewNew)
		s.equal("statements for known rows", manyAgain, fewAgain)
		s.Logf("%d statements for new rows, %d for known ones", manyNew, manyAgain)
	})
}

func TestImportLeads(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New", "Next")
		first, next := s.stage("New"), s.stage("Next")
		taken := s.mustLead(s, withEmail("taken@example.com"))
		ada := &sales.ImportedLead{
			ExternalID: ptr("1"), FirstName: "Ada", LastName: set("Byron"), Email: set("ADA@example.com"),
			PhoneNumbers: graphql.OmittableOf([]string{"+44 1"}), Businesses: graphql.OmittableOf([]string{"North", "South"}),
			SocialMedia: graphql.OmittableOf(&sales.SocialMediaInput{Twitter: ptr("@ada")}),
			StageID:     graphql.OmittableOf(&first.ID), CreatedAt: ptr(start.AddDate(0, 0, -9)), StageEnteredAt: ptr(start.AddDate(0, 0, -2)),
		}
		rows := []*sales.ImportedLead{
			ada,
			{ExternalID: ptr("2"), FirstName: "Grace", Businesses: graphql.OmittableOf([]string{"North"})},
			{ExternalID: ptr("3"), FirstName: "Ida", Email: set("ada@example.com")},
			{ExternalID: ptr("4"), FirstName: "Ada", Email: set("taken@example.com")},
			{ExternalID: ptr("5"), FirstName: ""},
		}
		importLeads := func() string {
			return outcomes(must(s.ImportLeads(s.ctx, sales.ImportLeadsInput{Leads: rows}))(s))
		}
		refused := ", refused (Email already exists: another lead has ada@example.com.), " +
			"refused (Email already exists: another lead has taken@example.com.), refused (The firstName field is mandatory.)"
		s.equal("first run", importLeads(), "new, new"+refused)
		s.equal("second run", importLeads(), "unchanged, unchanged"+refused)

		made := s.leadOf("1")
		s.equal("businesses", len(made.Edges.Businesses), 2)
		s.equal("made", made.CreatedAt, start.AddDate(0, 0, -9))
		s.equal("in its stage since", *made.StageEnteredAt, start.AddDate(0, 0, -2))
		s.equal("cards", s.cards(first), "Ada")
		s.equal("log", s.log(made), "CREATED firstName lastName state email phoneNumbers statusId socialMedia businessIds stageId externalId")
		s.equal("on no board", s.leadOf("2").StageID == nil, true)
		s.equal("untouched", s.reload(s, taken).Version, 1)

		s.later(time.Hour)
		ada.StageID, ada.StageEnteredAt = graphql.OmittableOf(&next.ID), nil
		ada.Businesses = graphql.OmittableOf([]string{"South"})
		rows[1].StageID = graphql.OmittableOf(&next.ID)
		s.equal("third run", importLeads(), "updated, updated"+refused)
		s.equal("cards", s.cards(first)+"/"+s.cards(next), "/Ada Grace")
		s.equal("history", s.stays(s.db.StageStay.Query().Where(stagestay.LeadID(made.ID))), "New, Next now")
		s.equal("log of the change", strings.HasSuffix(s.log(made), ", UPDATED businessIds stageId"), true)

		rows[1].StageID = graphql.OmittableOf[*uuid.UUID](nil)
		s.equal("off the board", importLeads(), "unchanged, updated"+refused)
		s.equal("cards", s.cards(next), "Ada")
	})
}

func (s *shop) leadOf(key string) *ent.Lead {
	s.Helper()
	found, err := s.db.Lead.Query().Where(lead.ExternalID(key)).WithBusinesses().Only(s.ctx)
	s.must(err)
	return found
}

// TestImportBoard shows what is made of a pipeline, and what is left alone.
func TestImportBoard(t *testing.T) {
	eachShop(t, func(s *shop) {
		wanted := sales.ImportBoardInput{Pipeline: "Sales", Stages: []*sales.PipelineStageInput{{Name: "New"}, {Name: "Won", Probability: 1}}}
		_, _, err := s.ImportBoard(s.ctx, wanted)
		s.equal("without create", fmt.Sprint(err), `There is no pipeline "Sales".`)
		wanted.Create = true
		made, _, err := s.ImportBoard(s.ctx, wanted)
		s.must(err)
		s.equal("default", made.IsDefault, true)
		s.equal("stages", s.stages(made), "0 New, 1 Won")

		wanted.Pipeline = made.GlobalID()
		wanted.Stages = append([]*sales.PipelineStageInput{{Name: "First"}}, wanted.Stages...)
		found, stages, err := s.ImportBoard(s.ctx, wanted)
		s.must(err)
		s.equal("found by id", found.ID, made.ID)
		s.equal("stages", s.stages(made), "0 New, 1 Won, 2 First")
		s.equal("answered", stages[2].Name, "First")
		version := s.again(made).Version
		_, _, err = s.ImportBoard(s.ctx, wanted)
		s.must(err)
		s.equal("left alone", s.again(made).Version, version)

		s.pipeline("Sales")
		wanted.Pipeline = "Sales"
		_, _, err = s.ImportBoard(s.ctx, wanted)
		s.equal("two of a name", strings.HasPrefix(fmt.Sprint(err), `2 pipelines have the name "Sales": name one by its id (pipeline_`), true)
	})
}

// TestTogether shows that nothing stays of an import that ends with an error.
func TestTogether(t *testing.T) {
	eachShop(t, func(s *shop) {
		undo := errors.New("undo")
		err := s.Together(s.ctx, func(ctx context.Context) error {
			_, stages, err := s.ImportBoard(ctx, sales.ImportBoardInput{Pipeline: "Sales", Create: true, Stages: []*sales.PipelineStageInput{{Name: "New"}}})
			s.must(err)
			for _, key := range []string{"1", "2"} {
				results, err := s.ImportDeals(ctx, sales.ImportDealsInput{Deals: []*sales.ImportedDeal{imported(key, stages[0])}})
				s.must(err)
				s.equal("within", outcomes(results), "new")
			}
			return undo
		})
		s.equal("error", err, undo)
		left, err := s.db.Pipeline.Query().Count(s.ctx)
		s.must(err)
		s.equal("pipelines left", left, 0)
	})
}
