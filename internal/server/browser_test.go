package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"dealflow/internal/event"
)

// screenshots is set to have docs/playground.png taken anew.
const screenshots = "DEALFLOW_UPDATE_SCREENSHOTS"

// The parts of the playground that the tests touch.
const (
	editorLine  = chromedp.CSS(`.graphiql-query-editor .view-line`)
	runButton   = chromedp.CSS(`button.graphiql-execute-button`)
	tokenField  = chromedp.CSS(`#token`)
	boardButton = chromedp.CSS(`section[aria-label="Examples"] button[aria-label="Board"]`)
	watchButton = chromedp.CSS(`section[aria-label="Examples"] button[aria-label="Watch a board"]`)
	resultLines = chromedp.CSS(`.result-window .view-lines`)
	docsButton  = chromedp.CSS(`button[aria-label="Show Documentation Explorer"]`)
	docsPane    = chromedp.CSS(`.graphiql-doc-explorer`)
)

// TestPlaygroundInABrowser uses the playground as a person does: it opens the
// page as the program prints its address, with a token, runs the first example, and reads the
// documentation, without a network but to this server.
func TestPlaygroundInABrowser(t *testing.T) {
	w := mustServePlayground(t)
	w.fillBoard()
	b := openBrowser(t)

	b.do(chromedp.EmulateViewport(1600, 960))
	token := w.token()
	b.do(chromedp.Navigate(w.url+"/#token="+token), chromedp.WaitVisible(editorLine), chromedp.WaitVisible(runButton))
	if got := get(b, chromedp.Value(tokenField)); got != token {
		t.Errorf("the token field holds %q, want the address's token", got)
	}
	// Nor do the address bar and the tab's history keep it, but a reload finds it.
	if got := get(b, chromedp.Location()); got != w.url+"/" {
		t.Errorf("the address is %q, want it without the token", got)
	}
	b.do(chromedp.Reload(), chromedp.WaitVisible(editorLine), chromedp.WaitVisible(runButton))
	if got := get(b, chromedp.Value(tokenField)); got != token {
		t.Errorf("after a reload the token field holds %q", got)
	}

	b.do(chromedp.WaitVisible(boardButton), chromedp.Click(boardButton), chromedp.Click(runButton))
	// The editor draws no more than fits the window; its model has all.
	answer := get(b, chromedp.Poll[string](
		`window.__MONACO.editor.getModels().map((m) => m.getValue()).find((text) => text.startsWith('{\n  "data"'))`))
	for _, want := range []string{
		`"name": "New customers"`, `"name": "Negotiation"`, `"title": "Forty desks"`,
		`"amount": "18400.00"`, `"name": "Grace Hopper"`, `"firstName": "Katherine"`,
	} {
		if !strings.Contains(answer, want) {
			t.Errorf("the result lacks %s:\n%s", want, answer)
		}
	}
	b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf(
		`document.querySelector(%q)?.innerText.replaceAll('\u00a0', ' ').includes("New customers")`, resultLines)))
	b.screenshot(filepath.Join("..", "..", "docs", "playground.png"))

	b.do(chromedp.Click(docsButton), chromedp.WaitVisible(docsPane))
	b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf(
		`document.querySelector(%q).innerText.includes("pipelines, their stages, and the deals and leads")`, docsPane)))

	b.check(w.url)
}

