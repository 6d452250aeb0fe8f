package rest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// object is a JSON object of a description, whose keys are sorted when it is written.
type object map[string]any

// Describe is the OpenAPI description of a client's endpoints:
// https://spec.openapis.org/oas/v3.1.1.html
func Describe(schema *ast.Schema, client, version string, endpoints []*Endpoint) json.RawMessage {
	d := &description{schema: schema, schemas: object{"Problem": problemSchema}}
	paths := object{}
	for _, e := range endpoints {
		method := "post"
		if e.IsQuery() {
			method = "get"
		}
		d.left = described
		paths["/"+e.Name] = object{method: d.operation(e)}
	}
	return encode(object{
		"openapi":           "3.1.0",
		"jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
		"info": object{
			"title": "Dealflow: " + client, "version": version,
			"description": "The operations that are published for " + client + ".",
		},
		"servers":  []object{{"url": "/api/" + client}},
		"security": []object{{"bearer": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas":         d.schemas,
			"securitySchemes": object{"bearer": object{"type": "http", "scheme": "bearer", "description": "An API key of the client, or a token."}},
		},
	})
}

// description gathers the types that endpoints take.
type description struct {
	schema  *ast.Schema
	schemas object // by their names
	left    int    // fields of an endpoint's answer that may still be described
}

// described is how many fields of an endpoint's answer are described. A few fragments
// within each other can make millions.
const described = 5000

var problemSchema = object{
	"type": "object", "description": "What is wrong, as RFC 9457 has it.",
	"required": []string{"title", "status", "code", "detail"},
	"properties": object{
		"title":      object{"type": "string", "description": "The status in words."},
		"status":     object{"type": "integer", "description": "The HTTP status."},
		"code":       object{"type": "string", "description": "What is wrong, for a program."},
		"detail":     object{"type": "string", "description": "What is wrong, for a person."},
		"errors":     object{"type": "array", "description": "All that is wrong, with its place.", "items": object{"type": "object"}},
		"extensions": object{"type": "object", "description": "What else there is to say, such as what the operation costs."},
	},
}

// The statuses of what goes wrong, of all operations and of those that have a body.
var problemsOfAll = map[string]string{
	"400": "The request is malformed.", "401": "There is no key, or it is not good.", "403": "The key may not do this.",
	"404": "There is no such thing, or no such operation.", "409": "Something is in the way: see the code.",
	"422": "A value does not go where it stands.", "429": "Too much at once: see Retry-After.", "500": "The server is at fault.",
}

var problemsOfBodies = map[string]string{
	"413": "The body is too large.", "415": "The body is of another media type.",
}

// header is a header of an answer.
func header(description string) object {
	return object{"description": description, "schema": object{"type": "string"}}
}

func (d *description) operation(e *Endpoint) object {
	responses := object{"200": object{
		"description": "Done.",
		"content":     object{Media: object{"schema": d.selection(e, e.Operation.SelectionSet, d.root(e))}},
	}}
	describeProblems(responses, problemsOfAll)
	responses["429"].(object)["headers"] = object{"Retry-After": header("How many seconds to wait.")}
	operation := object{"operationId": e.Name, "summary": d.summary(e), "responses": responses}
	if text := e.Operation.Description; text != "" {
		operation["description"] = text
	}
	switch {
	case e.IsQuery():
		operation["parameters"] = append(d.parameters(e), object{
			"name": "If-None-Match", "in": "header", "schema": object{"type": "string"},
			"description": "The ETag of an answer that the caller has: 304 says that it is still the same.",
		})
		tag := object{"ETag": header("What If-None-Match takes.")}
		responses["200"].(object)["headers"] = tag
		responses["304"] = object{"description": "The answer is the one that the caller has.", "headers": tag}
	default:
		describeProblems(responses, problemsOfBodies)
		responses["200"].(object)["headers"] = object{"Idempotency-Replayed": header("Whether it is the answer to an earlier request with the same Idempotency-Key: true, or not there.")}
		operation["requestBody"] = d.body(e)
		operation["parameters"] = []object{{
			"name": "Idempotency-Key", "in": "header", "schema": object{"type": "string", "maxLength": 255},
			"description": "A name for this request, such as a random UUID: when it is sent again, the first answer comes again.",
		}}
		if e.TakesFile() {
			operation["parameters"] = append(operation["parameters"].([]object), object{
				"name": "X-Requested-With", "in": "header", "required": true, "schema": object{"type": "string"},
				"description": "Anything: no other site's form can send it.",
			})
		}
	}
	return operation
}

func describeProblems(responses object, list map[string]string) {
	for status, text := range list {
		responses[status] = object{
			"description": text,
			"content":     object{ProblemMedia: object{"schema": object{"$ref": "#/components/schemas/Problem"}}},
		}
	}
}

// root is the type that an endpoint selects from.
func (d *description) root(e *Endpoint) *ast.Definition {
	if e.IsQuery() {
		return d.schema.Query
	}
	return d.schema.Mutation
}

// summary is what the document says of itself, or else what the schema says of its
// first field.
func (d *description) summary(e *Endpoint) string {
	text := e.Operation.Description
	if fields := rootFields(e.document, e.Operation.SelectionSet); text == "" && len(fields) > 0 && fields[0].Definition != nil {
		text = fields[0].Definition.Description
	}
	first, _, _ := strings.Cut(strings.Join(strings.Fields(text), " "), ". ")
	return cmp.Or(strings.TrimSuffix(first, "."), e.Name)
}

// parameters are the variables of a query.
func (d *description) parameters(e *Endpoint) []object {
	list := []object{}
	for _, v := range e.Operation.VariableDefinitions {
		p := object{"name": v.Variable, "in": "query", "required": v.Type.NonNull && v.DefaultValue == nil}
		if text := d.about(v); text != "" {
			p["description"] = text
		}
		element := v.Type
		for element.Elem != nil {
			element = element.Elem
		}
		if definition := d.schema.Types[element.NamedType]; isText(definition) || definition.Kind == ast.Scalar {
			p["schema"] = d.input(notNull(v.Type), v.DefaultValue)
		} else {
			p["content"] = object{Media: object{"schema": d.input(notNull(v.Type), v.DefaultValue)}}
		}
		list = append(list, p)
	}
	return list
}

// body are the variables of a mutation.
func (d *description) body(e *Endpoint) object {
	media := Media
	properties, required := object{}, []string{}
	for _, v := range e.Operation.VariableDefinitions {
		property := d.input(v.Type, v.DefaultValue)
		if text := d.about(v); text != "" {
			property["description"] = text
		}
		properties[v.Variable] = property
		if v.Type.NonNull && v.DefaultValue == nil {
			required = append(required, v.Variable)
		}
		if v.Type.Name() == "Upload" {
			media = "multipart/form-data"
		}
	}
	return object{
		"required": len(required) > 0,
		"content": object{media: object{"schema": object{
			"type": "object", "properties": properties, "required": required, "additionalProperties": false,
		}}},
	}
}

// about is what the document says of a variable, or else what the schema says of its
// type.
func (d *description) about(v *ast.VariableDefinition) string {
	if v.Description != "" {
		return v.Description
	}
	if definition := d.schema.Types[v.Type.Name()]; !definition.BuiltIn {
		return definition.Description
	}
	return ""
}

// notNull is a type whose value is there: a parameter is left out for null.
func notNull(of *ast.Type) *ast.Type {
	there := *of
	there.NonNull = true
	return &there
}

// input is the JSON schema of a value that a client sends.
func (d *description) input(of *ast.Type, usual *ast.Value) object {
	is := d.named(of.Name())
	if of.Elem != nil {
		is = object{"type": "array", "items": d.input(of.Elem, nil)}
	}
	if usual != nil {
		if value, err := usual.Value(nil); err == nil {
			is["default"] = value
		}
	}
	return nullable(is, !of.NonNull)
}

// named is the JSON schema of a type of input, by reference where it has fields.
func (d *description) named(name string) object {
	definition := d.schema.Types[name]
	if definition.Kind != ast.InputObject {
		return scalar(definition)
	}
	if _, known := d.schemas[name]; !known {
		is := object{"type": "object", "description": definition.Description, "additionalProperties": false}
		d.schemas[name] = is // at once, for it may hold itself
		properties, required := object{}, []string{}
		for _, field := range definition.Fields {
			property := d.input(field.Type, field.DefaultValue)
			if field.Description != "" {
				property["description"] = field.Description
			}
			properties[field.Name] = property
			if field.Type.NonNull && field.DefaultValue == nil {
				required = append(required, field.Name)
			}
		}
		is["properties"], is["required"] = properties, required
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// scalar is the JSON schema of a scalar's or an enum's value.
func scalar(definition *ast.Definition) object {
	if definition.Kind == ast.Enum {
		names := []any{}
		for _, value := range definition.EnumValues {
			names = append(names, value.Name)
		}
		return object{"type": "string", "enum": names}
	}
	switch definition.Name {
	case "Int":
		return object{"type": "integer", "format": "int32"}
	case "Float":
		return object{"type": "number", "format": "double"}
	case "Boolean":
		return object{"type": "boolean"}
	case "DateTime":
		return object{"type": "string", "format": "date-time"}
	case "Date":
		return object{"type": "string", "format": "date"}
	case "Upload":
		return object{"type": "string", "contentMediaType": "application/octet-stream"}
	case "JSON":
		return object{}
	}
	return object{"type": "string"}
}

// nullable is a JSON schema that takes null too, if it is to.
func nullable(is object, may bool) object {
	kind, simple := is["type"].(string)
	switch {
	case !may || len(is) == 0: // an empty schema takes everything
		return is
	case !simple:
		return object{"anyOf": []object{is, {"type": "null"}}}
	}
	is["type"] = []string{kind, "null"}
	if values, ok := is["enum"].([]any); ok {
		is["enum"] = append(values, nil)
	}
	return is
}

// selection is the JSON schema of what is selected from a type.
func (d *description) selection(e *Endpoint, set ast.SelectionSet, from *ast.Definition) object {
	possible := d.schema.GetPossibleTypes(from)
	if len(possible) <= 1 {
		return d.fields(e, set, from)
	}
	choices := make([]object, 0, len(possible))
	for _, one := range possible {
		choices = append(choices, d.fields(e, set, one))
	}
	return object{"anyOf": choices}
}

// fields is the JSON schema of what is selected from an object of one type.
func (d *description) fields(e *Endpoint, set ast.SelectionSet, of *ast.Definition) object {
	found := gathered{fields: map[string]*selected{}, spread: map[spread]bool{}}
	d.gather(e, set, of, false, found)
	if d.left -= len(found.fields); d.left < 0 {
		return object{"type": "object", "description": "More than this page can describe."}
	}
	properties, required := object{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(found.fields)) {
		properties[name] = d.output(e, *found.fields[name])
		if found.fields[name].required {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}

// selected is a field of an answer, wherever in the document it is asked for.
type selected struct {
	field    *ast.Field
	set      ast.SelectionSet // of all places together
	required bool             // no directive may leave it out
}

// gathered are the fields that are selected from an object, and the fragments that
// were met: each is walked once, however often it is spread.
type gathered struct {
	fields map[string]*selected
	spread map[spread]bool
}

type spread struct {
	fragment string
	optional bool
}

// gather adds the fields that are selected from an object of a type.
func (d *description) gather(e *Endpoint, set ast.SelectionSet, of *ast.Definition, optional bool, found gathered) {
	for _, one := range set {
		switch s := one.(type) {
		case *ast.Field:
			if s.Alias == problems {
				continue
			}
			if found.fields[s.Alias] == nil {
				found.fields[s.Alias] = &selected{field: s}
			}
			same := found.fields[s.Alias]
			same.set = append(slices.Clip(same.set), s.SelectionSet...)
			same.required = same.required || !optional && len(s.Directives) == 0
		case *ast.InlineFragment:
			if d.applies(cmp.Or(s.TypeCondition, of.Name), of) {
				d.gather(e, s.SelectionSet, of, optional || len(s.Directives) > 0, found)
			}
		case *ast.FragmentSpread:
			fragment := e.document.Fragments.ForName(s.Name)
			this := spread{s.Name, optional || len(s.Directives) > 0}
			if d.applies(fragment.TypeCondition, of) && !found.spread[this] {
				found.spread[this] = true
				d.gather(e, fragment.SelectionSet, of, this.optional, found)
			}
		}
	}
}

// applies tells whether a fragment on a type is for an object of another.
func (d *description) applies(condition string, of *ast.Definition) bool {
	for _, one := range d.schema.GetPossibleTypes(d.schema.Types[condition]) {
		if one.Name == of.Name {
			return true
		}
	}
	return condition == of.Name
}

// output is the JSON schema of a field's value.
func (d *description) output(e *Endpoint, s selected) object {
	if s.field.Name == "__typename" {
		return object{"type": "string"}
	}
	is := d.value(e, s.set, s.field.Definition.Type)
	if _, union := is["anyOf"]; s.field.Definition.Description != "" && !union {
		is["description"] = s.field.Definition.Description
	}
	return is
}

func (d *description) value(e *Endpoint, set ast.SelectionSet, of *ast.Type) object {
	var is object
	switch definition := d.schema.Types[of.Name()]; {
	case of.Elem != nil:
		is = object{"type": "array", "items": d.value(e, set, of.Elem)}
	case definition.IsLeafType():
		is = scalar(definition)
	default:
		is = d.selection(e, set, definition)
	}
	return nullable(is, !of.NonNull)
}
