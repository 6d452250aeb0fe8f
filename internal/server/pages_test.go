package server

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dealflow"
)

func TestSchema(t *testing.T) {
	w := mustServe(t)
	a := w.send(w.request(http.MethodGet, "/schema.graphql", nil))
	if a.status != http.StatusOK || a.body != dealflow.Schema() {
		t.Errorf("status %d, %d bytes", a.status, len(a.body))
	}
	if got := a.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	again := w.send(w.request(http.MethodGet, "/schema.graphql", nil, "If-None-Match", a.header.Get("ETag")))
	if again.status != http.StatusNotModified {
		t.Errorf("status %d, want 304", again.status)
	}
}

func TestPlaygroundToken(t *testing.T) {
	h := playground("sesame")
	for name, test := range map[string]struct {
		remote, host, header string
		given                bool
	}{
		"IPv4":       {"127.0.0.1:4711", "127.0.0.1:8080", "", true},
		"IPv6":       {"[::1]:4711", "[::1]:8080", "", true},
		"Localhost":  {"127.0.0.1:4711", "localhost", "", true},
		"Elsewhere":  {"192.0.2.7:4711", "localhost:8080", "", false},
		"Rebound":    {"127.0.0.1:4711", "evil.example.com:8080", "", false},
		"Proxied":    {"127.0.0.1:4711", "localhost:8080", "X-Forwarded-For", false},
		"ProxiedToo": {"127.0.0.1:4711", "localhost:8080", "Forwarded", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/playground.json", nil)
			r.RemoteAddr, r.Host = test.remote, test.host
			if test.header != "" {
				r.Header.Set(test.header, "192.0.2.7")
			}
			if got := strings.Contains(serve(h, r).Body.String(), "sesame"); got != test.given {
				t.Errorf("given the token: %v, want %v", got, test.given)
			}
		})
	}
}

func TestPlaygroundWithoutToken(t *testing.T) {
	w := mustServe(t)
	a := w.send(w.request(http.MethodGet, "/playground.json", nil))
	if a.body != `{"endpoint":"/graphql","token":""}`+"\n" {
		t.Errorf("body %q", a.body)
	}
}

func TestPhotos(t *testing.T) {
	w := mustServe(t)
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewRGBA(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	name, err := w.photos.Save(t.Context(), w.organization.ID, &file)
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		path, token string
		status      int
	}{
		"Link":       {w.links.URL(w.organization.ID, name), "", http.StatusOK},
		"Token":      {"/photos/" + name, w.token(), http.StatusOK},
		"NoToken":    {"/photos/" + name, "", http.StatusNotFound},
		"WrongToken": {"/photos/" + name, "x", http.StatusNotFound},
	} {
		t.Run(what, func(t *testing.T) {
			r := w.request(http.MethodGet, test.path, nil)
			if test.token != "" {
				r.Header.Set("Authorization", "Bearer "+test.token)
			}
			a := w.send(r)
			if a.status != test.status {
				t.Errorf("status %d, want %d", a.status, test.status)
			}
			if a.status == http.StatusOK && a.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
				t.Errorf("pages of other origins cannot show it: %v", a.header)
			}
		})
	}
}
