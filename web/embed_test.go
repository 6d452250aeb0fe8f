package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var built = fstest.MapFS{
	"playground/index.html":   {Data: []byte("<title>Dealflow playground</title>")},
	"assets/index-abc123.js":  {Data: []byte("export {}")},
	"assets/index-abc123.css": {Data: []byte("body {}")},
}

var unbuilt = fstest.MapFS{".gitkeep": {}}

func get(t *testing.T, dist fs.FS, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	cfg := Config{Endpoint: "/graphql"}
	handler(dist, cfg).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func TestHandler(t *testing.T) {
	tests := map[string]struct {
		path, contentType, cache, body string
	}{
		"Page":   {"/", "text/html; charset=utf-8", "no-cache", "Dealflow playground"},
		"Script": {"/assets/index-abc123.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export {}"},
		"Style":  {"/assets/index-abc123.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable", "body {}"},
		"Config": {"/playground.json", "application/json", "no-store", `{"endpoint":"/graphql"}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := get(t, built, test.path)
			if w.Code != http.StatusOK {
				t.Fatalf("status %d, want 200", w.Code)
			}
			if got := w.Header().Get("Content-Type"); got != test.contentType {
				t.Errorf("Content-Type %q, want %q", got, test.contentType)
			}
			if got := w.Header().Get("Cache-Control"); got != test.cache {
				t.Errorf("Cache-Control %q, want %q", got, test.cache)
			}
			if got := w.Body.String(); !strings.Contains(got, test.body) {
				t.Errorf("body %q lacks %q", got, test.body)
			}
		})
	}
}

func TestHandlerNotFound(t *testing.T) {
	for _, path := range []string{"/nothing", "/assets/", "/assets/old-build.js", "/assets/../playground/index.html"} {
		t.Run(path, func(t *testing.T) {
			w := get(t, built, path)
			if w.Code == http.StatusOK {
				t.Errorf("status 200, want a refusal")
			}
			if got := w.Header().Get("Cache-Control"); strings.Contains(got, "immutable") {
				t.Errorf("absence is cached: Cache-Control %q", got)
			}
		})
	}
}

func TestHandlerSecurityHeaders(t *testing.T) {
	for _, path := range []string{"/", "/playground.json", "/assets/index-abc123.js", "/nothing"} {
		t.Run(path, func(t *testing.T) {
			h := get(t, built, path).Header()
			csp := h.Get("Content-Security-Policy")
			for _, directive := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"} {
				if !strings.Contains(csp, directive) {
					t.Errorf("Content-Security-Policy %q lacks %q", csp, directive)
				}
			}
			if got := h.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("X-Content-Type-Options %q, want nosniff", got)
			}
		})
	}
}

func TestHandlerRefusesOtherMethods(t *testing.T) {
	w := httptest.NewRecorder()
	handler(built, Config{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("status %d, want 405", w.Code)
	}
}

func TestHandlerWithoutPlayground(t *testing.T) {
	w := get(t, unbuilt, "/")
	if w.Code != http.StatusOK {
		t.Fatalf("status %d, want 200", w.Code)
	}
	if got := w.Header().Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type %q, want HTML", got)
	}
	for _, want := range []string{"make run", "npm --prefix web ci &amp;&amp; npm --prefix web run build", "/graphql", "/schema.graphql"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("page lacks %q", want)
		}
	}
}

func TestEmbeddedDist(t *testing.T) {
	w := httptest.NewRecorder()
	Handler(Config{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusOK {
		t.Errorf("status %d, want 200, built or not", w.Code)
	}
}
