package live_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/live"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// until waits for something to become true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// subscriptions waits until there are so many.
func subscriptions(t *testing.T, api *apitest.API, n int) {
	t.Helper()
	until(t, fmt.Sprint(n, " subscriptions"), func() bool { return api.Metric(t, "dealflow_live_subscriptions") == float64(n) })
}

// TestStatementsOfAnEvent finds that an event costs as many statements for fifty
// subscribers as for one.
func TestStatementsOfAnEvent(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		cost := func(subscribers int) float64 {
			var wires []*wire
			after := cursor(t, ada)
			for range subscribers {
				w := connect(t, api, ada)
				w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": after})
				wires = append(wires, w)
			}
			subscriptions(t, api, subscribers)
			before := api.Metric(t, "dealflow_graphql_operation_sql_statements_sum")
			b.move(t, ada, b.there)
			for _, w := range wires {
				w.next("stageMoved")
			}
			cost := api.Metric(t, "dealflow_graphql_operation_sql_statements_sum") - before
			b.move(t, ada, b.here)
			for _, w := range wires {
				w.next("stageMoved")
				_ = w.conn.CloseNow()
			}
			subscriptions(t, api, 0)
			return cost
		}
		if one, many := cost(1), cost(50); many != one || one == 0 {
			t.Errorf("a move and its event cost %v statements for one subscriber, and %v for fifty", one, many)
		}
	})
}

// TestGroups finds out which subscriptions are executed as one.
func TestGroups(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	eve := api.Organization(t, "other")
	b, theirs := newBoard(t, ada), newBoard(t, eve)
	w, other := connect(t, api, ada), connect(t, api, eve)
	bob := connect(t, api, ada.As(t, "bob", auth.RoleAdmin))
	viewer := connect(t, api, ada.As(t, "vic", auth.RoleViewer))
	for i, s := range []struct {
		w      *wire
		board  string
		query  string
		after  any
		groups int
	}{
		{w, b.pipeline, watchMoves, nil, 1},
		{w, b.pipeline, watchMoves, cursor(t, ada), 1},                                  // wherever it begins
		{bob, b.pipeline, watchMoves, nil, 1},                                           // whoever it is
		{viewer, b.pipeline, watchMoves, nil, 2},                                        // with other permissions
		{w, b.pipeline, watchMoves + " ", nil, 3},                                       // another document
		{other, theirs.pipeline, watchMoves, nil, 4},                                    // another board, of another organization
		{other, theirs.pipeline, watchMoves, nil, 4},                                    // again
		{w, newBoard(t, ada.As(t, "ada", auth.RoleAdmin)).pipeline, watchMoves, nil, 5}, // another board
	} {
		s.w.subscribe(fmt.Sprint(i), s.query, apitest.Vars{"board": s.board, "after": s.after})
		subscriptions(t, api, i+1)
		if groups := api.Metric(t, "dealflow_live_groups"); groups != float64(s.groups) {
			t.Errorf("after subscription %d there are %v groups, not %d", i, groups, s.groups)
		}
	}
}

// TestForeignBoard finds that another organization's board is none, and that its
// events stay there.
func TestForeignBoard(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada, eve := api.Organization(t, "acme"), api.Organization(t, "other")
		b := newBoard(t, ada)
		w := connect(t, api, eve)
		for _, query := range []string{
			watchMoves,
			`subscription ($board: ID!, $after: String) { boardChanged(pipelineId: $board, after: $after) { __typename } }`,
		} {
			w.subscribe("1", query, apitest.Vars{"board": b.pipeline, "after": cursor(t, eve)})
			refused := apitest.ValueOf(w.receive())
			if refused.Get("type").String() != "error" || refused.Get("payload.0.extensions.code").String() != "BAD_USER_INPUT" {
				t.Errorf("instead of an error: %v", refused)
			}
		}
		own := newBoard(t, eve)
		w.subscribe("2", watchMoves, apitest.Vars{"board": own.pipeline, "after": cursor(t, ada)})
		if got := w.next("stageMoved"); got["__typename"] != "Gap" {
			t.Errorf("after another organization's cursor comes %v", got)
		}
		b.move(t, ada, b.there)
		own.move(t, eve, own.there)
		if got := w.next("stageMoved"); got["cardId"] != own.deal {
			t.Errorf("another organization's event: %v", got)
		}
	})
}

