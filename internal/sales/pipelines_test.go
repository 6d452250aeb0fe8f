package sales_test

import (
	"sync"
	"testing"

	"dealflow/ent"
	"dealflow/ent/pipeline"
	"dealflow/ent/stagestay"
	"dealflow/internal/sales"
)

func TestCreatePipeline(t *testing.T) {
	eachShop(t, func(s *shop) {
		p, err := s.CreatePipeline(s.ctx, sales.CreatePipelineInput{Name: " Sales ", IsActive: true, Stages: []*sales.PipelineStageInput{
			{Name: "Won", Order: ptr(7), Probability: 1},
			{Name: "New", Order: ptr(1), RottenAfter: ptr(3)},
			{Name: "Offer", Order: ptr(4)},
		}})
		s.must(err)
		s.equal("name", p.Name, "Sales")
		s.equal("stages", s.stages(p), "0 New, 1 Offer, 2 Won")
		s.equal("version", p.Version, 1)

		_, err = s.CreatePipeline(s.ctx, sales.CreatePipelineInput{Stages: []*sales.PipelineStageInput{
			{Name: "A", Order: ptr(0)}, {Name: "", Order: ptr(0)}, {Name: "C", Probability: 50}, {Name: "D", Order: ptr(-1), RottenAfter: ptr(0)},
		}})
		s.refused(err,
			"name: The name field is mandatory.",
			"stages.1.order: Another stage has the order 0.",
			"stages.3.order: The order field must be from 0 to 2147483647.",
			"stages.2.order: The order field is mandatory when another stage has one: give one to all stages, or to none.",
			"stages.1.name: The name field is mandatory.",
			"stages.2.probability: A probability goes from 0 to 1: write 0.5 for 50 per cent.",
			"stages.3.rottenAfter: The rottenAfter field must be from 1 to 36500.")
		_, err = s.CreatePipeline(s.ctx, sales.CreatePipelineInput{Name: "Full", Stages: make([]*sales.PipelineStageInput, 101)})
		s.refused(err, "stages: The stages field has 101 entries; at most 100 are allowed.")
	})
}

func TestDefaultPipeline(t *testing.T) {
	eachShop(t, func(s *shop) {
		holder := func() string {
			found, err := s.db.Pipeline.Query().Where(pipeline.IsDefault(true)).Only(s.ctx)
			if ent.IsNotFound(err) {
				return ""
			}
			s.must(err)
			return found.Name
		}
		first, second := s.pipeline("First"), s.pipeline("Second")
		s.equal("the first is it", holder(), "First")
		third, err := s.CreatePipeline(s.ctx, sales.CreatePipelineInput{Name: "Third", IsDefault: true})
		s.must(err)
		s.equal("who asks gets it", holder(), "Third")
		s.equal("log", s.log(first), "CREATED name isActive isDefault, UPDATED isDefault")

		_, err = s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: second.GlobalID(), IsDefault: set(true)})
		s.must(err)
		s.equal("an update moves it", holder(), "Second")
		_, err = s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: second.GlobalID(), IsDefault: set(false)})
		s.refused(err, "isDefault: The default pipeline's isDefault field cannot be false: make another pipeline the default instead.")

		archived, err := s.ArchivePipeline(s.ctx, sales.ArchivePipelineInput{ID: second.GlobalID()})
		s.must(err)
		s.equal("archiving hands it to the oldest", holder(), "First")
		s.equal("archived", archived.ArchivedAt != nil && !archived.IsDefault && archived.Version == 3, true)
		_, err = s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: second.GlobalID(), IsDefault: set(true)})
		s.refused(err, "isDefault: An archived pipeline cannot be the default: unarchive it first.")

		_, err = s.DeletePipeline(s.ctx, sales.DeletePipelineInput{ID: first.GlobalID()})
		s.must(err)
		s.equal("so does deleting, past an archived one", holder(), "Third")
		_, err = s.ArchivePipeline(s.ctx, sales.ArchivePipelineInput{ID: third.GlobalID()})
		s.must(err)
		s.equal("nobody is left", holder(), "")
		back, err := s.UnarchivePipeline(s.ctx, sales.UnarchivePipelineInput{ID: second.GlobalID()})
		s.must(err)
		s.equal("who comes back takes it", holder(), "Second")
		s.equal("log", s.log(back), "CREATED name isActive isDefault, UPDATED isDefault, ARCHIVED isDefault archivedAt, RESTORED isDefault archivedAt")
		again, err := s.UnarchivePipeline(s.ctx, sales.UnarchivePipelineInput{ID: second.GlobalID(), ExpectedVersion: &back.Version})
		s.must(err)
		s.equal("once more changes nothing", again.Version, back.Version)
	})
}

