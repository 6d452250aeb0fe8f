package read

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/store"
)

// TimelineItem is an activity or a comment.
type TimelineItem interface{ IsTimelineItem() }

// TimelineEdge is one entry of a timeline and its place.
type TimelineEdge struct {
	Node   TimelineItem
	Cursor string

	at  time.Time
	key uuid.UUID
}

// TimelinePage is a page of activities and comments in one list, newest first.
type TimelinePage struct {
	Edges    []*TimelineEdge
	PageInfo *PageInfo
}

// TimelineConnection is such a page, and how many of each there are in all.
type TimelineConnection struct {
	*TimelinePage
	Activities, Comments func(context.Context) (int, error)
}

// Nodes are the entries of the page.
func (c *TimelineConnection) Nodes() []TimelineItem {
	nodes := make([]TimelineItem, len(c.Edges))
	for i, edge := range c.Edges {
		nodes[i] = edge.Node
	}
	return nodes
}

// ActivityCount is how many activities the whole timeline has.
func (c *TimelineConnection) ActivityCount(ctx context.Context) (int, error) {
	return c.Activities(ctx)
}

// CommentCount is how many comments the whole timeline has.
func (c *TimelineConnection) CommentCount(ctx context.Context) (int, error) { return c.Comments(ctx) }

// TotalCount is how many entries the whole timeline has.
func (c *TimelineConnection) TotalCount(ctx context.Context) (int, error) {
	activities, err := c.Activities(ctx)
	if err != nil {
		return 0, err
	}
	comments, err := c.Comments(ctx)
	return activities + comments, err
}

// Timelines reads a page of the timeline of each lead: a page of activities and
// a page of comments, put together.
func Timelines(ctx context.Context, db *store.Store, leads []uuid.UUID, w Window) (map[uuid.UUID]*TimelinePage, error) {
	activities, comments := ActivityOf(), CommentsOfLead()
	comments.Order = []OrderKey[ent.Comment]{desc(commentTime())}
	done, err := activities.Pages(ctx, db, leads, w)
	if err != nil {
		return nil, err
	}
	said, err := comments.Pages(ctx, db, leads, w)
	if err != nil {
		return nil, err
	}
	timelines := make(map[uuid.UUID]*TimelinePage, len(leads))
	for _, lead := range leads {
		timelines[lead] = mergeTimeline(activities, done[lead], comments, said[lead], w)
	}
	return timelines, nil
}

// mergeTimeline makes a page of the pages of its two parts. Each part is at
// least as long as it needs to be, so that the whole is right.
func mergeTimeline(activities List[ent.Activity], done *Page[ent.Activity], comments List[ent.Comment], said *Page[ent.Comment], w Window) *TimelinePage {
	edges := []*TimelineEdge{}
	more := false
	if done != nil {
		more = more || done.more(w)
		for _, a := range done.Rows {
			edges = append(edges, &TimelineEdge{a, activities.Cursor(a), a.CreatedAt, a.ID})
		}
	}
	if said != nil {
		more = more || said.more(w)
		for _, c := range said.Rows {
			edges = append(edges, &TimelineEdge{c, comments.Cursor(c), c.CreatedAt, c.ID})
		}
	}
	slices.SortFunc(edges, newestFirst)
	if len(edges) > w.limit {
		more = true
		if w.backward {
			edges = edges[len(edges)-w.limit:]
		} else {
			edges = edges[:w.limit]
		}
	}
	return &TimelinePage{Edges: edges, PageInfo: timelineInfo(edges, w, more)}
}

// more tells whether there is more of a list in the direction of the window.
func (p *Page[T]) more(w Window) bool {
	if w.backward {
		return p.HasPrevious
	}
	return p.HasNext
}

func newestFirst(a, b *TimelineEdge) int {
	if order := b.at.Compare(a.at); order != 0 {
		return order
	}
	return slices.Compare(b.key[:], a.key[:])
}

func timelineInfo(edges []*TimelineEdge, w Window, more bool) *PageInfo {
	info := &PageInfo{HasNextPage: more, HasPreviousPage: w.after != nil}
	if w.backward {
		info.HasNextPage, info.HasPreviousPage = w.before != nil, more
	}
	if len(edges) > 0 {
		info.StartCursor, info.EndCursor = &edges[0].Cursor, &edges[len(edges)-1].Cursor
	}
	return info
}
