package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
)

// echo is the directive that answers a payload's clientMutationId: what the input of
// the mutation above it said.
func echo(ctx context.Context, _ any, _ graphql.Resolver) (any, error) {
	mutation := graphql.GetFieldContext(ctx).Parent
	input, ok := mutation.Args["input"].(interface{ Label() *string })
	if !ok {
		return nil, fmt.Errorf("the input of %s has no clientMutationId", mutation.Field.Name)
	}
	return input.Label(), nil
}
