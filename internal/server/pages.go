package server

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"dealflow"
	"dealflow/web"
)

// schema serves the API's schema to tools, which ask again before each use and
// mostly learn that it is the same.
func schema() http.Handler {
	text := dealflow.Schema()
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(text)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	})
}

// playground serves the pages. A development token is for this machine's own
// browsers: the server may listen on every address there is.
func playground(token string) http.Handler {
	plain := web.Handler(web.Config{Endpoint: apiPath})
	if token == "" {
		return plain
	}
	signedIn := web.Handler(web.Config{Endpoint: apiPath, Token: token})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isLocal(r) {
			signedIn.ServeHTTP(w, r)
			return
		}
		plain.ServeHTTP(w, r)
	})
}

// isLocal tells whether a request comes from this machine, and for it. A proxy
// here sends on requests that come from elsewhere; and a page from elsewhere
// can have its own name resolve to this machine, but cannot change the name.
func isLocal(r *http.Request) bool {
	forwarded := slices.ContainsFunc([]string{"Forwarded", "Via", "X-Forwarded-For", "X-Real-Ip"}, func(name string) bool {
		return r.Header.Get(name) != ""
	})
	return !forwarded && isLoopback(r.RemoteAddr) && isLoopback(r.Host)
}

// isLoopback tells whether an address, with or without a port, is this machine.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	return strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback()
}
