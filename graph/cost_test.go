package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/stage"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/id"
	"dealflow/internal/once"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// costing runs a test against a server with limits, and an organization on it.
func costing(t *testing.T, limits cost.Limits, test func(t *testing.T, api *apitest.API, w *world)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		made := newWorld(t, apitest.New(t, s), "acme") // by a server without such limits
		api := apitest.NewCosting(t, s, limits)
		client := api.Client(t, made.Organization).As(t, "carla", auth.RoleAdmin)
		client.Do(t, "{ __typename }", nil) // the server knows its user from here on
		api.Clock.Advance(30 * time.Second) // and has forgotten that it was asked
		test(t, api, &world{Client: client, api: api, name: made.name, ids: made.ids})
	})
}

func TestCostOfAnAnswer(t *testing.T) {
	costing(t, cost.Limits{Max: 5000, Budget: 100, Burst: 10_000}, func(t *testing.T, api *apitest.API, w *world) {
		const document = `{ deals(first: 100) { totalCount nodes { title contact { name } } } }`
		got := w.Do(t, document, nil).Cost
		// A tenth of 203 rows, few of which are there, and what the count takes beside its
		// row.
		want := cost.Report{Requested: 302, Charged: 20 + 99, Remaining: 10_000 - 20 - 99, Limit: 10_000, RestoreRate: 100}
		if got.Paths != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		t.Run("GivesNothingBackForAMutation", func(t *testing.T) {
			got := w.Do(t, `mutation($id: ID!) { addComment(input: {subjectId: $id, content: "x"}) { comment { id } } }`, apitest.Vars{"id": w.ids[id.Deal][0]}).Cost
			if got.Requested != 22 || got.Charged != 22 || got.Remaining != want.Remaining-22 {
				t.Errorf("%+v", got)
			}
		})
		t.Run("WithPaths", func(t *testing.T) {
			got := w.askPaths(t, document).Cost
			if len(got.Paths) != 3 || got.Paths[0] != (cost.Path{Path: "deals", Cost: 101, Share: 0.334}) {
				t.Errorf("%+v", got.Paths)
			}
		})
	})
}

// askPaths runs a document with the header that asks for the costliest paths.
func (w *world) askPaths(t *testing.T, document string) apitest.Response {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document})
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.api.URL+"/graphql", bytes.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(cost.Header, "paths")
	return w.Send(t, r)
}

func TestTooExpensive(t *testing.T) {
	costing(t, cost.Limits{Max: 5000, Budget: 100, Burst: 10_000}, func(t *testing.T, api *apitest.API, w *world) {
		for name, document := range map[string]string{
			"Pages":    `{ deals(first: 500) { nodes { comments(first: 20) { nodes { id } } } } }`,
			"Mutation": `mutation { deleteStage(input: {id: "x", moveCardsToStageId: "y"}) { deletedStageId } }`,
			"Depth":    "{ deals(first: 100) { nodes { " + strings.Repeat("contact { deals(first: 100) { nodes { ", 20) + "id" + strings.Repeat(" } } }", 20) + " } } }",
		} {
			t.Run(name, func(t *testing.T) {
				answer := w.Do(t, document, nil)
				if len(answer.Errors) != 1 || answer.Errors[0].Code() != cost.CodeTooExpensive || answer.Status != http.StatusBadRequest {
					t.Fatal(answer.Raw)
				}
				c := answer.Cost
				if c.Charged != 0 || c.Remaining != 10_000 || c.Requested <= 5000 || len(c.Paths) == 0 || c.Paths[0].Share < 0.5 {
					t.Errorf("%+v", c)
				}
				if got := api.Rows(); got != 0 {
					t.Errorf("%d rows were read", got)
				}
			})
		}
	})
}

