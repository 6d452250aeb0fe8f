package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// result is what one measurement gave.
type result struct {
	database, work, target string
	clients, round         int

	rate             float64 // requests a second
	p50, p99         time.Duration
	server, postgres time.Duration // of the processor, a request
	others           float64       // processors that others kept busy
	bytes, memory    int
}

// fill works out the figures.
func (r *result) fill(some asked, before, after taken) {
	n := len(some.times)
	long := after.at.Sub(before.at)
	r.rate = float64(n) / long.Seconds()
	r.p50, r.p99 = some.times[n/2], some.times[n*99/100]
	r.bytes = some.bytes / n
	server, postgres := after.server-before.server, after.database-before.database
	r.server, r.postgres = server/time.Duration(n), postgres/time.Duration(n)
	ours := server + postgres + after.driver - before.driver
	r.others = max(0, (after.busy-before.busy-ours).Seconds()/long.Seconds())
}

type results []result

// of are those of the same, one a round.
func (rs results) of(same result, target string) results {
	var some results
	for _, r := range rs {
		if r.database == same.database && r.work == same.work && r.clients == same.clients && r.target == target {
			some = append(some, r)
		}
	}
	return some
}

// median is the middle of a figure over rounds.
func (rs results) median(of func(result) float64) float64 {
	var all []float64
	for _, r := range rs {
		all = append(all, of(r))
	}
	slices.Sort(all)
	if n := len(all); n%2 == 0 {
		return (all[n/2-1] + all[n/2]) / 2
	}
	return all[len(all)/2]
}

// over is the median of a figure divided by the floor's of the same round.
func (rs results) over(floor results, of func(result) float64) float64 {
	ratios := make(results, len(rs))
	for i := range rs {
		ratios[i].rate = of(rs[i]) / of(floor[i])
	}
	return ratios.median(func(r result) float64 { return r.rate })
}

// print prints the medians over rounds, as a table of Markdown.
func (rs results) print(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	row := func(cells ...string) { fmt.Fprintf(table, "| %s\t|\n", strings.Join(cells, "\t| ")) }
	row("", "clients", "", "req/s", "p50 ms", "p99 ms", "server CPU ms", "÷ floor", "database CPU ms", "RSS MB", "bytes")
	row("---", "--:", "---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:")
	for _, r := range rs {
		if r.round > 0 {
			continue
		}
		some, floor := rs.of(r, r.target), rs.of(r, "floor")
		figure := func(format string, of func(result) float64) string { return fmt.Sprintf(format, some.median(of)) }
		processor := func(r result) float64 { return milliseconds(r.server) }
		ratio := ""
		if r.target != "floor" {
			ratio = fmt.Sprintf("%.2f", some.over(floor, processor))
		}
		database := "–" // SQLite's is the server's own
		if r.database == "postgres" {
			database = figure("%.3f", func(r result) float64 { return milliseconds(r.postgres) })
		}
		row(strings.ToUpper(r.work)+" "+r.database, fmt.Sprint(r.clients), r.target,
			figure("%.0f", func(r result) float64 { return r.rate }),
			figure("%.2f", func(r result) float64 { return milliseconds(r.p50) }),
			figure("%.2f", func(r result) float64 { return milliseconds(r.p99) }),
			figure("%.3f", processor), ratio, database,
			figure("%.0f", func(r result) float64 { return float64(r.memory) / (1 << 20) }),
			figure("%.0f", func(r result) float64 { return float64(r.bytes) }))
	}
	_ = table.Flush()
	others := func(r result) float64 { return r.others }
	fmt.Fprintf(out, "\nMedians of %d rounds. Others kept %.2f processors busy meanwhile (%.2f in the worst round).\n",
		rs[len(rs)-1].round+1, rs.median(others), slices.MaxFunc(rs, func(a, b result) int {
			return int((others(a) - others(b)) * 1e6)
		}).others)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
