package graph

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/read"
)

// columns are those that the fields selected of a row need.
func columns[T any](ctx context.Context, kind *read.Kind[T]) []string {
	return kind.Columns(names(graphql.CollectFieldsCtx(ctx, nil)))
}

// shown is what a document selects of a connection.
type shown struct {
	// rows are the fields of its rows.
	rows []string
	// page tells whether anything of the page is shown, and not only how many
	// rows there are.
	page bool
}

func connectionFields(ctx context.Context) shown {
	operation := graphql.GetOperationContext(ctx)
	var s shown
	for _, field := range graphql.CollectFieldsCtx(ctx, nil) {
		switch field.Name {
		case "nodes":
			s.page = true
			s.rows = append(s.rows, names(graphql.CollectFields(operation, field.Selections, nil))...)
		case "edges":
			s.page = true
			for _, inner := range graphql.CollectFields(operation, field.Selections, nil) {
				if inner.Name == "node" {
					s.rows = append(s.rows, names(graphql.CollectFields(operation, inner.Selections, nil))...)
				}
			}
		case "pageInfo":
			s.page = true
		}
	}
	return s
}

// names are the names of fields, without the introspection that needs no column.
func names(fields []graphql.CollectedField) []string {
	found := make([]string, 0, len(fields))
	for _, field := range fields {
		if !strings.HasPrefix(field.Name, "__") {
			found = append(found, field.Name)
		}
	}
	return found
}
