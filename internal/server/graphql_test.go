package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
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
	const want = `{"data":{"viewer":{"organization":{"name":"Acme"},"user":{"name":"Ada"},"role":"SALES"}}}`
	if a.status != http.StatusOK || a.body != want {
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
			var got answer
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
