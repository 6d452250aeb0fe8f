package sales_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"dealflow/ent"
	"dealflow/ent/lead"
	"dealflow/ent/stage"
	"dealflow/ent/stagestay"
	"dealflow/internal/auth"
	"dealflow/internal/rank"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

func TestCreateStage(t *testing.T) {
	eachShop(t, func(s *shop) {
		_, _, err := s.CreateStage(s.ctx, sales.CreateStageInput{Name: "New"})
		s.refused(err, "pipelineId: There is no default pipeline: create one with createPipeline, or name a pipeline.")

		p := s.pipeline("Sales", "New", "Won")
		made, owner, err := s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Offer", Order: ptr(1), Probability: 0.5})
		s.must(err)
		s.equal("stages", s.stages(p), "0 New, 1 Offer, 2 Won")
		s.equal("place", made.Position, 1)
		s.equal("versions", fmt.Sprint(made.Version, s.stage("New").Version, s.stage("Won").Version), "1 1 2")
		s.equal("pipeline's version", owner.Version, 2)
		s.equal("log", s.log(made), "CREATED pipelineId name order probability")

		_, _, err = s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Last", PipelineID: ptr(p.GlobalID())})
		s.must(err)
		s.equal("stages", s.stages(p), "0 New, 1 Offer, 2 Won, 3 Last")

		_, _, err = s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Far", Order: ptr(5)})
		s.refused(err, "order: The order field must be from 0 to 4.")
		_, _, err = s.CreateStage(s.ctx, sales.CreateStageInput{Name: " ", Probability: 75, RottenAfter: ptr(0)})
		s.refused(err,
			"name: The name field is mandatory.",
			"probability: A probability goes from 0 to 1: write 0.75 for 75 per cent.",
			"rottenAfter: The rottenAfter field must be from 1 to 36500.")
	})
}

func TestCreateStageInFullPipeline(t *testing.T) {
	eachShop(t, func(s *shop) {
		names := make([]string, 100)
		for i := range names {
			names[i] = strconv.Itoa(i)
		}
		s.pipeline("Full", names...)
		_, _, err := s.CreateStage(s.ctx, sales.CreateStageInput{Name: "More"})
		s.refused(err, "pipelineId: The pipeline has 100 stages, and no room for more: delete one, or name another pipeline.")
	})
}

func TestCreateStageWithLeads(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "New")
		a, b, c := s.lead("a", s.stage("New")), s.lead("b", nil), s.lead("c", s.stage("New"))
		made, _, err := s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Hot", LeadIDs: []string{c.GlobalID(), b.GlobalID(), a.GlobalID()}})
		s.must(err)
		s.equal("cards", s.cards(made), "c b a")
		s.equal("left behind", s.cards(s.stage("New")), "")
		s.equal("stays", s.stays(s.db.StageStay.Query().Where(stagestay.LeadID(a.ID))), "New, Hot now")
		s.equal("stays", s.stays(s.db.StageStay.Query().Where(stagestay.LeadID(b.ID))), "Hot now")
		s.equal("version", s.db.Lead.GetX(s.ctx, a.ID).Version, 2)
		s.equal("log", s.log(b), "CREATED firstName state statusId, MOVED stageId")

		_, err = s.ArchiveLeads(s.ctx, sales.ArchiveLeadsInput{IDs: []string{b.GlobalID()}})
		s.must(err)
		ids := []string{a.GlobalID(), b.GlobalID()}
		_, _, err = s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Cold", LeadIDs: ids})
		s.refused(err, "leadIds.1: The lead is archived: restore it first.")
		other := s.rival().lead("x", nil)
		_, _, err = s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Cold", LeadIDs: []string{other.GlobalID()}})
		s.refused(err, "leadIds.0: Lead not found.")
		_, _, err = s.CreateStage(s.with(auth.EditSalesPipelines), sales.CreateStageInput{Name: "Cold", LeadIDs: ids[:1]})
		var forbidden sales.ForbiddenError
		s.equal("forbidden", errors.As(err, &forbidden), true)
	})
}

