package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/live"
	"dealflow/internal/store/storetest"
)

// events is a client of a stream of server-sent events.
type events struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
}

func stream(t *testing.T, api *apitest.API, as *apitest.Client, query string, variables apitest.Vars) *events {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, http.MethodPost, api.URL+"/graphql", as, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	return open(t, r)
}

func request(t *testing.T, method, address string, as *apitest.Client, body io.Reader) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+as.Token)
	return r
}

func open(t *testing.T, r *http.Request) *events {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &events{t, answer, bufio.NewScanner(answer.Body)}
}

// next is the next event: its kind, and its data.
func (e *events) next() (kind string, data apitest.Value) {
	e.t.Helper()
	var text string
	for e.lines.Scan() {
		line := e.lines.Text()
		if rest, is := strings.CutPrefix(line, "event: "); is {
			kind = rest
		} else if rest, is := strings.CutPrefix(line, "data: "); is {
			text = rest
		} else if line == "" && kind != "" {
			var value any
			if text != "" {
				if err := json.Unmarshal([]byte(text), &value); err != nil {
					e.t.Fatalf("%v: %s", err, text)
				}
			}
			return kind, apitest.ValueOf(value)
		}
	}
	e.t.Fatalf("the stream ended: %v", e.lines.Err())
	return "", apitest.Value{}
}

func TestStream(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		after := cursor(t, ada)
		b.move(t, ada, b.there)
		e := stream(t, api, ada, watchMoves, apitest.Vars{"board": b.pipeline, "after": after})
		if got := e.answer.Header.Get("Content-Type"); e.answer.StatusCode != 200 || !strings.HasPrefix(got, "text/event-stream") {
			t.Fatalf("status %d, %s", e.answer.StatusCode, got)
		}
		for i, to := range []string{b.there, b.here} {
			if kind, data := e.next(); kind != "next" || data.Get("data.stageMoved.toStageId").String() != to {
				t.Errorf("event %d: %s %s", i, kind, data)
			}
			b.move(t, ada, b.here)
		}
	})
}

// TestStreamOfAQuery ends by itself.
func TestStreamOfAQuery(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	address := api.URL + "/graphql?query=" + url.QueryEscape("{ viewer { user { name } } }")
	e := open(t, request(t, http.MethodGet, address, ada, nil))
	if kind, data := e.next(); kind != "next" || data.Get("data.viewer.user.name").String() != "ada" {
		t.Errorf("%s %s", kind, data)
	}
	if kind, _ := e.next(); kind != "complete" {
		t.Errorf("and then %s", kind)
	}
}

// TestStreamPreferred shows that who takes JSON as well gets a stream only when it
// is named before, or with a higher quality.
func TestStreamPreferred(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	address := api.URL + "/graphql?query=" + url.QueryEscape("{ viewer { user { name } } }")
	for accept, want := range map[string]string{
		"text/event-stream":                        "text/event-stream",
		"TEXT/Event-Stream;q=0.5":                  "text/event-stream",
		"text/event-stream, multipart/mixed":       "text/event-stream", // urql's subscriptions
		"*/*, text/event-stream":                   "text/event-stream",
		"text/event-stream, application/json":      "text/event-stream",
		"application/json;q=0.9,text/event-stream": "text/event-stream",
		"application/json, text/event-stream":      "application/json",
		"text/event-stream;q=0.5,application/json": "application/json",
		"text/event-stream;q=0, */*":               "application/json",
		// urql's queries
		"application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed": "application/graphql-response+json",
	} {
		r := request(t, http.MethodGet, address, ada, nil)
		r.Header.Set("Accept", accept)
		answer := open(t, r).answer
		if got, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";"); answer.StatusCode != http.StatusOK || got != want {
			t.Errorf("%s: status %d, %s", accept, answer.StatusCode, got)
		}
	}
}

// TestStreamRefused is answered in the way of any request.
func TestStreamRefused(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	for name, test := range map[string]struct {
		query  string
		status int
		code   string
	}{
		"bad document":      {"subscription { nonsense }", 400, "GRAPHQL_VALIDATION_FAILED"},
		"broken document":   {"subscription {", 400, "GRAPHQL_PARSE_FAILED"},
		"a mutation by GET": {`mutation { createLeadStatus(input: {name: "New one", primaryColor: BLUE}) { userErrors { message } } }`, 405, "METHOD_NOT_ALLOWED"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := ada.Send(t, request(t, http.MethodGet, api.URL+"/graphql?query="+url.QueryEscape(test.query), ada, nil))
			if answer.Status != test.status || len(answer.Errors) == 0 || answer.Errors[0].Code() != test.code {
				t.Errorf("status %d, %s", answer.Status, answer.Raw)
			}
		})
	}
	t.Run("not signed in", func(t *testing.T) {
		r := request(t, http.MethodGet, api.URL+"/graphql?query={viewer{role}}", ada, nil)
		r.Header.Del("Authorization")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = answer.Body.Close(); answer.StatusCode != 401 {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
	t.Run("a subscription as a plain request", func(t *testing.T) {
		answer := ada.Do(t, watchMoves, apitest.Vars{"board": "pipeline_01h455vb4pex5vsknk084sn02q"})
		if answer.Status != 200 || len(answer.Errors) == 0 || !strings.Contains(answer.Errors[0].Message, "WebSocket") {
			t.Errorf("status %d, %s", answer.Status, answer.Raw)
		}
	})
}

// TestStreamLimit counts streams with the sockets of their user.
func TestStreamLimit(t *testing.T) {
	api := apitest.NewLive(t, storetest.SQLite(t), live.Config{MaxSockets: 1})
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	first := stream(t, api, ada, watchMoves, apitest.Vars{"board": b.pipeline})
	second := stream(t, api, ada, watchMoves, apitest.Vars{"board": b.pipeline})
	if second.answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("status %d", second.answer.StatusCode)
	}
	_ = first.answer.Body.Close()
	until(t, "the first to end", func() bool { return api.Metric(t, "dealflow_live_streams") == 0 })
	if third := stream(t, api, ada, watchMoves, apitest.Vars{"board": b.pipeline}); third.answer.StatusCode != http.StatusOK {
		t.Errorf("status %d", third.answer.StatusCode)
	}
}

// TestStreamExpires ends a stream with its token.
func TestStreamExpires(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	api.Clock.Advance(time.Hour + auth.Leeway - 300*time.Millisecond)
	e := stream(t, api, ada, watchMoves, apitest.Vars{"board": b.pipeline})
	if kind, data := e.next(); kind != "next" || data.Get("errors.0.extensions.code").String() != "UNAUTHENTICATED" {
		t.Errorf("%s %s", kind, data)
	}
	if kind, _ := e.next(); kind != "complete" {
		t.Errorf("and then %s", kind)
	}
}

// TestOrigins of pages that open sockets.
func TestOrigins(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	for origin, status := range map[string]int{
		"": http.StatusSwitchingProtocols, api.URL: http.StatusSwitchingProtocols, "https://elsewhere.example": http.StatusForbidden,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/graphql", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
			"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-transport-ws",
		} {
			r.Header.Set(name, value)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = answer.Body.Close(); answer.StatusCode != status {
			t.Errorf("from %q: status %d, want %d", origin, answer.StatusCode, status)
		}
	}
}
