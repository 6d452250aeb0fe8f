package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dealflow/internal/apitest"
)

// checker compares an answer with the schema and with what was asked for.
type checker struct {
	vars     apitest.Vars
	problems []string
}

// misshapen tells what in an answer's data, which has no errors beside it, the schema
// does not allow for the document: missing and needless keys, values of another type,
// lists that are none, nulls where there can be none.
func misshapen(document string, vars apitest.Vars, data string) []string {
	query, errs := gqlparser.LoadQueryWithRules(schema, document, rules.NewDefaultRules())
	if len(errs) > 0 {
		return []string{errs.Error()}
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return []string{err.Error()}
	}
	operation := query.Operations[0]
	root := map[ast.Operation]*ast.Definition{
		ast.Query: schema.Query, ast.Mutation: schema.Mutation, ast.Subscription: schema.Subscription,
	}[operation.Operation]
	c := &checker{vars: vars}
	c.object("data", value, root, []ast.SelectionSet{operation.SelectionSet})
	return c.problems
}

func (c *checker) report(path, format string, args ...any) {
	c.problems = append(c.problems, path+": "+fmt.Sprintf(format, args...))
}

// object checks an object of a type, which may be abstract.
func (c *checker) object(path string, value any, of *ast.Definition, sets []ast.SelectionSet) {
	object, ok := value.(map[string]any)
	if !ok {
		c.report(path, "%T is no %s", value, of.Name)
		return
	}
	if of.IsAbstractType() {
		name, _ := object["__typename"].(string)
		one := schema.Types[name]
		if one == nil || !slices.Contains(schema.GetPossibleTypes(of), one) {
			c.report(path, "%q is no %s", name, of.Name)
			return
		}
		of = one
	}
	asked := map[string][]*ast.Field{}
	for _, set := range sets {
		c.collect(set, of, asked)
	}
	if got, want := slices.Sorted(maps.Keys(object)), slices.Sorted(maps.Keys(asked)); !slices.Equal(got, want) {
		c.report(path, "has %v, want %v", got, want)
		return
	}
	for key, fields := range asked {
		if fields[0].Name == "__typename" {
			if object[key] != of.Name {
				c.report(path+"."+key, "%v, want %s", object[key], of.Name)
			}
			continue
		}
		var inner []ast.SelectionSet
		for _, f := range fields {
			inner = append(inner, f.SelectionSet)
		}
		c.value(path+"."+key, object[key], of.Fields.ForName(fields[0].Name).Type, inner)
	}
}

// collect finds the fields that are asked of an object, by their key in the answer.
func (c *checker) collect(set ast.SelectionSet, of *ast.Definition, into map[string][]*ast.Field) {
	applies := func(condition string) bool {
		return condition == "" || slices.Contains(schema.GetPossibleTypes(schema.Types[condition]), of)
	}
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if c.included(s.Directives) {
				into[s.Alias] = append(into[s.Alias], s)
			}
		case *ast.InlineFragment:
			if c.included(s.Directives) && applies(s.TypeCondition) {
				c.collect(s.SelectionSet, of, into)
			}
		case *ast.FragmentSpread:
			if c.included(s.Directives) && applies(s.Definition.TypeCondition) {
				c.collect(s.Definition.SelectionSet, of, into)
			}
		}
	}
}

func (c *checker) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		is, err := d.Arguments.ForName("if").Value.Value(c.vars)
		if err != nil || is == (d.Name == "skip") {
			return false
		}
	}
	return true
}

// value checks a value of a type.
func (c *checker) value(path string, value any, of *ast.Type, sets []ast.SelectionSet) {
	if value == nil {
		if of.NonNull {
			c.report(path, "null is no %s", of)
		}
		return
	}
	if of.Elem != nil {
		list, ok := value.([]any)
		if !ok {
			c.report(path, "%T is no list", value)
		}
		for i, entry := range list {
			c.value(fmt.Sprint(path, ".", i), entry, of.Elem, sets)
		}
		return
	}
	switch def := schema.Types[of.NamedType]; {
	case !def.IsLeafType():
		c.object(path, value, def, sets)
	case def.Kind == ast.Enum:
		if text, _ := value.(string); def.EnumValues.ForName(text) == nil {
			c.report(path, "%v is no %s", value, def.Name)
		}
	case !isScalar(def.Name, value):
		c.report(path, "%v is no %s", value, def.Name)
	}
}

var decimalText = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// isScalar tells whether a value is one of a scalar type.
func isScalar(name string, value any) bool {
	text, isText := value.(string)
	number, isNumber := value.(json.Number)
	var err error
	switch name {
	case "JSON":
		return true
	case "Boolean":
		_, is := value.(bool)
		return is
	case "Int":
		_, err = strconv.ParseInt(number.String(), 10, 32)
		return isNumber && err == nil
	case "Float":
		_, err = number.Float64()
		return isNumber && err == nil
	case "Date":
		_, err = time.Parse(time.DateOnly, text)
	case "DateTime":
		_, err = time.Parse(time.RFC3339Nano, text)
		return isText && err == nil && strings.HasSuffix(text, "Z")
	case "Decimal":
		return isText && decimalText.MatchString(text)
	}
	return isText && err == nil
}