func TestUpdateStage(t *testing.T) {
	eachShop(t, func(s *shop) {
		p := s.pipeline("Sales", "A", "B", "C", "D")
		a := s.stage("A")
		moved, err := s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: a.GlobalID(), Order: set(2), Name: set("A2")})
		s.must(err)
		s.equal("stages", s.stages(p), "0 B, 1 C, 2 A2, 3 D")
		s.equal("versions", fmt.Sprint(moved.Version, s.stage("B").Version, s.stage("C").Version, s.stage("D").Version), "2 2 2 1")
		s.equal("log", s.log(a), "CREATED pipelineId name order probability, UPDATED name order")

		_, err = s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: a.GlobalID(), Order: set(0)})
		s.must(err)
		s.equal("stages", s.stages(p), "0 A2, 1 B, 2 C, 3 D")

		same, err := s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: a.GlobalID(), Order: set(0), Name: set("A2")})
		s.must(err)
		s.equal("version without a change", same.Version, 3)
		_, err = s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: a.GlobalID(), Order: set(4)})
		s.refused(err, "order: The order field must be from 0 to 3.")
		_, err = s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: a.GlobalID(), ExpectedVersion: ptr(1)})
		s.refused(err, "conflict with "+a.GlobalID())
		_, err = s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: p.GlobalID()})
		s.equal("a pipeline's id is refused", err != nil, true)
	})
}

func TestReorderStages(t *testing.T) {
	eachShop(t, func(s *shop) {
		p := s.pipeline("Sales", "A", "B", "C")
		a, b, c := s.stage("A").GlobalID(), s.stage("B").GlobalID(), s.stage("C").GlobalID()
		saved, err := s.ReorderStages(s.ctx, sales.ReorderStagesInput{PipelineID: p.GlobalID(), StageIDs: []string{c, b, a}})
		s.must(err)
		s.equal("stages", s.stages(p), "0 C, 1 B, 2 A")
		s.equal("versions", fmt.Sprint(saved.Version, s.stage("A").Version, s.stage("B").Version), "2 2 1")
		s.equal("log", s.log(p), "CREATED name isActive isDefault, REORDERED stageIds")

		saved, err = s.ReorderStages(s.ctx, sales.ReorderStagesInput{PipelineID: p.GlobalID(), StageIDs: []string{c, b, a}})
		s.must(err)
		s.equal("version without a change", saved.Version, 2)

		s.pipeline("Other", "X")
		x := s.stage("X").GlobalID()
		_, err = s.ReorderStages(s.ctx, sales.ReorderStagesInput{PipelineID: p.GlobalID(), StageIDs: []string{c, x, a}})
		s.refused(err,
			"stageIds.1: The pipeline has no such stage.",
			fmt.Sprintf("stageIds: The stage %s (\"B\") is missing: list all stages of the pipeline.", b))
		_, err = s.ReorderStages(s.ctx, sales.ReorderStagesInput{PipelineID: p.GlobalID(), StageIDs: []string{c, c, a}})
		s.refused(err, "stageIds.1: "+c+" stands in the list twice.")
		_, err = s.ReorderStages(s.ctx, sales.ReorderStagesInput{PipelineID: p.GlobalID(), StageIDs: []string{a, b, c}, ExpectedVersion: ptr(1)})
		s.refused(err, "conflict with "+p.GlobalID())
		s.equal("stages", s.stages(p), "0 C, 1 B, 2 A")
	})
}

func TestDeleteStage(t *testing.T) {
	eachShop(t, func(s *shop) {
		p := s.pipeline("Sales", "A", "B", "C")
		a, b := s.stage("A"), s.stage("B")
		s.deal("b1", "b1@example.com", b)
		d1, d2 := s.deal("a1", "a1@example.com", a), s.deal("a2", "a2@example.com", a)
		_, err := s.MoveDeal(s.ctx, sales.MoveDealInput{ID: d2.GlobalID(), Before: ptr(d1.GlobalID())})
		s.must(err)
		l := s.lead("l", a)
		_, err = s.ArchiveLeads(s.ctx, sales.ArchiveLeadsInput{IDs: []string{l.GlobalID()}})
		s.must(err)

		_, _, err = s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: a.GlobalID()})
		s.refused(err, "moveCardsToStageId (3): The stage holds cards (deals: 2; leads, with archived ones: 1). Say in moveCardsToStageId which other stage gets them.")
		_, _, err = s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: a.GlobalID(), MoveCardsToStageID: ptr(a.GlobalID())})
		s.refused(err, "moveCardsToStageId: That is the stage to delete: name another one.")

		deleted, owner, err := s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: a.GlobalID(), MoveCardsToStageID: ptr(b.GlobalID())})
		s.must(err)
		s.equal("deleted", deleted, a.GlobalID())
		s.equal("pipeline's version", owner.Version, 2)
		s.equal("stages", s.stages(p), "0 B, 1 C")
		s.equal("cards", s.cards(b), "b1 a2 a1 l")
		s.equal("stays", s.stays(s.db.StageStay.Query().Where(stagestay.DealID(d1.ID))), "A, B now")
		s.equal("stays", s.stays(s.db.StageStay.Query().Where(stagestay.LeadID(l.ID))), "A, B now")
		s.equal("version", s.db.Deal.GetX(s.ctx, d1.ID).Version, 2)
		s.equal("log", s.log(a), "CREATED pipelineId name order probability, DELETED pipelineId name order probability")
		s.equal("log", s.log(l), "CREATED firstName state statusId stageId, ARCHIVED archivedAt, MOVED stageId")

		_, _, err = s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: a.GlobalID()})
		s.refused(err, "id: Stage not found.")
	})
}

