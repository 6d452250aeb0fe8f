package main

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"dealflow/internal/testdb"
)

func TestRun(t *testing.T) {
	t.Setenv(testdb.Env, "postgres://there/already")

	t.Run("gives the command the server's URL and its own output", func(t *testing.T) {
		code, out := mustRun(t, "--", "sh", "-c", "echo $"+testdb.Env)
		if code != 0 || out != "postgres://there/already\n" {
			t.Errorf("status %d, output %q", code, out)
		}
	})
	t.Run("ends with the command's status", func(t *testing.T) {
		if code, _ := mustRun(t, "sh", "-c", "exit 7"); code != 7 {
			t.Errorf("status %d, want 7", code)
		}
	})
	t.Run("passes signals on", func(t *testing.T) {
		signals := make(chan os.Signal, 1)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = r.Read(make([]byte, 1)) // the command is up
			signals <- syscall.SIGTERM
		}()
		code, err := run([]string{"sh", "-c", "echo up; while :; do sleep 60; done"}, signals, w, os.Stderr)
		if err != nil || code != 128+int(syscall.SIGTERM) {
			t.Errorf("status %d, %v, want that of SIGTERM", code, err)
		}
	})
	t.Run("leaves nothing of the command running", func(t *testing.T) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := run([]string{"sh", "-c", "sleep 600 &"}, nil, w, os.Stderr); err != nil {
			t.Fatal(err)
		}
		w.Close()
		// It ends when the last process that could write to it has.
		_ = r.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("err = %v: what the command started still runs", err)
		}
	})
	t.Run("says what it cannot run", func(t *testing.T) {
		if code, err := run([]string{"/no/such/program"}, nil, os.Stdout, os.Stderr); code != 127 || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("status %d, %v", code, err)
		}
		if code, err := run([]string{"--"}, nil, os.Stdout, os.Stderr); code != 2 || err == nil {
			t.Errorf("status %d, %v", code, err)
		}
	})
}

func TestRunStartsAServer(t *testing.T) {
	t.Setenv(testdb.Env, "")
	code, out := mustRun(t, "sh", "-c", "echo $"+testdb.Env)
	if code != 0 || !strings.HasPrefix(out, "postgres://") {
		t.Errorf("status %d, output %q", code, out)
	}
}

func TestRunStopsStartingOnASignal(t *testing.T) {
	t.Setenv(testdb.Env, "")
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	if code, err := run([]string{"true"}, signals, os.Stdout, os.Stderr); code == 0 || err == nil {
		t.Errorf("status %d, %v, want a failure", code, err)
	}
}

func mustRun(t *testing.T, args ...string) (code int, stdout string) {
	t.Helper()
	var b strings.Builder
	code, err := run(args, nil, &b, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return code, b.String()
}
