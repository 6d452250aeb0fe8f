package main

import (
	"os"
	"testing"
	"time"

	"dealflow/internal/live/faulttest"
)

// soakEnv names the variable that says for how long to soak: see make soak.
const soakEnv = "DEALFLOW_SOAK"

// TestOnceUnderKill has servers of this program killed in the middle of requests that
// are to run once.
func TestOnceUnderKill(t *testing.T) { faulttest.RunOnce(t, "dealflow") }

// TestFaults has servers of this program, and what they stand on, fail while
// others watch: once each, or for as long as the environment says.
func TestFaults(t *testing.T) {
	var each time.Duration
	if text := os.Getenv(soakEnv); text != "" {
		whole, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("%s: %v", soakEnv, err)
		}
		each = whole / 2
	}
	for name, nats := range map[string]bool{"over Postgres": false, "over NATS": true} {
		t.Run(name, func(t *testing.T) {
			config := faulttest.Config{Program: "dealflow", NATS: nats, For: each}
			if terminal, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil && each > 0 {
				defer terminal.Close()
				bar := newProgress(terminal, name, int64(each))
				defer bar.done()
				config.Progress = func(done time.Duration) { bar.to(int64(done)) }
			}
			faulttest.Run(t, config)
		})
	}
}
