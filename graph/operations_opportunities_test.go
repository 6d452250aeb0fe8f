package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// opportunityOperations are those of the third document, whose opportunities
// are our deals.
func opportunityOperations() []operation {
	return []operation{
		{"2.1", listOpportunities},
		{"2.2", getOpportunity},
		{"2.3", updateOpportunity},
		{"2.4", deleteOpportunity},
		{"2.5", createOpportunity},
		{"2.6", changeOpportunityStatus},
	}
}

const (
	noContact     = "REQUIRED required input.contactId: The contactId or email field is mandatory."
	duplicateDeal = "DUPLICATE_DEAL duplicate input.%s: The contact already has an open deal in this pipeline. Set allowDuplicate to let it have another."
)

func listOpportunities(d *desk) {
	const document = `query($filter: DealFilter, $orderBy: [DealOrder!], $first: Int, $after: String, $offset: Int) {
		deals(filter: $filter, orderBy: $orderBy, first: $first, after: $after, offset: $offset) {
			totalCount nodes { title } pageInfo { hasNextPage hasPreviousPage endCursor } } }`
	sam := d.as("sam", auth.RoleSales)
	pipeline, stages := d.pipeline("Selling", "New", "Won")
	_, others := d.pipeline("Partners", "Asked")
	d.deal(others[0], "First Opp")
	elon := object{"email": "Elon@Musk.com", "phone": "+1202-555-0107", "name": "Elon Musk", "companyName": "Tesla", "tags": []string{"cars", "space"}}
	d.deal(stages[1], "First Opp", object{"contact": elon, "status": "WON", "value": object{"amount": "122.22"}, "assignedToId": sam.userID(), "tags": []string{"big"}})
	contact := d.ask("{ contacts(filter: {email: {eq: \"elon@musk.com\"}}) { nodes { id } } }", nil).Get("contacts.nodes.0.id").String()
	var fillers []string
	for i := range 21 {
		d.later(time.Second)
		fillers = append(fillers, fmt.Sprintf("Filler %02d", i))
		d.deal(stages[0], fillers[i], object{"value": object{"amount": fmt.Sprint(200 + i)}})
	}
	slices.Reverse(fillers)
	list := func(vars object) apitest.Value {
		filter, _ := vars["filter"].(object)
		if filter == nil {
			filter = object{}
		}
		return d.ask(document, with(vars, "filter", with(filter, "pipelineId", object{"eq": pipeline}))).Get("deals")
	}
	first := list(object{})
	d.is("first page", first.Get("nodes").All("title"), fillers[:20]...)
	end := first.Get("pageInfo.endCursor").String()
	d.shows(first.Get("pageInfo"), object{"hasNextPage": true, "hasPreviousPage": false, "endCursor": end})
	d.text(first.Get("totalCount"), "22")
	for _, vars := range []object{{"after": end}, {"offset": 20}} {
		second := list(vars)
		d.is("second page", second.Get("nodes").All("title"), fillers[20], "First Opp")
		d.shows(second.Get("pageInfo"), object{"hasNextPage": false, "hasPreviousPage": true, "endCursor": second.Get("pageInfo.endCursor").String()})
		d.text(second.Get("totalCount"), "22")
	}
	of := func(field string, value any) object { return object{"contact": object{field: value}} }
	for _, filter := range []object{
		{"title": object{"eq": "First Opp"}}, {"title": object{"contains": "first o"}}, {"stageId": object{"eq": stages[1]}},
		{"status": object{"eq": "WON"}}, {"value": object{"eq": "122.22"}}, {"value": object{"lt": "200"}}, {"assignedToId": object{"eq": sam.userID()}},
		{"contactId": object{"eq": contact}}, of("email", object{"eq": "elon@musk.com"}), of("name", object{"contains": "musk"}),
		of("phone", object{"eq": "+1202-555-0107"}), of("tags", object{"hasAll": []string{"cars", "space"}}), {"tags": object{"hasAny": []string{"big", "small"}}},
		of("companyName", object{"in": []string{"Tesla", "SpaceX"}}),
	} {
		found := list(object{"filter": filter})
		if titles := found.Get("nodes").All("title"); !slices.Equal(titles, []string{"First Opp"}) || found.Get("totalCount").Int() != 1 {
			d.t.Errorf("%v finds %v", filter, titles)
		}
	}
	d.is("by value", list(object{"first": 2, "orderBy": []object{{"field": "VALUE"}}}).Get("nodes").All("title"), "First Opp", "Filler 00")
	d.text(list(object{"filter": of("tags", object{"has": "big"})}).Get("totalCount"), "0")
	d.fails(document, object{"filter": object{"contactId": object{"eq": "12"}}}, "BAD_USER_INPUT 400: "+idMessage(id.Contact, "12"))
	d.fails(document, object{"filter": object{"value": object{"eq": "a lot"}}}, `BAD_USER_INPUT 400: "a lot" is not a decimal; send digits, with a point before the decimals, such as 1200.50`)
	d.fails(document, object{"filter": object{"status": object{"eq": "PAID"}}}, "GRAPHQL_VALIDATION_FAILED at [variable filter status eq]: PAID is not a valid DealStatus")
}

