package event

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/internal/auth"
	"dealflow/internal/store"
)

// page is how many events are read from the table at a time.
const page = 200

// Gap is what Next says of history that is gone. The reader goes on from another
// place.
type Gap struct{ From Position }

func (g *Gap) Error() string { return fmt.Sprintf("events before number %d are gone", g.From.Seq+1) }

// ErrEnd is what Next says when the reader has come to the place where it was to end.
var ErrEnd = errors.New("the end of what was to be read")

// Range is a part of an organization's log.
type Range struct {
	// After is where it begins; nil stands for the end of the log as it is now.
	After *Position
	// Until is the number of its last event; nil if it has no end.
	Until *int64
}

// Reader walks along the log of one organization. It is for one goroutine.
type Reader struct {
	log    *Log
	stream *stream
	life   int // of the stream
	at     int64
	until  *int64
	from   Position // where it began
	start  *Gap     // to be told first
}

// Read begins to read the log of the viewer's organization. Close the reader.
func (l *Log) Read(ctx context.Context, what Range) (*Reader, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return nil, store.ErrNoViewer
	}
	s, err := l.watch(ctx, viewer.OrganizationID)
	if err != nil {
		return nil, err
	}
	r := &Reader{log: l, stream: s, until: what.Until}
	if err := r.begin(ctx, what.After); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Reader) begin(ctx context.Context, after *Position) error {
	end, life := r.stream.now()
	r.life = life
	if after == nil || *after == end {
		r.at, r.from = end.Seq, end
		return nil
	}
	from, gap, err := resume(ctx, r.log.config.Store.Client, *after)
	if err != nil {
		return err
	}
	if r.at, r.from = from.Seq, from; gap {
		r.start = r.gap(from)
	}
	return nil
}

// Position is where the reader is to begin.
func (r *Reader) Position() Position { return r.from }

// Close ends the reading.
func (r *Reader) Close() { r.log.leave(r.stream) }

// Next waits for the events that come next, and returns them in their order. It
// returns a *Gap where history is missing, and can go on after it; ErrEnd at the
// end of a range; and otherwise nothing but the error of a ctx that has ended: a
// database that does not answer is waited for.
func (r *Reader) Next(ctx context.Context) ([]*ent.Event, error) {
	if gap := r.start; gap != nil {
		r.start = nil
		return nil, gap
	}
	for {
		if r.until != nil && r.at >= *r.until {
			return nil, ErrEnd
		}
		events, behind, grown := r.stream.after(r.at, r.life)
		switch {
		case len(events) > 0:
			return r.take(events), nil
		case behind:
			return r.fetch(ctx)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take moves the reader behind events that follow it, as far as it is to go.
func (r *Reader) take(events []*ent.Event) []*ent.Event {
	if r.until != nil {
		events = events[:min(int64(len(events)), *r.until-r.at)]
	}
	r.at = events[len(events)-1].Seq
	return events
}

// fetch is Next from the table.
func (r *Reader) fetch(ctx context.Context) ([]*ent.Event, error) {
	if end, life := r.stream.now(); life != r.life {
		r.at, r.life = end.Seq, life
		return nil, r.gap(end)
	}
	events, err := r.insist(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(events) == 0:
		// There were more a moment ago: the database was set back.
		gap := &Gap{r.stream.position()}
		r.at = gap.From.Seq
		return nil, gap
	case events[0].Seq != r.at+1:
		gap := &Gap{Position{Seq: events[0].Seq - 1}}
		r.at = gap.From.Seq
		return nil, gap
	}
	return r.take(events), nil
}

// gap is one after which the log goes on from a position. When that is its end,
// there is nothing left to read of a range that was to end further on.
func (r *Reader) gap(from Position) *Gap {
	if r.until != nil && from.Seq >= r.stream.position().Seq {
		r.until = &from.Seq
	}
	return &Gap{from}
}

// insist reads a page of the table, however long it takes the database to answer.
func (r *Reader) insist(ctx context.Context) ([]*ent.Event, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		events, err := r.log.config.Store.Client.Event.Query().
			Where(event.SeqGT(r.at)).Order(event.BySeq()).Limit(page).All(ctx)
		if err == nil || ctx.Err() != nil {
			return events, errors.Join(ctx.Err())
		}
		r.log.config.Log.WarnContext(ctx, "reading the event log failed: trying again", "error", err, "in", wait)
		if !sleep(ctx, wait) {
			return nil, ctx.Err()
		}
	}
}

// sleep waits for about so long, and reports whether ctx goes on.
func sleep(ctx context.Context, about time.Duration) bool {
	timer := time.NewTimer(about/2 + rand.N(about))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
