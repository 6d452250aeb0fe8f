package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/go-cmp/cmp"

	"dealflow/bench/fill"
	"dealflow/bench/queries"
	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/ent/stagestay"
	"dealflow/internal/apitest"
	"dealflow/internal/id"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

// TestAnswers compares the floor's answers with the server's: what is compared for
// speed is the same work.
func TestAnswers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		must(t, s.Migrate(t.Context()))
		shape := fill.Shape{Organizations: 2, Leads: 30, Deals: 20, Comments: 3}
		data, err := fill.Fill(t.Context(), s, shape, make([]byte, 32), func(int, int) {})
		must(t, err)
		f, err := open(t.Context(), url)
		must(t, err)
		t.Cleanup(func() { must(t, f.close()) })
		client := apitest.New(t, s).Client(t, tenant(t, s, data))
		pipeline, lead := data.Pipelines[fill.Pipelines], data.Leads[len(data.Leads)-1]
		for work, key := range map[string]string{"w1": pipeline.ID, "w2": pipeline.ID, "w3": data.Tenants[1].ID, "w4": lead.ID} {
			got := f.answer(t, "GET", "/floor/"+work+"?id="+key)
			if diff := cmp.Diff(served(t, client, work, apitest.Vars{"id": key}), got); diff != "" {
				t.Errorf("%s (-served +floor):\n%s", work, diff)
			}
		}
		deal, stage := data.Deals[len(data.Deals)-1], pipeline.Stages[3]
		got := f.answer(t, "POST", "/floor/w5?id="+deal.ID+"&stageId="+stage)
		want := `{"moveDeal":{"deal":{"id":"` + deal.ID + `","stage":{"id":"` + stage + `","name":"Stage 3"}}}}`
		if got != want {
			t.Errorf("w5: got %s, want %s", got, want)
		}
		if s.Dialect == dialect.Postgres {
			checkAllRows(t, f, s, deal.ID, pipeline.Stages[2])
		}
	})
}

// checkAllRows has a move with all its rows, and looks for each.
func checkAllRows(t *testing.T, f *floor, s *store.Store, dealID, stageID string) {
	t.Helper()
	f.answer(t, "POST", "/floor/w5?rows=all&id="+dealID+"&stageId="+stageID)
	key, err := id.Deal.Decode(dealID)
	must(t, err)
	to, err := id.Stage.Decode(stageID)
	must(t, err)
	ctx := store.System(t.Context())
	moved := s.Client.Deal.GetX(ctx, key)
	stay := s.Client.StageStay.Query().Where(stagestay.DealID(key), stagestay.LeftAtIsNil()).OnlyX(ctx)
	if moved.StageID != to || *stay.StageID != to {
		t.Errorf("the deal is in %v, its history says %v, want %v", moved.StageID, stay.StageID, to)
	}
	s.Client.Activity.Query().Where(activity.EntityID(key), activity.ActionEQ(activity.ActionMOVED)).OnlyX(ctx)
	told := s.Client.Event.Query().Where(event.EntityID(key), event.KindEQ(event.KindCARD_MOVED)).OnlyX(ctx)
	head := s.Client.EventHead.Query().Where(eventhead.OrganizationID(moved.OrganizationID)).OnlyX(ctx)
	if told.Seq != head.Seq || *told.ToStageID != to {
		t.Errorf("the event is number %d of %d, and goes to %v", told.Seq, head.Seq, told.ToStageID)
	}
}

// tenant is the second organization, so that an index that is off by one is seen.
func tenant(t *testing.T, s *store.Store, data *fill.Data) *ent.Organization {
	t.Helper()
	key, err := id.Organization.Decode(data.Tenants[1].ID)
	must(t, err)
	found, err := s.Client.Organization.Get(store.System(t.Context()), key)
	must(t, err)
	return found
}

// served is the data that the server answers.
func served(t *testing.T, client *apitest.Client, work string, vars apitest.Vars) string {
	t.Helper()
	document, err := queries.Document(work)
	must(t, err)
	if work == "w3" {
		vars = nil
	}
	return data(t, []byte(client.Do(t, document, vars).Raw))
}

// answer is the data that the floor answers.
func (f *floor) answer(t *testing.T, method, target string) string {
	t.Helper()
	w := httptest.NewRecorder()
	f.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, target, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return data(t, w.Body.Bytes())
}

func data(t *testing.T, answer []byte) string {
	t.Helper()
	var parts struct{ Data json.RawMessage }
	must(t, json.Unmarshal(answer, &parts))
	return string(parts.Data)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
