package read

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/store"
)

// Connection is a page of a list, as Relay's specification has it.
// https://relay.dev/graphql/connections.htm
type Connection[T any] struct {
	list  List[T]
	page  *Page[T]
	total func(context.Context) (int, error)
}

// Edge is one row of a connection and its place.
type Edge[T any] struct {
	Node   *T
	Cursor string
}

// PageInfo says where a page lies in its list.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// The connections of the schema.
type (
	// PipelineConnection is a page of pipelines.
	PipelineConnection = Connection[ent.Pipeline]
	// PipelineEdge is one of them.
	PipelineEdge = Edge[ent.Pipeline]
	// StageConnection is a page of stages.
	StageConnection = Connection[ent.Stage]
	// StageEdge is one of them.
	StageEdge = Edge[ent.Stage]
	// DealConnection is a page of deals.
	DealConnection = Connection[ent.Deal]
	// DealEdge is one of them.
	DealEdge = Edge[ent.Deal]
	// LeadConnection is a page of leads.
	LeadConnection = Connection[ent.Lead]
	// LeadEdge is one of them.
	LeadEdge = Edge[ent.Lead]
	// ContactConnection is a page of contacts.
	ContactConnection = Connection[ent.Contact]
	// ContactEdge is one of them.
	ContactEdge = Edge[ent.Contact]
	// BusinessConnection is a page of businesses.
	BusinessConnection = Connection[ent.Business]
	// BusinessEdge is one of them.
	BusinessEdge = Edge[ent.Business]
	// UserConnection is a page of users.
	UserConnection = Connection[ent.User]
	// UserEdge is one of them.
	UserEdge = Edge[ent.User]
	// APIKeyConnection is a page of API keys.
	APIKeyConnection = Connection[ent.APIKey]
	// APIKeyEdge is one of them.
	APIKeyEdge = Edge[ent.APIKey]
	// CommentConnection is a page of comments.
	CommentConnection = Connection[ent.Comment]
	// CommentEdge is one of them.
	CommentEdge = Edge[ent.Comment]
	// ActivityConnection is a page of activities.
	ActivityConnection = Connection[ent.Activity]
	// ActivityEdge is one of them.
	ActivityEdge = Edge[ent.Activity]
)

// Connect makes a connection of a page, nil for an empty one. The total is
// counted when it is asked for.
func (l List[T]) Connect(page *Page[T], total func(context.Context) (int, error)) *Connection[T] {
	if page == nil {
		page = &Page[T]{}
	}
	return &Connection[T]{l, page, total}
}

// Connection reads a page of the organization's list.
func (l List[T]) Connection(ctx context.Context, db *store.Store, w Window) (*Connection[T], error) {
	pages, err := l.Pages(ctx, db, nil, w)
	if err != nil {
		return nil, err
	}
	return l.Connect(pages[uuid.Nil], func(ctx context.Context) (int, error) { return l.Total(ctx, db) }), nil
}

// Nodes are the rows of the page.
func (c *Connection[T]) Nodes() []*T {
	if c.page.Rows == nil {
		return []*T{}
	}
	return c.page.Rows
}

// Edges are the rows of the page with their places.
func (c *Connection[T]) Edges() []*Edge[T] {
	edges := make([]*Edge[T], len(c.page.Rows))
	for i, row := range c.page.Rows {
		edges[i] = &Edge[T]{row, c.list.Cursor(row)}
	}
	return edges
}

// PageInfo says where the page lies.
func (c *Connection[T]) PageInfo() *PageInfo {
	info := &PageInfo{HasNextPage: c.page.HasNext, HasPreviousPage: c.page.HasPrevious}
	if n := len(c.page.Rows); n > 0 {
		start, end := c.list.Cursor(c.page.Rows[0]), c.list.Cursor(c.page.Rows[n-1])
		info.StartCursor, info.EndCursor = &start, &end
	}
	return info
}

// TotalCount is how many rows the whole list has.
func (c *Connection[T]) TotalCount(ctx context.Context) (int, error) { return c.total(ctx) }
