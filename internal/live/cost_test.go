package live_test

import (
	"fmt"
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// TestCost shows that each client pays for its subscription once, when it begins,
// though equal ones are executed as one; that events are free, and say nothing of
// costs; and that who has nothing left begins none.
func TestCost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		api := apitest.NewCosting(t, s, cost.Limits{Max: 1000, Budget: 1, Burst: 1000})
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada.As(t, "builder", auth.RoleAdmin))
		bob := ada.As(t, "bob", auth.RoleAdmin)
		left := func(as *apitest.Client) int64 {
			t.Helper()
			return as.Do(t, "{ __typename }", nil).Cost.Remaining
		}
		const watch = `subscription($board: ID!) { stageMoved(pipelineId: $board) { __typename ... on CardMoved { cardId card { __typename } } } }`
		const each = 3 // the operation, the event and its card
		adas, bobs := connect(t, api, ada), connect(t, api, bob)
		for i, w := range []*wire{adas, bobs, bobs} {
			w.subscribe(fmt.Sprint(i), watch, apitest.Vars{"board": b.pipeline})
			subscriptions(t, api, i+1)
		}
		if got := api.Metric(t, "dealflow_live_groups"); got != 1 {
			t.Errorf("%v groups", got)
		}
		stream(t, api, ada, watch, apitest.Vars{"board": b.pipeline})
		subscriptions(t, api, 4)
		moved := ada.As(t, "mover", auth.RoleAdmin)
		b.move(t, moved, b.there)
		for _, w := range []*wire{adas, bobs, bobs} {
			message := apitest.ValueOf(w.receive())
			if message.Get("payload.data.stageMoved.card.__typename").IsNull() || !message.Get("payload.extensions").IsNull() {
				t.Errorf("the event is %v", message)
			}
		}
		// Each asks once more, for a point.
		if got := left(ada); got != 1000-2*each-1 {
			t.Errorf("ada has %d left", got)
		}
		if got := left(bob); got != 1000-2*each-1 {
			t.Errorf("bob has %d left", got)
		}

		for range left(bob) / each {
			bobs.subscribe("more", "subscription { stageMoved(pipelineId: \"none\") { __typename ... on CardMoved { card { __typename } } } }", nil)
			bobs.receive() // there is no such pipeline
		}
		bobs.subscribe("refused", watch, apitest.Vars{"board": b.pipeline})
		refused := apitest.ValueOf(bobs.receive())
		if refused.Get("payload.0.extensions.code").String() != "RATE_LIMITED" || refused.Get("payload.0.extensions.retryAfter").Int() < 1 {
			t.Errorf("instead of a refusal: %v", refused)
		}
	})
}

// TestEventReadsTooMuch shows that each event may read as many rows as an operation may
// cost, whatever those before it have read; that one which would read more is told
// without them; and that the subscription goes on.
func TestEventReadsTooMuch(t *testing.T) {
	const most = 50
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		builder := apitest.New(t, s).Organization(t, "acme") // by a server without such limits
		b := newBoard(t, builder)
		api := apitest.NewCosting(t, s, cost.Limits{Max: most, Budget: 10, Burst: 1000})
		ada := api.Client(t, builder.Organization)
		grow := func(stages int) {
			t.Helper()
			for i := range stages {
				builder.Must(t, `mutation($id: ID!, $name: String!) { createStage(input: {pipelineId: $id, name: $name}) { userErrors { message } } }`,
					apitest.Vars{"id": b.pipeline, "name": fmt.Sprint("stage ", i)})
			}
		}
		grow(28) // and two that there are
		w := connect(t, api, ada)
		w.subscribe("1", `subscription($board: ID!, $after: String) { stageMoved(pipelineId: $board, after: $after) {
			... on CardMoved { card { ... on Deal { stage { pipeline { stages { name } } } } } } } }`, apitest.Vars{"board": b.pipeline, "after": cursor(t, ada)})
		moved := func(to string) apitest.Value {
			t.Helper()
			b.move(t, builder, to)
			return apitest.ValueOf(w.receive())
		}
		for _, to := range []string{b.there, b.here} {
			if got := moved(to); len(got.Get("payload.data.stageMoved.card.stage.pipeline.stages").List()) != 30 {
				t.Errorf("the event is %v", got)
			}
		}
		grow(30)
		for _, to := range []string{b.there, b.here} {
			if got := moved(to); got.Get("payload.errors.0.extensions.code").String() != cost.CodeTooExpensive {
				t.Errorf("the event is %v", got)
			}
		}
	})
}
