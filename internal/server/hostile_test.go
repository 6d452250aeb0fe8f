package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
)

// hostile is a request that somebody sends to do harm, or by a bad mistake, with the
// answer that it gets: its status and the code of its first error, "" for none.
type hostile struct {
	name         string
	method, path string // POST /graphql, if empty
	body         string
	headers      []string
	status       int
	code         string
}

// written is a hostile document, which is refused in the same way however it comes.
func written(name, text, code string) []hostile {
	body, err := json.Marshal(map[string]string{"query": text})
	if err != nil {
		panic(err) // a string always encodes
	}
	own := []string{"Accept", ownMedia}
	list := []hostile{
		{name: name, body: string(body), headers: own, status: 400, code: code},
		{name: name + ", as a stream", body: string(body), headers: []string{"Accept", "text/event-stream"}, status: 400, code: code},
	}
	if len(text) < 8<<10 {
		list = append(list, hostile{name: name + ", by GET", method: http.MethodGet, path: "/graphql?query=" + url.QueryEscape(text), headers: own, status: 400, code: code})
	}
	return list
}

// numbered is a format with 0, with 1, and so on.
func numbered(format string, n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}

// asked is a query with variables.
func asked(name, text, variables string, status int, code string) hostile {
	query, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always encodes
	}
	return hostile{name: name, body: `{"query":` + string(query) + `,"variables":` + variables + `}`,
		headers: []string{"Accept", ownMedia}, status: status, code: code}
}

