package docs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"dealflow/internal/apitest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if program.dir != "" {
		os.RemoveAll(program.dir)
	}
	os.Exit(code)
}

// program is the program, once a test has needed it.
var program struct {
	once sync.Once
	dir  string
	err  error
}

// mustBuild returns the directory of the program, which it builds.
func mustBuild(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "dealflow-docs-"); program.err == nil {
			program.err = build(filepath.Join(program.dir, "dealflow"))
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.dir
}

func build(path string) error {
	args := []string{"build", "-o", path}
	// With the race detector the packages have been built already, for the tests.
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	output, err := exec.Command("go", append(args, "dealflow/cmd/dealflow")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go build: %w\n%s", err, output)
	}
	return nil
}

// place is a directory in which commands run as an operator runs them.
type place struct {
	dir string
	env []string // beyond the process's own
}

func newPlace(t *testing.T, env ...string) *place {
	t.Helper()
	path := "PATH=" + mustBuild(t) + string(os.PathListSeparator) + os.Getenv("PATH")
	return &place{dir: t.TempDir(), env: append([]string{path, "COLUMNS=200"}, env...)}
}

// command is a command that runs in the place, without what the tests' own
// environment says to the program.
func (p *place) command(ctx context.Context, t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	if path := filepath.Join(mustBuild(t), name); name == "dealflow" {
		name = path
	}
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = p.dir
	command.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "DEALFLOW_") || strings.HasPrefix(variable, "PG")
	}), p.env...)
	return command
}

// run runs a command, which must succeed, and returns what it prints.
func (p *place) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	command := p.command(t.Context(), t, name, args...)
	var complaints strings.Builder
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, output, complaints.String())
	}
	return string(output)
}

// bash runs a script of a page.
func (p *place) bash(t *testing.T, script string) string {
	t.Helper()
	return p.run(t, "bash", "-euo", "pipefail", "-c", script)
}

// service is a server that runs.
type service struct {
	url   string
	token string // of the development server, for its demo organization
	stop  func(t *testing.T)
}

var (
	apiLine   = regexp.MustCompile(`^ *API +(http://.*)/graphql$`)
	tokenLine = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
)

// serve starts `dealflow serve` on a port of its own, until the test ends or
// stop is called.
func (p *place) serve(t *testing.T, args ...string) *service {
	t.Helper()
	// The test's own context ends before its cleanup, in which the server ends.
	command := p.command(context.WithoutCancel(t.Context()), t, "dealflow", append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	var log strings.Builder
	command.Stderr = &log
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	s := &service{}
	embedded := !slices.ContainsFunc(p.env, func(v string) bool { return strings.HasPrefix(v, "DEALFLOW_JWT_SECRET=") })
	lines := bufio.NewScanner(stdout)
	for (s.url == "" || embedded && s.token == "") && lines.Scan() {
		if match := apiLine.FindStringSubmatch(lines.Text()); match != nil {
			s.url = match[1]
		}
		s.token += tokenLine.FindString(lines.Text())
	}
	var once sync.Once
	s.stop = func(t *testing.T) {
		once.Do(func() {
			_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
			_, _ = io.Copy(io.Discard, stdout)
			if err := command.Wait(); err != nil {
				t.Errorf("dealflow serve: %v\n%s", err, log.String())
			}
		})
	}
	t.Cleanup(func() { s.stop(t) })
	if s.url == "" {
		s.stop(t)
		t.FailNow()
	}
	return s
}

// get reads a page of the server's, and returns its status too.
func (s *service) get(t *testing.T, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.send(t, request)
}

// ask runs an operation and returns the answer.
func (s *service) ask(t *testing.T, token, document string) string {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	_, answer := s.send(t, request)
	return apitest.WithoutCost(answer)
}

func (s *service) send(t *testing.T, request *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// needs fails the test where a tool that readers have is missing.
func needs(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); errors.Is(err, exec.ErrNotFound) {
			t.Fatalf("%s is not here: make prerequisites installs it, or says how", tool)
		}
	}
}

// TestGuideToken makes a token as the guide does.
func TestGuideToken(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t)
	for _, b := range blocks(t, "guide.md") {
		if b.notes["with"] != "program" {
			continue
		}
		token := p.bash(t, b.text+`printf %s "$TOKEN"`)
		const want = `{"data":{"viewer":{"user":{"name":"Ada"},"role":"SALES","organization":{"name":"demo"}}}}`
		if got := s.ask(t, token, `{ viewer { user { name } role organization { name } } }`); got != want {
			t.Errorf("the answer is %s, want %s", got, want)
		}
		return
	}
	t.Error("the guide makes no token")
}
