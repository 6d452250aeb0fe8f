package server

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// The outcomes of an operation.
const (
	outcomeOK      = "ok"
	outcomeRefused = "refused" // by the caller's fault
	outcomeFailed  = "failed"  // by ours
)

// outcomeOf is what the errors at the top of a response say.
func outcomeOf(list gqlerror.List) string {
	switch {
	case len(list) == 0:
		return outcomeOK
	case slices.Contains(codesOf(list), codeInternal):
		return outcomeFailed
	default:
		return outcomeRefused
	}
}

// codesOf is the code of each error that has one.
func codesOf(list gqlerror.List) []string {
	var codes []string
	for _, e := range list {
		if code, ok := e.Extensions["code"].(string); ok {
			codes = append(codes, code)
		}
	}
	return codes
}

// operation is what a request asked GraphQL for.
type operation struct {
	kind  string // query, mutation or subscription; none if the document is bad
	name  string // "" for an operation without one
	start time.Time
}

// operationOf is the operation that ctx belongs to.
func operationOf(ctx context.Context) operation {
	op := operation{kind: "none", start: time.Now()}
	if !graphql.HasOperationContext(ctx) {
		return op
	}
	c := graphql.GetOperationContext(ctx)
	op.start = c.Stats.OperationStart
	if c.Operation != nil {
		op.kind, op.name = string(c.Operation.Operation), c.Operation.Name
	}
	return op
}
