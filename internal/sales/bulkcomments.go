package sales

import (
	"context"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/internal/id"
)

// ImportedComment is a comment on a lead or a deal, one of which is named.
type ImportedComment struct {
	LeadID    uuid.UUID
	DealID    uuid.UUID
	AuthorID  *uuid.UUID
	Content   string
	CreatedAt time.Time
}

// subject is the lead or the deal that the comment is about.
func (m *ImportedComment) subject() card {
	if m.DealID != uuid.Nil {
		return card{id.Deal, m.DealID}
	}
	return card{id.Lead, m.LeadID}
}

// ImportComments writes comments on leads and deals that an import answered, in
// one transaction, each with its activity, and both in the comment's time.
func (s *Sales) ImportComments(ctx context.Context, comments []*ImportedComment) error {
	_, err := bulk(ctx, s, func(ctx context.Context, c *change) (struct{}, error) {
		return struct{}{}, inChunks(len(comments), func(from, to int) error {
			return c.insertComments(ctx, comments[from:to])
		})
	})
	return err
}

func (c *change) insertComments(ctx context.Context, comments []*ImportedComment) error {
	rows := make([]*ent.CommentCreate, len(comments))
	activities := make([]ent.Activity, len(comments))
	for i, one := range comments {
		at, about := stored(one.CreatedAt), one.subject()
		rows[i] = c.db.Comment.Create().
			SetOrganizationID(c.organization).
			SetContent(one.Content).
			SetNillableAuthorID(one.AuthorID).
			SetCreatedAt(at).
			SetUpdatedAt(at)
		kind := activity.EntityTypeLEAD
		if about.kind == id.Deal {
			kind = activity.EntityTypeDEAL
			rows[i].SetDealID(about.id)
		} else {
			rows[i].SetLeadID(about.id)
		}
		activities[i] = c.then(at).as(one.AuthorID).
			activity(activity.ActionCOMMENTED, kind, about.id, commentDiff(one.Content))
	}
	if err := c.db.Comment.CreateBulk(rows...).Exec(ctx); err != nil {
		return err
	}
	return c.writeNow(ctx, insertActivities(activities...))
}

// as is the same change by another user.
func (c *change) as(user *uuid.UUID) *change {
	other := *c
	other.user = user
	return &other
}

func commentDiff(content string) diff {
	var d diff
	d.note("content", nil, text(excerpt(content)))
	return d
}
