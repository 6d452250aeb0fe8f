package process_test

import (
	"os"
	"testing"
	"time"

	"dealflow/bench/process"
)

// TestSpent reads what this process has taken.
func TestSpent(t *testing.T) {
	for began := time.Now(); time.Since(began) < 50*time.Millisecond; {
		_ = make([]byte, 1<<16)
	}
	own, err := process.Processor(os.Getpid())
	check(t, err)
	family, err := process.Family(os.Getpid())
	check(t, err)
	busy, err := process.Busy()
	check(t, err)
	if own <= 0 || family < own || busy < own {
		t.Errorf("own %s, with children %s, of %s", own, family, busy)
	}
	parent, err := process.Parent(os.Getpid())
	check(t, err)
	if parent != os.Getppid() {
		t.Errorf("parent %d, want %d", parent, os.Getppid())
	}
}

// TestPeak counts anew.
func TestPeak(t *testing.T) {
	now, err := process.Resident(os.Getpid())
	check(t, err)
	most, err := process.Peak(os.Getpid())
	check(t, err)
	if now <= 0 || most < now/2 {
		t.Errorf("resident %d, at most %d", now, most)
	}
	if process.ForgetPeak(os.Getpid()) {
		after, err := process.Peak(os.Getpid())
		check(t, err)
		if after > 2*most {
			t.Errorf("%d after %d", after, most)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
