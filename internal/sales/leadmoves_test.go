package sales_test

import (
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/internal/sales"
	"dealflow/internal/store/storetest"
)

// order is the first names of the leads in a stage, from the top.
func (o *office) order(tb testing.TB, stage *ent.Stage) []string {
	tb.Helper()
	leads := must(o.store.Client.Lead.Query().
		Where(lead.StageID(stage.ID)).
		Order(lead.ByRank(), lead.ByID()).
		All(o.ctx))(tb)
	names := make([]string, len(leads))
	for i, l := range leads {
		names[i] = l.FirstName
	}
	return names
}

func named(name string) func(*sales.CreateLeadInput) {
	return func(input *sales.CreateLeadInput) { input.FirstName = name }
}

func TestMoveLead(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		from, to := o.mustStage(t, "From"), o.mustStage(t, "To")
		a, b, c := o.mustLead(t, named("a"), inStage(from)), o.mustLead(t, named("b"), inStage(from)), o.mustLead(t, named("c"), inStage(from))
		move := func(t *testing.T, input sales.MoveLeadInput) *ent.Lead {
			t.Helper()
			o.later(time.Minute)
			return must(o.MoveLead(o.ctx, input))(t)
		}
		t.Run("inside its stage", func(t *testing.T) {
			got := move(t, sales.MoveLeadInput{ID: c.GlobalID(), Before: ptr(b.GlobalID())})
			wantList(t, o.order(t, from), "a", "c", "b")
			wantList(t, o.stays(t, c), "From…")
			if !got.StageEnteredAt.Equal(start) || got.Version != 2 {
				t.Errorf("lead = %v", got)
			}
		})
		t.Run("to the top", func(t *testing.T) {
			move(t, sales.MoveLeadInput{ID: b.GlobalID(), At: ptr(sales.PlaceFirst)})
			wantList(t, o.order(t, from), "b", "a", "c")
		})
		t.Run("to another stage", func(t *testing.T) {
			got := move(t, sales.MoveLeadInput{ID: a.GlobalID(), StageID: ptr(to.GlobalID())})
			wantList(t, o.order(t, from), "b", "c")
			wantList(t, o.stays(t, a), "From", "To…")
			if !got.StageEnteredAt.Equal(*o.clock) {
				t.Errorf("it came at %v", got.StageEnteredAt)
			}
		})
		t.Run("next to a card of another stage", func(t *testing.T) {
			move(t, sales.MoveLeadInput{ID: b.GlobalID(), After: ptr(a.GlobalID())})
			wantList(t, o.order(t, to), "a", "b")
		})
		t.Run("onto a board", func(t *testing.T) {
			free := o.mustLead(t, named("free"))
			move(t, sales.MoveLeadInput{ID: free.GlobalID(), Before: ptr(b.GlobalID())})
			wantList(t, o.order(t, to), "a", "free", "b")
			wantList(t, o.stays(t, free), "To…")
		})
		wantList(t, o.actions(t, a.ID), "CREATED firstName lastName state statusId stageId", "MOVED stageId")
		wantList(t, o.actions(t, c.ID), "CREATED firstName lastName state statusId stageId", "MOVED")
	})
}

func TestMoveLeadRefuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		stage := o.mustStage(t, "Fresh")
		there, free, old := o.mustLead(t, inStage(stage)), o.mustLead(t), o.mustLead(t, inStage(stage))
		must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: []string{old.GlobalID()}}))(t)
		tests := map[string]struct {
			input sales.MoveLeadInput
			want  string
		}{
			"an archived lead":     {sales.MoveLeadInput{ID: old.GlobalID()}, "INVALID input.id: The lead is archived: restore it first."},
			"a lead on no board":   {sales.MoveLeadInput{ID: free.GlobalID()}, "REQUIRED input.stageId: The lead is on no board: say which stage it goes to."},
			"next to itself":       {sales.MoveLeadInput{ID: there.GlobalID(), Before: ptr(there.GlobalID())}, "INVALID input: A card cannot stand next to itself."},
			"next to one off it":   {sales.MoveLeadInput{ID: there.GlobalID(), StageID: ptr(stage.GlobalID()), After: ptr(free.GlobalID())}, "NOT_FOUND input.after: The lead in after is not in that stage."},
			"with an old version":  {sales.MoveLeadInput{ID: there.GlobalID(), ExpectedVersion: ptr(9)}, "CONFLICT input.expectedVersion: It has version 1 now, not 9. Read it again and repeat the change."},
			"with a stage as lead": {sales.MoveLeadInput{ID: stage.GlobalID()}, `INVALID_ID input.id: Invalid lead ID: "` + stage.GlobalID() + `" is a stage id; a lead id (lead_…) belongs here.`},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				_, err := o.MoveLead(o.ctx, test.input)
				wantErrors(t, err, test.want)
			})
		}
	})
}

