package sales_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/deal"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/sales"
)

func (o *office) mustComment(tb testing.TB, subject string) *ent.Comment {
	tb.Helper()
	return must(o.AddComment(o.ctx, sales.AddCommentInput{SubjectID: subject, Content: " Call back. "}))(tb)
}

func (o *office) mustDeal(tb testing.TB) *ent.Deal {
	tb.Helper()
	return must(o.CreateDeal(o.ctx, sales.CreateDealInput{
		Title: "Compiler", Status: deal.StatusOPEN, StageID: o.mustStage(tb, "Fresh").GlobalID(),
		Contact: &sales.ContactInput{Email: ptr("buyer@example.com")},
	}))(tb)
}

func TestAddComment(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		theLead, theDeal := o.mustLead(t), o.mustDeal(t)
		t.Run("on a lead", func(t *testing.T) {
			got := o.mustComment(t, theLead.GlobalID())
			if got.Content != "Call back." || *got.LeadID != theLead.ID || got.DealID != nil || *got.AuthorID != o.viewer.UserID || got.EditedAt != nil {
				t.Errorf("comment = %v", got)
			}
			wantList(t, o.actions(t, theLead.ID)[1:], "COMMENTED content")
		})
		t.Run("on a deal", func(t *testing.T) {
			got := o.mustComment(t, theDeal.GlobalID())
			if *got.DealID != theDeal.ID || got.LeadID != nil {
				t.Errorf("comment = %v", got)
			}
			wantList(t, o.actions(t, theDeal.ID)[1:], "COMMENTED content")
		})
		tests := map[string]struct{ subject, content, want string }{
			"nothing to say":   {theLead.GlobalID(), " ", "REQUIRED input.content: The content field is mandatory."},
			"too much":         {theLead.GlobalID(), strings.Repeat("x", 10_001), "INVALID input.content: The content field has 10001 characters; at most 10000 are allowed."},
			"no id":            {"12", "x", `INVALID_ID input.subjectId: Invalid lead ID: "12" is not an id; a lead id looks like lead_01j….`},
			"something else's": {o.mustStatuses(t)[0].GlobalID(), "x", `INVALID_ID input.subjectId: Invalid lead ID: "` + o.mustStatuses(t)[0].GlobalID() + `" is a lead status id; a lead id (lead_…) belongs here.`},
			"no such lead":     {id.Lead.Encode(id.New()), "x", "NOT_FOUND input.subjectId: Lead not found."},
			"another's deal":   {o.mustOther(t, "Rival").mustDeal(t).GlobalID(), "x", "NOT_FOUND input.subjectId: Deal not found."},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				_, err := o.AddComment(o.ctx, sales.AddCommentInput{SubjectID: test.subject, Content: test.content})
				wantErrors(t, err, test.want)
			})
		}
		t.Run("without permission", func(t *testing.T) {
			reader := o.mustColleague(t, "reader", auth.RoleViewer)
			for subject, needed := range map[string]auth.Permission{theLead.GlobalID(): auth.EditLeads, theDeal.GlobalID(): auth.EditSalesPipelines} {
				_, err := reader.AddComment(reader.ctx, sales.AddCommentInput{SubjectID: subject, Content: "x"})
				wantForbidden(t, err, needed)
			}
		})
	})
}

func wantForbidden(tb testing.TB, err error, needed auth.Permission) {
	tb.Helper()
	var forbidden sales.ForbiddenError
	if !errors.As(err, &forbidden) || forbidden.Permission != needed {
		tb.Errorf("error = %v", err)
	}
}

