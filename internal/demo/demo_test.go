package demo_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/ent/organization"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/demo"
	"dealflow/internal/importer"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// today is when the tests take place.
var today = time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)

func rules(s *store.Store) *sales.Sales {
	return sales.New(s, nil, func() time.Time { return today })
}

// TestFill makes a two-hundredth of the data, twice, and in another database.
func TestFill(t *testing.T) {
	var files []string
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		options := demo.Options{Scale: 0.005, Seed: 1, Today: today}
		last, of := 0, 0
		options.Progress = func(done, all int) { last, of = done, all }
		made, err := demo.Fill(t.Context(), rules(s), s.Client, options)
		check(t, err)
		want(t, "organizations", made.Organizations, 1)
		want(t, "leads", made.Leads, 250)
		want(t, "deals", made.Deals, 250)
		want(t, "some comments", made.Comments > 100, true)
		want(t, "progress", [2]int{last, of}, [2]int{500, 500})
		everything := store.System(t.Context())
		for _, one := range []struct {
			what  string
			want  int
			count func(context.Context) (int, error)
		}{
			{"pipelines", 5, s.Client.Pipeline.Query().Count},
			{"stages", 40, s.Client.Stage.Query().Count},
			{"users", 8, s.Client.User.Query().Count},
			{"contacts", 50, s.Client.Contact.Query().Count},
		} {
			n, err := one.count(everything)
			check(t, err)
			want(t, one.what, n, one.want)
		}

		again, err := demo.Fill(t.Context(), rules(s), s.Client, options)
		check(t, err)
		want(t, "made again", again, demo.Made{})
		files = append(files, export(t, s))
	})
	if len(files) == 2 {
		want(t, "the same in both databases", files[0] == files[1], true)
	}
}

// export is the first pipeline's deals, as a file.
func export(t *testing.T, s *store.Store) string {
	t.Helper()
	owner, err := s.Client.Organization.Query().Where(organization.Name("Demo 1")).Only(store.System(t.Context()))
	check(t, err)
	var out bytes.Buffer
	_, err = (&importer.Export{Sales: rules(s), Store: s, Out: &out, Pipeline: "New business"}).Deals(viewer(t.Context(), owner))
	check(t, err)
	return out.String()
}

func viewer(ctx context.Context, owner *ent.Organization) context.Context {
	return auth.WithViewer(ctx, auth.Viewer{OrganizationID: owner.ID, Permissions: auth.RoleAdmin.Permissions()})
}

// TestStarter looks at what people meet first.
func TestStarter(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		client := api.Organization(t, "demo")
		check(t, demo.Starter(t.Context(), api.Sales, client.Organization, api.Clock.Now()))
		data := client.Must(t, `{
		  pipelines { nodes { name isDefault
		    stages { name summary { dealCount leadCount value { currency } }
		      deals { nodes { contact { name companyName } assignedTo { name } } }
		      leads { nodes { status { name } } } } } }
		  leads(first: 1) { totalCount }
		  deals(first: 1) { totalCount }
		  users(first: 1) { totalCount }
		  late: deals(first: 1, filter: {createdAt: {gt: "2026-03-02T00:00:00Z"}}) { totalCount }
		  recentLeads(first: 20) { comments { nodes { author { name } } } activity { nodes { action user { name } } } }
		}`, nil)
		sales := data.Get("pipelines.nodes.0")
		want(t, "pipelines", data.Get("pipelines.nodes").Len(), 2)
		want(t, "first", sales.Get("name").String()+sales.Get("isDefault").String(), "Salestrue")
		for _, stage := range sales.Get("stages").List() {
			want(t, stage.Get("name").String()+" has cards", stage.Get("summary.dealCount").Int() > 0 && stage.Get("summary.leadCount").Int() > 0, true)
			want(t, "deals with contacts", stage.Get("deals.nodes.0.contact.name").IsNull(), false)
		}
		want(t, "leads", data.Get("leads.totalCount").Int(), 40)
		want(t, "deals", data.Get("deals.totalCount").Int(), 32)
		want(t, "users", data.Get("users.totalCount").Int(), 6) // and who asks
		want(t, "from the future", data.Get("late.totalCount").Int(), 0)
		comments := 0
		for _, lead := range data.Get("recentLeads").List() {
			comments += lead.Get("comments.nodes").Len()
			activities := lead.Get("activity.nodes").All("action")
			want(t, "the first activity", activities[len(activities)-1], "CREATED")
		}
		want(t, "some comments", comments > 0, true)
	})
}

// BenchmarkFill makes a tenth of scale 1.
func BenchmarkFill(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := open(b)
				_, err := demo.Fill(b.Context(), rules(s), s.Client, demo.Options{Scale: 0.1, Seed: 1, Today: today})
				check(b, err)
			}
		})
	}
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func want[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s: got %v, want %v", what, got, want)
	}
}