// hostiles are the holes that GraphQL servers are known for.
func hostiles() []hostile {
	const most = 1_000_000 // what fits into a body
	times := strings.Repeat
	large, invalid, parse := "QUERY_TOO_LARGE", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"
	fits := `{"query":"{ __typename }"}`
	var list []hostile
	add := func(more ...hostile) { list = append(list, more...) }

	// The parser calls itself for each of these.
	for name, text := range map[string]string{
		"selections": "{a", "aliases": "{a:", "fragments": "...{",
	} {
		add(written("nested "+name, times(text, most/len(text)), large)...)
	}
	for name, nest := range map[string][2]string{
		"lists": {"{a(b:", "["}, "objects": {"{a(b:", "{a:"}, "types": {"query($a:", "["}, "arguments": {"{a", "(a:"},
	} {
		add(written("nested "+name, nest[0]+times(nest[1], most/len(nest[1])/2), large)...)
	}
	add(written("nested as deep as may be", times("{a", 30)+times("}", 30), invalid)...)
	add(hostile{name: "5 MB of nested selections", body: `{"query":"` + times("{a", 5<<19) + `"}`, status: 413, code: "PAYLOAD_TOO_LARGE"})

	// Validation compares each pair of these.
	add(written("one field again and again", "{"+times("__typename ", 10_000)+"}", large)...)
	add(written("one alias again and again", "{"+times("a:__typename ", 10_000)+"}", large)...)
	add(written("inline fragments", "{"+times("...{"+times("...{__typename}", 100)+"}", 100)+"}", large)...)
	add(written("directives", "{__typename "+times("@include(if:true)", 20_000)+"}", large)...)
	add(written("unknown directives", "{__typename "+times("@a", 49)+"}", invalid)...)
	add(written("mutations by alias", "mutation{"+times(`a:deletePipeline(input:{id:"x"}){__typename}`, 300)+"}", large)...)
	add(written("unknown fields", "{"+times("a ", 10_000)+"}", large)...)
	add(written("as many unknown fields as may be", "{"+numbered("f%d ", 1990)+"}", invalid)...)
	add(written("as many repeated fields as may be", "{"+times("abcdefgh ", 200)+"}", invalid)...)
	add(written("as many conflicts as may be", "{"+numbered("pipelines(first:%d){totalCount} ", 130)+"}", invalid)...)
	add(written("a long name", "{"+times("a", 900_000)+"}", large)...)
	add(written("a long text", `{__typename(a:"`+times("a", 900_000)+`")}`, invalid)...)
	add(written("a long comment", "#"+times("a", 900_000), invalid)...)
	add(written("a cycle of fragments", "{...A} fragment A on Query{...B} fragment B on Query{...A}", invalid)...)
	add(written("unused fragments", "{__typename}"+times("fragment A on Query{__typename}", 60), invalid)...)
	add(written("operations of one name", times("query a{__typename}", 90), invalid)...)
	add(written("many variables", "query("+times("$a:Int ", 400)+"){__typename}", invalid)...)
	add(written("no document", " ", invalid)...)
	add(written("an open text", `{a(b:"`, parse)...)
	add(written("an open block", `{a(b:"""`, parse)...)
	add(written("a strange sign", "{\x00}", parse)...)
	add(written("deep introspection", "{__schema{types{fields{type{fields{type{fields{type{fields{type{name}}}}}}}}}}}", invalid)...)
	add(written("a subscription that is none", `subscription{pipelines{totalCount}}`, invalid)...)
	for literal, name := range map[string]string{"2147483648": "an integer beyond 32 bits", "{}": "an object for an integer", `"1"`: "a text for an integer", "1.5": "a fraction for an integer"} {
		add(written(name, "{pipelines(first:"+literal+"){totalCount}}", invalid)...)
	}
	add(hostile{name: "a subscription without a stream", body: `{"query":"subscription{boardChanged(pipelineId:\"x\"){__typename}}"}`, headers: []string{"Accept", ownMedia}, status: 400, code: invalid})

	// What variables may hold.
	add(
		asked("20,000 ids", "query($v:[ID!]!){nodes(ids:$v){id}}", `{"v":["`+times(`x","`, 20_000)+`x"]}`, 400, large),
		asked("a deep filter", "query($v:LeadFilter){leads(filter:$v){totalCount}}", `{"v":`+times(`{"not":`, 2000)+`{}`+times(`}`, 2000)+`}`, 400, large),
		asked("a filter deeper than JSON's own bound", "query($v:LeadFilter){leads(filter:$v){totalCount}}", `{"v":`+times(`{"not":`, 20_000)+`{}`+times(`}`, 20_000)+`}`, 400, "BAD_REQUEST"),
		asked("a wide filter", "query($v:LeadFilter){leads(filter:$v){totalCount}}", `{"v":{"or":[`+times(`{},`, 5000)+`{}]}}`, 400, large),
		asked("a filter as wide as may be", "query($v:LeadFilter){leads(filter:$v){totalCount}}", `{"v":{"or":[`+times(`{"source":{"eq":"x"}},`, 999)+`{}]}}`, 200, "BAD_USER_INPUT"),
		asked("50,000 variables", "{__typename}", `{`+numbered(`"a%d":1,`, 50_000)+`"a":1}`, 400, large),
		hostile{name: "50,000 variables, as a stream", body: `{"query":"{__typename}","variables":{` + numbered(`"a%d":1,`, 50_000) + `"a":1}}`, headers: []string{"Accept", "text/event-stream"}, status: 400, code: large},
		asked("50,000 values of JSON", "{__typename}", `{"a":[`+times("[],", 50_000)+`[]]}`, 400, large),
		asked("many members", "{__typename}", `{`+numbered(`"v%d":1,`, 90_000)+`"v0":1}`, 400, large),
		asked("a number of many digits", "query($v:Int){pipelines(first:$v){totalCount}}", `{"v":1`+times("0", 100_000)+`}`, 400, invalid),
		asked("a number of a large exponent", "query($v:Int){pipelines(first:$v){totalCount}}", `{"v":1e999999999}`, 400, invalid),
		asked("a text for an integer in a variable", "query($v:Int){pipelines(first:$v){totalCount}}", `{"v":"1"}`, 400, invalid),
		asked("64 bits for an integer", "query($v:Int){pipelines(first:$v){totalCount}}", `{"v":4294967296}`, 400, invalid),
		asked("a number for a text", "query($v:String){pipelines(search:$v){totalCount}}", `{"v":1}`, 400, invalid),
		asked("a fraction for an id", "query($v:ID!){pipeline(id:$v){name}}", `{"v":1.5}`, 400, invalid),
		asked("an enum in another case", "query($v:[Permission!]){viewer{permissions}}", `{"v":["edit_leads"]}`, 400, invalid),
		asked("SQL for an id", "query($v:ID!){pipeline(id:$v){name}}", `{"v":"' OR 1=1 --"}`, 200, "INVALID_ID"),
		asked("a search of signs", "query($v:String){leads(search:$v){totalCount}}", `{"v":"%_\"'*:^(){}[]"}`, 200, ""),
	)

	// Bodies, media types and methods.
	for name, body := range map[string]string{
		"an empty body": "", "a list": "[" + fits + "]", "null": "null", "text": `"{ __typename }"`, "two objects": fits + fits, "trailing text": fits + "x",
		"bad UTF-8": "{\"query\":\"{\xff}\"}", "a byte order mark": "\xef\xbb\xbf" + fits, "an open object": `{"query":"{ __typename }"`,
		"nested JSON": times(`{"query":`, 100_000), "nested lists": times("[", 900_000), "a query of another type": `{"query":{"a":1}}`,
		"variables as text": `{"query":"{ __typename }","variables":"{}"}`,
		"two queries":       `{"query":"{ __typename }","query":"{ viewer { role } }"}`, "two queries, one in disguise": `{"query":"{ __typename }","qu\u0065ry":"{ viewer { role } }"}`,
		"one variable twice":          `{"query":"query($v:ID!){pipeline(id:$v){name}}","variables":{"v":"1","v":"2"}}`,
		"one field of an input twice": `{"query":"mutation($v:CreatePipelineInput!){createPipeline(input:$v){__typename}}","variables":{"v":{"name":"a","name":"b"}}}`,
		"one hash twice":              `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"a","sha256Hash":"b"}}}`,
		"one of many members twice":   `{"query":"{ __typename }","variables":{` + numbered(`"v%d":1,`, 9_000) + `"v0":1}}`, "a long name twice": `{"` + times("\u2028", 10_000) + `":1,"` + times("\u2028", 10_000) + `":1}`,
	} {
		add(hostile{name: name, body: body, status: 400, code: "BAD_REQUEST"})
	}
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "application/graphql", "", "application/json; charset=utf-16"} {
		add(hostile{name: "media type " + media, body: fits, headers: []string{"Content-Type", media}, status: 415, code: "UNSUPPORTED_MEDIA_TYPE"})
	}
	add(
		hostile{name: "a form of another site", body: "--b--", headers: []string{"Content-Type", "multipart/form-data; boundary=b"}, status: 400, code: "BAD_REQUEST"},
		hostile{name: "a mutation by GET", method: http.MethodGet, path: "/graphql?query=" + url.QueryEscape(`mutation{createPipeline(input:{name:"x"}){__typename}}`), status: 405, code: "METHOD_NOT_ALLOWED"},
		hostile{name: "PUT", method: http.MethodPut, body: fits, status: 405, code: "METHOD_NOT_ALLOWED"},
		hostile{name: "DELETE", method: http.MethodDelete, status: 405, code: "METHOD_NOT_ALLOWED"},
		hostile{name: "a malformed URL", method: http.MethodGet, path: "/graphql?query=%zz", status: 400, code: "BAD_REQUEST"},
		hostile{name: "one parameter twice", method: http.MethodGet, path: "/graphql?query={a}&query={b}", status: 400, code: "BAD_REQUEST"},
		hostile{name: "one variable twice, by GET", method: http.MethodGet, path: "/graphql?query={a}&variables=" + url.QueryEscape(`{"a":1,"a":2}`), status: 400, code: "BAD_REQUEST"},
		hostile{name: "no token", body: fits, headers: []string{"Authorization", ""}, status: 401, code: "UNAUTHENTICATED"},
		hostile{name: "a token of many bytes", body: fits, headers: []string{"Authorization", "Bearer " + times("x", 9000)}, status: 401, code: "UNAUTHENTICATED"},
		hostile{name: "no media type of ours", body: fits, headers: []string{"Accept", "text/html"}, status: 406, code: "NOT_ACCEPTABLE"},
	)
	return list
}

