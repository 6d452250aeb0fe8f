package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/graph/generated"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/read"
	"dealflow/internal/sales"
)

// comments resolves the fields of Comment.
type comments struct{}

func (comments) Author(ctx context.Context, c *ent.Comment) (*ent.User, error) {
	return one(ctx, c, func(c *ent.Comment) uuid.UUID { return orZero(c.AuthorID) }, read.Users)
}

func (comments) SubjectID(_ context.Context, c *ent.Comment) (string, error) {
	if c.DealID != nil {
		return id.Deal.Encode(*c.DealID), nil
	}
	return id.Lead.Encode(orZero(c.LeadID)), nil
}

// commentPermission is what it takes to see a comment.
func commentPermission(c *ent.Comment) auth.Permission {
	if c.DealID != nil {
		return auth.ViewSalesPipelines
	}
	return auth.ViewLeads
}

// AddComment resolves Mutation.addComment.
func (m mutation) AddComment(ctx context.Context, input sales.AddCommentInput) (*generated.AddCommentPayload, error) {
	comment, err := m.Sales.AddComment(ctx, input)
	problems, err := userErrors(err)
	return &generated.AddCommentPayload{Comment: comment, UserErrors: problems}, err
}

// EditComment resolves Mutation.editComment.
func (m mutation) EditComment(ctx context.Context, input sales.EditCommentInput) (*generated.EditCommentPayload, error) {
	comment, err := m.Sales.EditComment(ctx, input)
	problems, err := userErrors(err)
	return &generated.EditCommentPayload{Comment: comment, UserErrors: problems}, err
}

// DeleteComment resolves Mutation.deleteComment.
func (m mutation) DeleteComment(ctx context.Context, input sales.DeleteCommentInput) (*generated.DeleteCommentPayload, error) {
	deleted, err := m.Sales.DeleteComment(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteCommentPayload{DeletedCommentID: orNil(deleted), UserErrors: problems}, err
}
