package event

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/ent/predicate"
	"dealflow/internal/store"
)

const (
	// tailPage is how many events the tail reads at a time.
	tailPage = 1000
	// tailLogs is how many logs it looks at in one statement.
	tailLogs = 200
)

// follow keeps the streams up to date until ctx ends.
func (l *Log) follow(ctx context.Context) {
	poll := time.NewTicker(l.config.Poll)
	defer poll.Stop()
	for {
		var streams []*stream
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
			streams = l.changedStreams()
		case <-l.config.Bus.Woken():
			streams = l.allStreams()
		case <-poll.C:
			streams = l.allStreams()
		}
		if err := l.catchUp(store.System(ctx), streams); err != nil && ctx.Err() == nil {
			l.config.Log.WarnContext(ctx, "following the event log failed: it is tried again at the next poll", "error", err)
		}
	}
}

// changedStreams are those of the organizations that this process has changed
// since they were last asked for.
func (l *Log) changedStreams() []*stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	var streams []*stream
	for organization := range l.changed {
		if s, ok := l.streams[organization]; ok {
			streams = append(streams, s)
		}
	}
	clear(l.changed)
	return streams
}

func (l *Log) allStreams() []*stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	streams := make([]*stream, 0, len(l.streams))
	for _, s := range l.streams {
		streams = append(streams, s)
	}
	return streams
}

// catchUp reads what is new in some logs: one statement for all of them, unless
// there is more than a page of news.
func (l *Log) catchUp(ctx context.Context, streams []*stream) error {
	for len(streams) > 0 {
		some := streams[:min(len(streams), tailLogs)]
		full, err := l.readNews(ctx, some)
		if err != nil {
			return err
		}
		if !full {
			streams = streams[len(some):]
		}
	}
	return nil
}

// readNews reads a page of what is new in some logs, and tells whether there may
// be more.
func (l *Log) readNews(ctx context.Context, streams []*stream) (full bool, err error) {
	news := make([]predicate.Event, len(streams))
	for i, s := range streams {
		// With the last event that is known: it is another one, or none, when the
		// database was set back to a backup.
		news[i] = event.And(event.OrganizationID(s.organization), event.SeqGTE(s.position().Seq))
	}
	events, err := l.config.Store.Client.Event.Query().
		Where(event.Or(news...)).
		Order(event.ByOrganizationID(), event.BySeq()).
		Limit(tailPage).
		All(ctx)
	if err != nil {
		return false, err
	}
	byLog := map[uuid.UUID][]*ent.Event{}
	for _, e := range events {
		byLog[e.OrganizationID] = append(byLog[e.OrganizationID], e)
	}
	full = len(events) == tailPage
	for _, s := range streams {
		read := byLog[s.organization]
		if len(read) == 0 && full {
			continue // the page has no room for its events
		}
		if !s.add(read) {
			err = errors.Join(err, l.setBack(ctx, s))
		}
	}
	return full && err == nil, err
}

// setBack has a stream go on from where the log ends that is there now.
func (l *Log) setBack(ctx context.Context, s *stream) error {
	db := l.config.Store.Client
	last, err := db.Event.Query().Where(event.OrganizationID(s.organization)).Order(ent.Desc(event.FieldSeq)).First(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return err
	}
	var end Position
	if last != nil {
		end = PositionOf(last)
	}
	l.config.Log.WarnContext(ctx, "the event log is not the one that it was: was the database set back to a backup?",
		"organization", s.organization, "from", s.position().Seq, "to", end.Seq)
	s.restart(end)
	return nil
}
