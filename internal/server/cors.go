package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"dealflow/internal/cost"
	"dealflow/internal/once"
)

// checkOrigins refuses an origin that no browser would ever send.
func checkOrigins(origins []string) error {
	for _, origin := range origins {
		if !isOrigin(origin) {
			return fmt.Errorf("CORS origin %q: write a scheme and a host, such as https://app.example.com, or * for any", origin)
		}
	}
	return nil
}

func isOrigin(s string) bool {
	if s == "*" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") &&
		u.Host != "" && s == strings.ToLower(u.Scheme+"://"+u.Host)
}

// cors lets pages of the configured origins call what is behind it, and answers
// every OPTIONS request. A page whose origin is not among them may send simple
// requests, as to any server, but has no token to send with them.
func (s *Server) cors(next http.Handler) http.Handler {
	anyone := slices.Contains(s.config.Origins, "*")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		origin := r.Header.Get("Origin")
		if len(s.config.Origins) > 0 {
			h.Add("Vary", "Origin")
		}
		allowed := origin != "" && (anyone || slices.Contains(s.config.Origins, origin))
		if allowed {
			allow(h, origin, anyone)
		}
		if r.Method != http.MethodOptions {
			next.ServeHTTP(w, r)
			return
		}
		if allowed {
			allowRequest(h)
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// mayConnect tells whether the page that asks for a WebSocket is of the server's
// own origin, or of one that is configured. Programs that are no browsers name none.
func (s *Server) mayConnect(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.config.Origins, "*") || slices.Contains(s.config.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

// allow lets the origin's pages read the answer. With "*", pages cannot send
// cookies or other credentials that a browser holds; the API needs none.
func allow(h http.Header, origin string, anyone bool) {
	h.Set("Access-Control-Expose-Headers", requestID+", ETag, Retry-After, "+replayed)
	if anyone {
		h.Set("Access-Control-Allow-Origin", "*")
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Allow-Credentials", "true")
}

// allowRequest answers a preflight: what the request that follows may be.
func allowRequest(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, GraphQL-Require-Preflight, "+
		"Apollo-Require-Preflight, If-None-Match, X-Requested-With, "+cost.Header+", "+once.Header+", "+requestID)
	h.Set("Access-Control-Max-Age", "7200") // the most that Chromium heeds
}
