package graph_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// kept are documents that between them show each kind of thing.
var kept = map[string]string{
	"board": `query Board { pipelines { nodes { name description isActive stages { name description order
		summary { dealCount leadCount } deals { nodes { title status contact { name email } assignedTo { name } comments { nodes { content } } } }
		leads { nodes { firstName lastName state photo status { name } businesses { name } archivedAt comments { nodes { content } } } } } } } }`,
	"lists": `query Lists { contacts { nodes { name email } } businesses { nodes { name } } leadStatuses { name order } users { nodes { name } }
		leads(includeArchived: true) { nodes { firstName stage { name } status { name } archivedAt } } deals { totalCount } viewer { organization { currency } } }`,
	"keys": `query Keys { apiKeys { nodes { name revokedAt } } }`,
}

// volatile is the one of them that is executed each time: when a key was last used is
// no change of the organization.
const volatile = "keys"

// TestNotModified shows, for every mutation of the schema, that an answer which a
// client keeps is taken for good until something changes, and never after.
func TestNotModified(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "own")
		w.Publish(t, "app", kept)
		for _, c := range w.revisions(t) {
			tags, bodies := map[string]string{}, map[string]string{}
			for key := range kept {
				tags[key], bodies[key] = w.get(t, key, "", http.StatusOK)
				w.get(t, key, tags[key], http.StatusNotModified)
				if statements := w.api.Statements(); len(statements) > 2 && key != volatile {
					t.Errorf("%s was executed to find that nothing had changed: %q", key, statements)
				}
			}
			if answer := w.mutate(t, c.name, c.input); answer.Get("userErrors").Len() > 0 {
				t.Fatalf("%s: %s", c.name, answer)
			}
			changed := false
			for key := range kept {
				_, body := w.get(t, key, "", http.StatusOK)
				changed = changed || body != bodies[key]
				want := http.StatusOK
				if key == volatile && body == bodies[key] {
					want = http.StatusNotModified // its bytes are what its tag is made of
				}
				w.get(t, key, tags[key], want)
			}
			if hidden := []string{"uploadLeadPhoto", "deleteLeadPhoto", "reorderLeadStatuses", "moveLead"}; !changed && !slices.Contains(hidden, c.name) {
				t.Errorf("no document shows what %s does: the test shows nothing of it", c.name)
			}
		}
	})
}

// get asks for a published document by GET, with the ETag of an answer that it has.
func (w *world) get(t *testing.T, key, tag string, status int) (newTag, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.api.URL+"/graphql?documentId="+key, nil)
	must(t, err)
	if tag != "" {
		request.Header.Set("If-None-Match", tag)
	}
	answer := w.Fetch(t, request)
	if answer.Status != status {
		t.Fatalf("%s with %q is answered %d %s", key, tag, answer.Status, answer.Raw)
	}
	if (status == http.StatusNotModified) != (answer.Raw == "") {
		t.Errorf("%d has the body %q", status, answer.Raw)
	}
	if control := answer.Header.Get("Cache-Control"); control != "private, no-cache" {
		t.Errorf("Cache-Control %q", control)
	}
	return answer.Header.Get("ETag"), answer.Raw
}

// TestTags shows what else makes another answer: who asks, and with which variables,
// in which form, and the time, where a field depends on it.
func TestTags(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "own")
		w.Publish(t, "app", map[string]string{
			"deals": `query Deals($first: Int, $status: DealStatus) { deals(first: $first, filter: {status: {eq: $status}}) { nodes { title } } }`,
			"aging": `query Aging { deals { nodes { title isRotten } } }`,
			"wrong": `query Wrong { deal(id: "lead_x") { title } }`,
			"write": `mutation Write { createBusiness(input: {name: "x"}) { business { name } } }`,
		})
		tag := func(as *apitest.Client, query string, headers ...string) string {
			t.Helper()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/graphql?"+query, nil)
			must(t, err)
			for i := 0; i < len(headers); i += 2 {
				request.Header.Set(headers[i], headers[i+1])
			}
			return as.Fetch(t, request).Header.Get("ETag")
		}
		first := tag(w.Client, "documentId=deals")
		if again := tag(w.Client, "documentId=deals"); again != first || !strings.HasPrefix(first, `"`) {
			t.Errorf("the tags are %s and %s", first, again)
		}
		seen := []string{first}
		for what, other := range map[string]string{
			"variables":      tag(w.Client, "documentId=deals&variables="+url.QueryEscape(`{"first":1}`)),
			"more variables": tag(w.Client, "documentId=deals&variables="+url.QueryEscape(`{"first":1,"status":"OPEN"}`)),
			"another user":   tag(w.As(t, "ben", auth.RoleAdmin), "documentId=deals"),
			"another role":   tag(w.As(t, "ada", auth.RoleViewer), "documentId=deals"),
			"another form":   tag(w.Client, "documentId=deals", "Accept", "application/graphql-response+json"),
		} {
			if other == "" || slices.Contains(seen, other) {
				t.Errorf("%s: the tag is %q", what, other)
			}
			seen = append(seen, other)
		}
		for what, none := range map[string]string{
			"errors": tag(w.Client, "documentId=wrong"), "a mutation": tag(w.Client, "documentId=write"),
			"a text": tag(w.Client, "query="+url.QueryEscape("{ deals { totalCount } }")), "its cost": tag(w.Client, "documentId=deals", "Dealflow-Cost", "paths"),
		} {
			if none != "" {
				t.Errorf("%s: there is a tag", what)
			}
		}
		young := tag(w.Client, "documentId=aging")
		if again := tag(w.Client, "documentId=aging"); again != young {
			t.Error("the same answer has another tag")
		}
		api.Clock.Advance(10 * 24 * time.Hour) // more than the first stage's rottenAfter
		w.Client = w.For(t, time.Hour)
		if old := tag(w.Client, "documentId=aging"); old == young || old == "" {
			t.Errorf("the cards have turned rotten, and the tag is %q still", old)
		}
	})
}

// TestNotModifiedElsewhere shows that another organization's changes are none here.
func TestNotModifiedElsewhere(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w, other := newWorld(t, api, "own"), newWorld(t, api, "other")
		w.Publish(t, "app", kept)
		tag, _ := w.get(t, "board", "", http.StatusOK)
		other.mutate(t, "updateDeal", with(apitest.Vars{"id": other.ids[id.Deal][0]}, "title", "other"))
		w.get(t, "board", tag, http.StatusNotModified)
	})
}
