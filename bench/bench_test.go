package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"dealflow/bench/fill"
)

// TestWorks counts what each answer must have.
func TestWorks(t *testing.T) {
	for shape, want := range map[fill.Shape][]int{
		{Leads: 500, Comments: 5}:   {400, 500, 40, 5, 1},
		{Leads: 5000, Comments: 20}: {400, 4000, 40, 10, 1},
		{Leads: 9}:                  {9, 9, 40, 0, 1},
	} {
		works, err := newWorks([]string{"w1", "w2", "w3", "w4", "w5"}, shape)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range works {
			if w.times != want[i] {
				t.Errorf("%+v: %s has %d of %s, want %d", shape, w.name, w.times, w.field, want[i])
			}
		}
	}
	if _, err := newWorks([]string{"w6"}, fill.Shape{}); err == nil {
		t.Error("there is a w6")
	}
}

// TestCheck refuses answers that nobody wants to be quick with.
func TestCheck(t *testing.T) {
	works, err := newWorks([]string{"w5"}, fill.Shape{})
	if err != nil {
		t.Fatal(err)
	}
	w, about := &works[0], ask{id: "deal_1", stage: "stage_2"}
	const good = `{"data":{"moveDeal":{"deal":{"id":"deal_1","stage":{"id":"stage_2","name":"B"}},"userErrors":[]}}}`
	for _, one := range []struct {
		name, answer string
		status       int
		ok           bool
	}{
		{"Good", good, 200, true},
		{"Status", good, 500, false},
		{"Null", `{"data":null}`, 200, false},
		{"Errors", strings.Replace(good, `{"data"`, `{"errors":[{}],"data"`, 1), 200, false},
		{"ErrorsAtTheEnd", strings.TrimSuffix(good, "}") + `,"errors":[{}]}`, 200, false},
		{"UserErrors", strings.Replace(good, `[]`, `[{"message":"No."}]`, 1), 200, false},
		{"AnotherStage", strings.Replace(good, "stage_2", "stage_1", 1), 200, false},
		{"Nothing", `{"data":{"moveDeal":{"deal":null,"userErrors":[]}}}`, 200, false},
	} {
		t.Run(one.name, func(t *testing.T) {
			if err := w.check(about, one.status, []byte(one.answer)); (err == nil) != one.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestTable prints medians, and the median of the ratios of rounds.
func TestTable(t *testing.T) {
	var all results
	for round, times := range [][2]time.Duration{{3, 2}, {40, 10}, {4, 2}} {
		for i, target := range []string{"server", "floor"} {
			all = append(all, result{
				database: "sqlite", work: "w1", target: target, clients: 16, round: round,
				rate: 100, server: times[i] * time.Millisecond, bytes: 7, memory: 3 << 20,
			})
		}
	}
	var out bytes.Buffer
	all.print(&out)
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"| W1 sqlite | 16 | server | 100 | 0.00 | 0.00 | 4.000 | 2.00 | – | 3 | 7 |",
		"| W1 sqlite | 16 | floor | 100 | 0.00 | 0.00 | 2.000 | | – | 3 | 7 |",
		"Medians of 3 rounds.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in\n%s", want, &out)
		}
	}
}
