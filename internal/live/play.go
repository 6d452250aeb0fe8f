package live

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/event"
	"dealflow/internal/response"
)

// patience is how long a response that fails by the server's fault is tried
// again, before it goes out with its error: most failures are a database that is
// away for a moment.
const patience = 30 * time.Second

// message is a response of a subscription, for any number of clients.
type message struct {
	at      event.Position // of its event
	gap     bool           // it says that history is gone, and goes on from there
	payload []byte         // JSON
	made    time.Time
}

// performance is a subscription that is executed, from wherever in the log.
type performance struct {
	exec      graphql.GraphExecutor
	operation *graphql.OperationContext
}

// play executes the subscription over a part of the log. It calls begun when
// that works, with the position where it begins, and then hand for each response.
// It returns errors when the subscription is refused, and nothing when its part
// of the log, or ctx, has ended.
func (p performance) play(ctx context.Context, what event.Range, begun func(event.Position), hand func(*message) error) gqlerror.List {
	var since time.Time // of the first failure since the last response without one
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		mayWait := since.IsZero() || time.Since(since) < patience
		last, errs, done := p.try(ctx, what, begun, hand, mayWait, func() { since, wait = time.Time{}, 50*time.Millisecond })
		if done || ctx.Err() != nil {
			return errs
		}
		if last != nil {
			what.After = last
		}
		if since.IsZero() {
			since = time.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// try plays until something fails by the server's fault, if that may wait. It
// returns the position that it came to.
func (p performance) try(ctx context.Context, what event.Range, begun func(event.Position), hand func(*message) error, mayWait bool, worked func()) (last *event.Position, errs gqlerror.List, done bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	feed := event.NewFeed(&what)
	responses, ctx := p.exec.DispatchOperation(event.WithFeed(open(ctx), feed), p.operation)
	at, ok := feed.Began()
	if !ok {
		refused := responses(ctx)
		if refused == nil {
			return nil, nil, true // ctx has ended
		}
		return nil, refused.Errors, !mayWait || !failed(refused.Errors)
	}
	begun(at)
	if what.After == nil {
		last = &at // now, and not the now of the next try
	}
	for {
		answer := responses(ctx)
		if answer == nil {
			return last, nil, true
		}
		of := feed.Delivered()
		switch bad := failed(answer.Errors); {
		case bad && mayWait:
			return last, nil, false
		case !bad:
			worked()
			mayWait = true
		}
		if err := hand(&message{of.Position, of.Gap, response.Encode(answer), time.Now()}); err != nil {
			return last, nil, true
		}
		last = &of.Position
	}
}

// refuse executes a subscription that its resolver refuses, to hear why. Without a
// feed the resolver reads the arguments itself.
func (p performance) refuse(ctx context.Context) gqlerror.List {
	ctx, cancel := context.WithCancel(open(ctx))
	defer cancel()
	responses, ctx := p.exec.DispatchOperation(ctx, p.operation)
	if answer := responses(ctx); answer != nil {
		return answer.Errors
	}
	return nil // ctx has ended
}

// failed tells whether one of the errors is the server's fault.
func failed(list gqlerror.List) bool {
	for _, err := range list {
		if err.Extensions["code"] == "INTERNAL" {
			return true
		}
	}
	return false
}
