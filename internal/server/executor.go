package server

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/guard"
	"dealflow/internal/request"
)

// guarded is gqlgen's executor behind the guard: no document gets to gqlgen's parser
// that the guard has not looked at, and no value of a variable.
type guarded struct {
	*executor.Executor
	guard *guard.Guard
}

// newExecutor is the executor of a schema, whose extensions the caller adds.
func newExecutor(schema graphql.ExecutableSchema, limits guard.Limits) *guarded {
	g := &guarded{executor.New(schema), guard.New(schema.Schema(), limits)}
	// What the guard has parsed is not parsed again.
	g.SetQueryCache(g.guard.Documents())
	return g
}

// CreateOperationContext implements graphql.GraphExecutor.
func (g *guarded) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	if errs := g.look(ctx, params); errs != nil {
		return &graphql.OperationContext{
			RawQuery: params.Query, OperationName: params.OperationName, Extensions: params.Extensions, Headers: params.Headers,
			Stats: graphql.Stats{Read: params.ReadTime, OperationStart: graphql.GetStartTime(ctx)},
		}, errs
	}
	return g.Executor.CreateOperationContext(ctx, params)
}

// look has the guard look at a document and coerce its variables.
func (g *guarded) look(ctx context.Context, params *graphql.RawParams) gqlerror.List {
	_, trusted := request.TrustedOf(params.Extensions)
	document, errs := g.guard.Document(ctx, params.Query, trusted)
	if errs != nil {
		return errs
	}
	operation, err := guard.Operation(document, params.OperationName)
	if err != nil {
		return gqlerror.List{err}
	}
	if params.Variables, err = g.guard.Variables(operation, params.Variables); err != nil {
		return gqlerror.List{err}
	}
	return nil
}

var _ graphql.GraphExecutor = (*guarded)(nil)
