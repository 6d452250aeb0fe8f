package main

import (
	"math"
	"os"
	"runtime/debug"
	"testing"
	"testing/fstest"
)

func TestMemoryLimit(t *testing.T) {
	const mb = 1 << 20
	for name, test := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"another system": {nil, math.MaxInt64},
		"the machine":    {map[string]string{"proc/meminfo": "MemTotal:         102400 kB\nMemFree: 5 kB\n"}, 80 * mb},
		"a container": {map[string]string{
			"proc/meminfo":             "MemTotal: 102400 kB\n",
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "52428800\n",
		}, 40 * mb},
		"the least of groups": {map[string]string{
			"proc/self/cgroup":                           "0::/a.slice/b.service\n",
			"sys/fs/cgroup/a.slice/memory.max":           "52428800\n",
			"sys/fs/cgroup/a.slice/b.service/memory.max": "max\n",
		}, 40 * mb},
		"version 1": {map[string]string{
			"proc/meminfo":     "MemTotal: 102400 kB\n",
			"proc/self/cgroup": "9:name=systemd:/\n8:pids:/\n4:memory:/docker/5\n0::/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
			"sys/fs/cgroup/memory/docker/5/memory.limit_in_bytes": "52428800\n",
		}, 40 * mb},
		"no limit": {map[string]string{
			"proc/meminfo":             "MemTotal: 102400 kB\n",
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "max\n",
		}, 80 * mb},
	} {
		t.Run(name, func(t *testing.T) {
			system := fstest.MapFS{}
			for path, text := range test.files {
				system[path] = &fstest.MapFile{Data: []byte(text)}
			}
			if got := memoryLimit(system); got != test.want {
				t.Errorf("limit = %d, want %d", got, test.want)
			}
		})
	}
}

func TestLimitMemory(t *testing.T) {
	system := fstest.MapFS{"proc/meminfo": {Data: []byte("MemTotal: 102400 kB\n")}}
	limit := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(limit) })

	t.Setenv("GOMEMLIMIT", "1GiB")
	limitMemory(system)
	if got := debug.SetMemoryLimit(-1); got != limit {
		t.Errorf("against the environment it chooses %d", got)
	}

	if err := os.Unsetenv("GOMEMLIMIT"); err != nil {
		t.Fatal(err)
	}
	limitMemory(system)
	if got := debug.SetMemoryLimit(-1); got != 80<<20 {
		t.Errorf("chooses %d", got)
	}
}
