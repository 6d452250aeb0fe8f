package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// board is what a single-page app asks for to draw boards.
const board = `query Board($first: Int!) {
  pipelines(first: $first) { nodes { id name stages {
    id name order probability
    summary { dealCount leadCount value { amount currency } weightedValue { amount currency } }
    leads(first: 50) { totalCount nodes { id firstName lastName email company photoUrl status { id name primaryColor secondaryColor } businesses { id name } } }
    deals(first: 50) { nodes { id title status isRotten effectiveProbability value { amount currency } contact { id name email } assignedTo { id name } } }
  } } }
}`

// TestBoardStatements shows that a board takes one statement a level, however
// many rows there are on each.
func TestBoardStatements(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		for i := range 5 {
			fillBoard(t, ada, i)
		}
		// pipelines, stages; of the stages: summaries, lead counts of them, leads,
		// their totals, deals; of the leads: statuses, businesses; of the deals:
		// contacts, assignees, and the stages that they may be rotten in.
		const levels = 12
		for _, boards := range []int{1, 5} {
			data := ada.Must(t, board, apitest.Vars{"first": boards})
			if n := len(api.Statements()); n > levels {
				t.Errorf("%d boards take %d statements, not %d:\n%s", boards, n, levels, strings.Join(api.Statements(), "\n"))
			}
			if n := data.Get("pipelines.nodes").Len(); n != boards {
				t.Fatalf("%d boards came, not %d", n, boards)
			}
			for _, pipeline := range data.Get("pipelines.nodes").List() {
				for _, stage := range pipeline.Get("stages").List() {
					if n := stage.Get("leads.nodes").Len(); n != 3 {
						t.Errorf("%s has %d leads, not 3", stage.Get("name"), n)
					}
					if n := stage.Get("deals.nodes").Len(); n != 2 {
						t.Errorf("%s has %d deals, not 2", stage.Get("name"), n)
					}
				}
			}
		}
		if n := api.Metric(t, `dealflow_graphql_queries_total{path="planned"}`); n != 2 {
			t.Errorf("%v of 2 boards were planned", n)
		}
	})
}

// TestCardStatements has one card, which brings along what it has the ids of.
func TestCardStatements(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		deal := ada.Must(t, `{ deals(first: 1) { nodes { id } } }`, nil).Get("deals.nodes").All("id")[0]
		for selection, statements := range map[string]int{
			`title contact { name } stage { name } assignedTo { name } createdBy { name }`: 1,
			`stage { name pipeline { name } }`:                                             2, // which is a level further
			`stage { name deals(first: 1) { totalCount nodes { title } } }`:                3,
			`a: contact { name } b: contact { name } c: contact { id }`:                    1,
		} {
			data := ada.Must(t, `query($id: ID!) { deal(id: $id) { `+selection+` stage { name } } }`, apitest.Vars{"id": deal})
			if n := len(api.Statements()); n != statements {
				t.Errorf("%s takes %d statements, not %d:\n%s", selection, n, statements, strings.Join(api.Statements(), "\n"))
			}
			if name := data.Get("deal.stage.name").String(); name == "" {
				t.Errorf("%s: there is no stage", selection)
			}
		}
	})
}

// TestBatches has one card with what hangs on its id, which Postgres is asked for at once.
func TestBatches(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		api, plain := apitest.New(t, s), apitest.NewUnplanned(t, s)
		ada := api.Organization(t, "acme")
		unplanned := plain.Client(t, ada.Organization)
		fillBoard(t, ada, 0)
		lead := ada.Must(t, `{ leads(first: 1) { nodes { id } } }`, nil).Get("leads.nodes").All("id")[0]
		for content := range 3 {
			ada.Must(t, `mutation($input: AddCommentInput!) { addComment(input: $input) { comment { id } } }`,
				apitest.Vars{"input": apitest.Vars{"subjectId": lead, "content": fmt.Sprint(content)}})
		}
		// How many statements each takes on Postgres, and one by one.
		for selection, statements := range map[string][2]int{
			`comments(first: 2) { nodes { content } }`:                                       {1, 2},
			`comments(first: $first) { nodes { content } } stageHistory { enteredAt }`:       {1, 3},
			`activity(first: 1) { edges { cursor } } comments(last: 1) { edges { cursor } }`: {2, 3},
			`a: comments(first: 1) { nodes { id } } b: comments(last: 2) { nodes { content } }
				c: comments(first: 3) { nodes { id } } d: comments(first: 2) { edges { cursor } }`: {2, 5},
			`stageHistory { stage { name } } comments(last: 2) { nodes { content author { name } } }`:     {3, 5},
			`stage { name leads(first: 2) { nodes { email } } } comments(first: 2) { nodes { content } }`: {2, 3},
			`comments(first: 2) { totalCount nodes { content } }`:                                         {2, 3},
		} {
			query := `query($id: ID!, $first: Int = 1) { lead(id: $id) { id ` + selection + ` } more: leads(first: $first) { totalCount } }`
			got := ada.Do(t, query, apitest.Vars{"id": lead})
			want := statements[1]
			if api.Store.Dialect == dialect.Postgres {
				want = statements[0]
			}
			if n := len(api.Statements()) - 1; n != want {
				t.Errorf("%s takes %d statements, not %d:\n%s", selection, n, want, strings.Join(api.Statements(), "\n"))
			}
			if want := unplanned.Do(t, query, apitest.Vars{"id": lead}); apitest.WithoutCost(want.Raw) != apitest.WithoutCost(got.Raw) || len(got.Errors) > 0 {
				t.Errorf("planned %s, want %s", got.Raw, want.Raw)
			}
			none := ada.Must(t, query, apitest.Vars{"id": "lead_01jd5v0000e8mrx3k9q2w7n4tc"})
			if got := none.Get("lead").String(); got != "null" {
				t.Errorf("a lead that is not there: %s", got)
			}
		}
	})
}