const opportunity = `id title value { amount currency } pipeline { id } stage { id } assignedTo { id } status source lostReason
	expectedCloseDate tags lastStatusChangeAt createdAt updatedAt contact { name companyName email phone tags }`

func getOpportunity(d *desk) {
	sam := d.as("sam", auth.RoleSales)
	pipeline, stages := d.pipeline("Selling", "New")
	contact := object{"name": "John Deo", "companyName": "Tesla Inc", "email": "john@deo.com", "phone": "+1202-555-0107", "tags": []string{"cillum sunt", "ea"}}
	deal := d.deal(stages[0], "First Opp", object{
		"contact": contact, "value": object{"amount": "120"}, "assignedToId": sam.userID(), "source": "form",
		"expectedCloseDate": "2026-12-24", "tags": []string{"x", "x", " "},
	})
	made := d.now()
	d.later(5 * time.Minute)
	d.quiet("changeDealStatus", object{"id": deal, "status": "WON"}, "")
	changed := d.now()
	d.later(9 * time.Minute)
	d.quiet("updateDeal", object{"id": deal, "status": "OPEN", "title": "Second"}, "")
	d.quiet("updateDeal", object{"id": deal, "title": "First Opp"}, "")
	want := object{
		"id": deal, "title": "First Opp", "value": object{"amount": "120.00", "currency": "USD"}, "pipeline": object{"id": pipeline},
		"stage": object{"id": stages[0]}, "assignedTo": object{"id": sam.userID()}, "status": "OPEN", "source": "form", "lostReason": nil,
		"expectedCloseDate": "2026-12-24", "tags": []string{"x"}, "lastStatusChangeAt": d.now(), "createdAt": made, "updatedAt": d.now(), "contact": contact,
	}
	d.shows(d.ask("query($id: ID!) { deal(id: $id) { "+opportunity+" contact { id } } }", object{"id": deal}).Get("deal"),
		with(want, "contact", with(contact, "id", d.node(deal, "contact { id }").Get("contact.id").String())))
	d.is("status changes", d.changesOf(deal, "status"), "null to OPEN "+made, "OPEN to WON "+changed, "WON to OPEN "+d.now())
	d.findsNot("deal", id.Deal)
}

// changesOf is what became of a field, oldest first.
func (d *desk) changesOf(key, field string) []string {
	d.t.Helper()
	var changes []string
	for _, a := range d.node(key, "activity { nodes { createdAt changes { field from to } } }").Get("activity.nodes").List() {
		for _, change := range a.Get("changes").List() {
			if change.Get("field").String() == field {
				changes = append(changes, fmt.Sprintf("%s to %s %s", change.Get("from"), change.Get("to"), a.Get("createdAt")))
			}
		}
	}
	slices.Reverse(changes)
	return changes
}

