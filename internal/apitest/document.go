package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow"
	"dealflow/internal/document"
)

var schema = sync.OnceValue(func() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Input: dealflow.Schema()})
})

// Publish publishes documents for one of the organization's clients, by their ids.
func (c *Client) Publish(tb testing.TB, client string, texts map[string]string) []document.Outcome {
	tb.Helper()
	manifest, err := json.Marshal(texts)
	check(tb, err)
	return c.publish(tb, client, bytes.NewReader(manifest))
}

// PublishManifest publishes the documents of a manifest, which is a file, for one of
// the organization's clients.
func (c *Client) PublishManifest(tb testing.TB, client, path string) []document.Outcome {
	tb.Helper()
	manifest, err := os.Open(path)
	check(tb, err)
	defer manifest.Close()
	return c.publish(tb, client, manifest)
}

func (c *Client) publish(tb testing.TB, client string, manifest io.Reader) []document.Outcome {
	tb.Helper()
	entries, err := document.ReadManifest(manifest)
	check(tb, err)
	list, err := document.Check(document.Server{Schema: schema()}, entries, nil)
	check(tb, err)
	outcomes, err := document.Publish(c.Context, c.api.Store, client, list, c.api.Clock.Now())
	check(tb, err)
	return outcomes
}

// Post sends any JSON to the API and reads a GraphQL answer.
func (c *Client) Post(tb testing.TB, body any) Response {
	tb.Helper()
	text, err := json.Marshal(body)
	check(tb, err)
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, c.api.URL+"/graphql", bytes.NewReader(text))
	check(tb, err)
	request.Header.Set("Content-Type", "application/json")
	return c.Send(tb, request)
}

// Run runs a published document by its id, and returns what came of it.
func (c *Client) Run(tb testing.TB, id string, vars Vars) Response {
	tb.Helper()
	return c.Post(tb, map[string]any{"variables": vars, "extensions": map[string]any{"documentId": id}})
}