// TestHiddenCards finds that who may not see leads gets no events of them.
func TestHiddenCards(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		partner := connect(t, api, ada.As(t, "pat", auth.RolePartner, auth.ViewSalesPipelines))
		partner.subscribe("1", `subscription ($board: ID!, $after: String) {
			boardChanged(pipelineId: $board, after: $after) { __typename ... on CardCreated { cardId } ... on CardMoved { cardId } } }`,
			apitest.Vars{"board": b.pipeline, "after": cursor(t, ada)})
		ada.Must(t, `mutation ($stage: ID!) { createLead(input: {firstName: "Lea", stageId: $stage}) { lead { id } userErrors { message } } }`,
			apitest.Vars{"stage": b.here})
		b.move(t, ada, b.there)
		if got := partner.next("boardChanged"); got["cardId"] != b.deal {
			t.Errorf("the first event is %v", got)
		}
		partner.subscribe("2", `subscription { leadChanged(leadId: "lead_01h455vb4pex5vsknk084sn02q") { __typename } }`, nil)
		if got := apitest.ValueOf(partner.receive()); got.Get("payload.0.extensions.code").String() != "FORBIDDEN" {
			t.Errorf("without VIEW_LEADS, leadChanged answers %v", got)
		}
	})
}

// TestGap prunes what a client has not seen, which is then told so, before what
// is left and before what comes.
func TestGap(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		after := cursor(t, ada)
		b.move(t, ada, b.there)
		b.move(t, ada, b.here)
		api.Clock.Advance(8 * 24 * time.Hour)
		ada = ada.As(t, "ada", auth.RoleAdmin) // the old token has expired
		b.move(t, ada, b.there)
		if gone, err := api.Events.Forget(t.Context()); err != nil || gone == 0 {
			t.Fatalf("%d events forgotten, %v", gone, err)
		}
		w := connect(t, api, ada)
		w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": after})
		gap := w.next("stageMoved")
		if gap["__typename"] != "Gap" {
			t.Fatalf("the first event is %v", gap)
		}
		left := w.next("stageMoved")
		if left["toStageId"] != b.there {
			t.Errorf("after the gap comes %v", left)
		}
		// The gap's cursor is as good as any.
		w.subscribe("2", watchMoves, apitest.Vars{"board": b.pipeline, "after": gap["cursor"]})
		if again := w.next("stageMoved"); again["cursor"] != left["cursor"] {
			t.Errorf("after the gap's cursor comes %v", again)
		}
	})
}

// TestSlowClient stops reading: it is told that it was too slow, and the others
// notice nothing.
func TestSlowClient(t *testing.T) {
	api := apitest.NewLive(t, storetest.SQLite(t), live.Config{Buffer: 8, WriteTimeout: time.Second})
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	// Large responses, so that what the network holds back is soon full.
	wide := strings.Repeat("c", 190)
	query := `subscription ($board: ID!, $after: String) { stageMoved(pipelineId: $board, after: $after) { ... on Event { cursor } ... on CardMoved {`
	for i := range 100 {
		query += fmt.Sprintf(" %[1]s%[2]d: cardId %[1]sf%[2]d: fromStageId %[1]st%[2]d: toStageId", wide, i)
	}
	query += " } } }"
	slow, quick := connect(t, api, ada), connect(t, api, ada)
	after := cursor(t, ada)
	slow.subscribe("1", query, apitest.Vars{"board": b.pipeline, "after": after})
	quick.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": after})
	subscriptions(t, api, 2)
	for i := 0; api.Metric(t, "dealflow_live_subscriptions") == 2; i++ {
		if i == 2000 {
			t.Fatal("the slow client is still there")
		}
		b.move(t, ada, []string{b.there, b.here}[i%2])
		quick.next("stageMoved")
	}
	// It reads what was on the way, without a hole, and then why there is no more,
	// unless it was too slow for that, too.
	all := logged(t, api, ada, event.KindCARD_MOVED)
	for {
		_, text, err := slow.conn.Read(t.Context())
		if err == nil {
			if !strings.Contains(string(text), all[0]) {
				t.Fatalf("not the next one, %s: %.300s", all[0], text)
			}
			all = all[1:]
			continue
		}
		var why websocket.CloseError
		if asClose(err, &why) && why.Code != websocket.StatusTryAgainLater {
			t.Errorf("closed with %v", why)
		}
		break
	}
}

