// Package clients_test watches boards with the clients that pages use, graphql-ws
// and graphql-sse. Each test runs a script of this directory.
package clients_test

import (
	"bufio"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"dealflow/ent/event"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	log "dealflow/internal/event"
	"dealflow/internal/live"
	"dealflow/internal/store/storetest"
)

// board is a pipeline with two stages and a deal.
type board struct {
	Pipeline string `json:"pipeline"`
	Here     string `json:"here"`
	There    string `json:"there"`
	Deal     string `json:"deal"`
}

func newBoard(t *testing.T, as *apitest.Client) board {
	t.Helper()
	made := as.Must(t, `mutation { createPipeline(input: {name: "Sales", stages: [{name: "Here"}, {name: "There"}]}) {
		pipeline { id stages { id } } userErrors { message } } }`, nil).Get("createPipeline.pipeline")
	b := board{Pipeline: made.Get("id").String(), Here: made.Get("stages.0.id").String(), There: made.Get("stages.1.id").String()}
	b.Deal = as.Must(t, `mutation ($stage: ID!) { createDeal(input: {title: "Big", stageId: $stage, contact: {email: "eve@example.com"}}) {
		deal { id } userErrors { message } } }`, apitest.Vars{"stage": b.Here}).Get("createDeal.deal.id").String()
	return b
}

// script runs a script to its end, telling it what it needs.
func script(t *testing.T, name string, given map[string]any) {
	t.Helper()
	text, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	command := apitest.Node(t, "..", "clients/"+name, string(text))
	command.Stdout = t.Output()
	if err := command.Run(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func TestMoves(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		script(t, "moves.mjs", map[string]any{"url": api.URL, "token": ada.Token, "board": newBoard(t, ada)})
	})
}

// TestResume cuts the network between a client and the server, again and again
// while moves go on: the client sees every event of the log, once and in order.
func TestResume(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		for _, transport := range []string{"sockets", "streams"} {
			t.Run(transport, func(t *testing.T) { testResume(t, api, transport) })
		}
	})
}

func testResume(t *testing.T, api *apitest.API, transport string) {
	const moves, cut = 120, 9
	ada := api.Organization(t, transport)
	b, network := newBoard(t, ada), api.Proxy(t)
	given, err := json.Marshal(map[string]any{
		"url": network.URL, "token": ada.Token, "board": b, "transport": transport,
		"after": ada.Must(t, `{ eventCursor }`, nil).Get("eventCursor").String(),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := apitest.Node(t, "..", "clients/resume.mjs", string(given))
	output, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	defer client.Wait()         //nolint:errcheck // it ends by being killed
	defer client.Process.Kill() //nolint:errcheck // it may have ended

	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range moves {
			ada.Must(t, `mutation ($id: ID!, $stage: ID!) { moveDeal(input: {id: $id, stageId: $stage}) { deal { id } userErrors { message } } }`,
				apitest.Vars{"id": b.Deal, "stage": []string{b.There, b.Here}[i%2]})
		}
	}()
	var seen []string
	for lines := bufio.NewScanner(output); len(seen) < moves && lines.Scan(); {
		if seen = append(seen, lines.Text()); len(seen)%cut == 0 {
			network.Cut()
		}
	}
	<-done
	if want := logged(t, api, ada); !slices.Equal(seen, want) {
		t.Errorf("seen:\n%q\nin the log:\n%q", seen, want)
	}
}

// logged are the cursors of the moves in the log.
func logged(t *testing.T, api *apitest.API, as *apitest.Client) []string {
	t.Helper()
	rows, err := api.Store.Client.Event.Query().Where(event.KindEQ(event.KindCARD_MOVED)).Order(event.BySeq()).All(as.Context)
	if err != nil {
		t.Fatal(err)
	}
	cursors := make([]string, len(rows))
	for i, row := range rows {
		cursors[i] = log.PositionOf(row).String()
	}
	return cursors
}

func TestCloseCodes(t *testing.T) {
	testEnds(t, "closes.mjs", live.Config{InitTimeout: time.Second, MaxSockets: 2})
}

func TestStreams(t *testing.T) { testEnds(t, "streams.mjs", live.Config{}) }

// TestDatabaseDown connects while the server cannot find out who that is: the
// client must not take it for the end.
func TestDatabaseDown(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	if err := api.Store.Close(); err != nil {
		t.Fatal(err)
	}
	script(t, "down.mjs", map[string]any{"url": api.URL, "token": ada.Token})
}

// testEnds runs a script about how subscriptions end, with tokens that help it.
func testEnds(t *testing.T, name string, limits live.Config) {
	api := apitest.NewLive(t, storetest.SQLite(t), limits)
	ada := api.Organization(t, "acme")
	script(t, name, map[string]any{
		"url": api.URL, "token": ada.Token, "board": newBoard(t, ada),
		"crowd": ada.As(t, "crowd", auth.RoleViewer).Token,
		// A token is good for a while after its time.
		"expiring": ada.For(t, 2*time.Second-auth.Leeway).Token,
	})
}
