// Package bench measures what users wait for: whole requests over HTTP, with a
// token, against a real database of each kind. Run it with `make bench`;
// docs/performance.md says what it gave.
package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"dealflow/internal/apitest"
	"dealflow/internal/demo"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// work is what a single-page app asks for. Each answer must hold a field at
// least so often, so that nobody is quick by doing nothing.
var work = []struct {
	name, document string
	field          string
	least          int
}{
	{
		"W1 board with 50 leads a stage",
		`query($id: ID!) { pipeline(id: $id) { id name stages { id name order probability
			leads(first: 50) { nodes { id firstName lastName email company status { name primaryColor } } } } } }`,
		`"email"`, 300,
	},
	{
		"W2 board with all leads",
		`query($id: ID!) { pipeline(id: $id) { id name stages { id name order probability
			leads(first: 500) { nodes { id firstName lastName email company status { name primaryColor } } } } } }`,
		`"email"`, 500,
	},
	{
		"W3 five boards with counts and sums",
		`{ pipelines(first: 5) { nodes { id name stages { id name order summary { leadCount value { amount currency } } } } } }`,
		`"leadCount"`, 40,
	},
	{
		"W4 one lead with its comments",
		`query($lead: ID!) { lead(id: $lead) { id firstName lastName email phoneNumbers company position source state description
			location createdAt status { name primaryColor } comments(first: 10) { nodes { id content createdAt } } } }`,
		`"content"`, 5,
	},
	{
		"W5 move a deal",
		`mutation($deal: ID!, $stage: ID!) { moveDeal(input: {id: $deal, stageId: $stage}) {
			deal { id stage { id name } } userErrors { message } } }`,
		`"stage"`, 1,
	},
}

// crowds are how many clients ask at once: one, which waits for the work alone,
// and as many as keep the server busy.
var crowds = []int{1, 16}

func BenchmarkBoard(b *testing.B) {
	for _, database := range []struct {
		name string
		open func(testing.TB) *store.Store
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.Postgres}} {
		b.Run(database.name, func(b *testing.B) {
			api := apitest.New(b, database.open(b))
			user := api.Organization(b, "Demo 1") // demo.Fill takes it for its own
			data := fill(b, api, user)
			for _, w := range work {
				turn := 0 // goes on, so that no deal is moved to where it is
				for _, clients := range crowds {
					b.Run(fmt.Sprintf("%s, %d at once", w.name, clients), func(b *testing.B) {
						l := load{api: api, token: user.Token, field: w.field, least: w.least, clients: clients}
						l.bodies = make([][]byte, b.N+1)
						for i := range l.bodies {
							l.bodies[i] = body(b, w.document, data.vars(turn))
							turn++
						}
						l.run(b)
					})
				}
			}
		})
	}
}

// filled is what the requests name, as the API's ids.
type filled struct {
	pipeline             string
	stages, leads, deals []string
	homes                []int // the stages where the deals were at first
}

// vars are the variables of the request with a number: each is about another lead
// and another deal, and each round moves the deals to other stages.
func (f filled) vars(i int) apitest.Vars {
	deal, round := i%len(f.deals), 1+i/len(f.deals)
	return apitest.Vars{
		"id":    f.pipeline,
		"lead":  f.leads[i%len(f.leads)],
		"deal":  f.deals[deal],
		"stage": f.stages[(f.homes[deal]+round)%len(f.stages)],
	}
}

// fill makes an organization of the demonstration data: five boards, with
// contacts, stays and text to search for as an import would have made them.
func fill(b *testing.B, api *apitest.API, user *apitest.Client) filled {
	b.Helper()
	ctx := user.Context
	_, err := demo.Fill(ctx, api.Sales, api.Store.Client, demo.Options{Scale: 0.05, Seed: 1, Today: api.Clock.Now()})
	must(b, err)
	board := user.Must(b, `{ pipelines(first: 1) { nodes { id
		stages { id leads(first: 500) { nodes { id } } deals(first: 500) { nodes { id } } } } } }`, nil).Get("pipelines.nodes.0")
	data := filled{pipeline: board.Get("id").String(), stages: board.Get("stages").All("id")}
	for home, stage := range board.Get("stages").List() {
		deals := stage.Get("deals.nodes").All("id")
		data.deals = append(data.deals, deals...)
		data.homes = append(data.homes, slices.Repeat([]int{home}, len(deals))...)
		data.leads = append(data.leads, stage.Get("leads.nodes").All("id")...)
	}
	comment(b, api, user, data.leads)
	if api.Store.Dialect == dialect.Postgres {
		// Autovacuum would do it, some time during the measurement.
		_, err := api.Store.Client.ExecContext(store.System(ctx), "ANALYZE")
		must(b, err)
	}
	return data
}

// comment adds five comments to each lead, as on one that is worked on.
func comment(b *testing.B, api *apitest.API, user *apitest.Client, leads []string) {
	b.Helper()
	var comments []*sales.ImportedComment
	author := user.UserID()
	for _, text := range leads {
		lead, err := id.Lead.Decode(text)
		must(b, err)
		for i := range 5 {
			comments = append(comments, &sales.ImportedComment{
				LeadID: lead, AuthorID: &author, Content: "Called, and will call again.",
				CreatedAt: api.Clock.Now().Add(time.Duration(i) * time.Minute),
			})
		}
	}
	must(b, api.Sales.ImportComments(user.Context, comments))
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
