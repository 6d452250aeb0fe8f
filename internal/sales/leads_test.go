package sales_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/ent"
	"dealflow/ent/lead"
	"dealflow/internal/id"
	"dealflow/internal/sales"
)

func TestCreateLead(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		t.Run("with a first name alone", func(t *testing.T) {
			got := must(o.CreateLead(o.ctx, sales.CreateLeadInput{FirstName: " Ada ", State: lead.StateACTIVE}))(t)
			if got.FirstName != "Ada" || got.LastName != "" || got.Email != nil || got.StageID != nil || got.Version != 1 {
				t.Errorf("lead = %v", got)
			}
			if got.StatusID != o.mustStatuses(t)[0].ID {
				t.Error("its status is not the first one")
			}
			wantList(t, o.actions(t, got.ID), "CREATED firstName state statusId")
		})
		t.Run("with everything", func(t *testing.T) {
			status, stage := o.mustStatuses(t)[2], o.mustStage(t, "Fresh")
			first := o.mustLead(t, inStage(stage))
			branch := must(o.CreateBusiness(o.ctx, sales.CreateBusinessInput{Name: "Branch"}))(t)
			photo := o.mustPhoto(t, nil).FileName
			got := must(o.CreateLead(o.ctx, sales.CreateLeadInput{
				FirstName:    "Grace",
				LastName:     "Hopper",
				State:        lead.StateINACTIVE,
				Email:        ptr(" Grace@Example.COM "),
				PhoneNumbers: []string{"+1 (555) 010-99", " "},
				Photo:        &photo,
				StatusID:     ptr(status.GlobalID()),
				Source:       ptr("Fair"),
				Description:  ptr("Met at the fair."),
				Location:     ptr("New York"),
				Position:     ptr("Admiral"),
				Company:      ptr("Navy"),
				SocialMedia:  &sales.SocialMediaInput{Twitter: ptr("@grace"), Youtube: ptr("")},
				BusinessIDs:  []string{branch.GlobalID()},
				StageID:      ptr(stage.GlobalID()),
				ExternalID:   ptr("crm-1"),
			}))(t)
			if *got.Email != "grace@example.com" || got.StatusID != status.ID || *got.StageID != stage.ID || !got.StageEnteredAt.Equal(start) {
				t.Errorf("lead = %v", got)
			}
			if got.Rank <= first.Rank {
				t.Errorf("it stands at %q, above %q", got.Rank, first.Rank)
			}
			if *got.SocialMedia.Twitter != "@grace" || got.SocialMedia.Youtube != nil {
				t.Errorf("social media = %v", got.SocialMedia)
			}
			if want := "grace\nhopper\ngrace@example.com\n+1 (555) 010-99\n155501099\nnavy\nadmiral\nnew york\nfair"; got.SearchText != want {
				t.Errorf("search text = %q", got.SearchText)
			}
			if its := o.reload(t, got).Edges.Businesses; len(its) != 1 || its[0].ID != branch.ID {
				t.Errorf("businesses = %v", its)
			}
			wantList(t, o.stays(t, got), "Fresh…")
			wantList(t, o.actions(t, got.ID), "CREATED firstName lastName state email phoneNumbers photo statusId source "+
				"description location position company socialMedia businessIds stageId externalId")
		})
	})
}

func TestCreateLeadRefuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		foreign := o.mustOther(t, "Rival")
		theirs := must(foreign.CreateBusiness(foreign.ctx, sales.CreateBusinessInput{Name: "Theirs"}))(t)
		ours := must(o.CreateBusiness(o.ctx, sales.CreateBusinessInput{Name: "Ours"}))(t)
		foreign.mustLead(t, withEmail("grace@example.com"))
		o.mustLead(t, withEmail("taken@example.com"), func(input *sales.CreateLeadInput) { input.ExternalID = ptr("1") })
		nothing := id.LeadStatus.Encode(id.New())
		tests := map[string]struct {
			shape func(*sales.CreateLeadInput)
			want  []string
		}{
			"all that is wrong at once": {func(input *sales.CreateLeadInput) {
				*input = sales.CreateLeadInput{Email: ptr("no"), StatusID: ptr("stage_1"), Photo: ptr("../../passwd")}
			}, []string{
				`INVALID_ID input.statusId: Invalid lead status ID: "stage_1" is not an id; a lead status id looks like status_01j….`,
				"REQUIRED input.firstName: The firstName field is mandatory.",
				"INVALID input.email: The email field is not an email address, such as ada@example.com.",
				"NOT_FOUND input.photo: Photo not found: uploadLeadPhoto answers the names of those that there are.",
			}},
			"an email that another lead has": {withEmail("Taken@Example.com"),
				[]string{"ALREADY_EXISTS input.email: Email already exists."}},
			"an external id that another lead has": {func(input *sales.CreateLeadInput) { input.ExternalID = ptr("1") },
				[]string{`ALREADY_EXISTS input.externalId: Another lead has the external id "1".`}},
			"a status that is not there": {func(input *sales.CreateLeadInput) { input.StatusID = &nothing },
				[]string{"NOT_FOUND input.statusId: Lead status not found."}},
			"another organization's business": {func(input *sales.CreateLeadInput) { input.BusinessIDs = []string{ours.GlobalID(), theirs.GlobalID()} },
				[]string{"NOT_FOUND input.businessIds.1: Business not found."}},
			"a long phone number": {func(input *sales.CreateLeadInput) { input.PhoneNumbers = []string{strings.Repeat("1", 51)} },
				[]string{"INVALID input.phoneNumbers: The phoneNumbers field has 51 characters; at most 50 are allowed."}},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				input := sales.CreateLeadInput{FirstName: "Grace", State: lead.StateACTIVE}
				test.shape(&input)
				_, err := o.CreateLead(o.ctx, input)
				wantErrors(t, err, test.want...)
			})
		}
		t.Run("when there is no status", func(t *testing.T) {
			bare := o.mustOther(t, "Bare")
			must(o.store.Client.LeadStatus.Delete().Exec(bare.ctx))(t)
			_, err := bare.CreateLead(bare.ctx, sales.CreateLeadInput{FirstName: "Grace", State: lead.StateACTIVE})
			wantErrors(t, err, "NOT_FOUND input.statusId: No lead status found: create one with createLeadStatus.")
		})
		t.Run("another organization's email is free", func(t *testing.T) {
			o.mustLead(t, withEmail("grace@example.com"))
		})
	})
}

// TestCreateLeadRace expects one of many to get an email, and the others to be
// told so, not that the server failed.
func TestCreateLeadRace(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		stage := o.mustStage(t, "Fresh")
		var wait sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wait.Go(func() {
				_, errs[i] = o.CreateLead(o.ctx, sales.CreateLeadInput{
					FirstName: "Grace", State: lead.StateACTIVE, Email: ptr("grace@example.com"), StageID: ptr(stage.GlobalID()),
				})
			})
		}
		wait.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			wantErrors(t, err, "ALREADY_EXISTS input.email: Email already exists.")
		}
		if made != 1 {
			t.Errorf("%d leads were made", made)
		}
	})
}

func TestUpdateLead(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		one := must(o.CreateBusiness(o.ctx, sales.CreateBusinessInput{Name: "One"}))(t)
		two := must(o.CreateBusiness(o.ctx, sales.CreateBusinessInput{Name: "Two"}))(t)
		old := o.mustLead(t, withEmail("grace@example.com"), func(input *sales.CreateLeadInput) {
			input.Source, input.PhoneNumbers, input.BusinessIDs = ptr("Fair"), []string{"1", "2"}, []string{one.GlobalID()}
			input.SocialMedia = &sales.SocialMediaInput{Facebook: ptr("grace")}
		})
		update := func(t *testing.T, input sales.UpdateLeadInput) *ent.Lead {
			t.Helper()
			input.ID = old.GlobalID()
			return must(o.UpdateLead(o.ctx, input))(t)
		}
		t.Run("nothing", func(t *testing.T) {
			if got := update(t, sales.UpdateLeadInput{LastName: set("Hopper")}); got.Version != 1 {
				t.Errorf("version = %d", got.Version)
			}
		})
		t.Run("some fields", func(t *testing.T) {
			o.later(time.Minute)
			got := update(t, sales.UpdateLeadInput{
				LastName: set("Murray"), State: set(lead.StateINACTIVE), StatusID: set(o.mustStatuses(t)[1].GlobalID()),
				BusinessIDs: graphql.OmittableOf([]string{two.GlobalID(), one.GlobalID()}),
			})
			if got.LastName != "Murray" || *got.Email != "grace@example.com" || got.Version != 2 || !got.UpdatedAt.Equal(start.Add(time.Minute)) {
				t.Errorf("lead = %v", got)
			}
			if !strings.Contains(got.SearchText, "murray") || len(o.reload(t, got).Edges.Businesses) != 2 {
				t.Errorf("search text = %q, businesses = %v", got.SearchText, o.reload(t, got).Edges.Businesses)
			}
		})
		t.Run("null clears", func(t *testing.T) {
			got := update(t, sales.UpdateLeadInput{
				LastName: null[string](), Email: null[string](), Source: null[string](), SocialMedia: null[sales.SocialMediaInput](),
				PhoneNumbers: graphql.OmittableOf[[]string](nil), BusinessIDs: graphql.OmittableOf[[]string](nil),
			})
			got = o.reload(t, got)
			if got.LastName != "" || got.Email != nil || got.Source != nil || got.SocialMedia != nil || len(got.PhoneNumbers) != 0 || len(got.Edges.Businesses) != 0 {
				t.Errorf("lead = %v, businesses = %v", got, got.Edges.Businesses)
			}
		})
		wantList(t, o.actions(t, old.ID),
			"CREATED firstName lastName state email phoneNumbers statusId source socialMedia businessIds",
			"UPDATED lastName state statusId businessIds",
			"UPDATED lastName email phoneNumbers source socialMedia businessIds")
	})
}

func TestUpdateLeadRefuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		o.mustLead(t, withEmail("taken@example.com"))
		old := o.mustLead(t, withEmail("grace@example.com"))
		foreign := o.mustOther(t, "Rival")
		tests := map[string]struct {
			input sales.UpdateLeadInput
			want  []string
		}{
			"null where something must be": {sales.UpdateLeadInput{FirstName: null[string](), State: null[lead.State]()}, []string{
				"REQUIRED input.firstName: The firstName field is mandatory: leave it out to keep it, null does not clear it.",
				"REQUIRED input.state: The state field is mandatory: leave it out to keep it, null does not clear it.",
			}},
			"no status":     {sales.UpdateLeadInput{StatusID: null[string]()}, []string{"REQUIRED input.statusId: The statusId field is mandatory."}},
			"a taken email": {sales.UpdateLeadInput{Email: set("TAKEN@example.com")}, []string{"ALREADY_EXISTS input.email: Email already exists."}},
			"a photo that is not there": {sales.UpdateLeadInput{Photo: set("x.png")},
				[]string{"NOT_FOUND input.photo: Photo not found: uploadLeadPhoto answers the names of those that there are."}},
			"another organization's photo": {sales.UpdateLeadInput{Photo: set(foreign.mustPhoto(t, nil).FileName)},
				[]string{"NOT_FOUND input.photo: Photo not found: uploadLeadPhoto answers the names of those that there are."}},
			"a version that is gone": {sales.UpdateLeadInput{ExpectedVersion: ptr(7), FirstName: set("G")},
				[]string{"CONFLICT input.expectedVersion: It has version 1 now, not 7. Read it again and repeat the change."}},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				test.input.ID = old.GlobalID()
				_, err := o.UpdateLead(o.ctx, test.input)
				wantErrors(t, err, test.want...)
			})
		}
		t.Run("another organization's lead", func(t *testing.T) {
			_, err := foreign.UpdateLead(foreign.ctx, sales.UpdateLeadInput{ID: old.GlobalID(), FirstName: set("Eve")})
			wantErrors(t, err, "NOT_FOUND input.id: Lead not found.")
		})
		if got := o.reload(t, old); got.Version != 1 {
			t.Errorf("version = %d", got.Version)
		}
	})
}

func TestUpdateLeadPhoto(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		first, second, shared := o.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName
		one := o.mustLead(t, withPhoto(first))
		o.mustLead(t, withPhoto(shared))
		steps := []struct {
			photo graphql.Omittable[*string]
			gone  string
			stays string
		}{
			{set(first), "", first},
			{set(second), first, second},
			{set(shared), second, shared},
			{null[string](), "", shared}, // the other lead still has it
		}
		for _, step := range steps {
			got := must(o.UpdateLead(o.ctx, sales.UpdateLeadInput{ID: one.GlobalID(), Photo: step.photo}))(t)
			if want := step.photo.Value(); (got.Photo == nil) != (want == nil) {
				t.Errorf("photo = %v", got.Photo)
			}
			if step.gone != "" && o.hasPhoto(t, step.gone) {
				t.Error("the file of the photo that nobody has is still there")
			}
			if !o.hasPhoto(t, step.stays) {
				t.Error("the file of a photo is gone")
			}
		}
	})
}

// TestUpdateLeadLostPhoto expects a form that sends a lead back whole to be
// taken although the photo's file is lost.
func TestUpdateLeadLostPhoto(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		name := o.mustPhoto(t, nil).FileName
		one := o.mustLead(t, withPhoto(name))
		if err := o.photos.Delete(o.ctx, o.viewer.OrganizationID, name); err != nil {
			t.Fatal(err)
		}
		must(o.UpdateLead(o.ctx, sales.UpdateLeadInput{ID: one.GlobalID(), Photo: set(name), FirstName: set("G")}))(t)
	})
}
