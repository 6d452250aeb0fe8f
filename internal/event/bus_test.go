package event_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"dealflow/ent"
	"dealflow/internal/event"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
	"dealflow/internal/testdb"
)

// two are the logs of two processes on one database, who hear of each other over
// a bus alone.
type two struct {
	*organization
	here, there *event.Log
	reader      *reader // there
}

func newTwo(o *organization, there *store.Store, here, other event.Bus) two {
	o.Helper()
	o.Cleanup(func() { must(o, here.Close()); must(o, other.Close()) })
	w := two{organization: o}
	w.here = running(o, event.Config{Store: o.store, Bus: here, Poll: never})
	w.there = running(o, event.Config{Store: there, Bus: other, Poll: never})
	w.reader = o.read(w.there, event.Range{})
	return w
}

// meet returns when a change here has been heard of there. Until both listen,
// it may take more than one.
func (w *two) meet() {
	w.Helper()
	begun := time.Now()
	for {
		w.write(1, morning)
		w.here.Committed(w.id)
		ctx, cancel := context.WithTimeout(w.ctx, 200*time.Millisecond)
		events, err := w.reader.Next(ctx)
		cancel()
		if err == nil {
			for events[len(events)-1].Seq < int64(len(w.log)) {
				events, err = w.reader.Next(w.reader.ctx)
				must(w, err)
			}
			return
		}
		if time.Since(begun) > limit {
			w.Fatal("nothing was heard")
		}
	}
}

// hears checks that the changes here are heard of there, one by one.
func (w *two) hears(changes int) {
	w.Helper()
	for range changes {
		after := int64(len(w.log))
		w.write(1, morning)
		w.here.Committed(w.id)
		w.follows(after, w.reader.next(1))
	}
}

func TestNotify(t *testing.T) {
	url := testdb.Postgres(t)
	s, other := openTwice(t, url, func(string) {})
	w := newTwo(newOrganization(t, s, "acme"), other, event.NewNotify(s, quiet), event.NewNotify(other, quiet))
	w.meet()
	w.hears(20)
	// Their connections for LISTEN are lost, and what is said meanwhile too.
	_, err := s.Client.ExecContext(store.System(t.Context()), "SELECT pg_terminate_backend(pid) "+
		"FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
	must(t, err)
	w.hears(20)
}

// A change does not wait for the bus, whatever holds that up.
func TestNotifyNeverWaits(t *testing.T) {
	s := storetest.Postgres(t)
	bus := event.NewNotify(s, quiet)
	log := event.New(event.Config{Store: s, Bus: bus, Log: quiet})
	o := newOrganization(t, s, "acme")
	hold(t, s, func() {
		for range 1000 {
			log.Committed(o.id)
		}
	})
	must(t, bus.Close())
}

// hold runs fn while all of the store's connections are in use.
func hold(t *testing.T, s *store.Store, fn func()) {
	t.Helper()
	if s.Stats().InUse == s.Stats().MaxOpenConnections {
		fn()
		return
	}
	must(t, s.Tx(store.System(context.Background()), func(ctx context.Context, db *ent.Client) error {
		if _, err := db.ExecContext(ctx, "SELECT 1"); err != nil {
			return err
		}
		hold(t, s, fn)
		return nil
	}))
}

func TestNATS(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		running := startNATS(t, server.RANDOM_PORT)
		port := running.Addr().(*net.TCPAddr).Port
		here, there := newNATS(t, port), newNATS(t, port)
		w := newTwo(newOrganization(t, s, "acme"), s, here, there)
		w.meet()
		w.hears(20)

		stopNATS(running)
		w.write(3, morning)
		for range 1000 {
			w.here.Committed(w.id) // nobody waits for the bus, or hears of it
		}
		again := startNATS(t, port)
		defer stopNATS(again)
		// What was missed comes with the connection, without another word.
		w.follows(int64(len(w.log)-3), w.reader.next(3))
		w.meet()
		w.hears(20)
	})
}

// A server that is not there yet holds nobody up, and is found later.
func TestNATSComesLater(t *testing.T) {
	s := storetest.SQLite(t)
	first := startNATS(t, server.RANDOM_PORT)
	port := first.Addr().(*net.TCPAddr).Port
	stopNATS(first)
	w := newTwo(newOrganization(t, s, "acme"), s, newNATS(t, port), newNATS(t, port))
	w.write(2, morning)
	w.here.Committed(w.id)
	defer stopNATS(startNATS(t, port))
	w.follows(0, w.reader.next(2))
}

func TestNATSRefusesWhatIsNoURL(t *testing.T) {
	if bus, err := event.NewNATS("nats://a b", quiet); err == nil || !strings.Contains(err.Error(), "NATS") {
		t.Errorf("%v, err = %v", bus, err)
	}
}

func newNATS(t *testing.T, port int) *event.NATS {
	t.Helper()
	bus, err := event.NewNATS("nats://"+net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), quiet)
	must(t, err)
	return bus
}

func startNATS(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	must(t, err)
	go s.Start()
	if !s.ReadyForConnections(limit) {
		t.Fatal("NATS does not start")
	}
	return s
}

func stopNATS(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}
