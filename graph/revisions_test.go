package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// revised is a mutation that changes something, and what makes it one that is
// refused.
type revised struct {
	name  string
	input apitest.Vars
	wrong apitest.Vars
}

// revisions has a case for each mutation, in an order in which they work.
func (w *world) revisions(t *testing.T) []revised {
	stages, deals, leads := w.ids[id.Stage], w.ids[id.Deal], w.ids[id.Lead]
	own := func(kind id.Kind, i int) apitest.Vars { return apitest.Vars{"id": w.ids[kind][i]} }
	nobodys := func(kind id.Kind) apitest.Vars { return apitest.Vars{"id": kind.Encode(uuid.New())} }
	nameless := apitest.Vars{"name": ""}
	unknown := apitest.Vars{"ids": []string{id.Lead.Encode(uuid.New())}}
	return []revised{
		{"updateOrganization", apitest.Vars{"currency": "EUR"}, apitest.Vars{"currency": "none"}},
		{"createApiKey", apitest.Vars{"name": "new key", "client": "ship", "permissions": []string{"VIEW_LEADS"}}, nameless},
		{"revokeApiKey", own(id.APIKey, 0), nobodys(id.APIKey)},
		{"createPipeline", apitest.Vars{"name": "third", "stages": []apitest.Vars{{"name": "one"}}}, nameless},
		{"updatePipeline", with(own(id.Pipeline, 0), "description", "new"), nobodys(id.Pipeline)},
		{"archivePipeline", own(id.Pipeline, 0), nobodys(id.Pipeline)},
		{"unarchivePipeline", own(id.Pipeline, 0), nobodys(id.Pipeline)},
		{"reorderStages", apitest.Vars{"pipelineId": w.ids[id.Pipeline][0], "stageIds": []string{stages[2], stages[0], stages[1]}}, apitest.Vars{"stageIds": stages[:1]}},
		{"createStage", apitest.Vars{"pipelineId": w.ids[id.Pipeline][0], "name": "fourth"}, nameless},
		{"updateStage", with(own(id.Stage, 0), "description", "new"), nobodys(id.Stage)},
		{"addLeadToStage", apitest.Vars{"leadId": leads[2], "stageId": stages[0]}, apitest.Vars{"stageId": id.Stage.Encode(uuid.New())}},
		{"removeLeadFromStage", apitest.Vars{"leadId": leads[2], "stageId": stages[0]}, apitest.Vars{"stageId": stages[1]}},
		{"createDeal", apitest.Vars{"title": "new", "stageId": stages[0], "contact": apitest.Vars{"email": "new@example.com"}}, apitest.Vars{"title": ""}},
		{"updateDeal", with(own(id.Deal, 0), "title", "other"), nobodys(id.Deal)},
		{"moveDeal", with(own(id.Deal, 0), "stageId", stages[1]), nobodys(id.Deal)},
		{"changeDealStatus", with(own(id.Deal, 0), "status", "WON"), nobodys(id.Deal)},
		{"deleteDeal", own(id.Deal, 1), nobodys(id.Deal)},
		{"createContact", apitest.Vars{"email": "contact@example.com"}, apitest.Vars{"email": "nobody"}},
		{"updateContact", with(own(id.Contact, 0), "name", "other"), nobodys(id.Contact)},
		{"deleteContact", own(id.Contact, 3), nobodys(id.Contact)},
		{"createLead", apitest.Vars{"firstName": "new"}, apitest.Vars{"firstName": ""}},
		{"updateLead", with(own(id.Lead, 0), "lastName", "other"), nobodys(id.Lead)},
		{"moveLead", with(own(id.Lead, 0), "stageId", stages[1]), nobodys(id.Lead)},
		{"archiveLeads", apitest.Vars{"ids": leads[:1]}, unknown},
		{"restoreLeads", apitest.Vars{"ids": leads[:1]}, unknown},
		{"changeLeadStatus", apitest.Vars{"ids": leads[:1], "statusId": w.ids[id.LeadStatus][1]}, unknown},
		{"createLeadStatus", apitest.Vars{"name": "new status", "primaryColor": "RED"}, nameless},
		{"updateLeadStatus", with(own(id.LeadStatus, 0), "name", "other status"), nobodys(id.LeadStatus)},
		{"reorderLeadStatuses", apitest.Vars{"statuses": []apitest.Vars{{"id": w.ids[id.LeadStatus][0], "order": 2}}},
			apitest.Vars{"statuses": []apitest.Vars{{"id": id.LeadStatus.Encode(uuid.New()), "order": 0}}}},
		{"deleteLeadStatus", own(id.LeadStatus, 4), nobodys(id.LeadStatus)},
		{"uploadLeadPhoto", apitest.Vars{"leadId": leads[1], "file": picture(t)}, apitest.Vars{"file": upload("no image")}},
		{"deleteLeadPhoto", apitest.Vars{"fileName": w.photo}, apitest.Vars{"fileName": "nobodys.png"}},
		{"addComment", apitest.Vars{"subjectId": deals[0], "content": "new"}, apitest.Vars{"content": ""}},
		{"editComment", with(own(id.Comment, 0), "content", "other"), nobodys(id.Comment)},
		{"deleteComment", own(id.Comment, 0), nobodys(id.Comment)},
		{"createBusiness", apitest.Vars{"name": "new business"}, nameless},
		{"updateBusiness", with(own(id.Business, 0), "name", "other business"), nobodys(id.Business)},
		{"deleteBusiness", own(id.Business, 1), nobodys(id.Business)},
		{"deleteLeads", apitest.Vars{"ids": leads[:1]}, unknown},
		{"deleteStage", with(own(id.Stage, 0), "moveCardsToStageId", stages[2]), nobodys(id.Stage)},
		{"deletePipeline", with(own(id.Pipeline, 0), "moveCardsToStageId", stages[3]), nobodys(id.Pipeline)},
	}
}

