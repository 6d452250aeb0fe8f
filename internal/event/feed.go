package event

import "context"

// Feed is how a transport and the resolver of a subscription speak of the log
// past GraphQL: the transport says what to read, and learns how far along each
// response is.
type Feed struct {
	// Range is what to read; nil for what the subscription's arguments say.
	Range *Range

	began     chan Position
	announced chan Announcement
}

// Announcement says of which event the next response is.
type Announcement struct {
	Position Position
	// Gap tells that the event says that history is gone, and that the position is
	// where the log goes on, perhaps before those that were delivered.
	Gap bool
}

// NewFeed makes a feed for one execution of a subscription.
func NewFeed(what *Range) *Feed {
	return &Feed{Range: what, began: make(chan Position, 1), announced: make(chan Announcement, 1)}
}

type feedKey struct{}

// WithFeed gives a subscription that is executed in ctx its feed.
func WithFeed(ctx context.Context, f *Feed) context.Context {
	return context.WithValue(ctx, feedKey{}, f)
}

// FeedFrom is the feed of ctx; nil where there is none, which is as good as one
// that nobody reads.
func FeedFrom(ctx context.Context) *Feed {
	f, _ := ctx.Value(feedKey{}).(*Feed)
	return f
}

// Begin is called by the resolver, once, with the position that it begins at.
func (f *Feed) Begin(at Position) {
	if f != nil {
		f.began <- at
	}
}

// Began is the position that the resolver began at; false when it refused to.
func (f *Feed) Began() (Position, bool) {
	select {
	case at := <-f.began:
		return at, true
	default:
		return Position{}, false
	}
}

// Announce is called by the resolver before it delivers each event. It is false
// when ctx has ended.
func (f *Feed) Announce(ctx context.Context, e Event) bool {
	if f == nil {
		return true
	}
	_, gap := e.(*Missing)
	select {
	case f.announced <- Announcement{e.Position(), gap}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Delivered is what was announced of the last response. Ask once for each.
func (f *Feed) Delivered() Announcement { return <-f.announced }
