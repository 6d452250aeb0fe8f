package server

import (
	"errors"
	"mime"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/document"
	"dealflow/internal/request"
	"dealflow/internal/response"
	"dealflow/internal/rest"
)

// The paths of published documents as endpoints of plain HTTP, and of what describes
// a client's.
const (
	restPrefix  = "/api/"
	restPath    = restPrefix + "{client}/{name}"
	description = "openapi.json"
)

// endpoints serves the published documents of clients by their names (package rest).
// They are executed as at /graphql, by the same executor: what bounds an operation
// there bounds it here.
type endpoints struct {
	server *Server
	exec   *guarded
	schema *ast.Schema
	made   *lru.LRU[*rest.Endpoint] // by the id of the document's row
}

func (s *Server) endpoints(exec *guarded, schema *ast.Schema) http.Handler {
	const kept = 1000
	return &endpoints{s, exec, schema, lru.New[*rest.Endpoint](kept)}
}

// ServeHTTP implements http.Handler.
func (e *endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	client, name := r.PathValue("client"), r.PathValue("name")
	if !auth.IsClient(client) {
		refuse(w, r, refusal{http.StatusNotFound, document.CodeNotFound, "there is no client of this name"})
		return
	}
	if viewer, _ := auth.ViewerFrom(r.Context()); viewer.IsKey() && viewer.Client != client {
		refuse(w, r, refusal{http.StatusForbidden, codeForbidden, "the key is another client's: its operations are at " + restPrefix + viewer.Client + "/"})
		return
	}
	if name == description {
		e.describe(w, r, client)
		return
	}
	found, err := e.server.library.Named(r.Context(), client, name)
	if errors.Is(err, document.ErrNotFound) {
		refuse(w, r, refusal{http.StatusNotFound, document.CodeNotFound, "no operation of this name is published for the client: " + restPrefix + client + "/" + description + " lists those there are"})
		return
	}
	if err != nil {
		e.server.fail(w, r, "could not find a document", "error", err)
		return
	}
	e.serve(w, r, found)
}

// serve executes a document.
func (e *endpoints) serve(w http.ResponseWriter, r *http.Request, found *ent.Document) {
	endpoint, err := e.endpoint(r, found)
	if err != nil {
		e.server.fail(w, r, "a published document is no longer valid", "error", err, "client", found.Client, "document", found.Key)
		return
	}
	if no := e.wrongMethod(w, r, endpoint); no != nil {
		refuse(w, r, *no)
		return
	}
	variables, no := e.variables(w, r, endpoint)
	if no != nil {
		refuse(w, r, *no)
		return
	}
	params := &graphql.RawParams{
		Query: endpoint.Text, OperationName: endpoint.Name, Variables: variables, Headers: r.Header,
		Extensions: request.Trusted{Client: found.Client, Key: found.Key, Name: found.Name}.Mark(nil),
	}
	e.server.library.Used(found)
	run := func() *page { return e.run(w, r, endpoint, params) }
	if endpoint.IsQuery() {
		e.server.conditional(w, r, e.exec, params, "rest", run)
	} else if p := run(); p != nil {
		send(w, *p)
	}
}

// run executes an endpoint's operation; nil when the client is gone.
func (e *endpoints) run(w http.ResponseWriter, r *http.Request, endpoint *rest.Endpoint, params *graphql.RawParams) *page {
	answer, no := e.exec.answer(r.Context(), r.Method, params)
	if no != nil || answer == nil {
		return nil
	}
	response.RetryAfter(w.Header(), answer.Errors)
	a := endpoint.Answer(answer)
	return &page{a.Status, a.Media, a.Body, a.Status == http.StatusOK, nil}
}

// endpoint is a document as an endpoint.
func (e *endpoints) endpoint(r *http.Request, found *ent.Document) (*rest.Endpoint, error) {
	key := found.ID.String()
	if made, ok := e.made.Get(r.Context(), key); ok {
		return made, nil
	}
	parsed, errs := gqlparser.LoadQueryWithRules(e.schema, found.Body, rules.NewDefaultRules())
	if errs != nil {
		return nil, errs
	}
	made := rest.NewEndpoint(e.schema, parsed, e.server.values)
	e.made.Add(r.Context(), key, made)
	return made, nil
}

// wrongMethod refuses a request of another method than the endpoint's.
func (e *endpoints) wrongMethod(w http.ResponseWriter, r *http.Request, endpoint *rest.Endpoint) *refusal {
	method, allowed, message := http.MethodPost, "POST, OPTIONS", "this operation changes something: use POST"
	switch endpoint.Operation.Operation {
	case ast.Query:
		method, allowed, message = http.MethodGet, "GET, HEAD, OPTIONS", "this operation is a query: use GET"
	case ast.Subscription:
		return &refusal{http.StatusNotFound, document.CodeNotFound, "this operation is a subscription: it is at " + apiPath}
	}
	if r.Method == method {
		return nil
	}
	w.Header().Set("Allow", allowed)
	return &refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, message}
}

// variables are what a request says.
func (e *endpoints) variables(w http.ResponseWriter, r *http.Request, endpoint *rest.Endpoint) (map[string]any, *refusal) {
	variables, no, err := e.read(w, r, endpoint)
	if wrong, ok := errors.AsType[*request.Error](err); ok {
		return nil, new(e.server.badRequest(wrong))
	}
	return variables, no
}

func (e *endpoints) read(w http.ResponseWriter, r *http.Request, endpoint *rest.Endpoint) (map[string]any, *refusal, error) {
	if endpoint.IsQuery() {
		variables, err := endpoint.FromQuery(r.URL.RawQuery)
		return variables, nil, err
	}
	contentType := r.Header.Get("Content-Type")
	media, _, _ := mime.ParseMediaType(contentType)
	isForm := media == formMedia
	switch {
	case endpoint.TakesFile() && !isForm:
		return nil, &refusal{http.StatusUnsupportedMediaType, codeUnsupportedMediaType,
			"this operation takes a file: send a form, Content-Type: multipart/form-data"}, nil
	case r.ContentLength == 0 && contentType == "" && asksFirst(r): // there is nothing to say
		return map[string]any{}, nil, nil
	}
	if no := e.server.readBody(w, r); no != nil {
		return nil, no, nil
	}
	body, err := request.Body(r)
	if err != nil {
		return nil, nil, err
	}
	if isForm {
		variables, err := endpoint.FromForm(contentType, body)
		return variables, nil, err
	}
	variables, err := endpoint.FromJSON(body)
	return variables, nil, err
}

// describe serves the description of a client's endpoints.
func (e *endpoints) describe(w http.ResponseWriter, r *http.Request, client string) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		refuse(w, r, refusal{http.StatusMethodNotAllowed, codeMethodNotAllowed, "the description is there to be read: use GET"})
		return
	}
	list, err := e.server.library.Names(r.Context(), client)
	if err != nil {
		e.server.fail(w, r, "could not list the documents of a client", "error", err)
		return
	}
	var all []*rest.Endpoint
	for _, found := range list {
		endpoint, err := e.endpoint(r, found)
		if err == nil && endpoint.Operation.Operation != ast.Subscription {
			all = append(all, endpoint)
		}
	}
	text := rest.Describe(e.schema, client, e.server.build.schema, all)
	tag := tagOf(text)
	if has(r, tag) {
		notModified(w, tag)
		return
	}
	mayKeep(w.Header(), tag)
	send(w, page{http.StatusOK, rest.Media, text, true, nil})
}
