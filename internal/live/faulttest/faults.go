package faulttest

import (
	"fmt"
	"syscall"
	"time"
)

// fault is a part that fails, and comes back.
type fault struct {
	name   string
	strike func()
	// meanwhile waits until the fault has been felt.
	meanwhile func()
	heal      func()
}

// outcome is how long it took, from when a part was back, until every watcher had
// an event that was younger than that.
type outcome struct {
	name     string
	recovery time.Duration
}

// plan is what fails in a round: each part once, another server each time.
func (t *trial) plan(round int) []fault {
	victim, other := t.servers[round%serverCount], t.servers[(round+1)%serverCount]
	faults := []fault{
		{"kill -9 of a server", func() { victim.end(syscall.SIGKILL) }, t.othersGoOn, victim.start},
		t.crash(round%2 == 0),
		{"a server told to stop", func() { other.end(syscall.SIGTERM) }, t.othersGoOn, other.start},
	}
	if t.nats != nil {
		faults = append(faults, fault{"NATS away", t.nats.end, t.othersGoOn, t.nats.start})
	}
	return faults
}

// crash is Postgres away, by a crash or for a restart.
func (t *trial) crash(crash bool) fault {
	name := "Postgres restarted"
	if crash {
		name = "Postgres crashed"
	}
	return fault{name,
		func() { t.must(t.postgres.Halt(t.Context(), crash)) },
		t.writersFail,
		func() { t.must(t.postgres.Resume(t.Context())) },
	}
}

// suffer has a fault happen and waits until all is well again.
func (t *trial) suffer(f fault) {
	f.strike()
	f.meanwhile()
	f.heal()
	healed := time.Now()
	t.progress("after " + f.name)
	t.faults = append(t.faults, outcome{f.name, time.Since(healed)})
	t.Logf("%v: %s; everybody had new events %v after it was back",
		time.Since(t.began).Round(time.Second), f.name, time.Since(healed).Round(time.Millisecond))
}

// othersGoOn waits until every watcher has something new, while a part is away
// that the others can do without.
func (t *trial) othersGoOn() { t.progress("while a part was away") }

// progress waits until every watcher has seen an event that is younger than now.
func (t *trial) progress(when string) {
	t.Helper()
	end := t.end()
	for _, w := range t.watchers {
		t.await(fmt.Sprintf("new events for all watchers %s (younger than %d)", when, end), func() bool {
			w.mu.Lock()
			last, wrong := w.last(), w.wrong
			w.mu.Unlock()
			if wrong != "" {
				t.Fatalf("%s: %s\n%s", w, wrong, t.state())
			}
			return last > end
		})
	}
}

// writersFail waits until each writer has been told that it cannot write.
func (t *trial) writersFail() {
	for _, w := range t.writers {
		before := w.failed.Load()
		t.await("a refused change", func() bool { return w.failed.Load() > before })
	}
}
