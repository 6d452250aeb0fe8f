package request

import (
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
	body, err := io.ReadAll(r.Body)
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
