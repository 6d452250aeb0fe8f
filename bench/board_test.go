// Package bench measures what users wait for: whole requests over HTTP, with a
// token, against a real database of each kind. Run it with `make bench`;
// docs/performance.md says what it gave.
package bench

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/rank"
	"dealflow/internal/store/storetest"
)

// The boards that are measured: pipelines, stages of each, and leads, and deals,
// of each stage.
const (
	pipelines = 5
	stages    = 8
	cards     = 62
)

// work is what a single-page app asks for. Each answer must hold a field so
// often, so that nobody is quick by doing nothing.
var work = []struct {
	name, document string
	field          string
	times          int
}{
	{
		"W1 board with 50 leads a stage",
		`query($id: ID!) { pipeline(id: $id) { id name stages { id name order probability
			leads(first: 50) { nodes { id firstName lastName email company status { name primaryColor } } } } } }`,
		`"email"`, stages * 50,
	},
	{
		"W2 board with all leads",
		`query($id: ID!) { pipeline(id: $id) { id name stages { id name order probability
			leads(first: 500) { nodes { id firstName lastName email company status { name primaryColor } } } } } }`,
		`"email"`, stages * cards,
	},
	{
		"W3 five boards with counts and sums",
		`{ pipelines(first: 5) { nodes { id name stages { id name order summary { leadCount value { amount currency } } } } } }`,
		`"leadCount"`, pipelines * stages,
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

func BenchmarkBoard(b *testing.B) {
	for _, open := range []struct {
		name  string
		store func(testing.TB) *apitest.API
	}{
		{"sqlite", func(tb testing.TB) *apitest.API { return apitest.New(tb, storetest.SQLite(tb)) }},
		{"postgres", func(tb testing.TB) *apitest.API { return apitest.New(tb, storetest.Postgres(tb)) }},
	} {
		b.Run(open.name, func(b *testing.B) {
			api := open.store(b)
			ada := api.Organization(b, "acme")
			data := fill(b, api, ada)
			for _, w := range work {
				b.Run(w.name, func(b *testing.B) {
					b.ReportAllocs()
					i := 0
					for b.Loop() {
						i++
						answer := ada.Do(b, w.document, apitest.Vars{
							"id":    data.pipeline,
							"lead":  data.leads[i%len(data.leads)],
							"deal":  data.deals[i%len(data.deals)],
							"stage": data.stages[(i+i/len(data.deals))%len(data.stages)], // another one in each round
						})
						if n := strings.Count(answer.Raw, w.field); n != w.times {
							b.Fatalf("%s came %d times, not %d: %.300s", w.field, n, w.times, answer.Raw)
						}
					}
					b.ReportMetric(float64(len(api.Statements())), "statements/op")
				})
			}
		})
	}
}

// filled is what the requests name, as the API's ids.
type filled struct {
	pipeline             string
	stages, leads, deals []string
}

// fill writes the boards past the rules, which would take longer.
func fill(b *testing.B, api *apitest.API, c *apitest.Client) filled {
	b.Helper()
	ctx, db, now := c.Context, api.Store.Client, api.Clock.Now()
	status, err := db.LeadStatus.Query().FirstID(ctx)
	must(b, err)
	var data filled
	for p := range pipelines {
		pipeline, err := db.Pipeline.Create().SetOrganizationID(c.Organization.ID).
			SetName(fmt.Sprintf("Pipeline %d", p)).SetCreatedAt(now).SetUpdatedAt(now).Save(ctx)
		must(b, err)
		for s := range stages {
			stage, err := db.Stage.Create().SetOrganizationID(c.Organization.ID).SetPipelineID(pipeline.ID).
				SetName(fmt.Sprintf("Stage %d", s)).SetPosition(s).SetProbability(float64(s) / stages).
				SetCreatedAt(now).SetUpdatedAt(now).Save(ctx)
			must(b, err)
			leads := fillLeads(ctx, b, c, db, stage, status)
			deals := fillDeals(ctx, b, c, db, stage)
			if p == 0 {
				data.pipeline = pipeline.GlobalID()
				data.stages = append(data.stages, stage.GlobalID())
				data.leads = append(data.leads, leads...)
				data.deals = append(data.deals, deals...)
			}
		}
	}
	return data
}

func fillLeads(ctx context.Context, b *testing.B, c *apitest.Client, db *ent.Client, stage *ent.Stage, status uuid.UUID) []string {
	b.Helper()
	now := stage.CreatedAt
	rows := make([]*ent.LeadCreate, cards)
	comments := []*ent.CommentCreate{}
	ids := make([]string, cards)
	for i, key := range rank.Spread(cards) {
		lead := id.New()
		ids[i] = id.Lead.Encode(lead)
		rows[i] = db.Lead.Create().SetID(lead).SetOrganizationID(c.Organization.ID).SetStatusID(status).
			SetFirstName("Ada").SetLastName(fmt.Sprintf("Example %d", i)).SetEmail(ids[i] + "@acme.example").
			SetCompany("Acme").SetPosition("Engineer").SetSource("web").SetDescription("Asked for an offer.").
			SetLocation("Berlin").SetPhoneNumbers([]string{"+49 30 1234567"}).
			SetStageID(stage.ID).SetRank(key).SetStageEnteredAt(now).SetCreatedAt(now).SetUpdatedAt(now)
		for range 5 {
			comments = append(comments, db.Comment.Create().SetOrganizationID(c.Organization.ID).SetLeadID(lead).
				SetAuthorID(c.UserID()).SetContent("Called, and will call again.").SetCreatedAt(now).SetUpdatedAt(now))
		}
	}
	must(b, db.Lead.CreateBulk(rows...).Exec(ctx))
	must(b, db.Comment.CreateBulk(comments...).Exec(ctx))
	return ids
}

func fillDeals(ctx context.Context, b *testing.B, c *apitest.Client, db *ent.Client, stage *ent.Stage) []string {
	b.Helper()
	now := stage.CreatedAt
	rows := make([]*ent.DealCreate, cards)
	ids := make([]string, cards)
	for i, key := range rank.Spread(cards) {
		deal := id.New()
		ids[i] = id.Deal.Encode(deal)
		rows[i] = db.Deal.Create().SetID(deal).SetOrganizationID(c.Organization.ID).SetPipelineID(stage.PipelineID).
			SetStageID(stage.ID).SetRank(key).SetTitle(fmt.Sprintf("Deal %d", i)).SetAssignedToID(c.UserID()).
			SetValueAmount(int64(i) * 1000).SetValueCurrency("USD").
			SetLastStatusChangeAt(now).SetStageEnteredAt(now).SetCreatedAt(now).SetUpdatedAt(now)
	}
	must(b, db.Deal.CreateBulk(rows...).Exec(ctx))
	return ids
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