// TestRevisions shows that every mutation gives its organization, and no other,
// another revision, unless it is refused or changes nothing.
func TestRevisions(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w, other := newWorld(t, api, "own"), newWorld(t, api, "other")
		theirs := other.revision(t)
		seen := []uuid.UUID{w.revision(t)}
		last := func() uuid.UUID { return seen[len(seen)-1] }
		cases := w.revisions(t)
		for _, f := range fields(schema.Mutation) {
			if !slices.ContainsFunc(cases, func(c revised) bool { return c.name == f.Name }) {
				t.Errorf("no case for mutation %s", f.Name)
			}
		}
		for _, c := range cases {
			w.Client = w.As(t, "ada", auth.RoleAdmin)
			wrong := maps.Clone(c.input)
			maps.Copy(wrong, c.wrong)
			if answer := w.mutate(t, c.name, wrong); answer.Get("userErrors").Len() == 0 {
				t.Errorf("%s of %v was not refused", c.name, wrong)
			}
			w.Client = w.As(t, "vic", auth.RoleViewer)
			w.mutate(t, c.name, c.input)
			if got := w.revision(t); got != last() && c.name != "updateOrganization" { // vic is new then
				t.Errorf("%s changed the revision when it was refused", c.name)
			}
			seen = append(seen, w.revision(t))
			w.Client = w.As(t, "ada", auth.RoleAdmin)
			if answer := w.mutate(t, c.name, c.input); answer.Get("userErrors").Len() > 0 {
				t.Errorf("%s: %s", c.name, answer)
			}
			if got := w.revision(t); slices.Contains(seen, got) {
				t.Errorf("%s left the revision, or brought an old one back", c.name)
			}
			seen = append(seen, w.revision(t))
		}
		w.mutate(t, "updateBusiness", with(apitest.Vars{"id": w.ids[id.Business][0]}, "name", "other business"))
		if w.revision(t) != last() {
			t.Error("a change that changes nothing changed the revision")
		}
		if other.revision(t) != theirs {
			t.Error("the other organization has another revision, too")
		}
	})
}

// mutate runs a mutation that may be refused.
func (w *world) mutate(t *testing.T, name string, input apitest.Vars) apitest.Value {
	t.Helper()
	return run(t, w.api, w.Client, schema.Mutation, schema.Mutation.Fields.ForName(name),
		apitest.Vars{"input": input}, "userErrors { message path }").Data.Get(name)
}

func (w *world) revision(t *testing.T) uuid.UUID {
	t.Helper()
	revision, err := w.api.Sales.Revision(w.Context)
	must(t, err)
	return revision
}

// TestRevisionsOfUsers shows that who comes for the first time, or under another
// name, is news, and nobody else.
func TestRevisionsOfUsers(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		last := uuid.Nil
		for _, step := range []struct {
			what string
			name string
			news bool
		}{{"first sight", "Grace", true}, {"the same token", "Grace", false}, {"another name", "Grace H.", true}} {
			viewer := auth.Viewer{OrganizationID: ada.Organization.ID, Subject: "grace", Name: step.name}
			_, err := api.Sales.EnsureUser(t.Context(), viewer)
			must(t, err)
			revision, err := api.Sales.Revision(ada.Context)
			must(t, err)
			if news := revision != last; news != step.news {
				t.Errorf("%s: news is %v, want %v", step.what, news, step.news)
			}
			last = revision
		}
		// The log is still empty.
		if end, err := api.Events.End(ada.Context); err != nil || end.Seq != 0 {
			t.Errorf("the log ends at %v, %v", end, err)
		}
	})
}

// TestRevisionWithoutAnEvent shows what a change costs that nobody watches.
func TestRevisionWithoutAnEvent(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		count := func(input apitest.Vars) (all, heads int) {
			ada.Must(t, `mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { name } userErrors { message } } }`, apitest.Vars{"input": input})
			for _, statement := range api.Statements() {
				if strings.Contains(statement, "event_heads") {
					heads++
				}
			}
			return len(api.Statements()), heads
		}
		changed, heads := count(apitest.Vars{"currency": "EUR"})
		same, none := count(apitest.Vars{"currency": "EUR"})
		want := 6
		if api.Store.Dialect == dialect.Postgres {
			want = 5 // the activity and the revision are one there
		}
		if heads != 1 || none != 0 || changed != want || same != 1 {
			t.Errorf("a change takes %d statements, %d of them for the revision; and %d, %d when nothing changes", changed, heads, same, none)
		}
		rows := rowsOf(t, api.Store, "SELECT seq FROM event_heads")
		if len(rows) != 1 || rows[0][0] != "0" {
			t.Errorf("the heads are %v, want one of an empty log", rows)
		}
	})
}
