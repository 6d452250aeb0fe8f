package main

import (
	"fmt"
	"io"
	"time"
)

// findings are what came out.
type findings struct {
	options
	alone, idle, watched spent
	before, subscribed   metrics
	client               time.Duration // of the processor

	logged, delivered, lost, doubled, disordered int
	failures                                     []error // of sockets
	delays, answers                              []time.Duration
}

// compare compares what each watcher has seen with the log.
func (f *findings) compare(w *watchers, log []move, answers []time.Duration) {
	f.logged, f.answers = len(log), answers
	sent := map[int64]time.Time{}
	for _, one := range log {
		sent[one.seq] = one.sent
	}
	for _, one := range w.all {
		if one.failed != nil {
			f.failures = append(f.failures, one.failed)
		}
		times, last := map[int64]bool{}, int64(0)
		for _, got := range one.seen {
			if times[got.seq] {
				f.doubled++
			} else if got.seq < last {
				f.disordered++
			}
			times[got.seq], last = true, got.seq
			f.delays = append(f.delays, got.at.Sub(sent[got.seq]))
		}
		f.delivered += len(times)
		f.lost += len(log) - len(times)
	}
}

// print prints the findings.
func (f *findings) print(out io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(out, "%-34s "+format+"\n", append([]any{name}, args...)...)
	}
	n, moves := float64(f.subscribers), float64(f.logged)
	line("subscribers, database", "%d, %s", f.subscribers, f.database)
	line("moves", "%d in %.1f s", f.logged, f.watched.seconds)
	line("delivered / expected", "%d / %d", f.delivered, f.logged*f.subscribers)
	line("lost, doubled, out of order", "%d, %d, %d", f.lost, f.doubled, f.disordered)
	// A move is committed between its request and its answer. From the request
	// is the most that it can have taken from the commit, and what the one who
	// moves would count; the answer may come after the event.
	line("from request to client, ms", "p50 %.0f, p99 %.0f, max %.0f",
		milliseconds(quantile(f.delays, .5)), milliseconds(quantile(f.delays, .99)), milliseconds(quantile(f.delays, 1)))
	line("from request to answer, ms", "p50 %.0f, p99 %.0f, max %.0f",
		milliseconds(quantile(f.answers, .5)), milliseconds(quantile(f.answers, .99)), milliseconds(quantile(f.answers, 1)))
	per := func(after metrics, name string) float64 { return (after[name] - f.before[name]) / n / 1024 }
	for _, when := range []struct {
		name  string
		after metrics
	}{{"subscribed", f.subscribed}, {"after the moves", f.watched.after}} {
		line("KB a subscriber, "+when.name, "%.1f resident (heap in use %.1f, stacks %.1f)", per(when.after, "process_resident_memory_bytes"),
			per(when.after, "go_memstats_heap_inuse_bytes"), per(when.after, "go_memstats_stack_inuse_bytes"))
	}
	// Of what the server does while the board is watched, the moves themselves
	// and what it does in any case are not the event's.
	share := func(of func(spent) float64) float64 {
		return (of(f.watched)-of(f.idle)/f.idle.seconds*f.watched.seconds)/moves - of(f.alone)/float64(f.alone.moves)
	}
	line("statements a move, and an event", "%.1f, %.1f", f.alone.perMove(spent.statements), share(spent.statements))
	cpu := share(spent.processor)
	line("server's CPU", "%.1f ms an event, %.1f µs a delivery, %.1f ms a move", 1e3*cpu, 1e6*cpu/n, 1e3*f.alone.perMove(spent.processor))
	line("client's CPU", "%.1f µs a delivery", float64(f.client.Microseconds())/n/moves)
}

// verdict is an error when events were lost, or came twice or in another order.
func (f *findings) verdict() error {
	if len(f.failures) > 0 {
		return fmt.Errorf("%d sockets failed: %w", len(f.failures), f.failures[0])
	}
	if f.lost+f.doubled+f.disordered > 0 {
		return fmt.Errorf("what arrived is not what is in the log")
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