// TestMovesBesideMoving has the neighbour of a card move on once its stage was
// looked up and locked, but before its place there was read. SQLite, where
// changes run one by one, has no such moment.
func TestMovesBesideMoving(t *testing.T) {
	o := mustOffice(t, storetest.Postgres(t))
	// during runs one change while another holds its first lock.
	during := func(other func()) *sales.Sales {
		looks := 0
		return sales.New(o.store, o.photos, func() time.Time {
			if looks++; looks == 2 { // the first is at the beginning of the change
				other()
			}
			return *o.clock
		})
	}
	from, to := o.mustStage(t, "From"), o.mustStage(t, "To")
	t.Run("lead", func(t *testing.T) {
		moving, neighbour := o.mustLead(t, named("moving")), o.mustLead(t, named("neighbour"), inStage(from))
		s := during(func() {
			must(o.MoveLead(o.ctx, sales.MoveLeadInput{ID: neighbour.GlobalID(), StageID: ptr(to.GlobalID())}))(t)
		})
		must(s.MoveLead(o.ctx, sales.MoveLeadInput{ID: moving.GlobalID(), Before: ptr(neighbour.GlobalID())}))(t)
		wantList(t, o.order(t, to), "moving", "neighbour")
	})
	t.Run("deal", func(t *testing.T) {
		create := func(title string) *ent.Deal {
			return must(o.CreateDeal(o.ctx, sales.CreateDealInput{
				Title: title, StageID: from.GlobalID(), Status: deal.StatusOPEN,
				Contact: &sales.ContactInput{Email: ptr(title + "@example.com")},
			}))(t)
		}
		moving, neighbour := create("moving"), create("neighbour")
		s := during(func() {
			must(o.MoveDeal(o.ctx, sales.MoveDealInput{ID: neighbour.GlobalID(), StageID: ptr(to.GlobalID())}))(t)
		})
		got := must(s.MoveDeal(o.ctx, sales.MoveDealInput{ID: moving.GlobalID(), Before: ptr(neighbour.GlobalID())}))(t)
		if got.StageID != to.ID {
			t.Errorf("it went to %s", got.StageID)
		}
	})
}

func TestAddAndRemoveLead(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		stage, other := o.mustStage(t, "Fresh"), o.mustStage(t, "Other")
		one, two := o.mustLead(t, named("one"), inStage(stage)), o.mustLead(t, named("two"))
		add := sales.AddLeadToStageInput{LeadID: two.GlobalID(), StageID: stage.GlobalID()}
		remove := sales.RemoveLeadFromStageInput(add)
		t.Run("not there yet", func(t *testing.T) {
			_, _, err := o.RemoveLeadFromStage(o.ctx, remove)
			wantErrors(t, err, "NOT_FOUND input.stageId: The lead is not in that stage.")
		})
		t.Run("add", func(t *testing.T) {
			got, board, err := o.AddLeadToStage(o.ctx, add)
			if err != nil || *got.StageID != stage.ID || board.ID != stage.PipelineID {
				t.Fatalf("%v in %v: %v", got, board, err)
			}
			wantList(t, o.order(t, stage), "one", "two")
		})
		t.Run("add what is there", func(t *testing.T) {
			got, _, err := o.AddLeadToStage(o.ctx, sales.AddLeadToStageInput{LeadID: one.GlobalID(), StageID: stage.GlobalID()})
			if err != nil || got.Version != 1 {
				t.Errorf("%v: %v", got, err)
			}
			wantList(t, o.order(t, stage), "one", "two")
		})
		t.Run("in another pipeline than is named", func(t *testing.T) {
			wrong := add
			wrong.PipelineID = ptr((&ent.Pipeline{ID: other.PipelineID}).GlobalID())
			_, _, err := o.AddLeadToStage(o.ctx, wrong)
			wantErrors(t, err, "INVALID input.pipelineId: The stage belongs to another pipeline. Name that one, or leave pipelineId out.")
			wrong.PipelineID = ptr((&ent.Pipeline{ID: two.ID}).GlobalID())
			_, _, err = o.AddLeadToStage(o.ctx, wrong)
			wantErrors(t, err, "NOT_FOUND input.pipelineId: Pipeline not found.")
		})
		t.Run("remove", func(t *testing.T) {
			remove.PipelineID = ptr((&ent.Pipeline{ID: stage.PipelineID}).GlobalID())
			got, board, err := o.RemoveLeadFromStage(o.ctx, remove)
			if err != nil || got.StageID != nil || got.Rank != "" || got.StageEnteredAt != nil || board.ID != stage.PipelineID {
				t.Fatalf("%v in %v: %v", got, board, err)
			}
			wantList(t, o.stays(t, two), "Fresh")
			wantList(t, o.actions(t, two.ID), "CREATED firstName lastName state statusId", "MOVED stageId", "MOVED stageId")
		})
		t.Run("add an archived one", func(t *testing.T) {
			must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: []string{two.GlobalID()}}))(t)
			_, _, err := o.AddLeadToStage(o.ctx, add)
			wantErrors(t, err, "INVALID input.leadId: The lead is archived: restore it first.")
		})
	})
}