// TestSubscriptionInABrowser watches a board in the playground while deals move.
func TestSubscriptionInABrowser(t *testing.T) {
	w := mustServePlayground(t)
	w.fillBoard()
	var board struct {
		Data struct {
			EventCursor string
			Pipelines   struct {
				Nodes []struct {
					ID     string
					Stages []struct {
						ID    string
						Deals struct{ Nodes []struct{ ID string } }
					}
				}
			}
		}
	}
	answer := w.query("{ eventCursor pipelines(first: 1) { nodes { id stages { id deals(first: 1) { nodes { id } } } } } }")
	if err := json.Unmarshal([]byte(answer.body), &board); err != nil {
		t.Fatal(err)
	}
	pipeline := board.Data.Pipelines.Nodes[0]
	variables, err := json.Marshal(map[string]any{"pipelineId": pipeline.ID, "after": board.Data.EventCursor})
	if err != nil {
		t.Fatal(err)
	}
	move := func(stage int) {
		w.mutate("moveDeal", map[string]any{"id": pipeline.Stages[0].Deals.Nodes[0].ID, "stageId": pipeline.Stages[stage].ID}, "deal { id }")
	}
	b := openBrowser(t)
	shows := func(stage string) {
		b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf(
			`window.__MONACO.editor.getModels().some((m) => /"to": \{\s*"name": %q/.test(m.getValue()))`, stage)))
	}

	b.do(chromedp.EmulateViewport(1600, 960), chromedp.Navigate(w.url+"/#token="+w.token()),
		chromedp.WaitVisible(editorLine), chromedp.WaitVisible(runButton),
		chromedp.WaitVisible(watchButton), chromedp.Click(watchButton))
	b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf(
		`window.__MONACO.editor.getModels().find((m) => m.getValue().includes('"pipelineId"'))?.setValue(%q) === undefined &&
			window.__MONACO.editor.getModels().some((m) => m.getValue() === %q)`, variables, variables)))
	w.watches(b)
	move(1)
	shows("Demo")
	move(3) // now that the page surely watches
	shows("Negotiation")
	b.check(w.url)
}

// watches clicks the run button until there is a subscription: the page takes note
// of what is in its editors a moment later, and runs what it has noted, which the
// server may refuse.
func (w *world) watches(b *browser) {
	w.t.Helper()
	for range 20 {
		b.do(chromedp.Click(runButton))
		for range 100 {
			if strings.Contains(w.do(http.MethodGet, "/metrics", "").body, "dealflow_live_subscriptions 1\n") {
				b.forgive()
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	w.t.Fatal("the page watches nothing")
}

// mustServePlayground runs a server with the whole of the API and the playground.
func mustServePlayground(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	config := w.config()
	config.Events = event.New(event.Config{Store: w.store})
	config.Sales.OnEvents(config.Events.Committed)
	following, stop := context.WithCancel(context.Background())
	var tail sync.WaitGroup
	tail.Go(func() { config.Events.Run(following) })
	t.Cleanup(func() {
		stop()
		tail.Wait()
	})
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.run(s)
	if a := w.send(w.request(http.MethodGet, "/", nil)); !strings.Contains(a.body, `<div id="playground">`) {
		if _, err := exec.LookPath("npm"); err != nil {
			t.Skip("npm is not here, and so the program has no playground")
		}
		t.Fatal("web/dist holds no playground: run `make web`, then the test again")
	}
	return w
}

// fillBoard makes a pipeline that is worth looking at.
func (w *world) fillBoard() {
	w.t.Helper()
	made := w.mutate("createPipeline", map[string]any{
		"name": "New customers",
		"stages": []map[string]any{
			{"name": "Qualified", "probability": 0.2},
			{"name": "Demo", "probability": 0.4},
			{"name": "Offer", "probability": 0.6, "rottenAfter": 14},
			{"name": "Negotiation", "probability": 0.8},
			{"name": "Won", "probability": 1},
		},
	}, "pipeline { stages { id } }")
	stages := made["pipeline"].(map[string]any)["stages"].([]any)
	stage := func(i int) any { return stages[i].(map[string]any)["id"] }
	var me struct {
		Data struct {
			Viewer struct{ User struct{ ID string } }
		}
	}
	if err := json.Unmarshal([]byte(w.query("{ viewer { user { id } } }").body), &me); err != nil {
		w.t.Fatal(err)
	}
	for _, d := range []struct {
		stage                  int
		title, amount, contact string
	}{
		{0, "Forty desks", "18400.00", "Grace Hopper"},
		{0, "Second floor", "9250.00", "Edsger Dijkstra"},
		{0, "Reading room", "3120.00", "Barbara Liskov"},
		{1, "Three meeting rooms", "27900.00", "Alan Kay"},
		{1, "Acoustic panels", "6480.00", "Frances Allen"},
		{2, "Two receptions", "41000.00", "Niklaus Wirth"},
		{3, "Canteen", "64750.00", "Radia Perlman"},
	} {
		w.mutate("createDeal", map[string]any{
			"stageId": stage(d.stage), "title": d.title,
			"value": map[string]any{"amount": d.amount, "currency": "EUR"}, "assignedToId": me.Data.Viewer.User.ID,
			"contact": map[string]any{"name": d.contact, "email": strings.ToLower(strings.ReplaceAll(d.contact, " ", ".")) + "@example.com"},
		}, "deal { id }")
	}
	for _, l := range []struct{ first, last, company string }{
		{"Katherine", "Johnson", "Langley Interiors"},
		{"Mary", "Jackson", "Hampton Workspaces"},
	} {
		w.mutate("createLead", map[string]any{
			"stageId": stage(0), "firstName": l.first, "lastName": l.last, "company": l.company,
			"email": strings.ToLower(l.first) + "@example.com",
		}, "lead { id }")
	}
}

// mutate runs a mutation, which must succeed, and returns its payload.
func (w *world) mutate(name string, input map[string]any, selection string) map[string]any {
	w.t.Helper()
	kind := strings.ToUpper(name[:1]) + name[1:] + "Input"
	body, err := json.Marshal(map[string]any{
		"query":     fmt.Sprintf("mutation ($input: %s!) { %s(input: $input) { %s userErrors { message } } }", kind, name, selection),
		"variables": map[string]any{"input": input},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	a := w.do(http.MethodPost, "/graphql", string(body))
	var got struct{ Data map[string]map[string]any }
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		w.t.Fatalf("%v in %s", err, a.body)
	}
	payload := got.Data[name]
	if problems, ok := payload["userErrors"].([]any); !ok || len(problems) > 0 {
		w.t.Fatalf("%s: %s", name, a.body)
	}
	return payload
}

// browser is a Chromium with one tab, and what went on in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string // the URLs that the page asked for
	problems []string // what the console has of errors
}

// openBrowser starts a Chromium that reaches no other machine. It ends with the
// test, and leaves nothing behind.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	// The directory is made first, so that it goes last.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"),
	)
	if path, ok := chromium(); ok {
		options = append(options, chromedp.ExecPath(path))
	}
	allocated, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: tab}
	// The first call starts the browser, and its context must outlive the others'.
	if err := chromedp.Listen(tab, b.hear); err != nil {
		t.Fatalf("starting Chromium, which `.ci/install` installs: %v", err)
	}
	t.Cleanup(func() {
		ending, cancel := context.WithTimeout(tab, time.Minute)
		defer cancel()
		if err := chromedp.Cancel(ending); err != nil {
			t.Errorf("closing Chromium: %v", err)
		}
	})
	return b
}

