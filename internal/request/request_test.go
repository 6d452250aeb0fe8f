package request_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"dealflow/internal/request"
	"dealflow/internal/strict"
)

func TestFromJSON(t *testing.T) {
	for _, test := range []struct{ body, query, document, hash, wrong string }{
		{body: `{"query":"{a}"}`, query: "{a}"},
		{body: " \n{\"query\":\"{a}\",\"variables\":null,\"operationName\":null,\"extensions\":null,\"more\":[1]}\n", query: "{a}"},
		{body: `{"documentId":"sha256:1","query":null}`, document: "sha256:1"},
		{body: `{"id":"1"}`, document: "1"},
		{body: `{"doc_id":"1","id":""}`, document: "1"},
		{body: `{"documentId":"1","id":"2"}`, document: "1"},
		{body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc"}}}`, hash: "abc"},
		{body: `{"id":1,"query":"{a}"}`, wrong: "id must be a string"},
		{body: `{"query":"{a}","variables":"{}"}`, wrong: "variables must be an object"},
		{body: `{"query":["{a}"]}`, wrong: "query must be a string"},
		{body: `{"query":""}`, wrong: "there is no query"},
		{body: `{"query":"{a}"}{}`, wrong: "the body must be"}, {body: `[{"query":"{a}"}]`, wrong: "the body must be"},
		{body: `null`, wrong: "the body must be"}, {body: ``, wrong: "the body must be"}, {body: `{"query":"{a}"`, wrong: "the body must be"},
		{body: "{\"query\":\"\xff\"}", wrong: "the body must be"},
		{body: `{"query":"{a}","query":"{b}"}`, wrong: `("query" stands there twice)`},
		{body: `{"query":"{a}","variables":{"a":1},"variables":null}`, wrong: `("variables" stands there twice)`},
		{body: `{"query":"{a}","variables":{"a":1,"\u0061":2}}`, wrong: `("a" stands there twice)`},
		{body: `{"query":"{a}","variables":{"input":[{"id":"1","contact":{"id":"1","id":"2"}}]}}`, wrong: `("id" stands there twice)`},
		{body: `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"abc","sha256Hash":"abd"}}}`, wrong: `("sha256Hash" stands there twice)`},
		{body: `{"query":"{a}","more":{"a":1,"a":1}}`, wrong: `("a" stands there twice)`},
		{body: `{"query":"{a}","Query":"{b}","variables":{"a":{"b":1},"b":{"a":1}}}`, query: "{a}"},
	} {
		t.Run(test.body, func(t *testing.T) {
			p, err := request.FromJSON([]byte(test.body), 100)
			if !says(err, test.wrong) {
				t.Fatalf("error %v, want %q", err, test.wrong)
			}
			if err != nil {
				return
			}
			got := []string{p.Query, request.DocumentOf(p.Extensions), request.HashOf(p.Extensions)}
			if diff := cmp.Diff([]string{test.query, test.document, test.hash}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFromQuery(t *testing.T) {
	for raw, wrong := range map[string]string{
		"query={a}": "", "query={a}&variables={}&extensions={}&operationName=a": "", "query={a}&variables=&x=1": "", "documentId=1": "",
		"": "there is no query", "query=%zz": "malformed", "query={a}&query={b}": "twice", "query={a}&variables=x": "variables must be an object",
		"query={a}&variables=[]": "variables must be an object", "query={a}&extensions={}{}": "extensions must be an object", "query=%ff": "UTF-8",
		`query={a}&variables={"a":{"b":1,"b":2}}`: `variables must be an object, or null, as JSON ("b" stands there twice)`, `query={a}&extensions={"a":1,"a":2}`: `("a" stands there twice)`,
		"variables={}": "there is no query",
	} {
		if _, err := request.FromQuery(raw, 100); !says(err, wrong) {
			t.Errorf("%s: %v, want %q", raw, err, wrong)
		}
	}
}

// TestTooManyValues has JSON with more values than are asked for.
func TestTooManyValues(t *testing.T) {
	for name, list := range map[string]string{"as many as may be": "[" + strings.Repeat("1,", 95) + "1]", "too many": "[" + strings.Repeat("1,", 99) + "1]"} {
		variables := `{"any":` + list + `}`
		body := `{"query":"{a}","variables":` + variables + `}`
		_, fromQuery := request.FromQuery("query={a}&variables="+variables, 100)
		_, fromJSON := request.FromJSON([]byte(body), 100)
		_, fromForm := request.FromForm("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=operations\r\n\r\n"+body+
			"\r\n--b\r\nContent-Disposition: form-data; name=map\r\n\r\n{}\r\n--b--\r\n"), 100)
		for _, err := range []error{fromQuery, fromJSON, fromForm} {
			if errors.Is(err, strict.ErrTooMany) != (name == "too many") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTrusted shows that no JSON makes a document trusted.
func TestTrusted(t *testing.T) {
	p, err := request.FromJSON([]byte(`{"query":"{a}","extensions":{"dealflow.trusted":{"Client":"c","Key":"k","Name":"n"}}}`), 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, trusted := request.TrustedOf(p.Extensions); trusted {
		t.Error("a client has made its own document trusted")
	}
	want := request.Trusted{Client: "c", Key: "k", Name: "n"}
	if got, trusted := request.TrustedOf(want.Mark(p.Extensions)); !trusted || got != want {
		t.Errorf("the mark is %v, %t", got, trusted)
	}
}

// says tells whether an error is nil, if nothing is said, or else an Error that
// says it.
func says(err error, text string) bool {
	if text == "" {
		return err == nil
	}
	wrong, ok := errors.AsType[*request.Error](err)
	return ok && strings.Contains(wrong.Error(), text)
}

func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{`{"query":"{a}","variables":{"a":[1]}}`, `{"id":"1"}`, `[`, `{"query":"` + "\xff" + `"}`,
		`{"query":"{a}","query":"{b}"}`, `{"query":"{a}","variables":{"a":[{"b":1,"\u0062":2}]}}`, `{"id":"1","extensions":{"persistedQuery":{"sha256Hash":"a","sha256Hash":"b"}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := request.FromJSON(body, 100)
		check(t, err)
		if err == nil && p.Query == "" && request.DocumentOf(p.Extensions) == "" && request.HashOf(p.Extensions) == "" {
			t.Errorf("%q asks for nothing", body)
		}
	})
}

func FuzzFromQuery(f *testing.F) {
	for _, seed := range []string{"query={a}&variables={}", "id=%31", "query=%", `query={a}&variables={"a":1,"a":2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := request.FromQuery(raw, 100)
		check(t, err)
		_, err = request.FromQuery("query="+url.QueryEscape(raw), 100)
		if raw != "" && utf8.ValidString(raw) != (err == nil) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

func FuzzFromForm(f *testing.F) {
	part := func(name, text string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"x\"\r\n\r\n" + text + "\r\n"
	}
	f.Add(part("operations", `{"query":"{a}","variables":{"a":[null]}}`) + part("map", `{"0":["variables.a.0"]}`) + part("0", "x") + "--b--\r\n")
	f.Add(part("operations", `{"query":"{a}","variables":{"a":null}}`) + part("map", `{"0":["variables.a.x"]}`) + "--b--\r\n")
	f.Add(part("operations", `{"query":"{a}","variables":{"a":null}}`) + part("map", `{"0":["variables.a"],"0":["variables.b"]}`) + "--b--\r\n")
	f.Fuzz(func(t *testing.T, body string) {
		_, err := request.FromForm("multipart/form-data; boundary=b", []byte(body), 100)
		check(t, err)
	})
}

// check fails for an error that is not the client's fault.
func check(t *testing.T, err error) {
	t.Helper()
	if _, ok := errors.AsType[*request.Error](err); err != nil && !ok {
		t.Error(err)
	}
}
