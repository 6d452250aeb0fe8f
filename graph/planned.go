package graph

import (
	"context"
	"errors"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/plan"
	"dealflow/internal/sales"
)

// Path is the way that a query was answered on.
type Path string

// The paths.
const (
	Planned  Path = "planned"  // as internal/plan does
	Executed Path = "executed" // by gqlgen's executor, which does all that cannot be planned
	Retried  Path = "retried"  // by gqlgen's executor, since its plan came to an error
	Failed   Path = "failed"   // the same, but that gqlgen's executor came to none
)

// planned is the schema with a shorter path for the queries that can be planned.
type planned struct {
	graphql.ExecutableSchema
	planner *plan.Planner
	observe func(Path)
	log     *slog.Logger
}

// withPlans adds the planned path to a schema, unless it is not wanted.
func withPlans(schema graphql.ExecutableSchema, cfg Config) graphql.ExecutableSchema {
	if cfg.Unplanned {
		return schema
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Path) {}
	}
	return planned{schema, plan.New(schema.Schema(), cfg.Store, inputs(schema), texts, cfg.functions()), cfg.Observe, cfg.Log}
}

// texts are the fields of the root that are planned and read no table.
var texts = map[string]plan.Text{"eventCursor": query{}.EventCursor}

// functions are what fields are derived by.
func (c Config) functions() plan.Functions {
	return plan.Functions{
		IsRotten: c.isRotten, Stayed: c.stayed, PhotoURL: c.Photos.URL,
		SecondaryColor: sales.SecondaryColor, EntityKind: entityKind,
	}
}

// Exec implements graphql.ExecutableSchema.
func (p planned) Exec(ctx context.Context) graphql.ResponseHandler {
	operation := graphql.GetOperationContext(ctx)
	if operation.Operation.Operation != ast.Query {
		return p.ExecutableSchema.Exec(ctx)
	}
	answered := false
	return func(ctx context.Context) *graphql.Response {
		if answered {
			return nil
		}
		answered = true
		return p.answer(ctx, operation)
	}
}

// answer answers by the plan, or as gqlgen does when there is none, and when anything
// went wrong: what that was, and what becomes null of it, is for gqlgen to say.
func (p planned) answer(ctx context.Context, operation *graphql.OperationContext) *graphql.Response {
	data, err := p.planner.Run(ctx, operation)
	if err == nil {
		p.observe(Planned)
		return &graphql.Response{Data: data}
	}
	response := p.ExecutableSchema.Exec(ctx)(ctx)
	if _, none := errors.AsType[*plan.Unplanned](err); none {
		p.observe(Executed)
		return response
	}
	if len(graphql.GetErrors(ctx)) > 0 || errors.Is(err, plan.ErrRefused) || ctx.Err() != nil {
		p.observe(Retried)
	} else {
		p.observe(Failed)
		p.log.WarnContext(ctx, "the plan of a query failed, and gqlgen's executor did not", "operation", operation.OperationName, "error", err)
	}
	return response
}

// inputs is how the generated code reads arguments that are objects. It tells that
// to the contexts of resolvers alone: so the simplest query is run, once, to hear it.
func inputs(schema graphql.ExecutableSchema) plan.Inputs {
	const name = "leadStatusColors"
	field := &ast.Field{Name: name, Alias: name, Definition: schema.Schema().Query.Fields.ForName(name)}
	operation := &graphql.OperationContext{
		Operation: &ast.OperationDefinition{Operation: ast.Query, SelectionSet: ast.SelectionSet{field}},
		Doc:       &ast.QueryDocument{},
	}
	var heard context.Context
	operation.RootResolverMiddleware = func(ctx context.Context, _ graphql.RootResolver) graphql.Marshaler {
		heard = ctx
		return graphql.Null
	}
	ctx := graphql.WithOperationContext(context.Background(), operation)
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	schema.Exec(ctx)(ctx)
	return func(raw, into any) error { return graphql.UnmarshalInputFromContext(heard, raw, into) }
}