func TestEditComment(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		seller := o.mustColleague(t, "seller", auth.RoleSales)
		about := o.mustLead(t)
		old := seller.mustComment(t, about.GlobalID())
		long := strings.Repeat("é", 201)
		o.later(time.Minute)
		t.Run("by its author", func(t *testing.T) {
			got := must(seller.EditComment(seller.ctx, sales.EditCommentInput{ID: old.GlobalID(), Content: long, ExpectedVersion: ptr(1)}))(t)
			if got.Content != long || !got.EditedAt.Equal(*o.clock) || got.Version != 2 {
				t.Errorf("comment = %v", got)
			}
			changes := must(o.store.Client.Activity.Query().Where(activity.ActionEQ(activity.ActionCOMMENT_EDITED)).Only(o.ctx))(t).Changes
			want, err := json.Marshal(strings.Repeat("é", 199) + "…")
			if err != nil || string(changes[0].From) != `"Call back."` || string(changes[0].To) != string(want) {
				t.Errorf("changes = %s", changes)
			}
		})
		t.Run("with the same text", func(t *testing.T) {
			if got := must(seller.EditComment(seller.ctx, sales.EditCommentInput{ID: old.GlobalID(), Content: long}))(t); got.Version != 2 {
				t.Errorf("version = %d", got.Version)
			}
		})
		t.Run("by who manages the organization", func(t *testing.T) {
			if got := must(o.EditComment(o.ctx, sales.EditCommentInput{ID: old.GlobalID(), Content: "Moderated"}))(t); *got.AuthorID != seller.viewer.UserID {
				t.Errorf("comment = %v", got)
			}
		})
		t.Run("by somebody else, who learns nothing", func(t *testing.T) {
			other := o.mustColleague(t, "other", auth.RoleSales)
			_, err := other.EditComment(other.ctx, sales.EditCommentInput{ID: old.GlobalID(), Content: "x", ExpectedVersion: ptr(9)})
			wantErrors(t, err, "NOT_ALLOWED input.id: The comment is another user's: only its author may change it, or somebody who has MANAGE_ORGANIZATION.")
		})
		t.Run("by its author, who may no longer change leads", func(t *testing.T) {
			former := o.mustColleague(t, "seller", auth.RoleViewer)
			_, err := former.EditComment(former.ctx, sales.EditCommentInput{ID: old.GlobalID(), Content: "x"})
			wantForbidden(t, err, auth.EditLeads)
		})
		t.Run("of another version", func(t *testing.T) {
			_, err := seller.EditComment(seller.ctx, sales.EditCommentInput{ID: old.GlobalID(), Content: "x", ExpectedVersion: ptr(1)})
			wantErrors(t, err, "CONFLICT input.expectedVersion: It has version 3 now, not 1. Read it again and repeat the change.")
		})
		t.Run("not there", func(t *testing.T) {
			_, err := o.EditComment(o.ctx, sales.EditCommentInput{ID: id.Comment.Encode(id.New()), Content: "x"})
			wantErrors(t, err, "NOT_FOUND input.id: Comment not found.")
			_, err = o.EditComment(o.ctx, sales.EditCommentInput{ID: about.GlobalID(), Content: "x"})
			wantErrors(t, err, `INVALID_ID input.id: Invalid comment ID: "`+about.GlobalID()+`" is a lead id; a comment id (comment_…) belongs here.`)
		})
	})
}

func TestDeleteComment(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		seller, other := o.mustColleague(t, "seller", auth.RoleSales), o.mustColleague(t, "other", auth.RoleSales)
		about := o.mustDeal(t)
		old := seller.mustComment(t, about.GlobalID())
		_, err := other.DeleteComment(other.ctx, sales.DeleteCommentInput{ID: old.GlobalID()})
		wantErrors(t, err, "NOT_ALLOWED input.id: The comment is another user's: only its author may change it, or somebody who has MANAGE_ORGANIZATION.")
		if got := must(seller.DeleteComment(seller.ctx, sales.DeleteCommentInput{ID: old.GlobalID()}))(t); got != old.GlobalID() {
			t.Errorf("id = %s", got)
		}
		wantList(t, o.actions(t, about.ID)[1:], "COMMENTED content", "COMMENT_DELETED content")
		_, err = seller.DeleteComment(seller.ctx, sales.DeleteCommentInput{ID: old.GlobalID()})
		wantErrors(t, err, "NOT_FOUND input.id: Comment not found.")
	})
}
