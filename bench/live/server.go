package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"dealflow/internal/testdb"
)

// database makes an empty database of a kind, and returns its URL and how to drop
// it.
func database(ctx context.Context, kind, dir string) (address string, drop func() error, err error) {
	switch kind {
	case "sqlite":
		return "sqlite:" + filepath.Join(dir, "dealflow.db"), func() error { return nil }, nil
	case "postgres":
	default:
		return "", nil, fmt.Errorf("-database is sqlite or postgres, not %q", kind)
	}
	admin, err := url.Parse(os.Getenv(testdb.Env))
	if err != nil || admin.Host == "" && admin.RawQuery == "" {
		return "", nil, errors.New(testdb.Env + " names no Postgres server: run make bench-live")
	}
	db, err := sql.Open("postgres", admin.String())
	if err != nil {
		return "", nil, err
	}
	name := "bench_" + strings.ToLower(rand.Text())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, errors.Join(err, db.Close())
	}
	drop = func() error {
		// Whoever has interrupted the measurement wants it dropped all the same.
		_, err := db.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, db.Close())
	}
	admin.Path = "/" + name
	return admin.String(), drop, nil
}

// server is a Dealflow server in a process of its own.
type server struct {
	process *exec.Cmd
	base    string // its address
	token   string
}

// startServer builds the program, fills the database with one organization of the
// demonstration data, and serves it.
func startServer(ctx context.Context, dir, database string, sockets int) (*server, error) {
	program := filepath.Join(dir, "dealflow")
	secret := "DEALFLOW_JWT_SECRET=" + rand.Text() + rand.Text()
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, name, args...)
		c.Env, c.Stderr = append(os.Environ(), secret, "DEALFLOW_DATABASE="+database), os.Stderr
		c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
		return c
	}
	show("building the server and its data")
	var token []byte
	for _, step := range []*exec.Cmd{
		command("go", "build", "-o", program, "dealflow/cmd/dealflow"),
		command(program, "migrate", "up"),
		command(program, "demo", "--scale", "0.05"),
		command(program, "token", "--org", "Demo 1", "--user", "bench", "--role", "ADMIN"),
	} {
		var err error
		if token, err = step.Output(); err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(step.Args, " "), err)
		}
	}
	serve := command(program, "serve", "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--photos", "file://"+dir, "--max-sockets", strconv.Itoa(sockets),
		"--cost-burst", "1000000000") // one user is all of them
	out, err := serve.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := serve.Start(); err != nil {
		return nil, err
	}
	s := &server{process: serve, token: strings.TrimSpace(string(token))}
	if s.base, err = announced(out); err != nil {
		return nil, errors.Join(err, s.stop())
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

// stop ends the server.
func (s *server) stop() error {
	show("")
	// It takes more than its clients' disappearance to kill it; that is tested
	// elsewhere.
	_ = s.process.Process.Kill()
	var killed *exec.ExitError
	if err := s.process.Wait(); err != nil && !errors.As(err, &killed) {
		return err
	}
	return nil
}

// metrics are sums of the server's, by name, over all labels.
type metrics map[string]float64

func (m metrics) statements() float64 { return m["dealflow_sql_statement_duration_seconds_count"] }
func (m metrics) processor() float64  { return m["process_cpu_seconds_total"] }

// metrics asks the server for its metrics.
func (s *server) metrics(ctx context.Context) (metrics, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	m := metrics{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), " ")
		number, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil {
			continue // a comment
		}
		name, _, _ = strings.Cut(name, "{")
		m[name] += number
	}
	return m, lines.Err()
}

// spent is what the server has done meanwhile.
type spent struct {
	before, after metrics
	seconds       float64
	moves         int
}

func (s spent) statements() float64 { return s.after.statements() - s.before.statements() }
func (s spent) processor() float64  { return s.after.processor() - s.before.processor() }

// perMove is a part for each move.
func (s spent) perMove(of func(spent) float64) float64 { return of(s) / float64(s.moves) }
