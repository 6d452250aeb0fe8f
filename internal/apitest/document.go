package apitest

import (
	"bytes"
	"encoding/json"
	"net/http"
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
	entries, err := document.ReadManifest(bytes.NewReader(manifest))
	check(tb, err)
	list, err := document.Check(schema(), entries, nil)
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
