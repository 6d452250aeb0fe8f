package event

import (
	"context"
	"sync"

	"github.com/google/uuid"

	"dealflow/ent"
)

// kept is how many events of an organization that is watched stay in memory, for
// the readers that are not far behind.
const kept = 256

// stream is the end of an organization's log, as far as the tail has read it.
type stream struct {
	organization uuid.UUID
	readers      int // guarded by the Log's mutex

	mu    sync.Mutex
	life  int // how often the log was found to be another one
	end   Position
	last  []*ent.Event  // the last events up to the end, without holes
	grown chan struct{} // closed when there is more
}

func newStream(organization uuid.UUID, end Position) *stream {
	return &stream{organization: organization, end: end, grown: make(chan struct{})}
}

// position is where the stream ends.
func (s *stream) position() Position {
	end, _ := s.now()
	return end
}

// now is where the stream ends, and in which life.
func (s *stream) now() (end Position, life int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end, s.life
}

// add appends events that follow each other: the last one that is known, and
// those after it. It is false when the log is another one than before.
func (s *stream) add(read []*ent.Event) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := read
	switch {
	case s.end.Seq == 0: // nothing had happened yet
	case len(read) == 0:
		return false
	case read[0].Seq == s.end.Seq:
		if read[0].ID != s.end.ID {
			return false
		}
		more = read[1:]
	}
	if len(more) == 0 {
		return true
	}
	if more[0].Seq != s.end.Seq+1 {
		s.last = nil // the tail was away for longer than events are kept
	}
	s.last = append(s.last, more...)
	if extra := len(s.last) - kept; extra > 0 {
		s.last = append([]*ent.Event(nil), s.last[extra:]...)
	}
	s.end = PositionOf(more[len(more)-1])
	s.tell()
	return true
}

// restart begins another life, in which the log ends elsewhere.
func (s *stream) restart(end Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life++
	s.end, s.last = end, nil
	s.tell()
}

// tell wakes those who wait for more; s is locked.
func (s *stream) tell() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// after is what follows a position, as far as it is known here: events in memory;
// or behind, when the position is too far back for that, or of an earlier life; or
// else a channel that is closed when there is more.
func (s *stream) after(seq int64, life int) (events []*ent.Event, behind bool, grown <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missing := s.end.Seq - seq
	switch {
	case life != s.life:
		return nil, true, nil
	case missing <= 0:
		return nil, false, s.grown
	case missing > int64(len(s.last)):
		return nil, true, nil
	}
	return s.last[int64(len(s.last))-missing:], false, nil
}

// Knows tells whether a position is one of the last in an organization's log, as
// this process remembers it.
func (l *Log) Knows(organization uuid.UUID, at Position) bool {
	l.mu.Lock()
	s, ok := l.streams[organization]
	l.mu.Unlock()
	return ok && s.knows(at)
}

func (s *stream) knows(at Position) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at == s.end {
		return true
	}
	back := s.end.Seq - at.Seq
	return back >= 0 && back < int64(len(s.last)) && s.last[int64(len(s.last))-1-back].ID == at.ID
}

// watch finds or begins the stream of an organization, for a reader more. The
// context's viewer belongs to it.
func (l *Log) watch(ctx context.Context, organization uuid.UUID) (*stream, error) {
	if s, ok := l.watched(organization); ok {
		return s, nil
	}
	begin, err := l.End(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.streams[organization]
	if !ok {
		s = newStream(organization, begin)
		l.streams[organization] = s
		// What was committed since its end was read may have told a tail that knew
		// of no stream yet.
		l.changed[organization] = true
		l.wake.ring()
	}
	s.readers++
	return s, nil
}

// watched is watch of an organization that others watch already.
func (l *Log) watched(organization uuid.UUID) (*stream, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.streams[organization]
	if ok {
		s.readers++
	}
	return s, ok
}

// leave ends what watch began.
func (l *Log) leave(s *stream) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.readers--; s.readers == 0 {
		delete(l.streams, s.organization)
	}
}