// TestExpiredToken closes a socket when its token expires.
func TestExpiredToken(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	api.Clock.Advance(time.Hour + auth.Leeway - 300*time.Millisecond)
	w := connect(t, api, ada)
	if why := w.closed(); why.Code != 4403 || !strings.Contains(why.Reason, "expired") {
		t.Errorf("closed with %v", why)
	}
}

// TestLimits of operations on a socket and of sockets of a user.
func TestLimits(t *testing.T) {
	api := apitest.NewLive(t, storetest.SQLite(t), live.Config{MaxSockets: 2, MaxOperations: 2})
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	w := connect(t, api, ada)
	for _, id := range []string{"1", "2", "3"} {
		w.subscribe(id, watchMoves, apitest.Vars{"board": b.pipeline})
	}
	if got := apitest.ValueOf(w.receive()); got.Get("id").String() != "3" || got.Get("payload.0.extensions.code").String() != "RATE_LIMITED" {
		t.Errorf("a third operation: %v", got)
	}
	w.send(map[string]any{"type": "complete", "id": "1"})
	subscriptions(t, api, 1)
	w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline})
	subscriptions(t, api, 2)

	connect(t, api, ada)
	third := dial(t, api)
	third.send(map[string]any{"type": "connection_init", "payload": map[string]any{"token": ada.Token}})
	if why := third.closed(); why.Code != 4429 {
		t.Errorf("a third socket is closed with %v", why)
	}
	connect(t, api, ada.As(t, "bob", auth.RoleViewer))
}

// TestLeadChanged watches a lead and the comments on it.
func TestLeadChanged(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		lead := ada.Must(t, `mutation { createLead(input: {firstName: "Lea"}) { lead { id } userErrors { message } } }`, nil).
			Get("createLead.lead.id").String()
		w := connect(t, api, ada)
		w.subscribe("1", `subscription ($lead: ID!, $after: String) { leadChanged(leadId: $lead, after: $after) {
			__typename
			... on CardUpdated { changes { field to } card { ... on Lead { lastName } } }
			... on CardMoved { fromStageId toStageId card { ... on Lead { rank } } }
			... on CommentAdded { comment { content } }
			... on CommentEdited { comment { content } }
			... on CommentDeleted { commentId }
		} }`, apitest.Vars{"lead": lead, "after": cursor(t, ada)})
		vars := apitest.Vars{"lead": lead, "stage": b.here}
		ada.Must(t, `mutation ($lead: ID!) { updateLead(input: {id: $lead, lastName: "Last"}) { userErrors { message } } }`, apitest.Vars{"lead": lead})
		ada.Must(t, `mutation ($lead: ID!, $stage: ID!) { moveLead(input: {id: $lead, stageId: $stage}) { userErrors { message } } }`, vars)
		comment := ada.Must(t, `mutation ($lead: ID!) { addComment(input: {subjectId: $lead, content: "Hello"}) { comment { id } userErrors { message } } }`,
			apitest.Vars{"lead": lead}).Get("addComment.comment.id").String()
		ada.Must(t, `mutation ($id: ID!) { deleteComment(input: {id: $id}) { userErrors { message } } }`, apitest.Vars{"id": comment})
		ada.Must(t, `mutation ($lead: ID!) { archiveLeads(input: {ids: [$lead]}) { userErrors { message } } }`, apitest.Vars{"lead": lead})
		ada.Must(t, `mutation ($lead: ID!) { deleteLeads(input: {ids: [$lead]}) { userErrors { message } } }`, apitest.Vars{"lead": lead})
		for i, want := range []string{"CardUpdated", "CardMoved", "CommentAdded", "CommentDeleted", "CardArchived", "CardRemoved"} {
			got := apitest.ValueOf(w.next("leadChanged"))
			if got.Get("__typename").String() != want {
				t.Fatalf("event %d is %v, want %s", i, got, want)
			}
			if want == "CardMoved" && got.Get("toStageId").String() != b.here {
				t.Errorf("moved to %s", got.Get("toStageId"))
			}
		}
		if events := logged(t, api, ada, event.KindCOMMENT_ADDED); len(events) != 1 {
			t.Errorf("%d comments were told of", len(events))
		}
	})
}