func updateOpportunity(d *desk) {
	sam := d.as("sam", auth.RoleSales)
	pipeline, stages := d.pipeline("Selling", "New", "Won")
	deal, other := d.deal(stages[0], "First Opp"), d.deal(stages[0], "Loom")
	made := d.now()
	d.later(time.Minute)
	contact := object{"name": "Elon Musk", "companyName": "Tesla", "email": "elon@musk.com", "phone": "+1202-555-0107", "tags": []string{"cars"}}
	want := object{
		"id": deal, "title": "Second Opp", "value": object{"amount": "122.22", "currency": "EUR"}, "pipeline": object{"id": pipeline}, "stage": object{"id": stages[1]},
		"assignedTo": object{"id": sam.userID()}, "status": "LOST", "source": "public api", "lostReason": "Too dear", "expectedCloseDate": "2026-12-24",
		"tags": []string{"big"}, "lastStatusChangeAt": d.now(), "createdAt": made, "updatedAt": d.now(), "contact": contact,
	}
	d.shows(d.change("updateDeal", object{
		"id": deal, "title": "Second Opp", "status": "LOST", "stageId": stages[1], "contact": with(contact, "email", "Elon@MUSK.com"), "assignedToId": sam.userID(),
		"value": object{"amount": "122.22", "currency": "EUR"}, "source": "public api", "lostReason": "Too dear", "expectedCloseDate": "2026-12-24", "tags": []string{"big"},
	}, "deal { "+opportunity+" }").Get("deal"), want)
	d.later(time.Minute)
	for _, field := range []string{"value", "assignedTo", "source", "lostReason", "expectedCloseDate", "contact"} {
		want[field] = nil
	}
	want["tags"], want["updatedAt"] = []string{}, d.now()
	cleared := object{"id": deal, "value": nil, "assignedToId": nil, "source": nil, "lostReason": nil, "expectedCloseDate": nil, "contactId": nil, "tags": nil}
	d.shows(d.change("updateDeal", cleared, "deal { "+opportunity+" }").Get("deal"), want)

	loom := d.node(other, "contact { id }").Get("contact.id").String()
	found := d.change("updateDeal", object{"id": deal, "contact": object{"email": "LOOM@example.com", "companyName": "Loom Inc"}}, "deal { contact { id companyName } }")
	d.shows(found.Get("deal.contact"), object{"id": loom, "companyName": "Loom Inc"}) // a lost deal is no duplicate
	reopened := d.refuse("updateDeal", object{"id": deal, "status": "OPEN"}, fmt.Sprintf(duplicateDeal, "status"))
	d.shows(reopened.Get("0.existing"), object{"id": other})
	d.change("updateDeal", object{"id": deal, "status": "OPEN", "allowDuplicate": true}, "deal { id }")
	third := d.deal(stages[0], "Abacus")
	taken := d.refuse("updateDeal", object{"id": third, "contactId": loom}, fmt.Sprintf(duplicateDeal, "contactId"))
	d.shows(taken.Get("0.existing"), object{"id": deal})
	d.change("updateDeal", object{"id": deal, "title": "Still a duplicate"}, "deal { id }")
	refuseOpportunity(d, "updateDeal", object{"id": third, "source": "form"})

	d.refuse("updateDeal", object{"id": third, "status": nil}, "REQUIRED required input.status: The status field is mandatory: leave it out to keep it, null does not clear it.")
	d.refusesStale("updateDeal", "Deal", 1, object{"id": third, "source": "form"})
	d.refusesIDs("updateDeal", "id", id.Deal, object{"id": third, "source": "form"})
}

// refuseOpportunity tries what may stand in no opportunity, new or not.
func refuseOpportunity(d *desk, name string, good object) {
	d.t.Helper()
	money := func(amount, currency string) object {
		return object{"amount": amount, "currency": currency}
	}
	d.refuse(name, with(good, "title", " "), "REQUIRED required input.title: The title field is mandatory.")
	d.refuse(name, with(good, "value", money("-1", "USD")), `INVALID min input.value.amount: "-1" is negative; an amount is 0 or more`)
	d.refuse(name, with(good, "value", money("1.234", "USD")), `INVALID scale input.value.amount: "1.234" has 3 decimals; an amount in USD has at most 2`)
	d.refuse(name, with(good, "value", money("1.5", "JPY")), `INVALID scale input.value.amount: "1.5" has decimals; an amount in JPY is a whole number`)
	d.refuse(name, with(good, "value", money("1", "XXQ")), `INVALID currency input.value.currency: "XXQ" is not a currency; send a code of ISO 4217, such as USD`)
	d.refuse(name, with(good, "source", strings.Repeat("x", 201)), "INVALID max input.source: The source field has 201 characters; at most 200 are allowed.")
	d.refusesIDs(name, "stageId", id.Stage, good)
	d.refusesIDs(name, "assignedToId", id.User, good)
	for _, status := range []string{"PAID", "open", ""} {
		d.fails(mutation(name, ""), object{"input": with(good, "status", status)}, "GRAPHQL_VALIDATION_FAILED at [variable input status]: "+status+" is not a valid DealStatus")
	}
	contact := func(contact object) object {
		input := with(good, "contact", contact)
		delete(input, "contactId")
		return input
	}
	d.refuse(name, contact(object{"name": "Elon"}), "REQUIRED required input.contact.email: The contactId or email field is mandatory; a phone will do instead.")
	d.refuse(name, contact(object{"email": "elon"}), "INVALID email input.contact.email: The email field is not an email address, such as ada@example.com.")
	d.refuse(name, contact(object{"phone": "none"}), "INVALID phone input.contact.phone: The phone field has no digits.")
	known := d.contact(unknown(id.Contact) + "@example.com")
	d.refuse(name, with(contact(object{"email": "a@example.com"}), "contactId", known), "INVALID exclusive input.contactId: Give contactId or contact, not both.")
	d.refusesIDs(name, "contactId", id.Contact, good)
}

