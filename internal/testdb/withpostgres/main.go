// Command withpostgres runs a command with a throwaway Postgres server at hand:
//
//	go run ./internal/testdb/withpostgres -- go test ./...
//
// The command finds the server's URL in DEALFLOW_TEST_POSTGRES. When that is
// set already, the command runs on the server it names. Signals are passed on
// to the command and all it started, nothing of which outlives it, and the exit
// status is the command's. The command must not read the terminal.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"dealflow/internal/testdb"
)

func main() {
	// The parent's death is told to the thread that asked, which so must stay.
	runtime.LockOSThread()
	signalOnParentDeath()
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	code, err := run(os.Args[1:], signals, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpostgres:", err)
	}
	os.Exit(code)
}

// run runs the command that args name, and returns its exit status.
func run(args []string, signals <-chan os.Signal, stdout, stderr io.Writer) (int, error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("usage: withpostgres -- COMMAND [ARGUMENT...]")
	}
	env := os.Environ()
	if os.Getenv(testdb.Env) == "" {
		cluster, err := startCluster(signals)
		if err != nil {
			return 1, err
		}
		defer cluster.Stop()
		env = append(env, testdb.Env+"="+cluster.URL("postgres"))
	}

	// Not CommandContext, which ends a command only by killing it.
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // see above
	cmd.Env, cmd.Stdout, cmd.Stderr = env, stdout, stderr
	// A group of its own, so that a signal reaches the test binaries under
	// `go test` as well, and what they leave behind can be found.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	return wait(cmd, signals)
}

// startCluster starts a cluster unless a signal comes first.
func startCluster(signals <-chan os.Signal) (*testdb.Cluster, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	started := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case s := <-signals:
			cancel(fmt.Errorf("%v", s))
		case <-started:
		}
	}()
	cluster, err := testdb.Start(ctx)
	close(started)
	<-stopped
	if cause := context.Cause(ctx); cause != nil && err == nil {
		cluster.Stop()
		return nil, cause
	}
	cancel(nil)
	return cluster, err
}

// wait passes signals on until the command ends, then ends what is left of its
// process group.
func wait(cmd *exec.Cmd, signals <-chan os.Signal) (int, error) {
	group := -cmd.Process.Pid
	done := make(chan error, 1)
	// Output that a left-over process could still write is not waited for.
	cmd.WaitDelay = 5 * time.Second
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = syscall.Kill(group, s.(syscall.Signal)) // it fails when all have ended
		case err := <-done:
			_ = syscall.Kill(group, syscall.SIGKILL) // likewise
			return status(cmd.ProcessState), unlessExit(err)
		}
	}
}

// status is the exit status that a shell would report.
func status(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

// unlessExit drops the error that only repeats the exit status.
func unlessExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}
