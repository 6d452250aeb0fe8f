// Package rest serves published documents to clients that speak plain HTTP: a query
// is a GET with its variables as parameters, a mutation a POST with them as JSON,
// and the answer's data come with a status that says what became of it.
//
// It knows documents, values and statuses; the server knows about the rest.
package rest

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
)

// problems is the name under which an endpoint asks each field of a mutation what
// was wrong with its input, so that the answer's status can say so.
const problems = "dealflow_userErrors"

// Endpoint is a document as an endpoint.
type Endpoint struct {
	Name      string
	Operation *ast.OperationDefinition
	// Text is what is executed: the document, with what the status needs to know.
	Text string

	schema   *ast.Schema
	document *ast.QueryDocument
	values   int
}

// NewEndpoint makes an endpoint of a document with one operation, which it changes.
// What requests send as JSON may have so many values at most.
func NewEndpoint(schema *ast.Schema, document *ast.QueryDocument, values int) *Endpoint {
	operation := document.Operations[0]
	if operation.Operation == ast.Mutation {
		for _, field := range rootFields(document, operation.SelectionSet) {
			if payload := field.Definition.Type.Name(); payload != "" && len(field.SelectionSet) > 0 {
				field.SelectionSet = append(field.SelectionSet, askForProblems())
			}
		}
	}
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithCompacted()).FormatQueryDocument(document)
	return &Endpoint{operation.Name, operation, text.String(), schema, document, values}
}

// askForProblems is the selection of an input's errors.
func askForProblems() *ast.Field {
	fields := ast.SelectionSet{}
	for _, name := range []string{"code", "message", "path", "rule"} {
		fields = append(fields, &ast.Field{Name: name, Alias: name})
	}
	return &ast.Field{Alias: problems, Name: "userErrors", SelectionSet: fields}
}

// rootFields are the fields of an operation, those in fragments included: each once,
// however often its fragment is spread.
func rootFields(document *ast.QueryDocument, set ast.SelectionSet) []*ast.Field {
	var fields []*ast.Field
	seen := map[string]bool{}
	var gather func(ast.SelectionSet)
	gather = func(set ast.SelectionSet) {
		for _, selected := range set {
			switch s := selected.(type) {
			case *ast.Field:
				fields = append(fields, s)
			case *ast.InlineFragment:
				gather(s.SelectionSet)
			case *ast.FragmentSpread:
				if !seen[s.Name] {
					seen[s.Name] = true
					gather(document.Fragments.ForName(s.Name).SelectionSet)
				}
			}
		}
	}
	gather(set)
	return fields
}

// TakesFile tells whether an operation has a file among its variables, which comes
// in a form.
func (e *Endpoint) TakesFile() bool {
	for _, variable := range e.Operation.VariableDefinitions {
		if variable.Type.Name() == "Upload" {
			return true
		}
	}
	return false
}

// IsQuery tells a query, which is asked for by GET, from a mutation, which is not.
func (e *Endpoint) IsQuery() bool { return e.Operation.Operation == ast.Query }
