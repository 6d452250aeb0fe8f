package server

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/graph"
	"dealflow/internal/live"
	"dealflow/internal/photo"
	"dealflow/internal/store"
)

// documentsKept bounds the parsed documents that are kept.
const documentsKept = 1000

// api is the GraphQL layer, as the server needs it.
type api struct {
	schema  graphql.ExecutableSchema
	loaders graphql.HandlerExtension
	present graphql.ErrorPresenterFunc
	recover graphql.RecoverFunc
}

// newAPI is the layer that serves schema.graphql.
func newAPI(c Config) api {
	return api{
		schema: graph.New(graph.Config{
			Store: c.Store, Sales: c.Sales, Events: c.Events, Photos: c.Links, Now: c.Now, Log: c.Log,
		}),
		loaders: graph.Loaders{Store: c.Store, Events: c.Events},
		present: graph.PresentError(c.Log),
		recover: graph.Recover(c.Log),
	}
}

// graphql serves the API's operations.
func (s *Server) graphql(a api) http.Handler {
	h := handler.New(a.schema)
	h.AddTransport(live.Sockets{Hub: s.hub})
	h.AddTransport(live.Streams{Hub: s.hub})
	h.AddTransport(transport.GET{})
	h.AddTransport(transport.POST{})
	// The body is in memory already (door.go): files need not go to the disk.
	most := s.config.MaxBody + photo.MaxBytes + uploadSlack
	h.AddTransport(transport.MultipartForm{MaxUploadSize: most, MaxMemory: most + 1})

	h.SetErrorPresenter(a.present)
	h.SetRecoverFunc(a.recover)
	h.SetQueryCache(lru.New[*ast.QueryDocument](documentsKept))
	h.SetParserTokenLimit(s.config.MaxTokens)

	// The first is the outermost. What bounds an operation's depth and cost goes
	// between the observer and the loaders; gqlgen's own complexity limit is not
	// it, for its time doubles with each nested fragment.
	h.Use(observer{s.config.Metrics})
	h.Use(&graph.Enums{})
	h.Use(live.Gate{})
	h.Use(a.loaders)
	h.Use(extension.Introspection{})
	return h
}

// observer notes what each operation was, and what came of it.
type observer struct{ metrics *Metrics }

// ExtensionName implements graphql.HandlerExtension.
func (observer) ExtensionName() string { return "Observer" }

// Validate implements graphql.HandlerExtension.
func (observer) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse implements graphql.ResponseInterceptor. It sees every
// response, also of operations that are refused.
func (o observer) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	op := operationOf(ctx)
	e := exchangeOf(ctx)
	statements := e.statements
	if live.IsOpen(ctx) { // one exchange, or none, has many operations
		ctx, statements = store.CountStatements(ctx)
	}
	response := next(ctx)
	if response == nil {
		return nil
	}
	e.noteOperation(op)
	e.noteCodes(codesOf(response.Errors)...)
	o.metrics.countOperation(op, outcomeOf(response.Errors), statements.Count())
	return response
}
