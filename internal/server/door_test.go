package server

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMethods(t *testing.T) {
	w := mustServe(t)
	t.Run("GET", func(t *testing.T) {
		if a := w.do(http.MethodGet, "/graphql?query={hello}", ""); a.status != http.StatusOK || !strings.Contains(a.body, "world") {
			t.Errorf("status %d, body %s", a.status, a.body)
		}
	})
	t.Run("GETRunsNoMutation", func(t *testing.T) {
		a := w.do(http.MethodGet, "/graphql?query="+url.QueryEscape("mutation($f: Upload!) { size(file: $f) }")+"&variables="+url.QueryEscape(`{"f":1}`), "")
		a.wantError(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "send a mutation by POST")
		if got := a.header.Get("Allow"); got != "POST" {
			t.Errorf("Allow %q", got)
		}
	})
	for _, query := range []string{"query={hello}&variables=x", "query={hello}&extensions=x", "query=%zz"} {
		t.Run("ErrGET/"+query, func(t *testing.T) {
			w.do(http.MethodGet, "/graphql?"+query, "").wantError(t, http.StatusBadRequest, "BAD_REQUEST", "")
		})
	}
	t.Run("ErrParse", func(t *testing.T) {
		a := w.do(http.MethodGet, "/graphql?query={", "")
		if a.status != http.StatusOK || !strings.Contains(a.body, "GRAPHQL_PARSE_FAILED") {
			t.Errorf("status %d, body %s", a.status, a.body)
		}
	})
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		t.Run(method, func(t *testing.T) {
			a := w.do(method, "/graphql", "{}")
			a.wantError(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "use POST")
			if got := a.header.Get("Allow"); got != "GET, HEAD, OPTIONS, POST" {
				t.Errorf("Allow %q", got)
			}
		})
	}
}

