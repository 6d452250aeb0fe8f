package sales_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/ent/stagestay"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/sales"
)

// shop is an office with boards, and the test that runs in it.
type shop struct {
	*testing.T
	*office
	db *ent.Client
}

// eachShop runs a test in a new shop in each database.
func eachShop(t *testing.T, test func(s *shop)) {
	t.Helper()
	eachOffice(t, func(t *testing.T, o *office) { test(&shop{t, o, o.store.Client}) })
}

// rival is another organization in the same database.
func (s *shop) rival() *shop {
	s.Helper()
	return &shop{s.T, s.mustOther(s.T, "Rival"), s.db}
}

// with is the context of somebody who has these permissions alone.
func (s *shop) with(permissions ...auth.Permission) context.Context {
	viewer := s.viewer
	viewer.Permissions = auth.PermissionsOf(permissions...)
	return auth.WithViewer(s.ctx, viewer)
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// pipeline makes a pipeline with stages of the given names.
func (s *shop) pipeline(name string, stages ...string) *ent.Pipeline {
	s.Helper()
	input := sales.CreatePipelineInput{Name: name, IsActive: true}
	for _, one := range stages {
		input.Stages = append(input.Stages, &sales.PipelineStageInput{Name: one})
	}
	made, err := s.CreatePipeline(s.ctx, input)
	s.must(err)
	return made
}

// again reads a pipeline once more.
func (s *shop) again(p *ent.Pipeline) *ent.Pipeline {
	s.Helper()
	found, err := s.db.Pipeline.Query().Where(pipeline.ID(p.ID)).Only(s.ctx)
	s.must(err)
	return found
}

// stage is the stage of a name.
func (s *shop) stage(name string) *ent.Stage {
	s.Helper()
	found, err := s.db.Stage.Query().Where(stage.Name(name)).Only(s.ctx)
	s.must(err)
	return found
}

// stages are the names of a pipeline's stages, with their places, in order.
func (s *shop) stages(p *ent.Pipeline) string {
	s.Helper()
	found, err := s.db.Stage.Query().Where(stage.PipelineID(p.ID)).Order(stage.ByPosition()).All(s.ctx)
	s.must(err)
	var names []string
	for _, one := range found {
		names = append(names, fmt.Sprintf("%d %s", one.Position, one.Name))
	}
	return strings.Join(names, ", ")
}

// deal makes a deal of a contact, who is known by email.
func (s *shop) deal(title, email string, in *ent.Stage) *ent.Deal {
	s.Helper()
	made, err := s.CreateDeal(s.ctx, sales.CreateDealInput{
		Title: title, StageID: in.GlobalID(), Status: deal.StatusOPEN, Contact: &sales.ContactInput{Email: &email},
	})
	s.must(err)
	return made
}

// lead makes a lead, on a board when a stage is given.
func (s *shop) lead(name string, in *ent.Stage) *ent.Lead {
	s.Helper()
	input := sales.CreateLeadInput{FirstName: name, State: lead.StateACTIVE}
	if in != nil {
		input.StageID = ptr(in.GlobalID())
	}
	made, err := s.CreateLead(s.ctx, input)
	s.must(err)
	return made
}

// cards are the titles of a stage's deals and the names of its leads, in order.
func (s *shop) cards(in *ent.Stage) string {
	s.Helper()
	deals, err := s.db.Deal.Query().Where(deal.StageID(in.ID)).Order(deal.ByRank(), deal.ByID()).All(s.ctx)
	s.must(err)
	leads, err := s.db.Lead.Query().Where(lead.StageID(in.ID)).Order(lead.ByRank(), lead.ByID()).All(s.ctx)
	s.must(err)
	var names []string
	for _, d := range deals {
		names = append(names, d.Title)
	}
	for _, l := range leads {
		names = append(names, l.FirstName)
	}
	return strings.Join(names, " ")
}

// stays are the stages that a card was in, in order, the one it is in last.
func (s *shop) stays(query *ent.StageStayQuery) string {
	s.Helper()
	found, err := query.Order(stagestay.ByEnteredAt(), stagestay.ByID()).All(s.ctx)
	s.must(err)
	var names []string
	for _, one := range found {
		name := one.StageName
		if one.LeftAt == nil {
			name += " now"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// log is what was done to an entity, oldest first, and to which fields.
func (s *shop) log(entity ent.Node) string {
	s.Helper()
	_, key, err := id.Parse(entity.GlobalID())
	s.must(err)
	found, err := s.db.Activity.Query().Where(activity.EntityID(key)).Order(activity.ByCreatedAt(), activity.ByID()).All(s.ctx)
	s.must(err)
	var entries []string
	for _, one := range found {
		entry := string(one.Action)
		for _, change := range one.Changes {
			entry += " " + change.Field
		}
		entries = append(entries, entry)
	}
	return strings.Join(entries, ", ")
}

// refused checks that an error says exactly these things, each as
// "path: message".
func (s *shop) refused(err error, want ...string) {
	s.Helper()
	var errs sales.Errors
	if !errors.As(err, &errs) {
		s.Fatalf("got the error %v, want %q", err, want)
	}
	var got []string
	for _, one := range errs {
		switch one := one.(type) {
		case sales.InputError:
			got = append(got, strings.Join(one.Path[1:], ".")+": "+one.Message)
		case sales.BlockedError:
			got = append(got, fmt.Sprintf("%s (%d): %s", strings.Join(one.Path[1:], "."), one.Count, one.Message))
		case sales.ConflictError:
			got = append(got, "conflict with "+one.Current.GlobalID())
		default:
			got = append(got, one.Error())
		}
	}
	if !slices.Equal(got, want) {
		s.Errorf("refused with\n%q, want\n%q", got, want)
	}
}

func (s *shop) equal(what string, got, want any) {
	s.Helper()
	if got != want {
		s.Errorf("%s: got %v, want %v", what, got, want)
	}
}