// TestDeleteStageOfManyCards moves more cards than one statement takes.
func TestDeleteStageOfManyCards(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("Sales", "A", "B")
		a, b := s.stage("A"), s.stage("B")
		first := s.lead("000", a)
		var more []*ent.LeadCreate
		for i, key := range rank.Spread(501)[1:] {
			more = append(more, s.db.Lead.Create().SetOrganizationID(first.OrganizationID).SetFirstName(strconv.Itoa(i)).
				SetStatusID(first.StatusID).SetStageID(a.ID).SetRank(key).SetStageEnteredAt(start).SetCreatedAt(start).SetUpdatedAt(start))
		}
		s.db.Lead.CreateBulk(more...).ExecX(s.ctx)
		before := s.cards(a)
		ctx, statements := store.CountStatements(s.ctx)
		_, _, err := s.DeleteStage(ctx, sales.DeleteStageInput{ID: a.GlobalID(), MoveCardsToStageID: ptr(b.GlobalID())})
		s.must(err)
		s.equal("statements are few", statements.Count() < 40, true)
		s.equal("the order is the same", s.cards(b) == before, true)
		s.equal("leads", s.db.Lead.Query().Where(lead.StageID(b.ID), lead.Version(2)).CountX(s.ctx), 501)
		s.equal("open stays", s.db.StageStay.Query().Where(stagestay.StageID(b.ID), stagestay.LeftAtIsNil()).CountX(s.ctx), 501)
	})
}

// TestStagesStayDense has many at work on one board at once, and on its cards.
func TestStagesStayDense(t *testing.T) {
	eachShop(t, func(s *shop) {
		p := s.pipeline("Sales", "A", "B", "C")
		a, b, c := s.stage("A"), s.stage("B"), s.stage("C")
		d := s.deal("d", "d@example.com", a)
		var wait sync.WaitGroup
		together := func(fn func(i int) error) {
			wait.Go(func() {
				for i := range 10 {
					if err := fn(i); err != nil {
						s.Error(err)
					}
				}
			})
		}
		together(func(int) error {
			_, _, err := s.CreateStage(s.ctx, sales.CreateStageInput{Name: "New", Order: ptr(0)})
			return err
		})
		together(func(i int) error {
			_, err := s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: a.GlobalID(), Order: set(i % 3)})
			return err
		})
		together(func(i int) error {
			made, _, err := s.CreateStage(s.ctx, sales.CreateStageInput{Name: "Short-lived"})
			if err != nil {
				return err
			}
			if _, err := s.MoveDeal(s.ctx, sales.MoveDealInput{ID: d.GlobalID(), StageID: ptr(made.GlobalID())}); err != nil {
				return err
			}
			_, _, err = s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: made.GlobalID(), MoveCardsToStageID: ptr(c.GlobalID())})
			return err
		})
		together(func(i int) error {
			_, err := s.MoveDeal(s.ctx, sales.MoveDealInput{ID: d.GlobalID(), StageID: ptr(b.GlobalID())})
			return err
		})
		wait.Wait()
		found, err := s.db.Stage.Query().Where(stage.PipelineID(p.ID)).Order(stage.ByPosition()).All(s.ctx)
		s.must(err)
		s.equal("stages", len(found), 13)
		for place, one := range found {
			s.equal("place of "+one.Name, one.Position, place)
		}
		open := s.db.StageStay.Query().Where(stagestay.DealID(d.ID), stagestay.LeftAtIsNil()).OnlyX(s.ctx)
		s.equal("stay", *open.StageID, s.db.Deal.GetX(s.ctx, d.ID).StageID)
	})
}