// TestDefaultPipelineRace has many claim the flag at once.
func TestDefaultPipelineRace(t *testing.T) {
	eachShop(t, func(s *shop) {
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				p, err := s.CreatePipeline(s.ctx, sales.CreatePipelineInput{Name: "One of many"})
				if err == nil {
					_, err = s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: p.GlobalID(), IsDefault: set(true)})
				}
				if err == nil {
					_, err = s.ArchivePipeline(s.ctx, sales.ArchivePipelineInput{ID: p.GlobalID()})
				}
				if err == nil {
					_, err = s.UnarchivePipeline(s.ctx, sales.UnarchivePipelineInput{ID: p.GlobalID()})
				}
				if err != nil {
					s.Error(err)
				}
			})
		}
		wait.Wait()
		s.equal("defaults", s.db.Pipeline.Query().Where(pipeline.IsDefault(true), pipeline.ArchivedAtIsNil()).CountX(s.ctx), 1)
	})
}

func TestDeletePipeline(t *testing.T) {
	eachShop(t, func(s *shop) {
		p := s.pipeline("Old", "A", "B")
		q := s.pipeline("New", "X", "Y")
		x, y := s.stage("X"), s.stage("Y")
		s.deal("x1", "ada@example.com", x)
		s.deal("y1", "eve@example.com", y)
		b1 := s.deal("b1", "ada@example.com", s.stage("B"))
		a1 := s.deal("a1", "bob@example.com", s.stage("A"))
		s.lead("l", s.stage("B"))

		_, err := s.DeletePipeline(s.ctx, sales.DeletePipelineInput{ID: p.GlobalID()})
		s.refused(err, "moveCardsToStageId (3): The pipeline holds cards (deals: 2; leads, with archived ones: 1). Say in moveCardsToStageId which stage of another pipeline gets them.")
		_, err = s.DeletePipeline(s.ctx, sales.DeletePipelineInput{ID: p.GlobalID(), MoveCardsToStageID: ptr(s.stage("A").GlobalID())})
		s.refused(err, "moveCardsToStageId: That stage goes with the pipeline: name a stage of another pipeline.")
		elsewhere := s.rival()
		elsewhere.pipeline("Theirs", "Foreign")
		_, err = s.DeletePipeline(s.ctx, sales.DeletePipelineInput{ID: p.GlobalID(), MoveCardsToStageID: ptr(elsewhere.stage("Foreign").GlobalID())})
		s.refused(err, "moveCardsToStageId: Stage not found.")

		deleted, err := s.DeletePipeline(s.ctx, sales.DeletePipelineInput{ID: p.GlobalID(), MoveCardsToStageID: ptr(y.GlobalID())})
		s.must(err)
		s.equal("deleted", deleted, p.GlobalID())
		s.equal("cards", s.cards(y), "y1 a1 b1 l")
		moved := s.db.Deal.GetX(s.ctx, a1.ID)
		s.equal("pipeline", moved.PipelineID, q.ID)
		s.equal("duplicate", moved.Duplicate, false)
		s.equal("Ada's second deal is marked", s.db.Deal.GetX(s.ctx, b1.ID).Duplicate, true)
		s.equal("stays", s.stays(s.db.StageStay.Query().Where(stagestay.DealID(b1.ID))), "B, Y now")
		s.equal("pipelines", s.db.Pipeline.Query().CountX(s.ctx), 1)
		s.equal("stages", s.db.Stage.Query().CountX(s.ctx), 2)
		s.equal("default", s.again(q).IsDefault, true)
		s.equal("log", s.log(p), "CREATED name isActive isDefault, DELETED name isActive isDefault")
	})
}

func TestUpdatePipeline(t *testing.T) {
	eachShop(t, func(s *shop) {
		p := s.pipeline("Sales")
		saved, err := s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: p.GlobalID(), Name: set("Deals"), IsActive: set(false), ExpectedVersion: ptr(1)})
		s.must(err)
		s.equal("version", saved.Version, 2)
		s.equal("log", s.log(p), "CREATED name isActive isDefault, UPDATED name isActive")
		_, err = s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: p.GlobalID(), Name: set("Late"), ExpectedVersion: ptr(1)})
		s.refused(err, "conflict with "+p.GlobalID())
		same, err := s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: p.GlobalID(), Name: set("Deals")})
		s.must(err)
		s.equal("version without a change", same.Version, 2)
	})
}
