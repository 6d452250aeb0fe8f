package process

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Program is a program of ours, built from the tree.
type Program struct {
	path string
	env  []string
}

// Build builds the program of a package, such as dealflow/cmd/dealflow, into a
// directory.
func Build(ctx context.Context, pkg, dir string) (*Program, error) {
	path := filepath.Join(dir, filepath.Base(pkg))
	build := exec.CommandContext(ctx, "go", "build", "-o", path, pkg)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(build.Args, " "), err)
	}
	return &Program{path: path}, nil
}

// NewSecret is a secret for tokens.
func NewSecret() string { return rand.Text() + rand.Text() }

// On is the program on a database, with a secret for tokens.
func (p *Program) On(database, secret string) *Program {
	return &Program{p.path, []string{"DEALFLOW_DATABASE=" + database, "DEALFLOW_JWT_SECRET=" + secret}}
}

// command is the program with arguments. It ends with the context.
func (p *Program) command(ctx context.Context, args []string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.path, args...)
	c.Env, c.Stderr = append(os.Environ(), p.env...), os.Stderr
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	return c
}

// Run runs the program to its end, and returns what it printed.
func (p *Program) Run(ctx context.Context, args ...string) (string, error) {
	c := p.command(ctx, args)
	out, err := c.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
	}
	return strings.TrimSpace(string(out)), err
}

// Server is a program that serves.
type Server struct {
	// Base is its address, such as http://127.0.0.1:8080.
	Base string
	// PID is its process' number.
	PID int

	process *exec.Cmd
}

// Serve starts the program, and returns once it says where it serves: on a line
// that begins with API.
func (p *Program) Serve(ctx context.Context, args ...string) (*Server, error) {
	c := p.command(ctx, args)
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &Server{PID: c.Process.Pid, process: c}
	if s.Base, err = announced(out); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err), s.Stop())
	}
	return s, nil
}

// announced is the address that a server says it serves.
func announced(out io.Reader) (string, error) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if api, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "API"); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }() // so that it never waits for us
			return strings.TrimSuffix(strings.TrimSpace(api), "/graphql"), nil
		}
	}
	return "", errors.New("the server did not start")
}

// Stop ends the server.
func (s *Server) Stop() error {
	// It takes more than its clients' disappearance to kill it; that is tested
	// elsewhere.
	_ = s.process.Process.Kill()
	var killed *exec.ExitError
	if err := s.process.Wait(); err != nil && !errors.As(err, &killed) {
		return err
	}
	return nil
}
