package event_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

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

// A wake-up costs one statement, however many organizations and readers there are.
func TestOneStatementAWakeUp(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		var statements atomic.Int64
		bus := wire{make(chan struct{})}
		s, counted := openTwice(t, url, func(string) { statements.Add(1) })
		log := running(t, event.Config{Store: counted, Bus: bus, Poll: never})
		var organizations []*organization
		var readers []*reader
		for _, name := range []string{"a", "b", "c"} {
			o := newOrganization(t, s, name)
			o.write(2, morning)
			organizations = append(organizations, o)
			readers = append(readers, o.read(log, event.Range{}), o.read(log, event.Range{}))
		}
		settle(t, log, bus, newOrganization(t, s, "settling"))
		before := statements.Load()
		for _, o := range organizations {
			o.write(3, morning)
		}
		bus.woken <- struct{}{}
		for i, r := range readers {
			organizations[i/2].follows(2, r.next(3))
		}
		if got := statements.Load() - before; got != 1 {
			t.Errorf("it took %d statements, want 1", got)
		}
	})
}

// settle returns when the log has looked at what it was told of so far.
func settle(t *testing.T, log *event.Log, bus wire, o *organization) {
	t.Helper()
	r := o.read(log, event.Range{})
	o.write(1, morning)
	bus.woken <- struct{}{}
	r.next(1)
	bus.woken <- struct{}{} // accepted once the look before has ended
	r.Close()
	o.write(1, morning)
	other := o.read(log, event.Range{})
	o.write(1, morning)
	bus.woken <- struct{}{}
	other.next(1)
}
