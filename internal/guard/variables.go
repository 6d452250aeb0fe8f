package guard

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Variables coerces the values that a request gives to an operation's variables,
// by the rules of the specification: https://spec.graphql.org/October2021/#sec-Coercing-Variable-Values
//
// Values come as JSON, with numbers as json.Number, and files of a form as
// graphql.Upload. What comes back has int64, float64, string and bool for the
// scalars of the specification, and what was sent for the others.
func (g *Guard) Variables(operation *ast.OperationDefinition, given map[string]any) (map[string]any, *gqlerror.Error) {
	c := coercion{guard: g, path: ast.Path{ast.PathName("variable")}}
	coerced := make(map[string]any, len(operation.VariableDefinitions))
	for _, variable := range operation.VariableDefinitions {
		value, has, err := c.variable(variable, given)
		if err != nil {
			return nil, err
		}
		if has {
			coerced[variable.Variable] = value
		}
	}
	return coerced, nil
}

// coercion is the walk over the values of one request.
type coercion struct {
	guard  *Guard
	path   ast.Path
	values int // so far
}

func (c *coercion) variable(v *ast.VariableDefinition, given map[string]any) (value any, has bool, err *gqlerror.Error) {
	defer c.step(ast.PathName(v.Variable))()
	value, has = given[v.Variable]
	switch {
	case !has && v.DefaultValue != nil:
		usual, err := v.DefaultValue.Value(nil)
		if err != nil {
			return nil, false, c.wrong("has a default value that cannot be used")
		}
		return usual, true, nil // validation has looked at it
	case !has && v.Type.NonNull:
		return nil, false, c.wrong("must be defined")
	case !has:
		return nil, false, nil
	}
	value, err = c.coerce(v.Type, value)
	return value, true, err
}

// step goes down into a value, and back by what it returns.
func (c *coercion) step(to ast.PathElement) (back func()) {
	c.path = append(c.path, to)
	return func() { c.path = c.path[:len(c.path)-1] }
}

// wrong is the error of the value at hand.
func (c *coercion) wrong(message string, arguments ...any) *gqlerror.Error {
	return refused(errcode.ValidationFailed, gqlerror.ErrorPathf(slices.Clone(c.path), message, arguments...))
}

func (c *coercion) coerce(of *ast.Type, value any) (any, *gqlerror.Error) {
	if c.values++; c.values > c.guard.limits.Values {
		return nil, tooLarge("The variables have more than %d values.", c.guard.limits.Values)
	}
	if len(c.path) > c.guard.limits.InputDepth+2 { // the path begins with variable and its name
		return nil, tooLarge("The variables nest lists and objects more than %d deep.", c.guard.limits.InputDepth)
	}
	switch {
	case value == nil && of.NonNull:
		return nil, c.wrong("cannot be null")
	case value == nil:
		return nil, nil
	case of.Elem != nil:
		return c.list(of.Elem, value)
	}
	switch definition := c.guard.schema.Types[of.NamedType]; definition.Kind {
	case ast.Enum:
		return c.enum(definition, value)
	case ast.InputObject:
		return c.object(definition, value)
	default:
		return c.scalar(definition, value)
	}
}

// list coerces a list, or one value to a list of it.
func (c *coercion) list(of *ast.Type, value any) (any, *gqlerror.Error) {
	list, ok := value.([]any)
	if !ok {
		defer c.step(ast.PathIndex(0))()
		one, err := c.coerce(of, value)
		return []any{one}, err
	}
	if len(list) > c.guard.limits.List {
		return nil, tooLarge("A list in the variables has more than %d values: send several requests.", c.guard.limits.List)
	}
	coerced := make([]any, len(list))
	for i, element := range list {
		back := c.step(ast.PathIndex(i))
		var err *gqlerror.Error
		if coerced[i], err = c.coerce(of, element); err != nil {
			return nil, err
		}
		back()
	}
	return coerced, nil
}

func (c *coercion) enum(definition *ast.Definition, value any) (any, *gqlerror.Error) {
	text, ok := value.(string)
	switch {
	case !ok:
		return nil, c.wrong("must be a string: the name of a value of %s", definition.Name)
	case definition.EnumValues.ForName(text) == nil:
		return nil, c.wrong("%s is not a valid %s", shortened(text), definition.Name)
	}
	return text, nil
}

// object coerces an input object. Fields with a default are left out where they
// were: the resolvers' layer fills them in.
func (c *coercion) object(definition *ast.Definition, value any) (any, *gqlerror.Error) {
	given, ok := value.(map[string]any)
	if !ok {
		return nil, c.wrong("must be an object: a %s", definition.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if definition.Fields.ForName(name) == nil {
			defer c.step(ast.PathName(shortened(name)))()
			return nil, c.wrong("unknown field")
		}
	}
	coerced := make(map[string]any, len(given))
	for _, field := range definition.Fields {
		inner, has := given[field.Name]
		if !has && (!field.Type.NonNull || field.DefaultValue != nil) {
			continue
		}
		back := c.step(ast.PathName(field.Name))
		if !has {
			return nil, c.wrong("must be defined")
		}
		var err *gqlerror.Error
		if coerced[field.Name], err = c.coerce(field.Type, inner); err != nil {
			return nil, err
		}
		back()
	}
	return coerced, nil
}

// scalar coerces a value of a scalar. Those that are not the specification's
// check their values themselves, when they are read.
func (c *coercion) scalar(definition *ast.Definition, value any) (any, *gqlerror.Error) {
	if _, isFile := value.(graphql.Upload); isFile && definition.Name != "Upload" {
		return nil, c.wrong("cannot be a file")
	}
	switch definition.Name {
	case "Int":
		return c.integer(value)
	case "Float":
		return c.float(value)
	case "String", "ID":
		return c.text(definition.Name, value)
	case "Boolean":
		if _, ok := value.(bool); !ok {
			return nil, c.wrong("must be true or false")
		}
	}
	return value, nil
}

// integer coerces a number without a fraction of 32 bits, which 1.0 is too.
func (c *coercion) integer(value any) (any, *gqlerror.Error) {
	number, ok := value.(json.Number)
	if !ok {
		return nil, c.wrong("must be an integer")
	}
	float, err := number.Float64()
	if err != nil || float != math.Trunc(float) || float < math.MinInt32 || float > math.MaxInt32 {
		return nil, c.wrong("must be an integer of 32 bits")
	}
	return int64(float), nil
}

func (c *coercion) float(value any) (any, *gqlerror.Error) {
	number, ok := value.(json.Number)
	if !ok {
		return nil, c.wrong("must be a number")
	}
	float, err := number.Float64()
	if err != nil {
		return nil, c.wrong("must be a number that a float of 64 bits can hold")
	}
	return float, nil
}

// text coerces a text, or for an ID an integer.
func (c *coercion) text(of string, value any) (any, *gqlerror.Error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case json.Number:
		if n, err := strconv.ParseInt(value.String(), 10, 64); of == "ID" && err == nil {
			return strconv.FormatInt(n, 10), nil
		}
	}
	return nil, c.wrong("must be a string")
}

// shortened is what of a client's own words goes into an error.
func shortened(text string) string {
	const most = 64
	if len(text) <= most {
		return text
	}
	cut := []rune(text[:most])
	return string(cut[:len(cut)-1]) + "…"
}
