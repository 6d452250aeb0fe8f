package graph_test

import (
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// TestDerivedFields has the fields that are made of columns, in all that they may say,
// of a server that plans and of one that does not.
func TestDerivedFields(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		plans, plain := apitest.New(t, s), apitest.NewUnplanned(t, s)
		w := newWorld(t, plans, "acme")
		w.make(t, "updateLead", "lead { id }", apitest.Vars{"id": w.ids[id.Lead][1], "businessIds": []string{}, "socialMedia": apitest.Vars{"youtube": `"me" \ <&>`, "twitter": "@me"}})
		w.make(t, "updateDeal", "deal { id }", apitest.Vars{"id": w.ids[id.Deal][0], "probability": 0.3})
		w.make(t, "changeDealStatus", "deal { id }", apitest.Vars{"id": w.ids[id.Deal][1], "status": "WON"})
		w.make(t, "createDeal", "deal { id }", apitest.Vars{"title": "open", "stageId": w.ids[id.Stage][0], "contact": apitest.Vars{"email": "open@acme.example"}})
		for _, api := range []*apitest.API{plans, plain} {
			api.Clock.Advance(5*24*time.Hour + time.Millisecond)
		}
		fresh := plans.Client(t, w.Organization)
		fresh.Must(t, `mutation($input: CreateDealInput!) { createDeal(input: $input) { deal { id } userErrors { message } } }`,
			apitest.Vars{"input": apitest.Vars{"title": "fresh", "stageId": w.ids[id.Stage][0], "contact": apitest.Vars{"email": "fresh@acme.example"}}})
		clients := []*apitest.Client{fresh, plain.Client(t, w.Organization)}

		const ofDeal, ofLead = `title isRotten effectiveProbability stage { rottenAfter } stageHistory { durationSeconds } comments { nodes { subjectId } }
			activity { nodes { entityId entityType changes { field from to __typename } } }`,
			`firstName photo photoUrl socialMedia { __typename twitter youtube facebook instagram } businesses { name id } status { primaryColor secondaryColor leadCount }
			comments { nodes { subjectId } } activity { nodes { changes { from to } entityId } }`
		const alone = `{ deals { nodes { effectiveProbability } } }`
		for document, words := range map[string][]string{
			`{ deals { nodes { ` + ofDeal + ` } } }`: {`"isRotten":true`, `"isRotten":false`, `"effectiveProbability":0.2`,
				`"effectiveProbability":0.3`, `"durationSeconds":432000.001`, `"durationSeconds":0`, `"subjectId":"deal_`, `"from":null`, `"to":0.3`},
			`{ leads { nodes { ` + ofLead + ` } } }`: {`"photoUrl":"/photos/`, `"photoUrl":null`, `"socialMedia":null`, `\"me\" \\ <&>`, `"to":{"`,
				`"facebook":null`, `"businesses":[{`, `"businesses":[]`, `"secondaryColor":"#`, `"leadCount":3`, `"subjectId":"lead_`},
			`{ deal(id: "` + w.ids[id.Deal][0] + `") { ` + ofDeal + ` } }`:                                  {`"isRotten":true`},
			`{ deal(id: "` + w.ids[id.Deal][1] + `") { ` + ofDeal + ` } }`:                                  {`"isRotten":false`},
			`{ lead(id: "` + w.ids[id.Lead][1] + `") { ` + ofLead + ` } }`:                                  {`"twitter":"@me"`},
			`{ stages { nodes { deals { nodes { isRotten } } leads { nodes { businesses { name } } } } } }`: {`"isRotten":true`},
			alone: {`"effectiveProbability":0.2`},
			`{ leadStatuses { leadCount secondaryColor } leadStatus(id: "` + w.ids[id.LeadStatus][0] + `") { leadCount } }`: {`"leadCount":3`, `"leadCount":0`},
		} {
			got, want := clients[0].Do(t, document, nil), clients[1].Do(t, document, nil)
			if apitest.WithoutCost(got.Raw) != apitest.WithoutCost(want.Raw) || len(got.Errors) > 0 {
				t.Errorf("planned:  %s\nexecuted: %s", got.Raw, want.Raw)
			}
			for _, word := range words {
				if !strings.Contains(got.Raw, word) {
					t.Errorf("%s does not say %s: %s", document, word, got.Raw)
				}
			}
			most := want.Cost.Charged
			if document == alone { // which reads the stage of each deal, also of one that needs none
				most++
			}
			if got.Cost.Charged > most {
				t.Errorf("%s costs %d when it is planned, and else %d", document, got.Cost.Charged, want.Cost.Charged)
			}
		}
		if text := plans.Metrics(t); strings.Contains(text, `dealflow_graphql_queries_total{path="failed"}`) || strings.Contains(text, `{path="retried"}`) {
			t.Error("some were not planned")
		}
	})
}
