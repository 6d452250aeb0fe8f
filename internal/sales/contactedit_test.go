package sales_test

import (
	"testing"

	"dealflow/ent/contact"
	"dealflow/internal/sales"
)

func TestContacts(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New")
		d := s.deal("d", "Ada@Example.com", s.stage("New"))
		ada := s.db.Contact.Query().Where(contact.Email("ada@example.com")).OnlyX(s.ctx)

		_, err := s.CreateContact(s.ctx, sales.CreateContactInput{Email: ptr("ADA@example.com")})
		s.refused(err, "email: Another contact has the email ada@example.com.")
		_, err = s.CreateContact(s.ctx, sales.CreateContactInput{CompanyName: ptr("Acme")})
		s.refused(err, "name: The name field is mandatory; an email or a phone will do instead.")
		bob, err := s.CreateContact(s.ctx, sales.CreateContactInput{Name: ptr("Bob"), Phone: ptr("+1 (23)")})
		s.must(err)
		s.equal("phone key", *bob.PhoneKey, "123")
		_, err = s.UpdateContact(s.ctx, sales.UpdateContactInput{ID: bob.GlobalID(), Email: set("ada@example.com")})
		s.refused(err, "email: Another contact has the email ada@example.com.")
		_, err = s.UpdateContact(s.ctx, sales.UpdateContactInput{ID: bob.GlobalID(), Name: null[string](), Phone: null[string]()})
		s.refused(err, "name: The name field is mandatory; an email or a phone will do instead.")

		ada, err = s.UpdateContact(s.ctx, sales.UpdateContactInput{ID: ada.GlobalID(), Name: set("Countess Ada"), ExpectedVersion: ptr(1)})
		s.must(err)
		s.equal("version", ada.Version, 2)
		found := s.db.Deal.GetX(s.ctx, d.ID)
		s.equal("search text", found.SearchText, "d\ncountess ada\nada@example.com")
		s.equal("the deal itself stays", found.Version, 1)
		same, err := s.UpdateContact(s.ctx, sales.UpdateContactInput{ID: ada.GlobalID(), Name: set("Countess Ada")})
		s.must(err)
		s.equal("version without a change", same.Version, 2)

		deleted, err := s.DeleteContact(s.ctx, sales.DeleteContactInput{ID: ada.GlobalID()})
		s.must(err)
		s.equal("deleted", deleted, ada.GlobalID())
		found = s.db.Deal.GetX(s.ctx, d.ID)
		s.equal("search text", found.SearchText, "d")
		s.equal("contact", found.ContactID == nil && found.Version == 2, true)
		s.equal("log", s.log(d), "CREATED title status stageId contactId, UPDATED contactId")
	})
}

func TestBusinesses(t *testing.T) {
	eachShop(t, func(s *shop) {
		b, err := s.CreateBusiness(s.ctx, sales.CreateBusinessInput{Name: "Acme"})
		s.must(err)
		l, err := s.CreateLead(s.ctx, sales.CreateLeadInput{FirstName: "l", State: "ACTIVE", BusinessIDs: []string{b.GlobalID()}})
		s.must(err)
		b, err = s.UpdateBusiness(s.ctx, sales.UpdateBusinessInput{ID: b.GlobalID(), Name: set("Acme Ltd")})
		s.must(err)
		s.equal("version", b.Version, 2)
		_, err = s.UpdateBusiness(s.ctx, sales.UpdateBusinessInput{ID: b.GlobalID(), Name: set("")})
		s.refused(err, "name: The name field is mandatory.")
		_, err = s.DeleteBusiness(s.ctx, sales.DeleteBusinessInput{ID: b.GlobalID()})
		s.must(err)
		s.equal("businesses of the lead", len(s.reload(s.T, l).Edges.Businesses), 0)
		s.equal("log", s.log(b), "CREATED name, UPDATED name, DELETED name")
	})
}

func TestUpdateOrganization(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.rival()
		_, err := s.UpdateOrganization(s.ctx, sales.UpdateOrganizationInput{Name: set("Rival")})
		s.refused(err, "name: Another organization has the name \"Rival\".")
		_, err = s.UpdateOrganization(s.ctx, sales.UpdateOrganizationInput{Currency: set("eur")})
		s.refused(err, `currency: "eur" is not a currency; send it in capitals: EUR.`)
		saved, err := s.UpdateOrganization(s.ctx, sales.UpdateOrganizationInput{Name: set("Acme Ltd"), Currency: set("EUR")})
		s.must(err)
		s.equal("saved", saved.Name+saved.Currency, "Acme LtdEUR")
		_, err = s.UpdateOrganization(s.ctx, sales.UpdateOrganizationInput{Name: set("Late"), ExpectedVersion: ptr(1)})
		s.refused(err, "conflict with "+saved.GlobalID())
		s.equal("log", s.log(saved), "CREATED name currency, UPDATED name currency")
	})
}
