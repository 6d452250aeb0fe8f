package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"dealflow/internal/apitest"
)

// load is requests that clients make, each one after the other. The clients do
// as little as they can, for they share the processor with the server.
type load struct {
	api     *apitest.API
	token   string
	bodies  [][]byte
	field   string // which an answer has
	least   int    // so often
	clients int
}

// body is an operation as it is sent.
func body(b *testing.B, document string, vars apitest.Vars) []byte {
	b.Helper()
	text, err := json.Marshal(map[string]any{"query": document, "variables": vars})
	must(b, err)
	return text
}

// run makes the requests: the first alone, to count its statements, and b.N
// with all clients at once.
func (l *load) run(b *testing.B) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: l.clients}}
	defer client.CloseIdleConnections()
	must(b, l.ask(client, l.bodies[0], new(bytes.Buffer)))
	statements := len(l.api.Statements())

	times := make([]time.Duration, b.N)
	var next atomic.Int64
	var working sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	began := processor(b)
	for range l.clients {
		working.Go(func() {
			var answer bytes.Buffer
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				start := time.Now()
				if err := l.ask(client, l.bodies[i], &answer); err != nil {
					b.Error(err)
					return
				}
				times[i-1] = time.Since(start)
			}
		})
	}
	working.Wait()
	b.StopTimer()

	slices.Sort(times)
	per := func(total time.Duration) float64 { return milliseconds(total) / float64(b.N) }
	b.ReportMetric(0, "ns/op") // of many clients at once it says nothing
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	b.ReportMetric(milliseconds(times[len(times)/2]), "p50-ms")
	b.ReportMetric(milliseconds(times[len(times)*99/100]), "p99-ms")
	b.ReportMetric(per(processor(b)-began), "cpu-ms/op")
	b.ReportMetric(float64(statements), "statements/op")
}

// ask makes a request and looks at its answer, which it reads into a buffer.
func (l *load) ask(client *http.Client, body []byte, answer *bytes.Buffer) error {
	request, err := http.NewRequest(http.MethodPost, l.api.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+l.token)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer.Reset()
	if _, err := io.Copy(answer, response.Body); err != nil {
		return err
	}
	if n := bytes.Count(answer.Bytes(), []byte(l.field)); n < l.least {
		return fmt.Errorf("%s came %d times, not %d: %.300s", l.field, n, l.least, answer)
	}
	return nil
}

// processor is the processor's time that this process has taken, which is the
// server's and the clients', and not Postgres'.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
