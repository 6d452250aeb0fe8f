package request

import (
	"bytes"
	"io"
	"mime"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

// FromHTTP reads the operation that a request asks for: of its URL, for a GET, or of
// its body, which is a form or JSON, with so many values at most. An error that is no
// Error is one of reading.
func FromHTTP(r *http.Request, values int) (*graphql.RawParams, error) {
	start := graphql.Now()
	params, err := read(r, values)
	if err != nil {
		return nil, err
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

func read(r *http.Request, values int) (*graphql.RawParams, error) {
	if r.Method == http.MethodGet {
		return FromQuery(r.URL.RawQuery, values)
	}
	body, err := Body(r)
	if err != nil {
		return nil, err
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == "application/json" { // as most are
		return FromJSON(body, values)
	}
	if media, _, _ := mime.ParseMediaType(contentType); media == "multipart/form-data" {
		return FromForm(contentType, body, values)
	}
	return FromJSON(body, values)
}

// body is the body of a request that is in memory.
type body struct {
	bytes.Reader
	text []byte
}

// Close implements io.Closer.
func (*body) Close() error { return nil }

// Keep gives a request the body that was read of it.
func Keep(r *http.Request, text []byte) {
	b := &body{text: text}
	b.Reset(text)
	r.Body, r.ContentLength = b, int64(len(text))
}

// Body is the whole body of a request, without a copy if it was kept. Nobody changes it.
func Body(r *http.Request) ([]byte, error) {
	if b, ok := r.Body.(*body); ok {
		return b.text, nil
	}
	return io.ReadAll(r.Body)
}