// TestCardsAreTheSame shows that what comes with a card costs what it costs gqlgen's
// executor, and that it is of the card's organization: no foreign key says so.
func TestCardsAreTheSame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		plans, plain := apitest.New(t, s), apitest.NewUnplanned(t, s)
		ada, eve := plans.Organization(t, "acme"), plans.Organization(t, "others")
		fillBoard(t, ada, 0)
		card := ada.Must(t, `{ deals(first: 1) { nodes { id } } }`, nil).Get("deals.nodes").All("id")[0]
		same := func(contact string) {
			t.Helper()
			var answers [2]apitest.Response
			for i, client := range []*apitest.Client{ada, plain.Client(t, ada.Organization)} {
				answers[i] = client.Do(t, `query($id: ID!) { deal(id: $id) { stage { name } contact { name email } createdBy { name } } }`, apitest.Vars{"id": card})
			}
			got, want := answers[0], answers[1]
			if apitest.WithoutCost(got.Raw) != apitest.WithoutCost(want.Raw) || !strings.Contains(got.Raw, contact) {
				t.Errorf("planned %s, want %s, with %s", got.Raw, want.Raw, contact)
			}
			if got.Cost.Charged != want.Cost.Charged {
				t.Errorf("planned it costs %d, not %d", got.Cost.Charged, want.Cost.Charged)
			}
		}
		same(`"email":"contact`)

		const contact = `mutation { createContact(input: {email: "eve@others.example"}) { contact { id } userErrors { message } } }`
		theirs, err := id.Contact.Decode(eve.Must(t, contact, nil).Get("createContact.contact.id").String())
		if err != nil {
			t.Fatal(err)
		}
		key, err := id.Deal.Decode(card)
		if err != nil {
			t.Fatal(err)
		}
		s.Client.Deal.UpdateOneID(key).SetContactID(theirs).ExecX(store.System(t.Context()))
		same(`"contact":null`)
	})
}

// fillBoard makes a pipeline of two stages with three leads and two deals each.
func fillBoard(t *testing.T, c *apitest.Client, n int) {
	t.Helper()
	made := c.Must(t, `mutation($input: CreatePipelineInput!) {
		createPipeline(input: $input) { pipeline { stages { id } } userErrors { message } } }`,
		apitest.Vars{"input": apitest.Vars{
			"name":   fmt.Sprintf("Board %d", n),
			"stages": []apitest.Vars{{"name": "New", "probability": 0.1}, {"name": "Won", "probability": 1}},
		}})
	for _, stage := range made.Get("createPipeline.pipeline.stages").All("id") {
		for i := range 3 {
			c.Must(t, `mutation($input: CreateLeadInput!) { createLead(input: $input) { lead { id } userErrors { message path } } }`,
				apitest.Vars{"input": apitest.Vars{
					"firstName": "Lead", "lastName": fmt.Sprint(i), "stageId": stage,
					"email": fmt.Sprintf("lead%d@%s.example", i, stage),
				}})
		}
		for i := range 2 {
			c.Must(t, `mutation($input: CreateDealInput!) { createDeal(input: $input) { deal { id } userErrors { message path } } }`,
				apitest.Vars{"input": apitest.Vars{
					"title": fmt.Sprintf("Deal %d", i), "stageId": stage, "value": apitest.Vars{"amount": "10.50"},
					"contact": apitest.Vars{"email": fmt.Sprintf("contact%d@%s.example", i, stage)},
				}})
		}
	}
}
