package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	w := mustServe(t, func(c *Config) { c.Metrics = m })
	w.query("query Hello { hello }")
	w.query("{ hello }")
	w.query("{ refuse }")
	w.query("{ fail }")
	w.query("{ nonsense }")
	w.send(w.request(http.MethodPost, "/graphql", nil))
	m.ObserveStatement(t.Context(), "SELECT 1", time.Millisecond, nil)
	m.ObserveStatement(t.Context(), "INSERT INTO x", time.Millisecond, errors.New("no"))
	m.ObserveStatement(t.Context(), "PRAGMA x", time.Millisecond, context.Canceled)
	gone, leave := context.WithCancel(t.Context())
	leave()
	m.ObserveStatement(gone, "UPDATE x", time.Millisecond, errors.New("interrupted (9)"))

	a := w.do(http.MethodGet, "/metrics", "")
	for _, want := range []string{
		`dealflow_graphql_requests_total{operation_type="query",outcome="ok"} 2`,
		`dealflow_graphql_requests_total{operation_type="query",outcome="refused"} 1`,
		`dealflow_graphql_requests_total{operation_type="query",outcome="failed"} 1`,
		`dealflow_graphql_requests_total{operation_type="none",outcome="refused"} 1`,
		`dealflow_graphql_operation_duration_seconds_count{operation="Hello"} 1`,
		`dealflow_graphql_operation_duration_seconds_count{operation="(unnamed)"} 3`,
		`dealflow_graphql_operation_duration_seconds_count{operation="(invalid)"} 1`,
		`dealflow_graphql_operation_sql_statements_count 5`,
		`dealflow_sql_statement_duration_seconds_count{verb="select"} 1`,
		`dealflow_sql_statement_duration_seconds_count{verb="other"} 1`,
		`dealflow_sql_statement_errors_total{verb="insert"} 1`,
		`dealflow_http_requests_total{route="/graphql",status="401"} 1`,
		`dealflow_http_requests_in_flight 1`,
		`dealflow_db_connections_max 9`,
		`dealflow_db_group_waiting 0`,
		`dealflow_build_info{`,
		`go_goroutines `,
		`process_start_time_seconds `,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, verb := range []string{"other", "update"} {
		if strings.Contains(a.body, `errors_total{verb="`+verb+`"}`) {
			t.Errorf("a statement (%s) that its client gave up counts as an error", verb)
		}
	}
	if t.Failed() {
		t.Log(a.body)
	}
}

// TestLongNames has operations whose names the client made too long: they must
// fill neither the metrics nor the log.
func TestLongNames(t *testing.T) {
	w := mustServe(t)
	fits, long := strings.Repeat("a", 64), strings.Repeat("b", 65)
	w.query("query " + fits + " { hello }")
	w.query("query " + long + " { hello }")
	metrics := w.do(http.MethodGet, "/metrics", "").body
	for _, want := range []string{fits, "(other)"} {
		if !strings.Contains(metrics, `duration_seconds_count{operation="`+want+`"} 1`) {
			t.Errorf("no operation %s in\n%s", want, metrics)
		}
	}
	w.log.find(t, "operation", fits)
	w.log.find(t, "operation", long[:64])
	if strings.Contains(metrics, long) {
		t.Error("the metrics have the long name")
	}
}

func TestNamesAreBounded(t *testing.T) {
	n := newNames()
	for i := range namesKept {
		name := fmt.Sprintf("Op%d", i)
		if got := n.label(operation{kind: "query", name: name}); got != name {
			t.Fatalf("label %q, want %q", got, name)
		}
	}
	if got := n.label(operation{kind: "query", name: "OneMore"}); got != "(other)" {
		t.Errorf("label %q, want (other)", got)
	}
	if got := n.label(operation{kind: "query", name: "Op0"}); got != "Op0" {
		t.Errorf("label %q, want Op0", got)
	}
}
