package main

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"

	"dealflow/bench/process"
)

// server is a Dealflow server in a process of its own.
type server struct {
	*process.Server
	token string
}

// startServer builds the program, fills the database with one organization of the
// demonstration data, and serves it.
func startServer(ctx context.Context, dir, database string, sockets int) (*server, error) {
	process.Show("building the server and its data")
	program, err := process.Build(ctx, "dealflow/cmd/dealflow", dir)
	if err != nil {
		return nil, err
	}
	program = program.On(database, process.NewSecret())
	var token string
	for _, step := range [][]string{
		{"migrate", "up"},
		{"demo", "--scale", "0.05"},
		{"token", "--org", "Demo 1", "--user", "bench", "--role", "ADMIN"},
	} {
		if token, err = program.Run(ctx, step...); err != nil {
			return nil, err
		}
	}
	serving, err := program.Serve(ctx, "serve", "--listen", "127.0.0.1:0", "--log-level", "warn",
		"--photos", "file://"+dir, "--max-sockets", strconv.Itoa(sockets),
		"--cost-burst", "1000000000") // one user is all of them
	if err != nil {
		return nil, err
	}
	return &server{serving, token}, nil
}

// metrics are sums of the server's, by name, over all labels.
type metrics map[string]float64

func (m metrics) statements() float64 { return m["dealflow_sql_statement_duration_seconds_count"] }
func (m metrics) processor() float64  { return m["process_cpu_seconds_total"] }

// metrics asks the server for its metrics.
func (s *server) metrics(ctx context.Context) (metrics, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Base+"/metrics", nil)
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
