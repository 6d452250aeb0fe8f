package event_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dealflow/internal/event"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

// wire is a bus that a test holds the other end of.
type wire struct{ woken chan struct{} }

func (wire) Wake()                    {}
func (w wire) Woken() <-chan struct{} { return w.woken }
func (wire) Close() error             { return nil }

// openTwice opens a database of two processes; what the second one runs is
// observed.
func openTwice(t *testing.T, url string, observe func(query string)) (one, other *store.Store) {
	t.Helper()
	one = storetest.Open(t, url)
	must(t, one.Migrate(t.Context()))
	other, err := store.Open(t.Context(), url, store.Options{
		Observe: func(_ context.Context, query string, _ time.Duration, _ error) { observe(query) },
	})
	must(t, err)
	t.Cleanup(func() { must(t, other.Close()) })
	return one, other
}

// A wake-up costs one statement, however many organizations and readers there are.
func TestOneStatementAWakeUp(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		var statements atomic.Int64
		s, counted := openTwice(t, url, func(string) { statements.Add(1) })
		bus := wire{make(chan struct{})}
		log := running(t, event.Config{Store: counted, Bus: bus, Poll: never})
		var organizations []*organization
		var readers []*reader
		for _, name := range []string{"a", "b", "c"} {
			o := newOrganization(t, s, name)
			o.write(2, morning)
			organizations = append(organizations, o)
			readers = append(readers, o.read(log, event.Range{}), o.read(log, event.Range{}))
		}
		const rounds = 20
		wakeUp := func(round int64) {
			for _, o := range organizations {
				o.write(3, morning)
			}
			bus.woken <- struct{}{}
			for i, r := range readers {
				organizations[i/2].follows(2+3*round, r.next(3))
			}
		}
		wakeUp(0) // after it, all but the last look at the new streams is over
		before := statements.Load()
		for round := range int64(rounds) {
			wakeUp(round + 1)
		}
		// That last one may be among them.
		if got := statements.Load() - before; got < rounds || got > rounds+1 {
			t.Errorf("%d wake-ups took %d statements", rounds, got)
		}
	})
}

// A commit of this process is read without waiting for anything.
func TestCommitted(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		log := running(t, event.Config{Store: o.store, Poll: never})
		r := o.read(log, event.Range{})
		for i := range int64(5) {
			o.write(1, morning)
			log.Committed(o.id)
			o.follows(i, r.next(1))
		}
	})
}

// Without a word from anybody, another process's events are found by polling.
func TestPolling(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s, other := openTwice(t, url, func(string) {})
		o := newOrganization(t, s, "acme")
		r := o.read(running(t, event.Config{Store: other, Poll: soon}), event.Range{})
		o.write(3, morning)
		o.follows(0, r.next(3))
	})
}

// More news than fit into a page, or into memory, are all there.
func TestFarBehind(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		log := running(t, event.Config{Store: o.store, Poll: never})
		r := o.read(log, event.Range{})
		other := newOrganization(t, o.store, "rival")
		rival := other.read(log, event.Range{})
		o.write(2300, morning)
		other.write(1100, morning)
		log.Committed(o.id)
		log.Committed(other.id)
		o.follows(0, r.next(2300))
		other.follows(0, rival.next(1100))
	})
}

// What is committed while a reader begins does not wait for the next poll.
func TestCommittedWhileAReaderBegins(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		var ended func()
		s, other := openTwice(t, url, func(query string) {
			if begin := ended; begin != nil && strings.Contains(query, "DESC") {
				ended = nil
				begin() // right after the log's end was read
			}
		})
		o := newOrganization(t, s, "acme")
		o.write(1, morning)
		bus := wire{make(chan struct{})}
		log := running(t, event.Config{Store: other, Bus: bus, Poll: never})
		ended = func() {
			o.write(1, morning)
			bus.woken <- struct{}{}
			bus.woken <- struct{}{} // taken when the tail has looked
		}
		o.follows(1, o.read(log, event.Range{After: &o.log[0]}).next(1))
	})
}