// TestQueriesOverASocket runs what is no subscription, as the protocol has it.
func TestQueriesOverASocket(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	w := connect(t, api, ada)
	w.subscribe("q", `{ viewer { user { name } } }`, nil)
	if got := apitest.ValueOf(w.receive()); got.Get("payload.data.viewer.user.name").String() != "ada" {
		t.Errorf("a query answers %v", got)
	}
	if got := w.receive(); got["type"] != "complete" || got["id"] != "q" {
		t.Errorf("and then %v", got)
	}
	w.subscribe("bad", `{ nonsense }`, nil)
	if got := apitest.ValueOf(w.receive()); got.Get("type").String() != "error" || got.Get("payload.0.extensions.code").String() != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("a bad query answers %v", got)
	}
}

// TestShutdown tells clients to connect again, and not that there is no more.
func TestShutdown(t *testing.T) {
	api := apitest.NewLive(t, storetest.SQLite(t), live.Config{MaxSockets: 1000})
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	const sockets = 200
	var wires []*wire
	for range sockets {
		w := connect(t, api, ada)
		w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline})
		wires = append(wires, w)
	}
	e := stream(t, api, ada, watchMoves, apitest.Vars{"board": b.pipeline})
	subscriptions(t, api, sockets+1)
	go api.Close(t)
	for _, w := range wires {
		_, text, err := w.conn.Read(t.Context())
		var why websocket.CloseError
		if !asClose(err, &why) || why.Code != websocket.StatusServiceRestart {
			t.Fatalf("instead of a farewell: %s, %v", text, err)
		}
		_ = w.conn.CloseNow()
	}
	if rest, _ := io.ReadAll(e.answer.Body); strings.Contains(string(rest), "complete") {
		t.Errorf("the stream ends with %s", rest)
	}
}

// TestSetBack sets the database back to a backup: who watches is told, and then
// gets what happens in the log that is there now; and so does who comes back.
func TestSetBack(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		start := cursor(t, ada)
		first := api.Store.Client.Event.Query().Order(ent.Desc(event.FieldSeq)).FirstX(ada.Context)
		w := connect(t, api, ada)
		w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": start})
		var last string
		for i := range 6 {
			b.move(t, ada, []string{b.there, b.here}[i%2])
			last = apitest.ValueOf(w.next("stageMoved")).Get("cursor").String()
		}
		api.Store.Client.Event.Delete().Where(event.SeqGT(first.Seq)).ExecX(ada.Context)
		api.Store.Client.EventHead.Update().SetSeq(first.Seq).ExecX(ada.Context)
		if got := w.next("stageMoved"); got["__typename"] != "Gap" || got["cursor"] != start {
			t.Fatalf("of the loss, the client hears %v", got)
		}
		for i := range 3 {
			to := []string{b.there, b.here}[i%2]
			b.move(t, ada, to)
			if got := w.next("stageMoved"); got["toStageId"] != to {
				t.Errorf("and then %v", got)
			}
		}
		back := connect(t, api, ada)
		back.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": last})
		if got := back.next("stageMoved"); got["__typename"] != "Gap" {
			t.Errorf("who comes back hears %v", got)
		}
		back.subscribe("2", watchMoves, apitest.Vars{"board": b.pipeline, "after": start})
		for i := range 3 {
			if got := back.next("stageMoved"); got["toStageId"] != []string{b.there, b.here}[i%2] {
				t.Errorf("who goes on from the gap gets %v", got)
			}
		}
	})
}

