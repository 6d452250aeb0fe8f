package server

import (
	"net/http"
	"testing"
)

func TestCORS(t *testing.T) {
	const app, evil = "https://app.example.com", "https://evil.example.com"
	for name, test := range map[string]struct {
		origins     []string
		origin      string
		allowed     string
		credentials string
	}{
		"None":       {nil, app, "", ""},
		"Listed":     {[]string{"http://localhost:5173", app}, app, app, "true"},
		"NotListed":  {[]string{app}, evil, "", ""},
		"Any":        {[]string{"*"}, evil, "*", ""},
		"SameOrigin": {[]string{app}, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := mustServe(t, func(c *Config) { c.Origins = test.origins })
			check := func(t *testing.T, a answered) {
				t.Helper()
				if got := a.header.Get("Access-Control-Allow-Origin"); got != test.allowed {
					t.Errorf("Access-Control-Allow-Origin %q, want %q", got, test.allowed)
				}
				if got := a.header.Get("Access-Control-Allow-Credentials"); got != test.credentials {
					t.Errorf("Access-Control-Allow-Credentials %q, want %q", got, test.credentials)
				}
				if got := a.header.Get("Vary"); (got == "Origin") != (test.origins != nil) {
					t.Errorf("Vary %q", got)
				}
			}
			for _, path := range []string{"/graphql", "/photos/x.png"} {
				t.Run("Preflight"+path, func(t *testing.T) {
					a := w.send(w.request(http.MethodOptions, path, nil, "Origin", test.origin,
						"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"))
					check(t, a)
					if a.status != http.StatusNoContent {
						t.Errorf("status %d", a.status)
					}
					if got := a.header.Get("Access-Control-Allow-Headers"); (got != "") != (test.allowed != "") {
						t.Errorf("Access-Control-Allow-Headers %q", got)
					}
				})
				t.Run("Request"+path, func(t *testing.T) {
					check(t, w.do(http.MethodGet, path+"?query={hello}", "", "Origin", test.origin))
				})
			}
			t.Run("Refusal", func(t *testing.T) { // which a page must be able to read, too
				check(t, w.send(w.request(http.MethodPost, "/graphql", nil, "Origin", test.origin)))
			})
		})
	}
}
