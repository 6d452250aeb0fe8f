package server

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// TestLengths has every answer say how long it is, by us or by net/http.
func TestLengths(t *testing.T) {
	for _, length := range []int{1, buffered - 1, buffered, buffered + 1, 100_000} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			send(w, page{status: http.StatusOK, media: plainMedia, body: bytes.Repeat([]byte("x"), length)})
		}))
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			request, err := http.NewRequestWithContext(t.Context(), method, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := server.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if got := answer.Header.Get("Content-Length"); got != strconv.Itoa(length) || err != nil {
				t.Errorf("%s of %d bytes says %q, %v", method, length, got, err)
			}
			if method == http.MethodGet && len(text) != length {
				t.Errorf("%d bytes came of %d", len(text), length)
			}
		}
		server.Close()
	}
}