// TestHostile sends what would bring down, or keep busy, a server of defaults. The
// time that each takes is told, for a person to look at: no clock decides.
func TestHostile(t *testing.T) {
	w := mustServeAPI(t)
	w.query("{ __typename }") // the connection, and the user, are there from now on
	var slowest time.Duration
	for _, h := range hostiles() {
		t.Run(h.name, func(t *testing.T) {
			if took := w.withstand(t, h); took > slowest {
				slowest = took
				t.Logf("the slowest so far: %s", took)
			}
		})
	}
	t.Logf("the slowest of %d took %s", len(hostiles()), slowest)
}

// withstand sends a hostile request, looks at its answer, and whether the server is
// well after it.
func (w *world) withstand(t *testing.T, h hostile) time.Duration {
	t.Helper()
	method, path := h.method, h.path
	if method == "" {
		method = http.MethodPost
	}
	if path == "" {
		path = "/graphql"
	}
	start := time.Now()
	a := w.do(method, path, h.body, h.headers...)
	took := time.Since(start)
	if a.status != h.status || len(a.body) > 100_000 {
		t.Errorf("status %d, want %d; %d bytes: %.300s", a.status, h.status, len(a.body), a.body)
	}
	var got struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("%v: %.300s", err, a.body)
	}
	code := ""
	for i, e := range got.Errors {
		if i == 0 {
			code = e.Extensions.Code
		}
		if e.Extensions.Code == "" || len(e.Message) > 300 || strings.Contains(e.Message, "github.com") || strings.Contains(e.Message, "interface {}") {
			t.Errorf("message %q, code %q", e.Message, e.Extensions.Code)
		}
	}
	if code != h.code || len(got.Errors) > 5 || (a.status >= 400 && got.Data != nil) {
		t.Errorf("code %q, want %q: %.300s", code, h.code, a.body)
	}
	if after := w.query("{ __typename }"); after.status != http.StatusOK {
		t.Fatalf("then the server answers %d", after.status)
	}
	return took
}

