package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"dealflow/internal/cost"
)

// mustServeAPI is mustServe with the whole of the GraphQL layer.
func mustServeAPI(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	s, err := New(w.config())
	if err != nil {
		t.Fatal(err)
	}
	w.run(s)
	return w
}

func TestAPI(t *testing.T) {
	w := mustServeAPI(t)
	a := w.query(`{ viewer { organization { name } user { name } role } }`)
	const want = `{"data":{"viewer":{"organization":{"name":"Acme"},"user":{"name":"Ada"},"role":"SALES"}},"extensions":{"cost":{`
	if a.status != http.StatusOK || !strings.HasPrefix(a.body, want) {
		t.Errorf("status %d, body %s, want %s", a.status, a.body, want)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control %q", got)
	}
	a = w.query(`{ __schema { queryType { name } } }`)
	if a.status != http.StatusOK || !strings.Contains(a.body, `"Query"`) {
		t.Errorf("introspection: status %d, body %s", a.status, a.body)
	}
}

func TestInternalErrors(t *testing.T) {
	w := mustServeAPI(t)
	w.query(`{ viewer { role } }`) // the user is known from here on
	w.store.Close()
	for name, later := range map[string]time.Duration{"InAResolver": 0, "BeforeTheResolvers": usersFor} {
		t.Run(name, func(t *testing.T) {
			w.clock.Advance(later)
			defer w.clock.Advance(-later)
			a := w.do(http.MethodPost, "/graphql", `{"query":"{ viewer { role } }"}`, requestID, name)
			var got refused
			if err := json.Unmarshal([]byte(a.body), &got); err != nil || len(got.Errors) != 1 {
				t.Fatalf("body %s", a.body)
			}
			e := got.Errors[0]
			if e.Extensions.Code != "INTERNAL" || e.Extensions.Status != 500 || e.Extensions.ID == "" {
				t.Errorf("extensions %+v", e.Extensions)
			}
			if strings.Contains(a.body, "closed") {
				t.Errorf("the client learns of it: %s", a.body)
			}
			w.log.find(t, "level", "ERROR", "request_id", name, "id", e.Extensions.ID)
		})
	}
}

// TestRateLimit shows that who has spent all hears when there is enough again, also
// from the headers that programs know.
func TestRateLimit(t *testing.T) {
	w := newWorld(t)
	config := w.config()
	config.Cost = cost.Limits{Max: 30, Budget: 5, Burst: 30}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.run(s)
	const add = `mutation { addComment(input: {subjectId: "x", content: "x"}) { comment { id } } }`
	if a := w.query(add); a.status != http.StatusOK {
		t.Fatalf("status %d, body %s", a.status, a.body)
	}
	a := w.query(add) // 22 again, of 8 that are left
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "3" || !strings.Contains(a.body, `"RATE_LIMITED"`) {
		t.Errorf("status %d, Retry-After %q, body %s", a.status, a.header.Get("Retry-After"), a.body)
	}
	w.clock.Advance(3 * time.Second)
	if a := w.query(add); a.status != http.StatusOK {
		t.Errorf("status %d, body %s", a.status, a.body)
	}
	if a := w.do(http.MethodGet, "/metrics", ""); !strings.Contains(a.body, "dealflow_graphql_operation_cost_count 3") {
		t.Error("the operations' costs are not counted")
	}
}

// TestCostlyConfig refuses limits under which an operation would wait for ever.
func TestCostlyConfig(t *testing.T) {
	config := newWorld(t).config()
	config.Cost = cost.Limits{Max: 30, Burst: 29}
	if _, err := New(config); err == nil {
		t.Error("it is taken")
	}
}
