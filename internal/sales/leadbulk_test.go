package sales_test

import (
	"slices"
	"testing"

	"dealflow/ent"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

func idsOf(leads ...*ent.Lead) []string {
	ids := make([]string, len(leads))
	for i, l := range leads {
		ids[i] = l.GlobalID()
	}
	return ids
}

func TestArchiveAndRestoreLeads(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		stage := o.mustStage(t, "Fresh")
		a, b := o.mustLead(t, inStage(stage)), o.mustLead(t, inStage(stage))
		ids := idsOf(b, a)
		got := must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: ids[1:]}))(t)
		if !got[0].ArchivedAt.Equal(start) || got[0].Version != 2 || got[0].Rank != a.Rank {
			t.Errorf("lead = %v", got[0])
		}
		o.later(1)
		got = must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: ids}))(t)
		if !slices.Equal(idsOf(got...), ids) {
			t.Errorf("ids = %v", idsOf(got...))
		}
		if got[1].Version != 2 || !got[1].ArchivedAt.Equal(start) {
			t.Errorf("what was archived changed: %v", got[1])
		}
		got = must(o.RestoreLeads(o.ctx, sales.RestoreLeadsInput{IDs: ids}))(t)
		for _, l := range got {
			if same := o.reload(t, l); l.ArchivedAt != nil || same.ArchivedAt != nil || same.Version != l.Version || *same.StageID != stage.ID {
				t.Errorf("answer = %v\nstored = %v", l, same)
			}
		}
		wantList(t, o.actions(t, a.ID), "CREATED firstName lastName state statusId stageId", "ARCHIVED archivedAt", "RESTORED archivedAt")
	})
}

// TestChangeLeadsRefuses expects one wrong id to stop all.
func TestChangeLeadsRefuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		foreign := o.mustOther(t, "Rival").mustLead(t)
		ours := o.mustLead(t)
		ids := append(idsOf(ours, foreign), id.Lead.Encode(id.New()))
		want := []string{"NOT_FOUND input.ids.1: Lead not found.", "NOT_FOUND input.ids.2: Lead not found."}
		changes := map[string]func(ids []string) error{
			"archive": func(ids []string) error {
				_, err := o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: ids})
				return err
			},
			"restore": func(ids []string) error {
				_, err := o.RestoreLeads(o.ctx, sales.RestoreLeadsInput{IDs: ids})
				return err
			},
			"delete": func(ids []string) error {
				_, err := o.DeleteLeads(o.ctx, sales.DeleteLeadsInput{IDs: ids})
				return err
			},
			"status": func(ids []string) error {
				_, err := o.ChangeLeadStatus(o.ctx, sales.ChangeLeadStatusInput{IDs: ids, StatusID: o.mustStatuses(t)[1].GlobalID()})
				return err
			},
		}
		for title, change := range changes {
			t.Run(title, func(t *testing.T) {
				wantErrors(t, change(ids), want...)
				if got := o.reload(t, ours); got.Version != 1 {
					t.Errorf("version = %d", got.Version)
				}
				wantErrors(t, change(idsOf(ours, ours)), "INVALID input.ids.1: "+ours.GlobalID()+" stands in the list twice.")
				wantErrors(t, change(make([]string, 501)), "INVALID input.ids: The ids field has 501 entries; at most 500 are allowed.")
				if err := change(nil); err != nil {
					t.Errorf("no ids at all: %v", err)
				}
			})
		}
	})
}

func TestChangeLeadStatus(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		to := o.mustStatuses(t)[2]
		a, b := o.mustLead(t), o.mustLead(t, withStatus(to))
		got := must(o.ChangeLeadStatus(o.ctx, sales.ChangeLeadStatusInput{IDs: idsOf(a, b), StatusID: to.GlobalID()}))(t)
		if got[0].StatusID != to.ID || o.reload(t, a).StatusID != to.ID || got[1].Version != 1 {
			t.Errorf("leads = %v", got)
		}
		wantList(t, o.actions(t, a.ID), "CREATED firstName lastName state statusId", "STATUS_CHANGED statusId")
		_, err := o.ChangeLeadStatus(o.ctx, sales.ChangeLeadStatusInput{IDs: idsOf(a), StatusID: id.LeadStatus.Encode(id.New())})
		wantErrors(t, err, "NOT_FOUND input.statusId: Lead status not found.")
	})
}

func TestDeleteLeads(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		own, shared := o.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName
		branch := must(o.CreateBusiness(o.ctx, sales.CreateBusinessInput{Name: "Branch"}))(t)
		a := o.mustLead(t, inStage(o.mustStage(t, "Fresh")), withPhoto(own), func(input *sales.CreateLeadInput) { input.BusinessIDs = []string{branch.GlobalID()} })
		b, stays := o.mustLead(t, withPhoto(shared)), o.mustLead(t, withPhoto(shared))
		must(o.AddComment(o.ctx, sales.AddCommentInput{SubjectID: a.GlobalID(), Content: "Hello"}))(t)
		ids := idsOf(b, a)
		if got := must(o.DeleteLeads(o.ctx, sales.DeleteLeadsInput{IDs: ids}))(t); !slices.Equal(got, ids) {
			t.Errorf("ids = %v", got)
		}
		if n := must(o.store.Client.Lead.Query().Count(o.ctx))(t); n != 1 {
			t.Errorf("%d leads are left", n)
		}
		if n := must(o.store.Client.Comment.Query().Count(o.ctx))(t); n != 0 {
			t.Errorf("%d comments are left", n)
		}
		if o.hasPhoto(t, own) || !o.hasPhoto(t, shared) {
			t.Error("the wrong files are left")
		}
		if o.reload(t, stays).Photo == nil {
			t.Error("another lead lost its photo")
		}
		wantList(t, o.actions(t, a.ID)[2:], "DELETED firstName lastName state photo statusId businessIds stageId")
	})
}

// TestChangeLeadsInFewStatements expects as many for 200 leads as for 2.
func TestChangeLeadsInFewStatements(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		var leads []*ent.Lead
		for range 200 {
			leads = append(leads, o.mustLead(t))
		}
		ctx, counter := store.CountStatements(o.ctx)
		must(o.ArchiveLeads(ctx, sales.ArchiveLeadsInput{IDs: idsOf(leads...)}))(t)
		must(o.DeleteLeads(ctx, sales.DeleteLeadsInput{IDs: idsOf(leads...)}))(t)
		if counter.Count() > 16 {
			t.Errorf("%d statements", counter.Count())
		}
	})
}
