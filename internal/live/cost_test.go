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