// TestHead shows that HEAD is answered as GET is, without the body, and that what is
// refused by GET is so by HEAD.
func TestHead(t *testing.T) {
	w := mustServeAPI(t)
	const query = "{ viewer { role } }"
	hash := sha256.Sum256([]byte(query))
	named := "&extensions=" + url.QueryEscape(fmt.Sprintf(`{"persistedQuery":{"version":1,"sha256Hash":"%x"}}`, hash))
	asked := "/graphql?query=" + url.QueryEscape(query)
	w.do(http.MethodGet, asked+named, "") // from here on the text is known
	mutation := "/graphql?query=" + url.QueryEscape(`mutation { createPipeline(input: {name: "x"}) { __typename } }`)
	for path, status := range map[string]int{
		asked: 200, asked + named: 200, "/graphql?x=" + named: 200, "/graphql": 400, "/graphql?query={x}": 200,
		mutation: 405, "/api/erp/openapi.json": 200, "/api/erp/Nothing": 404, "/api/-": 404,
		"/healthz": 200, "/readyz": 200, "/schema.graphql": 200, "/": 200, "/photos/x.png": 404,
	} {
		t.Run(path, func(t *testing.T) {
			get, head := w.do(http.MethodGet, path, ""), w.do(http.MethodHead, path, "")
			if get.status != status || head.status != status || head.body != "" || get.body == "" {
				t.Errorf("GET: %d, HEAD: %d, want %d; bodies %.200q and %q", get.status, head.status, status, get.body, head.body)
			}
			for _, name := range []string{"Allow", "Cache-Control", "Content-Length", "Content-Type", "ETag", "Vary"} {
				if diff := cmp.Diff(get.header.Values(name), head.header.Values(name)); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
			if tag := get.header.Get("ETag"); tag != "" {
				if again := w.do(http.MethodHead, path, "", "If-None-Match", tag); again.status != http.StatusNotModified || again.header.Get("ETag") != tag {
					t.Errorf("with its tag: %d", again.status)
				}
			}
		})
	}
	for name, headers := range map[string][]string{
		"of a stream": {"Accept", "text/event-stream"}, "of a socket": {"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
	} {
		t.Run(name, func(t *testing.T) {
			if a := w.do(http.MethodHead, asked, "", headers...); a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "GET, HEAD, OPTIONS, POST" {
				t.Errorf("status %d, Allow %q", a.status, a.header.Get("Allow"))
			}
		})
	}
	if a := w.query("{ pipelines { totalCount } }"); !strings.Contains(a.body, `"totalCount":0`) {
		t.Errorf("a mutation was run: %s", a.body)
	}
}

func TestBodies(t *testing.T) {
	w := mustServe(t, func(c *Config) { c.MaxBody, c.Limits.Tokens = 1000, 50 })
	const fits = `{"query":"{ hello }"}`
	long := fits + strings.Repeat(" ", 1000)

	t.Run("OK", func(t *testing.T) {
		if a := w.do(http.MethodPost, "/graphql", fits); a.status != http.StatusOK || !strings.Contains(a.body, "world") {
			t.Errorf("status %d, body %s", a.status, a.body)
		}
	})
	t.Run("ErrTooLarge", func(t *testing.T) {
		w.do(http.MethodPost, "/graphql", long).wantError(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", "over 1000 bytes")
	})
	t.Run("ErrTooLargeOfUnknownLength", func(t *testing.T) {
		r := w.request(http.MethodPost, "/graphql", io.NopCloser(strings.NewReader(long)), "Authorization", "Bearer "+w.token())
		w.send(r).wantError(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", "over 1000 bytes")
	})
	t.Run("OKNumberBeyondFloats", func(t *testing.T) {
		a := w.do(http.MethodPost, "/graphql", `{"query":"{ hello }","variables":{"p":1e400}}`)
		if a.status != http.StatusOK || !strings.Contains(a.body, "world") {
			t.Errorf("status %d, body %s", a.status, a.body)
		}
	})
	for _, body := range []string{"", "{", "[]", "null", `"x"`, `[` + fits + `]`, fits + fits, "\xef\xbb\xbf" + fits, `{"query":"{ hello } # ` + "\xff" + `"}`} {
		t.Run("ErrNoOperation/"+body, func(t *testing.T) {
			a := w.do(http.MethodPost, "/graphql", body)
			a.wantError(t, http.StatusBadRequest, "BAD_REQUEST", "the body must be a JSON object")
		})
	}
	for body, message := range map[string]string{
		`{"query":1}`:                             "query must be a string",
		`{"query":"{ hello }","variables":[]}`:    "variables must be an object",
		`{"query":"{ hello }","extensions":"x"}`:  "extensions must be an object",
		`{"query":"{ hello }","operationName":1}`: "operationName must be a string",
		`{"documentId":1}`:                        "documentId must be a string",
		`{}`:                                      "there is no query",
		`{"query":null}`:                          "there is no query",
		fits[:len(fits)-1] + `,"query":"{ x }"}`:  `("query" stands there twice)`,
		`{"query":"{ hello }","variables":{"input":{"id":"1","id":"2"}}}`: `("id" stands there twice)`,
	} {
		t.Run("ErrMember/"+body, func(t *testing.T) {
			w.do(http.MethodPost, "/graphql", body).wantError(t, http.StatusBadRequest, "BAD_REQUEST", message)
		})
	}
	for _, media := range []string{"", "text/plain", "application/json; charset", "application/json; charset=utf-16", "multipart/form-data; x", "application/x-www-form-urlencoded", "application/graphql"} {
		t.Run("ErrMediaType/"+media, func(t *testing.T) {
			a := w.do(http.MethodPost, "/graphql", fits, "Content-Type", media)
			a.wantError(t, http.StatusUnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", "application/json")
		})
	}
	t.Run("ErrTokens", func(t *testing.T) {
		a := w.query("{" + strings.Repeat(" hello", 60) + "}")
		if !strings.Contains(a.body, "QUERY_TOO_LARGE") {
			t.Errorf("body %s", a.body)
		}
	})
}

// form is a multipart request with a file, as the GraphQL specification for
// them has it.
func form(t *testing.T, file []byte) (body, contentType string) {
	t.Helper()
	return formOf(t, `{"query":"mutation($file: Upload!) { size(file: $file) }","variables":{"file":null}}`,
		`{"0":["variables.file"]}`, file)
}

func formOf(t *testing.T, operations, places string, file []byte) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, field := range [][2]string{
		{"operations", operations},
		{"map", places},
	} {
		if err := m.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := m.CreateFormFile("0", "ada.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), m.FormDataContentType()
}

func TestUploads(t *testing.T) {
	w := mustServe(t)
	body, contentType := form(t, bytes.Repeat([]byte("x"), 2<<20))
	for _, header := range []string{"GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Requested-With"} {
		t.Run(header, func(t *testing.T) {
			a := w.do(http.MethodPost, "/graphql", body, "Content-Type", contentType, header, "1")
			if a.status != http.StatusOK || !strings.Contains(a.body, `{"size":2097152}`) {
				t.Errorf("status %d, body %s", a.status, a.body)
			}
		})
	}
	t.Run("ErrNoPreflight", func(t *testing.T) {
		a := w.do(http.MethodPost, "/graphql", body, "Content-Type", contentType)
		a.wantError(t, http.StatusBadRequest, "BAD_REQUEST", "GraphQL-Require-Preflight: 1")
	})
	t.Run("ErrTooLarge", func(t *testing.T) {
		body, contentType := form(t, make([]byte, 7<<20))
		a := w.do(http.MethodPost, "/graphql", body, "Content-Type", contentType, "X-Requested-With", "fetch")
		a.wantError(t, http.StatusRequestEntityTooLarge, "PAYLOAD_TOO_LARGE", "")
	})
}

// TestForms has multipart requests whose map names a place that is not there,
// and those that are no such requests at all.
func TestForms(t *testing.T) {
	w := mustServe(t)
	send := func(t *testing.T, operations, places string) answered {
		t.Helper()
		body, contentType := formOf(t, operations, places, []byte("x"))
		return w.do(http.MethodPost, "/graphql", body, "Content-Type", contentType, "X-Requested-With", "fetch")
	}
	with := func(variables string) string {
		return `{"query":"mutation($file: Upload!) { size(file: $file) }","variables":` + variables + `}`
	}
	for _, test := range []struct{ operations, places, message string }{
		{with(`{"file":[]}`), `{"0":["variables.file.5"]}`, "its map names a path"},
		{with(`{"file":[]}`), `{"0":["variables.file.-1"]}`, "its map names a path"},
		{with(`{"file":[null]}`), `{"0":["variables.file.x"]}`, "its map names a path"},
		{with(`{"file":null}`), `{"0":["variables.file.x"]}`, "its map names a path"},
		{with(`{"file":null}`), `{"0":["variables.file.0"]}`, "its map names a path"},
		{with(`{"file":null}`), `{"0":["variables.file","variables.file.x"]}`, "its map names a path"},
		{with(`{"file":"x"}`), `{"0":["variables.file"]}`, "its map names a path"},
		{with(`{"0":null}`), `{"0":["variables.0"]}`, "its map names a path"},
		{with(`{}`), `{"0":["variables.file"]}`, "its map names a path"},
		{with(`null`), `{"0":["variables.file"]}`, "its map names a path"},
		{`{"query":"{ hello }"}`, `{"0":["variables.file"]}`, "its map names a path"},
		{with(`{"file":null}`), `{"0":["variables"]}`, "its map names a path"},
		{with(`{"file":null}`), `{"0":["query"]}`, "its map names a path"},
		{with(`{"file":null}`), `{"0":"variables.file"}`, "second part must be map"},
		{with(`{"file":null}`), `{"0":["variables.file"],"0":["variables.file"]}`, `("0" stands there twice)`},
		{with(`{"file":null,"file":null}`), `{"0":["variables.file"]}`, `its part operations: the body must be a JSON object in UTF-8 ("file" stands there twice)`},
		{with(`[]`), `{"0":["variables.file"]}`, "its part operations: variables must be an object"},
		{`null`, `{"0":["variables.file"]}`, "its part operations: the body must be"},
		{``, `{}`, "its part operations: the body must be"},
	} {
		t.Run(test.operations+test.places, func(t *testing.T) {
			send(t, test.operations, test.places).wantError(t, http.StatusBadRequest, "BAD_REQUEST", test.message)
		})
	}
	for name, test := range map[string]struct{ operations, places, message string }{
		"ErrNoFile":   {with(`{"file":null,"more":null}`), `{"0":["variables.file"],"1":["variables.more"]}`, "a file that its map names is missing"},
		"ErrNoPlace":  {with(`{"file":null}`), `{}`, "its map does not name"},
		"ErrNoPlaces": {with(`{"file":null}`), `{"0":[]}`, "its map does not name"},
	} {
		t.Run(name, func(t *testing.T) {
			send(t, test.operations, test.places).wantError(t, http.StatusBadRequest, "BAD_REQUEST", test.message)
		})
	}
	t.Run("ErrCutOff", func(t *testing.T) {
		body, contentType := form(t, []byte("x"))
		a := w.do(http.MethodPost, "/graphql", body[:len(body)-8], "Content-Type", contentType, "X-Requested-With", "fetch")
		a.wantError(t, http.StatusBadRequest, "BAD_REQUEST", "it ends early")
	})
	for name, body := range map[string]string{"Empty": "", "NoParts": "--b--\r\n", "Text": "x"} {
		t.Run(name, func(t *testing.T) {
			for _, contentType := range []string{"multipart/form-data; boundary=b", "multipart/form-data"} {
				a := w.do(http.MethodPost, "/graphql", body, "Content-Type", contentType, "X-Requested-With", "fetch")
				a.wantError(t, http.StatusBadRequest, "BAD_REQUEST", "first part must be operations")
			}
		})
	}
}
