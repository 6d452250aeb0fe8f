package event_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"dealflow/internal/event"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// History comes first, from the table and from memory, and then what happens.
func TestReadFromAnywhere(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		o.write(300, morning)
		log := running(t, event.Config{Store: o.store, Poll: soon})
		follower := o.read(log, event.Range{}) // keeps the end of the log in memory
		o.write(450, morning)
		log.Committed(o.id)
		o.follows(300, follower.next(450))
		// Around the pages of the table, what is kept in memory, and both ends.
		for _, after := range []int64{0, 1, 199, 200, 201, 300, 399, 400, 493, 494, 495, 749, 750} {
			position := event.Position{}
			if after > 0 {
				position = o.log[after-1]
			}
			for _, until := range []int64{after, after + 1, 500, 750} {
				if until < after || until > 750 {
					continue
				}
				seen := o.read(log, event.Range{After: &position, Until: &until}).rest()
				if o.follows(after, seen); int64(len(seen)) != until-after {
					t.Errorf("after %d and until %d it read %v", after, until, seqs(seen))
				}
			}
			written := len(o.log)
			behind := o.read(log, event.Range{After: &position})
			missed := behind.next(written - int(after))
			o.write(2, morning)
			log.Committed(o.id)
			o.follows(after, append(missed, behind.next(2)...))
		}
	})
}

func TestReadBeginsNow(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		log := running(t, event.Config{Store: o.store, Poll: soon})
		fresh := o.read(log, event.Range{})
		if got := fresh.Position(); got != (event.Position{}) {
			t.Errorf("an empty log ends at %v", got)
		}
		o.write(3, morning)
		o.follows(0, fresh.next(3))
		later := o.read(log, event.Range{})
		if got := later.Position(); got != o.log[2] {
			t.Errorf("it begins at %v, want %v", got, o.log[2])
		}
		o.write(1, morning)
		o.follows(3, later.next(1))
	})
}

// A place that another log is meant by is no place in this one.
func TestGapAtTheBeginning(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		other := newOrganization(t, o.store, "rival")
		other.write(40, morning)
		o.write(30, morning)
		log := running(t, event.Config{Store: o.store, Poll: soon})
		restored := event.Position{Seq: 12, ID: id.New()}
		for name, c := range map[string]struct{ after, from event.Position }{
			"of another organization":          {other.log[11], o.log[29]},
			"of another, beyond the end":       {other.log[34], o.log[29]},
			"of another, at the end":           {other.log[29], o.log[29]},
			"beyond the end":                   {event.Position{Seq: 31, ID: id.New()}, o.log[29]},
			"far beyond the end":               {event.Position{Seq: 1 << 62, ID: id.New()}, o.log[29]},
			"before the database was set back": {restored, o.log[29]},
		} {
			t.Run(name, func(t *testing.T) {
				r := (&organization{TB: t, ctx: o.ctx}).read(log, event.Range{After: &c.after})
				if got := r.gap(); got != c.from {
					t.Errorf("the gap ends at %v, want %v", got, c.from)
				}
			})
		}
		o.write(1, morning)
		r := o.read(log, event.Range{After: &restored})
		r.gap()
		o.write(1, morning)
		if seen := r.next(1); seen[0] != o.log[30] && seen[0] != o.log[31] {
			t.Errorf("after the gap it goes on with %v", seen)
		}
	})
}

func TestGapWhereHistoryWasForgotten(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		o.write(50, morning)
		o.prune(20)
		log := running(t, event.Config{Store: o.store, Poll: soon})
		for name, after := range map[string]event.Position{"the beginning": {}, "an event that is gone": o.log[4], "the last one that is gone": o.log[19]} {
			r := o.read(log, event.Range{After: &after})
			if got := r.gap(); got != (event.Position{Seq: 20}) {
				t.Errorf("after %s, the gap ends at %v", name, got)
			}
			o.follows(20, r.next(30))
		}
		// The gap's own cursor goes on behind it, and is none again.
		o.follows(20, o.read(log, event.Range{After: &event.Position{Seq: 20}}).next(30))
		o.follows(21, o.read(log, event.Range{After: &event.Position{Seq: 21}}).next(29))
		o.follows(21, o.read(log, event.Range{After: &o.log[20]}).next(29))
	})
}

// What is forgotten while somebody reads is told as well.
func TestGapWhileReading(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		o.write(1000, morning)
		log := running(t, event.Config{Store: o.store, Poll: soon})
		r := o.read(log, event.Range{After: &o.log[9]})
		seen := r.next(1)
		o.prune(700)
		if got := r.gap(); got != (event.Position{Seq: 700}) {
			t.Errorf("after %d, the gap ends at %v", seen[len(seen)-1].Seq, got)
		}
		o.follows(10, seen)
		o.follows(700, r.next(300))
	})
}

func TestReadEndsWithItsContext(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		r := o.read(running(t, event.Config{Store: o.store}), event.Range{})
		ctx, cancel := context.WithCancel(o.ctx)
		cancel()
		if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}

func TestReadNeedsAViewer(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		if _, err := event.New(event.Config{Store: o.store}).Read(t.Context(), event.Range{}); !errors.Is(err, store.ErrNoViewer) {
			t.Errorf("err = %v", err)
		}
	})
}

func TestPosition(t *testing.T) {
	p := event.Position{Seq: 258, ID: uuid.MustParse("0190a000-0000-7000-8000-000000000001")}
	const text = "AAAAAAAAAQIBkKAAAABwAIAAAAAAAAAB"
	if got := p.String(); got != text {
		t.Errorf("%v is written %s: clients have cursors like %s", p, got, text)
	}
	for _, bad := range []string{"", "1", text[1:], text + "A", text + "==", "_" + text[1:], " " + text, text[:8] + "\r\n" + text[8:], "AAAAAAAAAQIBkKAAAABwAIAAAAAAAAA+"} {
		if _, err := event.ParsePosition(bad); !errors.Is(err, event.ErrBadCursor) {
			t.Errorf("%q: err = %v", bad, err)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Add(event.Position{}.String())
	f.Add(event.Position{Seq: 1<<63 - 1, ID: uuid.Max}.String())
	f.Add("________________________________")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := event.ParsePosition(text)
		if err != nil {
			return
		}
		if p.Seq < 0 || p.String() != text {
			t.Errorf("%q is %v, which is written %q", text, p, p)
		}
	})
}