func TestRateLimited(t *testing.T) {
	costing(t, cost.Limits{Max: 5000, Budget: 100, Burst: 10_000}, func(t *testing.T, api *apitest.API, w *world) {
		const document = `mutation($id: ID!) { changeLeadStatus(input: {ids: ["x"], statusId: $id}) {
			leads { timeline(first: 500) { nodes { __typename } } stage { deals(first: 500) { nodes { id } } leads(first: 500) { nodes { id } } } } } }`
		spend := func() apitest.Response {
			t.Helper()
			return w.Do(t, document, apitest.Vars{"id": w.ids[id.LeadStatus][0]})
		}
		first := spend()
		each := first.Cost.Requested
		for range 10_000/each - 1 {
			if answer := spend(); len(answer.Errors) > 0 {
				t.Fatal(answer.Raw)
			}
		}
		left := 10_000 % each
		answer := spend()
		if len(answer.Errors) != 1 || answer.Errors[0].Code() != cost.CodeRateLimited || answer.Status != http.StatusTooManyRequests {
			t.Fatal(answer.Raw)
		}
		wait := (each - left + 99) / 100
		if got := fmt.Sprint(answer.Errors[0].Extensions["retryAfter"]); got != fmt.Sprint(wait) {
			t.Errorf("retry after %s, want %d: %s", got, wait, answer.Raw)
		}
		if c := answer.Cost; c.Charged != 0 || c.Remaining != left || len(c.Paths) == 0 {
			t.Errorf("%+v", c)
		}
		if other := w.As(t, "other", auth.RoleSales).Do(t, document, apitest.Vars{"id": w.ids[id.LeadStatus][0]}); len(other.Errors) > 0 {
			t.Errorf("another user pays for it: %s", other.Raw)
		}
		api.Clock.Advance(time.Duration(wait)*time.Second - time.Second)
		if answer := spend(); len(answer.Errors) != 1 {
			t.Error("it is answered a second early")
		}
		api.Clock.Advance(time.Second)
		if answer := spend(); len(answer.Errors) > 0 {
			t.Errorf("refused after the wait: %s", answer.Raw)
		}
	})
}

// TestLongerThanAssumed shows that who has longer lists than are assumed pays for
// them, and reads no more rows than an operation may cost.
func TestLongerThanAssumed(t *testing.T) {
	costing(t, cost.Limits{Max: 70, Budget: 10, Burst: 100}, func(t *testing.T, api *apitest.API, w *world) {
		key := apitest.Vars{"id": longBoard(t, api, w, 60).GlobalID()}
		got := w.Do(t, `query($id: ID!) { pipeline(id: $id) { stages { name } } }`, key)
		if c := got.Cost; len(got.Errors) > 0 || c.Requested != 22 || c.Charged != 61 || c.Remaining != 100-61 {
			t.Errorf("%+v %v", c, got.Errors)
		}
		api.Clock.Advance(10 * time.Second)
		got = w.Do(t, `query($id: ID!) { a: pipeline(id: $id) { stages { name } } b: pipeline(id: $id) { stages { name } } }`, key)
		if len(got.Errors) == 0 || got.Errors[0].Code() != cost.CodeTooExpensive {
			t.Errorf("it has read all of it: %.300s", got.Raw)
		}
		if got.Cost.Charged != 70 {
			t.Errorf("%+v", got.Cost)
		}
	})
}

// longBoard makes a pipeline with so many stages.
func longBoard(t *testing.T, api *apitest.API, w *world, stages int) *ent.Pipeline {
	t.Helper()
	input := sales.CreatePipelineInput{Name: "long"}
	for i := range stages {
		input.Stages = append(input.Stages, &sales.PipelineStageInput{Name: fmt.Sprint("stage ", i)})
	}
	pipeline, err := api.Sales.CreatePipeline(w.Context, input)
	must(t, err)
	return pipeline
}

// crowded makes so many deals on a board, between which there is no room: the next
// that comes between two has all of them ranked anew.
func crowded(t *testing.T, api *apitest.API, w *world, board *ent.Pipeline, deals int) []*ent.Deal {
	t.Helper()
	first, err := api.Store.Client.Stage.Query().Where(stage.PipelineID(board.ID)).First(w.Context)
	must(t, err)
	list := make([]*ent.Deal, deals)
	for i := range list {
		list[i], err = api.Sales.CreateDeal(w.Context, sales.CreateDealInput{
			Title: fmt.Sprint("deal ", i), StageID: first.GlobalID(), Status: deal.StatusOPEN, Contact: &sales.ContactInput{Email: new(fmt.Sprintf("%d@example.com", i))},
		})
		must(t, err)
	}
	must(t, api.Store.Client.Deal.Update().Where(deal.StageID(first.ID)).SetRank(list[0].Rank).Exec(w.Context))
	return list
}

