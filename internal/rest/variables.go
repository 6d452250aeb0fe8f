package rest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/request"
	"dealflow/internal/strict"
)

// FromQuery reads an endpoint's variables from the parameters of a URL. A list is a
// parameter that comes again and again, and an input object is JSON.
func (e *Endpoint) FromQuery(raw string) (map[string]any, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, request.Wrong("the URL's query is malformed: encode each value, as encodeURIComponent does")
	}
	variables := make(map[string]any, len(query))
	for name, texts := range query {
		variable := e.Operation.VariableDefinitions.ForName(name)
		if variable == nil {
			return nil, request.Wrong("there is no such parameter: %s", e.parameters())
		}
		value, err := e.fromTexts(variable.Type, texts)
		if err != nil {
			return nil, request.Wrong("the parameter %s %w", name, err)
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
func (e *Endpoint) fromTexts(of *ast.Type, texts []string) (any, error) {
	if of.Elem == nil && len(texts) > 1 {
		return nil, request.Wrong("comes more than once")
	}
	if of.Elem == nil {
		return e.fromText(of, texts[0])
	}
	if len(texts) > e.values {
		return nil, request.Wrong("%w", strict.ErrTooMany)
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		var err error
		if list[i], err = e.fromText(of.Elem, text); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// fromText is one value: text for what is text in GraphQL too, and JSON for all else.
// Whether it fits its type is for the coercion of variables to say.
func (e *Endpoint) fromText(of *ast.Type, text string) (any, error) {
	if !utf8.ValidString(text) {
		return nil, request.Wrong("is not in UTF-8")
	}
	definition := e.schema.Types[of.Name()]
	if of.Elem == nil && isText(definition) {
		return text, nil
	}
	value, err := strict.Value([]byte(text), e.values)
	if err != nil {
		return nil, request.Wrong("must be JSON (%w): a number, true, false, null, a list or an object, as its type is", err)
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

// FromJSON reads an endpoint's variables from a body: a JSON object, or nothing.
func (e *Endpoint) FromJSON(body []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return map[string]any{}, nil
	}
	variables, err := strict.Object(body, e.values)
	if err != nil {
		return nil, request.Wrong("the body must be a JSON object in UTF-8 (%w): %s", err, e.parameters())
	}
	for name := range variables {
		if e.Operation.VariableDefinitions.ForName(name) == nil {
			return nil, request.Wrong("there is no such parameter: %s", e.parameters())
		}
	}
	return variables, nil
}

// FromForm reads an endpoint's variables from the fields and files of a form.
func (e *Endpoint) FromForm(contentType string, body []byte) (map[string]any, error) {
	_, params, _ := mime.ParseMediaType(contentType) // without a boundary there are no parts
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	variables := map[string]any{}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return variables, nil
		}
		if err != nil {
			return nil, request.Wrong("the form cannot be read: it ends early, or has no boundary")
		}
		name := part.FormName()
		variable := e.Operation.VariableDefinitions.ForName(name)
		if _, taken := variables[name]; variable == nil || taken {
			return nil, request.Wrong("the form has a field twice, or one that is no parameter: %s", e.parameters())
		}
		content, err := io.ReadAll(part)
		if err != nil || part.FileName() == "" && !utf8.Valid(content) {
			return nil, request.Wrong("the form cannot be read: it ends early, or is not in UTF-8")
		}
		if variables[name], err = e.fromPart(variable.Type, part, content); err != nil {
			return nil, request.Wrong("the parameter %s %w", name, err)
		}
	}
}

// fromPart is the value of a form's field.
func (e *Endpoint) fromPart(of *ast.Type, part *multipart.Part, content []byte) (any, error) {
	if part.FileName() == "" {
		return e.fromTexts(of, []string{string(content)})
	}
	return graphql.Upload{
		File: bytes.NewReader(content), Filename: part.FileName(), Size: int64(len(content)),
		ContentType: part.Header.Get("Content-Type"),
	}, nil
}
