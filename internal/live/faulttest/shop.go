package faulttest

import (
	"context"
	"fmt"
	"time"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/ent/stage"
	"dealflow/internal/auth"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

const secret = "a secret for tests, 32 bytes long"

// shop is the organization that everybody works in.
type shop struct {
	ctx       context.Context // of its administrator
	token     string
	pipelines []*ent.Pipeline
	stages    []*ent.Stage // of all pipelines
	deals     []*ent.Deal
	leads     []*ent.Lead
}

func newShop(t *trial) *shop {
	rules := sales.New(t.store, nil, time.Now)
	made, err := rules.CreateOrganization(store.System(context.Background()), "acme", "USD")
	t.must(err)
	viewer := auth.Viewer{OrganizationID: made.ID, Subject: "ada", Role: auth.RoleAdmin, Permissions: auth.RoleAdmin.Permissions()}
	s := &shop{}
	s.token, err = auth.Sign(auth.Config{Secret: []byte(secret), Now: time.Now}, viewer, 30*24*time.Hour)
	t.must(err)
	user, err := rules.EnsureUser(context.Background(), viewer)
	t.must(err)
	viewer.UserID = user.ID
	s.ctx = auth.WithViewer(context.Background(), viewer)
	for _, name := range []string{"north", "south"} {
		s.addPipeline(t, rules, name)
	}
	for i := range 12 {
		s.addCards(t, rules, i)
	}
	return s
}

func (s *shop) addPipeline(t *trial, rules *sales.Sales, name string) {
	made, err := rules.CreatePipeline(s.ctx, sales.CreatePipelineInput{Name: name, IsActive: true, Stages: []*sales.PipelineStageInput{
		{Name: "new"}, {Name: "offer", Probability: 0.5}, {Name: "won", Probability: 1},
	}})
	t.must(err)
	stages, err := t.store.Client.Stage.Query().Where(stage.PipelineID(made.ID)).All(s.ctx)
	t.must(err)
	s.pipelines, s.stages = append(s.pipelines, made), append(s.stages, stages...)
}

func (s *shop) addCards(t *trial, rules *sales.Sales, i int) {
	stage := s.stages[i%len(s.stages)].GlobalID()
	email := fmt.Sprintf("c%d@example.com", i)
	one, err := rules.CreateDeal(s.ctx, sales.CreateDealInput{
		Title: fmt.Sprint("deal ", i), StageID: stage, Status: deal.StatusOPEN, Contact: &sales.ContactInput{Email: &email},
	})
	t.must(err)
	s.deals = append(s.deals, one)
	if i%4 != 0 {
		return
	}
	other, err := rules.CreateLead(s.ctx, sales.CreateLeadInput{FirstName: fmt.Sprint("lead ", i), State: lead.StateACTIVE, StageID: &stage})
	t.must(err)
	s.leads = append(s.leads, other)
}

// log is all events of the organization, in their order.
func (t *trial) log() ([]*ent.Event, error) {
	return t.store.Client.Event.Query().Order(event.BySeq()).All(t.shop.ctx)
}

// end is the number of the last event, once the database answers.
func (t *trial) end() int64 {
	var last *ent.Event
	t.await("the event log's end", func() (so bool) {
		var err error
		last, err = t.store.Client.Event.Query().Order(ent.Desc(event.FieldSeq)).First(t.shop.ctx)
		return err == nil
	})
	return last.Seq
}
