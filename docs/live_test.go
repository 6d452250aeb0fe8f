package docs_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dealflow/ent/event"
	"dealflow/internal/apitest"
	log "dealflow/internal/event"
)

// TestLiveClient runs the client of live.md as it is printed, over a network that
// is cut again and again: it sees every event of the log, once and in order.
func TestLiveClient(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		const moves, cut = 60, 8
		ada, network := api.Organization(t, "acme"), api.Proxy(t)
		made := ada.Must(t, `mutation { createPipeline(input: {name: "Sales", stages: [{name: "Here"}, {name: "There"}]}) {
			pipeline { id stages { id } } userErrors { message } } }`, nil).Get("createPipeline.pipeline")
		stages := made.Get("stages").All("id")
		deal := ada.Must(t, `mutation ($stage: ID!) { createDeal(input: {title: "Big", stageId: $stage, contact: {email: "eve@example.com"}}) {
			deal { id } userErrors { message } } }`, apitest.Vars{"stage": stages[0]}).Get("createDeal.deal.id").String()

		client := apitest.Node(t, "../web", "--import", "./clients/browser.mjs", "--input-type=module", "--eval",
			strings.ReplaceAll(liveClient(t), "ws://localhost:8080", strings.Replace(network.URL, "http", "ws", 1))+fmt.Sprintf(`
				const freshToken = async () => %q;
				await watch(%q, () => console.log("{}"), (event) => console.log(JSON.stringify(event)));`, ada.Token, made.Get("id")))
		output, err := client.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Start(); err != nil {
			t.Fatal(err)
		}
		defer client.Wait()         //nolint:errcheck // it ends by being killed
		defer client.Process.Kill() //nolint:errcheck // it may have ended

		lines := bufio.NewScanner(output)
		lines.Scan() // the board is drawn
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range moves {
				ada.Must(t, `mutation ($id: ID!, $stage: ID!) { moveDeal(input: {id: $id, stageId: $stage}) { deal { id } userErrors { message } } }`,
					apitest.Vars{"id": deal, "stage": stages[(i+1)%2]})
			}
		}()
		var seen []string
		for len(seen) < moves && lines.Scan() {
			var e struct{ Cursor, CardID string }
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil || e.CardID != deal {
				t.Fatalf("it saw %s (%v)", lines.Text(), err)
			}
			if seen = append(seen, e.Cursor); len(seen)%cut == 0 {
				network.Cut()
			}
		}
		<-done
		rows, err := api.Store.Client.Event.Query().Where(event.KindEQ(event.KindCARD_MOVED)).Order(event.BySeq()).All(ada.Context)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, row := range rows {
			want = append(want, log.PositionOf(row).String())
		}
		if !slices.Equal(seen, want) {
			t.Errorf("seen:\n%q\nin the log:\n%q", seen, want)
		}
	})
}

// liveClient is the script that live.md shows, with the options that it shows next.
func liveClient(t *testing.T) string {
	t.Helper()
	var scripts []string
	for _, b := range blocks(t, "live.md") {
		if b.language == "js" {
			scripts = append(scripts, b.text)
		}
	}
	if len(scripts) != 2 {
		t.Fatalf("live.md shows %d scripts instead of a client and its options", len(scripts))
	}
	client, options := scripts[0], scripts[1]
	return options + strings.Replace(client, "createClient({", "createClient({ ...awake,", 1)
}