// TestMaxValues has a limit of values that one answer and a stream keep to.
func TestMaxValues(t *testing.T) {
	const most = 50
	w := mustServe(t, func(c *Config) { c.Limits.Values = most })
	for name, media := range map[string]string{"one answer": ownMedia, "a stream": "text/event-stream"} {
		t.Run(name, func(t *testing.T) {
			body := `{"query":"{ __typename }","variables":{"a":[` + strings.Repeat("1,", 3*most) + `1]}}`
			w.do(http.MethodPost, "/graphql", body, "Accept", media).wantError(t, http.StatusBadRequest, "QUERY_TOO_LARGE", "more than 150 values")
		})
	}
}

// TestHostileMemory sees to it that nothing of hostile requests is kept.
func TestHostileMemory(t *testing.T) {
	w := mustServeAPI(t)
	round := func() uint64 {
		for _, h := range hostiles() {
			w.withstand(t, h)
		}
		http.DefaultClient.CloseIdleConnections()
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	first := round()
	var last uint64
	for range 3 {
		last = round()
	}
	t.Logf("the heap has %d kB after one round and %d kB after four", first>>10, last>>10)
	if last > first+8<<20 {
		t.Errorf("the heap grew from %d kB to %d kB", first>>10, last>>10)
	}
}

// TestSlowClients has clients that send or read too slowly: their connections end.
func TestSlowClients(t *testing.T) {
	const patience = 200 * time.Millisecond
	w := mustServe(t, func(c *Config) {
		c.HeaderTimeout, c.ReadTimeout, c.WriteTimeout, c.IdleTimeout = patience, patience, patience, patience
	})
	head := "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + w.token() + "\r\nContent-Type: application/json\r\n"
	for name, sent := range map[string]string{
		"headers that do not end": head,
		"a body that does not":    head + "Content-Length: 100\r\n\r\n{",
		"no request at all":       "",
	} {
		t.Run(name, func(t *testing.T) {
			conn := w.dial(t)
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			// Reading ends when the server ends the connection; or else the test's time does.
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("the connection is not closed but broken: %v", err)
			}
		})
	}
	t.Run("an answer that is not read", func(t *testing.T) {
		conn := w.dial(t)
		request := head + "Content-Length: 21\r\n\r\n" + `{"query":"{ large }"}`
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		w.log.find(t, "path", "/graphql", "status", 200.0) // the server has given up
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if n, err := io.Copy(io.Discard, r.Body); err == nil {
			t.Errorf("all %d bytes were there to be read", n)
		}
	})
}

func (w *world) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestOperationTimeout has operations that take too long: before they begin, and
// while they wait for the database.
func TestOperationTimeout(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"before it begins": 1, "while it waits": 100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c := w.config()
			c.OperationTimeout = timeout
			s, err := New(c)
			if err != nil {
				t.Fatal(err)
			}
			w.run(s)
			const document = `mutation { createBusiness(input: {name: "x"}) { business { id } userErrors { message } } }`
			w.do(http.MethodPost, "/graphql", `{"query":"{"}`)                       // the user is known from here on
			err = w.store.Tx(t.Context(), func(context.Context, *ent.Client) error { // nobody else writes
				a := w.query(document)
				if !strings.Contains(a.body, `"code":"TIMEOUT"`) || strings.Contains(a.body, "context") {
					t.Errorf("status %d, %s", a.status, a.body)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
