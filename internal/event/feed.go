package event

import "context"

// Feed is how a transport and the resolver of a subscription speak of the log
// past GraphQL: the transport says what to read, and learns how far along each
// response is.
type Feed struct {
	// Range is what to read; nil for what the subscription's arguments say.
	Range *Range

	began     chan Position
	announced chan Position
}

// NewFeed makes a feed for one execution of a subscription.
func NewFeed(what *Range) *Feed {
	return &Feed{Range: what, began: make(chan Position, 1), announced: make(chan Position, 1)}
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
func (f *Feed) Announce(ctx context.Context, at Position) bool {
	if f == nil {
		return true
	}
	select {
	case f.announced <- at:
		return true
	case <-ctx.Done():
		return false
	}
}

// Delivered is the position of the event that the last response is of. Ask once
// for each response.
func (f *Feed) Delivered() Position { return <-f.announced }
