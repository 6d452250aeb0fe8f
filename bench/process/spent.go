package process

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of the processor's time in Linux's /proc.
const tick = 10 * time.Millisecond

// times are of one process: its parent, its own time, and that of its children
// that are gone.
type times struct {
	parent    int
	own, gone time.Duration
}

// timesOf reads a process' times.
func timesOf(pid int) (times, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return times{}, err
	}
	// The name, in parentheses, may have anything in it.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return times{}, fmt.Errorf("/proc/%d/stat: %s", pid, text)
	}
	var numbers [15]int
	for i := 1; i < len(numbers); i++ {
		numbers[i], _ = strconv.Atoi(fields[i]) // those that are no numbers are not looked at
	}
	return times{
		parent: numbers[1],
		own:    time.Duration(numbers[11]+numbers[12]) * tick,
		gone:   time.Duration(numbers[13]+numbers[14]) * tick,
	}, nil
}

// Processor is the processor's time that a process has taken.
func Processor(pid int) (time.Duration, error) {
	t, err := timesOf(pid)
	return t.own, err
}

// Parent is the process that started another one.
func Parent(pid int) (int, error) {
	t, err := timesOf(pid)
	return t.parent, err
}

// Family is the processor's time that a process and its children have taken, such
// as a Postgres server and those that serve its connections, present and gone.
func Family(pid int) (time.Duration, error) {
	first, err := timesOf(pid)
	if err != nil {
		return 0, err
	}
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	sum := first.own + first.gone
	for _, one := range all {
		child, err := strconv.Atoi(filepath.Base(one))
		if err != nil {
			continue
		}
		if t, err := timesOf(child); err == nil && t.parent == pid {
			sum += t.own
		}
	}
	return sum, nil
}

// Busy is the processors' time that the machine has spent on anything.
func Busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	var sum time.Duration
	for i, field := range strings.Fields(first) {
		ticks, err := strconv.Atoi(field)
		idle, guest := i == 4 || i == 5, i > 8 // a guest's time is in its host's already
		if err == nil && !idle && !guest {
			sum += time.Duration(ticks) * tick
		}
	}
	return sum, nil
}

// ForgetPeak has a process' Peak count from now on, and says whether the machine
// allows it.
func ForgetPeak(pid int) bool {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0) == nil
}

// Peak is the most bytes that a process has had resident.
func Peak(pid int) (int, error) { return memory(pid, "VmHWM:") }

// Resident is how many bytes a process has resident now.
func Resident(pid int) (int, error) { return memory(pid, "VmRSS:") }

func memory(pid int, field string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), field)
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%d/status has no %s", pid, field)
	}
	kilobytes, err := strconv.Atoi(fields[0])
	return kilobytes * 1024, err
}
