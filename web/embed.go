// Package web serves the pages that are built into the program.
//
// Vite builds them from the folders beside this file into dist, one folder a
// page and one for the assets they share. A program built without Node has an
// empty dist, and says so where the playground would be.
package web

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
)

//go:embed all:dist
var embedded embed.FS

// Config is what the server tells the playground, and whoever can reach it.
type Config struct {
	// Endpoint is the path of the GraphQL API.
	Endpoint string `json:"endpoint"`
}

// policy lets a page load and call nothing but this server. Styles may be
// inline, because the editor measures and colours text that way; it and
// GraphiQL also carry their fonts and small images as data.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; " +
	"style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the playground at /, its configuration at /playground.json,
// and what every page loads under /assets/.
func Handler(cfg Config) http.Handler {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic(err) // Only a malformed path gets here, and "dist" is well formed.
	}
	return handler(dist, cfg)
}

func handler(dist fs.FS, cfg Config) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page(dist, "playground"))
	mux.Handle("GET /playground.json", config(cfg))
	mux.Handle("GET /assets/", assets(dist))
	return secure(mux)
}

// page serves dist/<name>/index.html. A browser asks again at every visit,
// since the page names the hashed assets of its own build.
func page(dist fs.FS, name string) http.Handler {
	html, err := fs.ReadFile(dist, name+"/index.html")
	if err != nil {
		html = []byte(notBuilt)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(html)
	})
}

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dealflow</title>
<h1>Dealflow</h1>
<p>This program was built without its playground. To build it in, run
<code>make run</code>, or <code>npm --prefix web ci &amp;&amp; npm --prefix web run build</code>
and build the program again.</p>
<p>The API is at <code>/graphql</code>, its schema at <a href="/schema.graphql">/schema.graphql</a>.</p>
</html>
`

func config(cfg Config) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(cfg)
	})
}

// assets serves files whose names hold a hash of their contents: what has been
// fetched once need never be fetched again. A name that is not there may come
// with the next build, so its absence is not cached.
func assets(dist fs.FS) http.Handler {
	files := http.FileServerFS(dist)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, err := fs.Stat(dist, r.URL.Path[1:])
		if err != nil || info.IsDir() {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
	})
}

func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}
