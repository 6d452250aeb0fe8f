package sales

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/comment"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// maxExcerpt is how much of a comment its activity shows, in characters.
const maxExcerpt = 200

// AddCommentInput is a new comment on a lead or a deal.
type AddCommentInput struct {
	Labelled
	SubjectID string
	Content   string
}

// EditCommentInput gives a comment another text.
type EditCommentInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
	Content         string
}

// DeleteCommentInput names a comment to delete.
type DeleteCommentInput struct {
	Labelled
	ID              string
	ExpectedVersion *int
}

// ForbiddenError says that the caller lacks a permission. It is no UserError:
// there is nothing in the request to mend.
type ForbiddenError struct{ Permission auth.Permission }

func (e ForbiddenError) Error() string {
	return fmt.Sprintf("This needs the permission %s.", e.Permission)
}

// AddComment comments on a lead or a deal.
func (s *Sales) AddComment(ctx context.Context, input AddCommentInput) (*ent.Comment, error) {
	var k check
	about := k.subject(input.SubjectID)
	content := k.text("content", input.Content, maxText)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Comment, error) {
		if err := c.mayEdit(about); err != nil {
			return nil, err
		}
		if err := c.findSubject(ctx, about); err != nil {
			return nil, err
		}
		create := c.db.Comment.Create().
			SetOrganizationID(c.organization).
			SetContent(content).
			SetNillableAuthorID(c.user).
			SetCreatedAt(c.at).
			SetUpdatedAt(c.at)
		if about.kind == id.Deal {
			create.SetDealID(about.id)
		} else {
			create.SetLeadID(about.id)
		}
		created, err := create.Save(ctx)
		if err != nil {
			return nil, err
		}
		return created, c.recordComment(ctx, activity.ActionCOMMENTED, created.ID, about, "", content)
	})
}

// EditComment gives a comment another text.
func (s *Sales) EditComment(ctx context.Context, input EditCommentInput) (*ent.Comment, error) {
	var k check
	commentID := k.id(id.Comment, "id", input.ID)
	content := k.text("content", input.Content, maxText)
	if err := k.err(); err != nil {
		return nil, err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (*ent.Comment, error) {
		old, err := c.lockComment(ctx, commentID, input.ExpectedVersion)
		if err != nil || old.Content == content {
			return old, err
		}
		saved, err := c.db.Comment.UpdateOneID(old.ID).
			SetContent(content).
			SetEditedAt(c.at).
			SetUpdatedAt(c.at).
			AddVersion(1).
			Save(ctx)
		if err != nil {
			return nil, err
		}
		return saved, c.recordComment(ctx, activity.ActionCOMMENT_EDITED, old.ID, subjectOf(old), old.Content, content)
	})
}

// DeleteComment deletes a comment, and answers its id.
func (s *Sales) DeleteComment(ctx context.Context, input DeleteCommentInput) (string, error) {
	var k check
	commentID := k.id(id.Comment, "id", input.ID)
	if err := k.err(); err != nil {
		return "", err
	}
	return answer(ctx, s, func(ctx context.Context, c *change) (string, error) {
		old, err := c.lockComment(ctx, commentID, input.ExpectedVersion)
		if err != nil {
			return "", err
		}
		if err := c.db.Comment.DeleteOne(old).Exec(ctx); err != nil {
			return "", err
		}
		return old.GlobalID(), c.recordComment(ctx, activity.ActionCOMMENT_DELETED, old.ID, subjectOf(old), old.Content, "")
	})
}

// subject reads the id of a lead or a deal.
func (c *check) subject(value string) card {
	if kind, key, err := id.Parse(value); err == nil && kind == id.Deal {
		return card{id.Deal, key}
	}
	return card{id.Lead, c.id(id.Lead, "subjectId", value)}
}

// subjectOf is the lead or the deal that a comment is about.
func subjectOf(on *ent.Comment) card {
	if on.DealID != nil {
		return card{id.Deal, *on.DealID}
	}
	return card{id.Lead, *on.LeadID}
}

// findSubject refuses a lead or a deal that the organization does not have.
func (c *change) findSubject(ctx context.Context, about card) error {
	var err error
	if about.kind == id.Deal {
		_, err = c.db.Deal.Query().Where(deal.ID(about.id)).OnlyID(ctx)
	} else {
		_, err = c.db.Lead.Query().Where(lead.ID(about.id)).OnlyID(ctx)
	}
	return missing(err, about.kind, "subjectId")
}

// mayEdit refuses a caller who may not change the lead or the deal.
func (c *change) mayEdit(about card) error {
	needed := auth.EditLeads
	if about.kind == id.Deal {
		needed = auth.EditSalesPipelines
	}
	if !c.permissions.Has(needed) {
		return ForbiddenError{needed}
	}
	return nil
}

// lockComment finds and locks a comment that the caller may change, at the
// version that the sender has seen. Whose it is comes first: a conflict shows
// the comment.
func (c *change) lockComment(ctx context.Context, key uuid.UUID, expected *int) (*ent.Comment, error) {
	found, err := c.db.Comment.Query().Where(comment.ID(key)).Modify(store.Lock).Only(ctx)
	if err != nil {
		return nil, missing(err, id.Comment, "id")
	}
	if err := c.mayChange(found); err != nil {
		return nil, err
	}
	return found, unchanged(found, found.Version, expected)
}

// mayChange refuses a caller who may not change what the comment is about, and
// then a comment that is another user's, unless the caller manages the organization.
func (c *change) mayChange(found *ent.Comment) error {
	if err := c.mayEdit(subjectOf(found)); err != nil {
		return err
	}
	own := c.user != nil && equal(c.user, found.AuthorID)
	if !own && !c.permissions.Has(auth.ManageOrganization) {
		return refuse(CodeNotAllowed, "author", in("id"), "The comment is another user's: only its author may change it, or somebody who has MANAGE_ORGANIZATION.")
	}
	return nil
}

// commentEvents are what is told of what is done to comments.
var commentEvents = map[activity.Action]event.Kind{
	activity.ActionCOMMENTED:       event.KindCOMMENT_ADDED,
	activity.ActionCOMMENT_EDITED:  event.KindCOMMENT_EDITED,
	activity.ActionCOMMENT_DELETED: event.KindCOMMENT_DELETED,
}

// recordComment writes down, for a lead or a deal, what became of a comment on
// it, and tells it.
func (c *change) recordComment(ctx context.Context, action activity.Action, key uuid.UUID, about card, before, after string) error {
	c.tellComment(commentEvents[action], about, key)
	var d diff
	d.note("content", text(excerpt(before)), text(excerpt(after)))
	kind := activity.EntityTypeLEAD
	if about.kind == id.Deal {
		kind = activity.EntityTypeDEAL
	}
	c.record(action, kind, about.id, d)
	return nil
}

// excerpt is the beginning of a long text.
func excerpt(s string) string {
	if runes := []rune(s); len(runes) > maxExcerpt {
		return string(runes[:maxExcerpt-1]) + "…"
	}
	return s
}
