package rest

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// FromQuery reads an endpoint's variables from the parameters of a URL. A list is a
// parameter that comes again and again, and an input object is JSON.
func (e *Endpoint) FromQuery(schema *ast.Schema, raw string) (map[string]any, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, &Error{"the URL's query is malformed: encode each value, as encodeURIComponent does"}
	}
	variables := make(map[string]any, len(query))
	for name, texts := range query {
		variable := e.Operation.VariableDefinitions.ForName(name)
		if variable == nil {
			return nil, &Error{"there is no such parameter: " + e.parameters()}
		}
		value, err := fromTexts(schema, variable.Type, texts)
		if err != nil {
			return nil, &Error{"the parameter " + name + " " + err.Error()}
		}
		variables[name] = value
	}
	return variables, nil
}

// parameters says which parameters there are.
func (e *Endpoint) parameters() string {
	if len(e.Operation.VariableDefinitions) == 0 {
		return "this operation has none"
	}
	names := make([]string, len(e.Operation.VariableDefinitions))
	for i, variable := range e.Operation.VariableDefinitions {
		names[i] = variable.Variable
	}
	return "this operation has " + strings.Join(names, ", ")
}

// fromTexts is the value of a parameter that came once or more.
func fromTexts(schema *ast.Schema, of *ast.Type, texts []string) (any, error) {
	if of.Elem == nil && len(texts) > 1 {
		return nil, &Error{"comes more than once"}
	}
	if of.Elem == nil {
		return fromText(schema, of, texts[0])
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		var err error
		if list[i], err = fromText(schema, of.Elem, text); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// fromText is one value: text for what is text in GraphQL too, and JSON for all else.
// Whether it fits its type is for the coercion of variables to say.
func fromText(schema *ast.Schema, of *ast.Type, text string) (any, error) {
	definition := schema.Types[of.Name()]
	if of.Elem == nil && isText(definition) {
		return text, nil
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil || decoder.More() {
		return nil, &Error{"must be JSON: a number, true, false, null, a list or an object, as its type is"}
	}
	return value, nil
}

// isText tells whether values of a type are strings.
func isText(definition *ast.Definition) bool {
	switch definition.Kind {
	case ast.Enum:
		return true
	case ast.Scalar:
		switch definition.Name {
		case "Int", "Float", "Boolean", "JSON":
			return false
		}
		return true
	}
	return false
}