// TestDeletedMeanwhile comes back to a board that is gone: how it went is told
// first, and then that there is none.
func TestDeletedMeanwhile(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		newBoard(t, ada) // the default one
		b, other := newBoard(t, ada), newBoard(t, ada)
		after := cursor(t, ada)
		ada.Must(t, `mutation ($id: ID!, $to: ID!) { deletePipeline(input: {id: $id, moveCardsToStageId: $to}) { userErrors { message } } }`,
			apitest.Vars{"id": b.pipeline, "to": other.here})
		w := connect(t, api, ada)
		w.subscribe("1", `subscription ($board: ID!, $after: String) { boardChanged(pipelineId: $board, after: $after) { __typename } }`,
			apitest.Vars{"board": b.pipeline, "after": after})
		for _, want := range []string{"CardMoved", "StageRemoved", "StageRemoved", "PipelineChanged"} {
			if got := w.next("boardChanged"); got["__typename"] != want {
				t.Errorf("%v instead of %s", got, want)
			}
		}
		if got := apitest.ValueOf(w.receive()); got.Get("payload.0.extensions.code").String() != "BAD_USER_INPUT" {
			t.Errorf("and then %v", got)
		}
	})
}

// TestFailingDatabase takes a table away for a moment: what happens meanwhile
// comes late, and nothing is lost.
func TestFailingDatabase(t *testing.T) {
	s := storetest.Postgres(t)
	api := apitest.New(t, s)
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	w := connect(t, api, ada)
	w.subscribe("1", watchMoves, apitest.Vars{"board": b.pipeline, "after": cursor(t, ada)})
	b.move(t, ada, b.there)
	w.next("stageMoved")
	execute := func(statement string) {
		t.Helper()
		if _, err := s.Client.ExecContext(store.System(t.Context()), statement); err != nil {
			t.Fatal(err)
		}
	}
	execute("ALTER TABLE users RENAME TO hidden") // the event's actor cannot be read
	b.move(t, ada, b.here)
	time.AfterFunc(300*time.Millisecond, func() { execute("ALTER TABLE hidden RENAME TO users") })
	got := apitest.ValueOf(w.next("stageMoved"))
	if got.Get("toStageId").String() != b.here || got.Get("actor.name").String() != "ada" {
		t.Errorf("what comes late is %v", got)
	}
}

// TestSilentClient asks a client that says nothing, and cuts it off when it does
// not answer.
func TestSilentClient(t *testing.T) {
	t.Parallel() // it waits most of the time
	// Long enough for an answer on a machine with other work.
	api := apitest.NewLive(t, storetest.SQLite(t), live.Config{PingInterval: 2 * time.Second})
	ada := api.Organization(t, "acme")
	w := connect(t, api, ada)
	if got := w.receive(); got["type"] != "ping" {
		t.Fatalf("instead of a ping: %v", got)
	}
	w.send(map[string]any{"type": "pong"})
	w.send(map[string]any{"type": "ping"})
	for got := w.receive(); got["type"] != "pong"; got = w.receive() {
		if got["type"] != "ping" {
			t.Fatalf("instead of a pong: %v", got)
		}
	}
	if why := w.closed(); why.Code != websocket.StatusTryAgainLater {
		t.Errorf("closed with %v", why)
	}
}
