package live_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dealflow/ent/event"
	"dealflow/internal/apitest"
	log "dealflow/internal/event"
	"dealflow/internal/live"
	"dealflow/internal/store/storetest"
)

func asClose(err error, why *websocket.CloseError) bool { return errors.As(err, why) }

const watchMoves = `subscription ($board: ID!, $after: String) {
	stageMoved(pipelineId: $board, after: $after) {
		__typename
		... on Event { cursor at actor { name } }
		... on CardMoved {
			cardId fromStageId toStageId
			card { ... on Deal { title stage { name } } ... on Lead { firstName } }
			from { name summary { dealCount } }
			to { name summary { dealCount value { amount currency } weightedValue { amount } } }
			changes { field from to }
		}
	}
}`

// board is a pipeline with two stages and a deal.
type board struct{ pipeline, here, there, deal string }

func newBoard(t *testing.T, as *apitest.Client) board {
	t.Helper()
	made := as.Must(t, `mutation { createPipeline(input: {name: "Sales", stages: [
		{name: "Here", probability: 0.25}, {name: "There", probability: 0.5}]}) { pipeline { id stages { id } } userErrors { message } } }`, nil)
	b := board{
		pipeline: made.Get("createPipeline.pipeline.id").String(),
		here:     made.Get("createPipeline.pipeline.stages.0.id").String(),
		there:    made.Get("createPipeline.pipeline.stages.1.id").String(),
	}
	b.deal = as.Must(t, `mutation ($stage: ID!) { createDeal(input: {title: "Big", stageId: $stage,
		value: {amount: "100.00"}, contact: {email: "eve@example.com"}}) { deal { id } userErrors { message } } }`,
		apitest.Vars{"stage": b.here}).Get("createDeal.deal.id").String()
	return b
}

func (b board) move(t *testing.T, as *apitest.Client, to string) {
	t.Helper()
	as.Must(t, `mutation ($id: ID!, $stage: ID!) { moveDeal(input: {id: $id, stageId: $stage}) { deal { id } userErrors { message } } }`,
		apitest.Vars{"id": b.deal, "stage": to})
}

func cursor(t *testing.T, as *apitest.Client) string {
	t.Helper()
	return as.Must(t, `{ eventCursor }`, nil).Get("eventCursor").String()
}

func TestMove(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		w := connect(t, api, ada)
		w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": cursor(t, ada)})
		b.move(t, ada, b.there)
		got := apitest.ValueOf(w.next("stageMoved"))
		for path, want := range map[string]string{
			"__typename": "CardMoved", "actor.name": "ada", "cardId": b.deal, "card.title": "Big",
			"fromStageId": b.here, "from.summary.dealCount": "0",
			"toStageId": b.there, "to.summary.dealCount": "1",
			"to.summary.value.0.amount": "100.00", "to.summary.weightedValue.0.amount": "50.00",
			"changes.0.field": "stageId", "changes.0.from": b.here, "changes.0.to": b.there,
		} {
			if is := got.Get(path).String(); is != want {
				t.Errorf("%s is %s, want %s", path, is, want)
			}
		}
	})
}

// TestResume cuts a client off again and again, and finds that it sees every
// event of the log, once and in order.
func TestResume(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		after := cursor(t, ada)
		const moves, cut = 60, 7
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range moves {
				b.move(t, ada, []string{b.there, b.here}[i%2])
			}
		}()
		var seen []string
		for len(seen) < moves {
			w := connect(t, api, ada)
			w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": after})
			for range min(cut, moves-len(seen)) {
				after = apitest.ValueOf(w.next("stageMoved")).Get("cursor").String()
				seen = append(seen, after)
			}
			_ = w.conn.CloseNow()
		}
		<-done
		if want := logged(t, api, ada, event.KindCARD_MOVED); !slices.Equal(seen, want) {
			t.Errorf("seen:\n%v\nin the log:\n%v", seen, want)
		}
	})
}

// logged are the cursors of the events of a kind.
func logged(t *testing.T, api *apitest.API, as *apitest.Client, kind event.Kind) []string {
	t.Helper()
	rows, err := api.Store.Client.Event.Query().Where(event.KindEQ(kind)).Order(event.BySeq()).All(as.Context)
	if err != nil {
		t.Fatal(err)
	}
	var cursors []string
	for _, row := range rows {
		cursors = append(cursors, log.PositionOf(row).String())
	}
	return cursors
}

func TestCloseCodes(t *testing.T) {
	api := apitest.NewLive(t, storetest.SQLite(t), live.Config{InitTimeout: 300 * time.Millisecond, MaxSockets: 2, MaxOperations: 2})
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	watch := map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{"query": watchMoves, "variables": map[string]any{"board": b.pipeline}}}
	initial := map[string]any{"type": "connection_init", "payload": map[string]any{"token": ada.Token}}
	for name, test := range map[string]struct {
		messages []any
		code     websocket.StatusCode
	}{
		"no init":             {nil, 4408},
		"not JSON":            {[]any{"hello"}, 4400},
		"no type":             {[]any{map[string]any{}}, 4400},
		"unknown type":        {[]any{map[string]any{"type": "start"}}, 4400},
		"init with a list":    {[]any{map[string]any{"type": "connection_init", "payload": []int{1}}}, 4400},
		"no token":            {[]any{map[string]any{"type": "connection_init"}}, 4403},
		"bad token":           {[]any{map[string]any{"type": "connection_init", "payload": map[string]any{"token": "x"}}}, 4403},
		"subscribe too early": {[]any{watch}, 4401},
		"two inits":           {[]any{initial, initial}, 4429},
		"no id":               {[]any{initial, map[string]any{"type": "subscribe", "payload": map[string]any{"query": "{ __typename }"}}}, 4400},
		"no payload":          {[]any{initial, map[string]any{"type": "subscribe", "id": "1"}}, 4400},
		"an id twice":         {[]any{initial, watch, watch}, 4409},
		"a type twice":        {[]any{`{"type":"ping","type":"pong"}`}, 4400},
		"a token twice":       {[]any{`{"type":"connection_init","payload":{"token":"` + ada.Token + `","token":"x"}}`}, 4400},
		"a variable twice":    {[]any{initial, `{"type":"subscribe","id":"1","payload":{"query":"{ __typename }","variables":{"é":1,"é":2}}}`}, 4400},
		"too many values":     {[]any{`{"type":"ping","payload":[` + strings.Repeat("[],", 20_000) + `[]]}`}, 4400},
		"a number for an id":  {[]any{initial, map[string]any{"type": "complete", "id": 1}}, 4400},
		"binary":              {[]any{[]byte("{}")}, 4400},
	} {
		t.Run(name, func(t *testing.T) {
			w := dial(t, api)
			for _, m := range test.messages {
				switch m := m.(type) {
				case string:
					w.raw(m)
				case []byte:
					if err := w.conn.Write(t.Context(), websocket.MessageBinary, m); err != nil {
						t.Fatal(err)
					}
				case map[string]any:
					w.send(m)
				}
			}
			got := w.closed()
			if got.Code != test.code || got.Reason == "" {
				t.Errorf("closed with %d %q, want %d", got.Code, got.Reason, test.code)
			}
			if isTwice := strings.Contains(got.Reason, "stands there twice"); isTwice != (test.code == 4400 && strings.HasSuffix(name, " twice")) {
				t.Errorf("closed with %q", got.Reason)
			}
			_ = w.conn.CloseNow()
		})
	}
}
