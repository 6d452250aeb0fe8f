package live_test

import (
	"net/http"
	"runtime"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"dealflow/internal/apitest"
	"dealflow/internal/store/storetest"
)

// TestChurn subscribes and unsubscribes ten thousand times, and finds that nothing
// of it is left: no subscription, no memory, no goroutine.
func TestChurn(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { // after the server's own
		http.DefaultClient.CloseIdleConnections()
		goleak.VerifyNone(t, before)
	})
	api := apitest.New(t, storetest.SQLite(t))
	ada := api.Organization(t, "acme")
	b := newBoard(t, ada)
	after := cursor(t, ada)
	b.move(t, ada, b.there)
	vars := apitest.Vars{"board": b.pipeline, "after": after}
	churn(t, api, ada, vars, 1_000)
	small := memory(t, api)
	churn(t, api, ada, vars, 9_000)
	const noise = 2 << 20 // of 9,000 subscriptions of which each would leave 230 bytes
	if large := memory(t, api); large > small+noise {
		t.Errorf("%d kB are in use after 1,000 subscriptions, and %d kB after 10,000", small>>10, large>>10)
	}
}

// churn subscribes so many times, on a few sockets at once. Nobody else watches,
// so that groups come and go as well.
func churn(t *testing.T, api *apitest.API, as *apitest.Client, vars apitest.Vars, times int) {
	t.Helper()
	const sockets, a = 4, `subscription ($board: ID!, $after: String) { stageMoved(pipelineId: $board, after: $after) { __typename } }`
	var working sync.WaitGroup
	for range sockets {
		w := connect(t, api, as)
		working.Go(func() {
			for i := range times / sockets {
				w.subscribe("1", a, vars)
				if i%25 == 0 {
					w.next("stageMoved") // which has happened; the others may not even have begun
				}
				w.send(map[string]any{"type": "complete", "id": "1"})
			}
			_ = w.conn.CloseNow()
		})
	}
	working.Wait()
}

// memory is how much is in use once all subscriptions have gone.
func memory(t *testing.T, api *apitest.API) uint64 {
	t.Helper()
	until(t, "the end of all subscriptions", func() bool {
		return api.Metric(t, "dealflow_live_sockets") == 0 && api.Metric(t, "dealflow_live_groups") == 0
	})
	var now runtime.MemStats
	runtime.GC()
	runtime.GC() // what is in pools survives one
	runtime.ReadMemStats(&now)
	return now.HeapAlloc
}