func deleteOpportunity(d *desk) {
	_, stages := d.pipeline("Selling", "New")
	contact := d.contact("elon@musk.com")
	deal := d.deal(stages[0], "First Opp", object{"contactId": contact})
	second := object{"title": "Second Opp", "stageId": stages[0], "contactId": contact}
	d.refuse("createDeal", second, fmt.Sprintf(duplicateDeal, "contactId"))
	d.shows(d.as("sam", auth.RoleSales).change("deleteDeal", object{"id": deal}, "deletedDealId"), object{"deletedDealId": deal, "userErrors": []object{}})
	d.isNow(contact, "email deals { nodes { id } }", object{"email": "elon@musk.com", "deals": object{"nodes": refs()}})
	d.change("createDeal", second, "deal { id }")
	d.refuse("deleteDeal", object{"id": deal}, notFound(id.Deal, "input.id"))
	d.refusesIDs("deleteDeal", "id", id.Deal, object{"id": deal})
}

func createOpportunity(d *desk) {
	sam := d.as("sam", auth.RoleSales)
	pipeline, stages := d.pipeline("Selling", "New", "Won")
	contact := object{"name": "Elon Musk", "companyName": "Tesla", "email": "elon@musk.com", "phone": "+1202-555-0107", "tags": []string{"cars", "space"}}
	input := object{
		"title": "First Opp", "status": "WON", "stageId": stages[0], "contact": contact, "assignedToId": sam.userID(),
		"value": object{"amount": "122.22"}, "source": "public api", "tags": []string{"big"},
	}
	made := d.change("createDeal", input, "deal { "+opportunity+" }").Get("deal")
	d.shows(made, object{
		"id": made.Get("id").String(), "title": "First Opp", "value": object{"amount": "122.22", "currency": "USD"}, "pipeline": object{"id": pipeline},
		"stage": object{"id": stages[0]}, "assignedTo": object{"id": sam.userID()}, "status": "WON", "source": "public api", "lostReason": nil,
		"expectedCloseDate": nil, "tags": []string{"big"}, "lastStatusChangeAt": d.now(), "createdAt": d.now(), "updatedAt": d.now(), "contact": contact,
	})
	createOpportunityWithContact(d, stages)

	second := object{"title": "Second Opp", "stageId": stages[1], "contactId": d.contact("grace@example.com")}
	first := d.change("createDeal", second, "deal { id status }").Get("deal") // an open deal is the first
	problem := d.refuse("createDeal", second, fmt.Sprintf(duplicateDeal, "contactId"))
	d.text(problem.Get("0.__typename"), "DuplicateDealError")
	d.shows(problem.Get("0.existing"), object{"id": first.Get("id").String()})
	d.refuse("createDeal", with(with(second, "contactId", nil), "contact", object{"email": "GRACE@example.com", "name": "Grace"}), fmt.Sprintf(duplicateDeal, "contactId"))
	d.change("createDeal", with(second, "allowDuplicate", true), "deal { id }")
	d.change("createDeal", with(second, "status", "LOST"), "deal { id }")
	_, others := d.pipeline("Partners", "Asked")
	elsewhere := d.change("createDeal", with(second, "stageId", others[0]), "deal { id }").Get("deal.id").String()
	d.refuse("moveDeal", object{"id": elsewhere, "stageId": stages[0]}, fmt.Sprintf(duplicateDeal, "stageId"))

	d.refuse("createDeal", object{"title": "", "stageId": ""}, "REQUIRED required input.stageId: The stageId field is mandatory.", noContact,
		"REQUIRED required input.title: The title field is mandatory.")
	refuseOpportunity(d, "createDeal", object{"title": "Third Opp", "stageId": stages[1], "contactId": d.contact("hedy@example.com")})
	d.change("createDeal", with(with(second, "externalId", "crm-1"), "status", "WON"), "deal { id }")
	d.refuse("createDeal", with(second, "externalId", "crm-1"), `ALREADY_EXISTS unique input.externalId: Another deal has the external id "crm-1".`)
}

