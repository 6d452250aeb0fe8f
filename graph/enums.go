package graph

import (
	"context"
	"reflect"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Enums is the handler extension that refuses a variable with a value of an enum
// in another case, such as open for OPEN. The parser's own check lets it pass,
// and then nobody knows it: a filter finds nothing, an order is another one, and
// the database refuses the row.
type Enums struct{ schema *ast.Schema }

// ExtensionName names the extension.
func (*Enums) ExtensionName() string { return "Enums" }

// Validate keeps the schema.
func (e *Enums) Validate(schema graphql.ExecutableSchema) error {
	e.schema = schema.Schema()
	return nil
}

// MutateOperationContext looks through an operation's variables.
func (e *Enums) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	for _, variable := range operation.Operation.VariableDefinitions {
		path := ast.Path{ast.PathName("variable"), ast.PathName(variable.Variable)}
		if err := e.check(variable.Type, operation.Variables[variable.Variable], path); err != nil {
			errcode.Set(err, errcode.ValidationFailed)
			return err
		}
	}
	return nil
}

// check looks through a value of a type.
func (e *Enums) check(of *ast.Type, value any, path ast.Path) *gqlerror.Error {
	// One value where a list belongs is a list by now, of its own type.
	if list := reflect.ValueOf(value); of.Elem != nil && list.Kind() == reflect.Slice {
		for i := range list.Len() {
			if err := e.check(of.Elem, list.Index(i).Interface(), append(slices.Clip(path), ast.PathIndex(i))); err != nil {
				return err
			}
		}
		return nil
	}
	switch definition := e.schema.Types[of.Name()]; definition.Kind {
	case ast.Enum:
		if text, ok := value.(string); ok && definition.EnumValues.ForName(text) == nil {
			return gqlerror.ErrorPathf(path, "%s is not a valid %s", text, definition.Name)
		}
	case ast.InputObject:
		fields, _ := value.(map[string]any)
		for _, field := range definition.Fields {
			inner, given := fields[field.Name]
			if !given {
				continue // which also ends the walk: a filter may hold filters
			}
			if err := e.check(field.Type, inner, append(slices.Clip(path), ast.PathName(field.Name))); err != nil {
				return err
			}
		}
	}
	return nil
}
