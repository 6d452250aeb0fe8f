package faulttest

import (
	"fmt"
	"slices"
	"time"

	"dealflow/ent"
	log "dealflow/internal/event"
)

// check compares what a watcher has seen with the table, and tells whether it has
// seen all that there is. What it has seen is the table's beginning at any time.
func (w *watcher) check() (all bool, wrong string) {
	w.mu.Lock()
	seen, wrong := slices.Clone(w.seen), w.wrong
	w.mu.Unlock()
	table, err := w.trial.log() // later than what was seen
	if err != nil || wrong != "" {
		return false, wrong
	}
	want := w.expected(table)
	for i, at := range seen {
		if i == len(want) || at != want[i] {
			return false, fmt.Sprintf("event %d that it saw is number %d: %s", i, at.Seq, around(want, i))
		}
	}
	return len(seen) == len(want), ""
}

// expected is what the table has for a watcher.
func (w *watcher) expected(table []*ent.Event) []log.Position {
	var want []log.Position
	for _, e := range table {
		if e.Seq > w.start.Seq && w.wanted(e) {
			want = append(want, log.PositionOf(e))
		}
	}
	return want
}

// around is what the table has about there.
func around(want []log.Position, i int) string {
	text := "the table has"
	for _, at := range want[max(0, i-2):min(len(want), i+3)] {
		text += fmt.Sprint(" ", at.Seq)
	}
	return text
}

// agree waits until every watcher has seen the table.
func (t *trial) agree() {
	for _, w := range t.watchers {
		t.await("all that the table has", func() bool {
			all, wrong := w.check()
			if wrong != "" {
				t.Fatalf("%s\n%s\n%s", w, wrong, t.state())
			}
			return all
		})
	}
	table, err := t.log()
	t.must(err)
	for i, e := range table {
		if e.Seq != int64(i)+1 {
			t.Fatalf("event %d of the table is number %d", i+1, e.Seq)
		}
	}
}

// report says what the test has done.
func (t *trial) report() {
	var done, failed, seen, connected int
	for _, w := range t.writers {
		done, failed = done+int(w.done.Load()), failed+int(w.failed.Load())
	}
	for _, w := range t.watchers {
		seen, connected = seen+len(w.seen), connected+w.connected
	}
	t.Logf("%d changes were answered, %d were not; the log has %d events", done, failed, t.end())
	t.Logf("%d watchers saw %d events, each what the table has for it, over %d connections", len(t.watchers), seen, connected)
	for _, line := range summary(t.faults) {
		t.Log(line)
	}
}

// summary sums up the faults of each kind.
func summary(faults []outcome) []string {
	var names, lines []string
	times := map[string][]time.Duration{}
	for _, f := range faults {
		if times[f.name] == nil {
			names = append(names, f.name)
		}
		times[f.name] = append(times[f.name], f.recovery)
	}
	for _, name := range names {
		slices.Sort(times[name])
		lines = append(lines, fmt.Sprintf("%s: %d times; then everybody had new events within %v (median %v)", name, len(times[name]),
			times[name][len(times[name])-1].Round(time.Millisecond), times[name][len(times[name])/2].Round(time.Millisecond)))
	}
	return lines
}
