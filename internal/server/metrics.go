package server

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/graph"

	"dealflow/internal/live"
)

// Metrics counts what one server does, for Prometheus to collect.
type Metrics struct {
	registry   *prometheus.Registry
	inFlight   prometheus.Gauge
	requests   *prometheus.CounterVec   // by route and status
	operations *prometheus.CounterVec   // by operation_type and outcome
	queries    *prometheus.CounterVec   // by path
	durations  *prometheus.HistogramVec // by operation
	statements prometheus.Histogram     // of one operation
	costs      prometheus.Histogram     // of one operation
	replays    prometheus.Counter
	sqlTimes   *prometheus.HistogramVec // by verb
	sqlErrors  *prometheus.CounterVec   // by verb
	names      *names
}

// NewMetrics makes Metrics with a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dealflow_http_requests_in_flight",
			Help: "HTTP requests being served.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dealflow_http_requests_total",
			Help: "HTTP requests served, by route and status.",
		}, []string{"route", "status"}),
		operations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dealflow_graphql_requests_total",
			Help: "GraphQL operations, by type and outcome: ok, refused (the caller's fault), failed (the server's).",
		}, []string{"operation_type", "outcome"}),
		queries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dealflow_graphql_queries_total",
			Help: "GraphQL queries, by the path that answered: planned, executed (not all can be planned), retried (the plan came to an error), failed (and the executor to none).",
		}, []string{"path"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dealflow_graphql_operation_duration_seconds",
			Help:    "Time from reading a GraphQL operation to its response, by the operation's name.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
		statements: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "dealflow_graphql_operation_sql_statements",
			Help:    "SQL statements that one GraphQL operation took.",
			Buckets: []float64{0, 1, 2, 3, 5, 8, 13, 20, 50, 100},
		}),
		replays: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dealflow_idempotent_replays_total",
			Help: "Mutations that were not run, since a request with the same Idempotency-Key had run before.",
		}),
		costs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "dealflow_graphql_operation_cost",
			Help:    "Points that a GraphQL operation may cost, also of one that is refused for it.",
			Buckets: []float64{1, 10, 100, 1000, 10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000},
		}),
		sqlTimes: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dealflow_sql_statement_duration_seconds",
			Help:    "Time that SQL statements took, by verb.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5},
		}, []string{"verb"}),
		sqlErrors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dealflow_sql_statement_errors_total",
			Help: "SQL statements that the database refused or did not finish, by verb.",
		}, []string{"verb"}),
		names: newNames(),
	}
	m.registry.MustRegister(m.inFlight, m.requests, m.operations, m.queries, m.durations, m.statements, m.costs, m.replays, m.sqlTimes, m.sqlErrors,
		buildInfo(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// ObserveStatement counts an SQL statement: store.Options.Observe. One whose
// context has ended was given up, however the database puts it.
func (m *Metrics) ObserveStatement(ctx context.Context, query string, took time.Duration, err error) {
	v := verb(query)
	m.sqlTimes.WithLabelValues(v).Observe(took.Seconds())
	if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
		m.sqlErrors.WithLabelValues(v).Inc()
	}
}

// verb is what a statement does, one of a few words.
func verb(query string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(query), " ")
	switch word = strings.ToLower(word); word {
	case "select", "with", "insert", "update", "delete":
		return word
	default:
		return "other"
	}
}

// handler serves the metrics.
func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (m *Metrics) countRequest(route string, status int) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
}

func (m *Metrics) countOperation(op operation, outcome string, statements int) {
	m.operations.WithLabelValues(op.kind, outcome).Inc()
	if op.kind != string(ast.Subscription) { // which waits for its events, each a response
		m.durations.WithLabelValues(m.names.label(op)).Observe(time.Since(op.start).Seconds())
	}
	m.statements.Observe(float64(statements))
}

func (m *Metrics) countQuery(path graph.Path) { m.queries.WithLabelValues(string(path)).Inc() }

func (m *Metrics) observeCost(points int64) { m.costs.Observe(float64(points)) }

// watchPool reports on a database's connections.
func (m *Metrics) watchPool(stats func() sql.DBStats) {
	m.registry.MustRegister(newPool(stats))
}

// watchGroups reports how many changes wait to be committed with others.
func (m *Metrics) watchGroups(waiting func() int) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dealflow_db_group_waiting", Help: "Moves that wait for others to share statements with.",
	}, func() float64 { return float64(waiting()) }))
}

// watchHub reports on subscriptions.
func (m *Metrics) watchHub(stats func() live.Stats) {
	gauge := func(name, help string, value func(live.Stats) int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "dealflow_live_" + name, Help: help},
			func() float64 { return float64(value(stats())) }))
	}
	gauge("sockets", "WebSockets that are open.", func(s live.Stats) int { return s.Sockets })
	gauge("streams", "Streams of server-sent events that are open.", func(s live.Stats) int { return s.Streams })
	gauge("subscriptions", "Subscriptions.", func(s live.Stats) int { return s.Members })
	gauge("groups", "Groups of equal subscriptions: each event is executed once for each.", func(s live.Stats) int { return s.Groups })
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "dealflow_live_messages_total",
		Help: "Events handed to subscriptions, counted for each subscription.",
	}, func() float64 { return float64(stats().Delivered) }))
}

// Clients make operations' names up, and each that metrics tell apart takes a
// histogram's memory, here and in Prometheus.
const (
	namesKept  = 100
	nameLength = 64 // bytes, in the log too; GraphQL's names are ASCII
)

// names holds the first names that were seen; later ones, and long ones, are
// "(other)", which like the rest in parentheses is no operation's name.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

func newNames() *names { return &names{seen: map[string]bool{}} }

// label is what an operation is counted under.
func (n *names) label(op operation) string {
	switch {
	case op.kind == "none":
		return "(invalid)"
	case op.name == "":
		return "(unnamed)"
	case len(op.name) > nameLength:
		return "(other)"
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.seen[op.name] && len(n.seen) == namesKept {
		return "(other)"
	}
	n.seen[op.name] = true
	return op.name
}

// buildInfo is a gauge that is always 1, with what the program was built from.
func buildInfo() prometheus.Collector {
	b := readBuild()
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "dealflow_build_info",
		Help:        "Always 1; its labels tell what the program was built from.",
		ConstLabels: prometheus.Labels{"version": b.version, "revision": b.revision, "go_version": b.goVersion},
	}, func() float64 { return 1 })
}
