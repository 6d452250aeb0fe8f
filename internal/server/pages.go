package server

import (
	"crypto/sha256"
	"fmt"
	"net/http"
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

// playground serves the pages.
func playground() http.Handler { return web.Handler(web.Config{Endpoint: apiPath}) }