// chromium is Debian's browser; where it is not, chromedp looks for others.
func chromium() (string, bool) {
	path, err := exec.LookPath("chromium")
	if err == nil {
		return path, true
	}
	const usual = "/usr/bin/chromium"
	_, err = os.Stat(usual)
	return usual, err == nil
}

// hear notes what the page asks for, and what goes wrong in it. It must not
// call the browser.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		b.requests = append(b.requests, e.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			b.problems = append(b.problems, fmt.Sprintf("console.error from %+v", e.StackTrace))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

// forgive forgets what went wrong so far.
func (b *browser) forgive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = nil
}

// patience bounds each step, on a machine with much else to do.
const patience = time.Minute

// do does one thing after the other.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		get(b, step)
	}
}

// get does one thing and returns what it found.
func get[T any](b *browser, step chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	found, err := chromedp.Run(ctx, step)
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.t.Fatalf("%v\nin the console: %q", err, b.problems)
	}
	return found
}

// screenshot keeps a picture of the page, if the environment asks for it.
func (b *browser) screenshot(path string) {
	b.t.Helper()
	if os.Getenv(screenshots) == "" {
		return
	}
	// Colours come a moment after the text: until then a line is a single piece.
	b.do(chromedp.Poll[chromedp.Void](fmt.Sprintf(
		`[...document.querySelectorAll(%q)].every((line) => !line.innerText.includes('"') || line.querySelectorAll("span span").length > 1)`,
		resultLines+" .view-line")))
	if err := os.WriteFile(path, get(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// check fails the test if something went wrong in the page, or if it asked
// anybody but the server for anything.
func (b *browser) check(server string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Errorf("in the console: %s", problem)
	}
	home, err := url.Parse(server)
	if err != nil {
		b.t.Fatal(err)
	}
	if len(b.requests) == 0 {
		b.t.Error("no request was seen")
	}
	for _, request := range b.requests {
		u, err := url.Parse(request)
		inline := err == nil && (u.Scheme == "data" || u.Scheme == "blob")
		if !inline && (err != nil || u.Host != home.Host) {
			b.t.Errorf("the page asked for %s", request)
		}
	}
}