// TestMutationReadsTooMuch shows that what a mutation answers is bounded as a query is,
// and what its rules read is not: a change is done, or it is not.
func TestMutationReadsTooMuch(t *testing.T) {
	const most = 50
	const rename = `mutation($id: ID!, $to: String) { updateDeal(input: {id: $id, title: $to}) { deal { stage { pipeline { stages { name } } } } } }`
	costing(t, cost.Limits{Max: most, Budget: 10, Burst: 10_000}, func(t *testing.T, api *apitest.API, w *world) {
		deals := crowded(t, api, w, longBoard(t, api, w, 60), 60)
		key := deals[0].GlobalID()
		title := func() string {
			t.Helper()
			return w.Must(t, `query($id: ID!) { deal(id: $id) { title } }`, apitest.Vars{"id": key}).Get("deal.title").String()
		}
		tooMuch := func(t *testing.T, answer apitest.Response) {
			t.Helper()
			if len(answer.Errors) != 1 || answer.Errors[0].Code() != cost.CodeTooExpensive || !strings.Contains(answer.Errors[0].Message, "ask for smaller pages") {
				t.Errorf("it is answered %.300s", answer.Raw)
			}
		}
		t.Run("InItsRules", func(t *testing.T) {
			answer := w.Do(t, `mutation($id: ID!, $before: ID) { moveDeal(input: {id: $id, before: $before}) { deal { id } } }`,
				apitest.Vars{"id": key, "before": deals[2].GlobalID()})
			if got := answer.Data.Get("moveDeal.deal.id").String(); len(answer.Errors) > 0 || got != key {
				t.Errorf("it is answered %s", answer.Raw)
			}
			if read := api.Rows(); read <= most {
				t.Errorf("its rules read %d rows only", read)
			}
			if c := answer.Cost; c.Charged != c.Requested {
				t.Errorf("what its rules read is charged: %+v", c)
			}
		})
		t.Run("InItsAnswer", func(t *testing.T) {
			answer := w.Do(t, rename, apitest.Vars{"id": key, "to": "renamed"})
			tooMuch(t, answer)
			if got := title(); got != "renamed" {
				t.Errorf("the change came to nothing: it is %s", got)
			}
			if c := answer.Cost; c.Requested != 44 || c.Charged != most {
				t.Errorf("%+v", c)
			}
		})
		t.Run("WithAKey", func(t *testing.T) {
			keyed := w.With(once.Header, "key")
			answer := keyed.Do(t, rename, apitest.Vars{"id": key, "to": "once"})
			tooMuch(t, answer)
			if got := title(); !answer.Data.IsNull() || got != "renamed" {
				t.Errorf("it is %s after %s", got, answer.Raw)
			}
			// The key is free, also for another document.
			answer = keyed.Do(t, `mutation($id: ID!, $to: String) { updateDeal(input: {id: $id, title: $to}) { deal { title } } }`, apitest.Vars{"id": key, "to": "once"})
			if got := title(); len(answer.Errors) > 0 || got != "once" {
				t.Errorf("it is %s after %s", got, answer.Raw)
			}
		})
	})
}

// TestMisshapen shows that the checker of answers finds what is wrong with one.
func TestMisshapen(t *testing.T) {
	const document = `{ viewer { role organization { id } } leadStatuses { order } node(id: "x") { __typename ... on Deal { title value { amount } effectiveProbability } } }`
	const good = `{"viewer":{"role":"ADMIN","organization":{"id":"x"}},"leadStatuses":[{"order":1}],"node":{"__typename":"Deal","title":"x","value":null,"effectiveProbability":0.5}}`
	if problems := misshapen(document, nil, good); len(problems) > 0 {
		t.Errorf("%q", problems)
	}
	for from, to := range map[string]string{
		`"ADMIN"`: `"BOSS"`, `{"id":"x"}`: `null`, `[{"order":1}]`: `{"order":1}`, `"order":1`: `"order":1.5`, `{"order":1}`: `null`,
		`"Deal"`: `"Stage"`, `"title":"x"`: `"title":1`, `"title":"x",`: ``, `"value":null`: `"value":{"amount":1}`, `0.5`: `"0.5"`, `"id":"x"`: `"id":"x","y":1`,
	} {
		if bad := strings.Replace(good, from, to, 1); bad == good || len(misshapen(document, nil, bad)) == 0 {
			t.Errorf("%s for %s goes unseen", to, from)
		}
	}
}
