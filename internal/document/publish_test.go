package document_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dealflow/ent"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/document"
	"dealflow/internal/sales"
)

// op is an operation with a name, of which each number has another text.
func op(name string, n int) string {
	return fmt.Sprintf("query %s { v%d: viewer { role } }", name, n)
}

// publish publishes operations by their ids, and returns what became of each.
func publish(t *testing.T, as *apitest.Client, api *apitest.API, entries ...document.Entry) ([]document.Outcome, error) {
	t.Helper()
	list, err := document.Check(document.Server{Schema: schema}, entries, nil)
	if err != nil {
		t.Fatal(err)
	}
	api.Clock.Advance(time.Minute)
	return document.Publish(as.Context, api.Store, "erp", list, api.Clock.Now())
}

// meant is the id of the document that a name means.
func meant(t *testing.T, as *apitest.Client, api *apitest.API, name string) string {
	t.Helper()
	names, err := document.NewLibrary(api.Store, api.Clock.Now, nil).Names(as.Context, "erp")
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range names {
		if one.Name == name {
			return one.Key
		}
	}
	return ""
}

func TestPublish(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		a1, a2 := document.Entry{Key: "a1", Body: op("A", 1)}, document.Entry{Key: "a2", Body: op("A", 2)}
		b := document.Entry{Key: "b", Body: op("B", 1)}
		steps := []struct {
			name    string
			do      func() ([]document.Outcome, error)
			want    []document.Outcome
			problem bool
			means   string // the name A
		}{
			{"first", func() ([]document.Outcome, error) { return publish(t, ada, api, a1, b) }, []document.Outcome{"new", "new"}, false, "a1"},
			{"again", func() ([]document.Outcome, error) { return publish(t, ada, api, a1, b) }, []document.Outcome{"unchanged", "unchanged"}, false, "a1"},
			{"a version more", func() ([]document.Outcome, error) { return publish(t, ada, api, a2, b) }, []document.Outcome{"new", "unchanged"}, false, "a2"},
			{"an id with another text", func() ([]document.Outcome, error) {
				return publish(t, ada, api, document.Entry{Key: "new", Body: op("N", 1)}, document.Entry{Key: "a1", Body: op("A", 3)})
			}, nil, true, "a2"},
			{"back to the first", func() ([]document.Outcome, error) { return publish(t, ada, api, a1) }, []document.Outcome{"current again"}, false, "a1"},
			{"and again", func() ([]document.Outcome, error) { return publish(t, ada, api, a1) }, []document.Outcome{"unchanged"}, false, "a1"},
			{"retired", func() ([]document.Outcome, error) {
				gone, err := document.Retire(ada.Context, api.Store, "erp", "a1", api.Clock.Now())
				return make([]document.Outcome, len(gone)), err
			}, []document.Outcome{""}, false, "a2"},
			{"retired twice", func() ([]document.Outcome, error) {
				gone, err := document.Retire(ada.Context, api.Store, "erp", "a1", api.Clock.Now())
				return make([]document.Outcome, len(gone)), err
			}, []document.Outcome{}, false, "a2"},
			{"and back", func() ([]document.Outcome, error) { return publish(t, ada, api, a1) }, []document.Outcome{"current again"}, false, "a1"},
			{"retired by name", func() ([]document.Outcome, error) {
				gone, err := document.Retire(ada.Context, api.Store, "erp", "A", api.Clock.Now())
				return make([]document.Outcome, len(gone)), err
			}, []document.Outcome{"", ""}, false, ""},
			{"nothing to retire", func() ([]document.Outcome, error) {
				_, err := document.Retire(ada.Context, api.Store, "erp", "nothing", api.Clock.Now())
				return nil, err
			}, nil, true, ""},
		}
		for _, step := range steps {
			got, err := step.do()
			if diff := cmp.Diff(step.want, got); diff != "" || (err != nil) != step.problem {
				t.Errorf("%s: %v\n%s", step.name, err, diff)
			}
			if got := meant(t, ada, api, "A"); got != step.means {
				t.Errorf("%s: the name means %q, not %q", step.name, got, step.means)
			}
		}
		list, err := document.List(ada.Context, api.Store, "")
		if err != nil || len(list) != 3 { // of the manifest that was refused, there is nothing
			t.Errorf("%d documents, %v", len(list), err)
		}
		if _, err := document.Publish(ada.Context, api.Store, "a b", nil, api.Clock.Now()); err == nil {
			t.Error("a client may have any name")
		}
	})
}

// TestPublishAtOnce has many publish the same.
func TestPublishAtOnce(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		list, err := document.Check(document.Server{Schema: schema}, []document.Entry{{Key: "a", Body: op("A", 1)}, {Key: "b", Body: op("B", 1)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		added := make([]int, 8)
		var all sync.WaitGroup
		for i := range added {
			all.Go(func() {
				outcomes, err := document.Publish(ada.Context, api.Store, "erp", list, api.Clock.Now())
				if err != nil {
					t.Error(err)
				}
				for _, one := range outcomes {
					if one == document.New {
						added[i]++
					}
				}
			})
		}
		all.Wait()
		sum := 0
		for _, n := range added {
			sum += n
		}
		if sum != len(list) {
			t.Errorf("%d documents are new", sum)
		}
	})
}

func TestHolders(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada, eve := api.Organization(t, "acme"), api.Organization(t, "globex")
		_, good := ada.Key(t, "erp", auth.EditLeads)
		_, revoked := ada.Key(t, "erp", auth.ViewLeads)
		ada.Key(t, "other", auth.ViewLeads)
		eve.Key(t, "erp", auth.ViewLeads)
		soon := api.Clock.Now().Add(time.Second)
		expired := expiring(t, api, ada, soon)
		if _, err := api.Sales.RevokeAPIKey(ada.Context, sales.RevokeAPIKeyInput{ID: revoked.GlobalID()}); err != nil {
			t.Fatal(err)
		}
		got, err := document.Holders(ada.Context, api.Store, "erp", soon)
		if err != nil || len(got) != 1 || got[0].Name != "the key "+good.GlobalID()+" (erp's key)" || got[0].Permissions != auth.PermissionsOf(auth.EditLeads) {
			t.Errorf("holders %v, %v; %s has expired", got, err, expired.GlobalID())
		}
	})
}

func expiring(t *testing.T, api *apitest.API, as *apitest.Client, end time.Time) *ent.APIKey {
	t.Helper()
	made, err := api.Sales.CreateAPIKey(as.Context, sales.CreateAPIKeyInput{
		Name: "short", Client: "erp", Permissions: []auth.Permission{auth.ViewLeads}, ExpiresAt: &end,
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.APIKey
}
