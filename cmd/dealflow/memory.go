package main

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory has Go keep to the memory that a server has, if the environment does not
// say to what: GOMEMLIMIT is Go's own. GOGC stays as it is: docs/decisions/0019-driver.md
// has what others give.
func limitMemory(system fs.FS) {
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(memoryLimit(system))
	}
}

// memoryLimit is how much memory Go should take: four fifths of the least that the
// server's groups (cgroups of either version) and the machine have. The rest is for
// SQLite, which Go does not count, and for the system. Without either nothing bounds it.
func memoryLimit(system fs.FS) int64 {
	least := int64(math.MaxInt64)
	for _, read := range []int64{machineMemory(system), groupMemory(system)} {
		if read > 0 {
			least = min(least, read)
		}
	}
	if least == math.MaxInt64 {
		return least
	}
	return least / 5 * 4
}

// machineMemory is what /proc/meminfo says, or 0.
func machineMemory(system fs.FS) int64 {
	text, _ := fs.ReadFile(system, "proc/meminfo") // not there on other systems
	_, total, _ := strings.Cut(string(text), "MemTotal:")
	total, _, _ = strings.Cut(total, "kB")
	return 1024 * number(total)
}

// groupMemory is the least limit of the groups that the process is in, one inside
// another, or 0. A container may see its own group as the outermost.
func groupMemory(system fs.FS) int64 {
	var least int64
	text, _ := fs.ReadFile(system, "proc/self/cgroup") // not there on other systems
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		root, file := "sys/fs/cgroup", "memory.max"
		if parts[1] == "memory" {
			root, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if parts[1] != "" {
			continue // of something else
		}
		for group := path.Join("/", parts[2]); ; group = path.Dir(group) {
			limit, _ := fs.ReadFile(system, path.Join(root, group, file)) // not there: no limit
			if n := number(string(limit)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}

// number is the number in a text, or 0 if that is something else, such as max.
func number(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
