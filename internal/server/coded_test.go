package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestCodedOnce expects the first status that a handler sets to be the one that
// its client gets, as without coded.
func TestCodedOnce(t *testing.T) {
	for _, second := range []int{http.StatusOK, http.StatusNotFound, http.StatusInternalServerError} {
		h := coded(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			w.WriteHeader(second)
		}))
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", nil)
		if got := serve(h, r).Code; got != http.StatusBadRequest {
			t.Errorf("400 and then %d: the client gets %d", second, got)
		}
	}
}
