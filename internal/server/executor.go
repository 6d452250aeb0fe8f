package server

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/document"
	"dealflow/internal/guard"
	"dealflow/internal/request"
)

// guarded is gqlgen's executor behind the guard: no document gets to gqlgen's parser
// that the guard has not looked at, and no value of a variable. Before that, the
// text of a published document takes the place of its id.
type guarded struct {
	*executor.Executor
	documents document.Extension
	guard     *guard.Guard
	timeout   time.Duration // of a query or a mutation
}

// newExecutor is the executor of a schema, whose extensions the caller adds.
func newExecutor(schema graphql.ExecutableSchema, documents document.Extension, c Config) *guarded {
	g := &guarded{executor.New(schema), documents, guard.New(schema.Schema(), c.Limits), c.OperationTimeout}
	g.SetQueryCache(guard.Found{})
	return g
}

// CreateOperationContext implements graphql.GraphExecutor.
func (g *guarded) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	document, errs := g.look(ctx, params)
	if errs != nil {
		return &graphql.OperationContext{
			RawQuery: params.Query, OperationName: params.OperationName, Extensions: params.Extensions, Headers: params.Headers,
			Stats: graphql.Stats{Read: params.ReadTime, OperationStart: graphql.GetStartTime(ctx)},
		}, errs
	}
	return g.Executor.CreateOperationContext(guard.With(ctx, document), params)
}

// DispatchOperation implements graphql.GraphExecutor. A query or a mutation, which
// has one response, is given up when it takes too long.
func (g *guarded) DispatchOperation(ctx context.Context, operation *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	if operation.Operation.Operation == ast.Subscription {
		return g.Executor.DispatchOperation(ctx, operation)
	}
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	responses, ctx := g.Executor.DispatchOperation(ctx, operation)
	return func(ctx context.Context) *graphql.Response {
		defer cancel()
		return responses(ctx)
	}, ctx
}

// look finds the document that is asked for, and has the guard coerce its variables.
func (g *guarded) look(ctx context.Context, params *graphql.RawParams) (*ast.QueryDocument, gqlerror.List) {
	document, operation, errs := g.find(ctx, params)
	if errs != nil {
		return nil, errs
	}
	var err *gqlerror.Error
	if params.Variables, err = g.guard.Variables(operation, params.Variables); err != nil {
		return nil, gqlerror.List{err}
	}
	return document, nil
}

// find finds the document that is asked for, which the guard has looked at, and the
// operation in it. It may be called again.
func (g *guarded) find(ctx context.Context, params *graphql.RawParams) (*ast.QueryDocument, *ast.OperationDefinition, gqlerror.List) {
	if err := g.documents.Resolve(ctx, params); err != nil {
		return nil, nil, gqlerror.List{err}
	}
	_, trusted := request.TrustedOf(params.Extensions)
	document, errs := g.guard.Document(ctx, params.Query, trusted)
	if errs != nil {
		return nil, nil, errs
	}
	operation, err := guard.Operation(document, params.OperationName)
	if err != nil {
		return nil, nil, gqlerror.List{err}
	}
	return document, operation, nil
}

var _ graphql.GraphExecutor = (*guarded)(nil)