// createOpportunityWithContact shows how the contact of a deal is found, or made.
func createOpportunityWithContact(d *desk, stages []string) {
	of := func(title string, contact object) apitest.Value {
		d.t.Helper()
		input := object{"title": title, "stageId": stages[0], "contact": contact, "allowDuplicate": true}
		return d.change("createDeal", input, "deal { contact { id name companyName email phone tags } }").Get("deal.contact")
	}
	phoned := of("By phone", object{"phone": "+1 (202) 555-0199", "name": "Ada"})
	key := phoned.Get("id").String()
	known := object{"id": key, "name": "Ada", "companyName": nil, "email": nil, "phone": "+1 (202) 555-0199", "tags": []string{}}
	d.shows(phoned, known)
	d.shows(of("By the same phone", object{"phone": "1-202-555-0199", "name": "Lovelace"}), known)
	known["email"], known["companyName"], known["tags"] = "ada@example.com", "Engines", []string{"new"}
	d.shows(of("With an email too", object{"phone": "12025550199", "email": "ADA@example.com", "companyName": "Engines", "tags": []string{"new"}}), known)
	d.shows(of("By email", object{"email": " Ada@Example.com ", "phone": "555", "companyName": "Looms", "tags": []string{"old"}}), known)
	if other := of("With another email", object{"phone": "12025550199", "email": "charles@example.com"}); other.Get("id").String() == key {
		d.t.Error("two emails are one contact, for they have one phone")
	}
	d.text(d.ask("{ contacts { totalCount } }", nil).Get("contacts.totalCount"), "3")
}

func changeOpportunityStatus(d *desk) {
	const selection = "deal { status stage { id } lostReason lastStatusChangeAt stageEnteredAt version }"
	_, stages := d.pipeline("Selling", "New", "Won")
	contact := d.contact("elon@musk.com")
	made := d.now()
	deal := d.deal(stages[0], "First Opp", object{"contactId": contact})
	d.deal(stages[1], "Loom")
	d.later(time.Minute)
	want := object{"status": "WON", "stage": object{"id": stages[0]}, "lostReason": nil, "lastStatusChangeAt": d.now(), "stageEnteredAt": made, "version": 2}
	d.shows(d.change("changeDealStatus", object{"id": deal, "status": "WON", "expectedVersion": 1}, selection).Get("deal"), want)
	d.later(time.Minute)
	d.changesNothing("the same status", func() {
		d.shows(d.change("changeDealStatus", object{"id": deal, "status": "WON", "stageId": stages[0]}, selection).Get("deal"), want)
	})
	want = object{"status": "LOST", "stage": object{"id": stages[1]}, "lostReason": "Too dear", "lastStatusChangeAt": d.now(), "stageEnteredAt": d.now(), "version": 3}
	d.shows(d.change("changeDealStatus", object{"id": deal, "status": "LOST", "stageId": stages[1], "lostReason": "Too dear"}, selection).Get("deal"), want)
	d.is("cards", d.cards(stages[1]), "Loom", "First Opp")
	d.is("where it was", d.stays(deal), "New 120", "Won 0+")
	d.is("log", newest(2, d.log(deal)), "ada STATUS_CHANGED status stageId lostReason", "ada STATUS_CHANGED status")

	rival := d.deal(stages[0], "Second Opp", object{"contactId": contact})
	d.shows(d.refuse("changeDealStatus", object{"id": deal, "status": "OPEN"}, fmt.Sprintf(duplicateDeal, "status")).Get("0.existing"), object{"id": rival})
	d.change("changeDealStatus", object{"id": deal, "status": "ABANDONED"}, selection)
	d.change("changeDealStatus", object{"id": deal, "status": "OPEN", "allowDuplicate": true}, selection)

	input := object{"id": deal, "status": "LOST"}
	for _, status := range []any{"PAID", "won"} {
		d.fails(mutation("changeDealStatus", ""), object{"input": with(input, "status", status)}, fmt.Sprintf("GRAPHQL_VALIDATION_FAILED at [variable input status]: %v is not a valid DealStatus", status))
	}
	d.fails(mutation("changeDealStatus", ""), object{"input": object{"id": deal}}, "GRAPHQL_VALIDATION_FAILED at [variable input status]: must be defined")
	d.refusesIDs("changeDealStatus", "stageId", id.Stage, input)
	d.refusesIDs("changeDealStatus", "id", id.Deal, input)
	d.refusesStale("changeDealStatus", "Deal", 5, input)
}
