package server

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/graph"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/document"
	"dealflow/internal/live"
	"dealflow/internal/store"
)

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
			Unplanned: c.Unplanned, Observe: c.Metrics.countQuery,
		}),
		loaders: graph.Loaders{Store: c.Store, Events: c.Events},
		present: graph.PresentError(c.Log),
		recover: graph.Recover(c.Log),
	}
}

// graphql serves the API's operations.
func (s *Server) graphql(exec *guarded) http.Handler {
	transports := []graphql.Transport{live.Sockets{Hub: s.hub}, live.Streams{Hub: s.hub, Refuse: refuseWith}, overHTTP{s, exec}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, transport := range transports {
			if transport.Supports(r) {
				transport.Do(w, r, exec)
				return
			}
		}
	})
}

// executor executes the API's operations.
func (s *Server) executor(a api) *guarded {
	documents := document.NewExtension(s.library, s.config.Texts)
	exec := newExecutor(a.schema, documents, s.config)
	exec.SetErrorPresenter(a.present)
	exec.SetRecoverFunc(a.recover)
	// The first is the outermost.
	exec.Use(observer{s.config.Metrics})
	exec.Use(cost.Extension{Prices: s.prices, Buckets: s.buckets, Observe: s.config.Metrics.observeCost})
	exec.Use(onceOnly{observer{s.config.Metrics}, s.config.Answers, a.present})
	exec.Use(documents)
	exec.Use(live.Gate{})
	exec.Use(a.loaders)
	exec.Use(introspection{})
	return exec
}

// introspection lets people see the schema, and keys not.
type introspection struct{}

// ExtensionName implements graphql.HandlerExtension.
func (introspection) ExtensionName() string { return "Introspection" }

// Validate implements graphql.HandlerExtension.
func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext implements graphql.OperationContextMutator.
func (introspection) MutateOperationContext(ctx context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	viewer, signedIn := auth.ViewerFrom(ctx)
	operation.DisableIntrospection = !signedIn || viewer.IsKey()
	return nil
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
