package apitest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Node is a command that runs Node in the directory web of the repository, with
// the packages that are installed there, for a minute at most. Without npm the test is skipped.
func Node(t *testing.T, web string, args ...string) *exec.Cmd {
	t.Helper()
	_, err := exec.LookPath("npm")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("npm is not here, and so neither are the clients that tests use")
	}
	if _, missing := os.Stat(filepath.Join(web, "clients", "node_modules", "graphql-http")); err != nil || missing != nil {
		t.Fatal("the clients that tests use are not installed: run `make clients`, then the test again")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, "node", args...)
	command.Dir, command.Stderr = web, t.Output()
	return command
}
