package rest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/internal/request"
	"dealflow/internal/rest"
	"dealflow/internal/strict"
)

const schemaText = `
"A thing."
interface Thing { "Its name." name: String! }
type Box implements Thing { name: String! size: Int boxes(first: Int): [Box!]! color: Color }
type Bag implements Thing { name: String! handles: Float! }
type Query { "Finds a thing. It may be gone." thing(id: ID!): Thing box(id: ID, sizes: [Int!], filter: Filter, color: Color, deep: Boolean, any: JSON): Box }
type Mutation { "Makes a box." make(input: Make!): Made! }
type Made { box: Box userErrors: [UserError!]! }
interface UserError { code: String! message: String! path: [String!]! rule: String! }
type InputError implements UserError { code: String! message: String! path: [String!]! rule: String! }
enum Color { RED GREEN }
scalar JSON
"Which boxes."
input Filter { and: [Filter!] size: Int = 1 name: String! }
input Make { name: String! inside: Make }
`

func endpoint(t *testing.T, text string) (*ast.Schema, *rest.Endpoint) {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: schemaText})
	document, errs := gqlparser.LoadQuery(schema, text) //nolint:staticcheck // the rules are the usual ones
	if errs != nil {
		t.Fatal(errs)
	}
	return schema, rest.NewEndpoint(schema, document, 100)
}

func TestFromQuery(t *testing.T) {
	_, e := endpoint(t, `query Get($id: ID, $sizes: [Int!], $filter: Filter, $color: Color, $deep: Boolean, $any: JSON) {
		box(id: $id, sizes: $sizes, filter: $filter, color: $color, deep: $deep, any: $any) { name } }`)
	for raw, want := range map[string]string{
		"":                               `{}`,
		"id=7&color=RED&deep=true":       `{"color":"RED","deep":true,"id":"7"}`,
		"sizes=1&sizes=2":                `{"sizes":[1,2]}`,
		"sizes=1":                        `{"sizes":[1]}`,
		`filter={"name":"a","size":1e2}`: `{"filter":{"name":"a","size":1e2}}`,
		"any=[1,null]":                   `{"any":[1,null]}`,
		"id=":                            `{"id":""}`,
		"id=1&id=2":                      "the parameter id comes more than once",
		"name=1":                         "there is no such parameter: this operation has id, sizes, filter, color, deep, any",
		"sizes=a":                        "the parameter sizes must be JSON",
		"deep=yes":                       "the parameter deep must be JSON",
		"filter={}x":                     "the parameter filter must be JSON",
		"sizes=1]":                       "the parameter sizes must be JSON",
		`filter={"name":"a","name":"b"}`: `the parameter filter must be JSON ("name" stands there twice)`,
		`any=[{"a":{"b":1,"\u0062":1}}]`: `the parameter any must be JSON ("b" stands there twice)`,
		"id=%zz":                         "malformed",
		"id=%ff":                         "not in UTF-8",
	} {
		variables, err := e.FromQuery(raw)
		if err != nil {
			if wrong, ok := errors.AsType[*request.Error](err); !ok || !strings.Contains(wrong.Error(), want) {
				t.Errorf("%s: %v, want %s", raw, err, want)
			}
			continue
		}
		if got, _ := json.Marshal(variables); string(got) != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}

// TestTooManyValues has JSON with more values than the endpoints of these tests take.
func TestTooManyValues(t *testing.T) {
	_, e := endpoint(t, `query Get($any: JSON) { box(any: $any) { name } }`)
	for name, list := range map[string]string{"as many as may be": "[" + strings.Repeat("1,", 97) + "1]", "too many": "[" + strings.Repeat("1,", 99) + "1]"} {
		_, fromQuery := e.FromQuery("any=" + list)
		_, fromJSON := e.FromJSON([]byte(`{"any":` + list + `}`))
		_, fromForm := e.FromForm("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=any\r\n\r\n"+list+"\r\n--b--\r\n"))
		for _, err := range []error{fromQuery, fromJSON, fromForm} {
			if errors.Is(err, strict.ErrTooMany) != (name == "too many") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestTooManyParameters has a list of parameters, each of which is a value.
func TestTooManyParameters(t *testing.T) {
	_, e := endpoint(t, `query Get($sizes: [Int!]) { box(sizes: $sizes) { name } }`)
	for count, tooMany := range map[int]bool{100: false, 101: true} {
		if _, err := e.FromQuery(strings.Repeat("sizes=1&", count)); errors.Is(err, strict.ErrTooMany) != tooMany {
			t.Errorf("%d: %v", count, err)
		}
	}
}

// TestAnswers has each status that a document's answer makes.
func TestAnswers(t *testing.T) {
	_, query := endpoint(t, `query Get($id: ID!) { thing(id: $id) { name } }`)
	_, mutation := endpoint(t, `mutation Make($input: Make!) { __typename make(input: $input) { box { name } } other: make(input: $input) { box { name } } }`)
	if !strings.Contains(mutation.Text, "userErrors") {
		t.Errorf("%s does not ask what is wrong", mutation.Text)
	}
	wrong := func(code string) string {
		return `{"__typename":"Mutation","make":{"box":null,"dealflow_userErrors":[]},"other":{"box":null,"dealflow_userErrors":[{"code":"` + code + `","message":"No.","path":["input"],"rule":"r"}]}}`
	}
	for _, test := range []struct {
		endpoint *rest.Endpoint
		data     string
		errors   gqlerror.List
		status   int
		body     string
	}{
		{query, `{"thing":{"name":"a"}}`, nil, 200, `{"thing":{"name":"a"}}`},
		{query, `{"thing":null}`, nil, 404, `"code":"NOT_FOUND"`},
		{query, `{"thing":null}`, gqlerror.List{{Message: "Bad.", Extensions: map[string]any{"code": "INVALID_ID", "status": 400}}}, 400, `"detail":"Bad."`},
		{query, ``, gqlerror.List{{Message: "Wait.", Extensions: map[string]any{"code": "RATE_LIMITED", "status": 429}}}, 429, `"code":"RATE_LIMITED"`},
		{query, ``, gqlerror.List{{Message: "Oh."}}, 500, `"title":"Internal Server Error"`},
		{mutation, `{"__typename":"Mutation","make":{"box":{"name":"a"},"dealflow_userErrors":[]},"other":{"box":null,"dealflow_userErrors":[]}}`, nil, 200,
			`{"__typename":"Mutation","make":{"box":{"name":"a"}},"other":{"box":null}}`},
		{mutation, wrong("NOT_FOUND"), nil, 404, `"errors":[{"code":"NOT_FOUND","message":"No.","path":["input"],"rule":"r"}]`},
		{mutation, wrong("CONFLICT"), nil, 409, `"detail":"No."`}, {mutation, wrong("ALREADY_EXISTS"), nil, 409, ``}, {mutation, wrong("BLOCKED"), nil, 409, ``},
		{mutation, wrong("DUPLICATE_DEAL"), nil, 409, ``}, {mutation, wrong("NOT_ALLOWED"), nil, 403, ``}, {mutation, wrong("REQUIRED"), nil, 422, ``},
	} {
		r := &graphql.Response{Errors: test.errors}
		if test.data != "" {
			r.Data = json.RawMessage(test.data)
		}
		got := test.endpoint.Answer(r)
		if got.Status != test.status || !strings.Contains(string(got.Body), test.body) || (got.Status == 200) != (got.Media == rest.Media) {
			t.Errorf("%s %v is answered %d %s %s", test.data, test.errors, got.Status, got.Media, got.Body)
		}
	}
}

// TestDescribe looks at what a description says of values; that it is OpenAPI, a real
// validator says elsewhere.
func TestDescribe(t *testing.T) {
	schema, query := endpoint(t, `"Finds a box." query Get($id: ID, $sizes: [Int!] = [1], "The boxes that count." $filter: Filter, $deep: Boolean! = false) {
		box(id: $id, sizes: $sizes, filter: $filter) { ...F size boxes { name } boxes { size @include(if: $deep) } color } } fragment F on Box { name }`)
	_, thing := endpoint(t, `query Thing($id: ID!) { thing(id: $id) { name ... on Box { size } ... on Bag { handles } } }`)
	_, mutation := endpoint(t, `mutation Make($input: Make!) { make(input: $input) { box { name } } }`)
	var got map[string]any
	if err := json.Unmarshal(rest.Describe(schema, "ship", "1", []*rest.Endpoint{query, thing, mutation}), &got); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"openapi":                                 `"3.1.0"`,
		"paths./Get.get.summary":                  `"Finds a box"`,
		"paths./Thing.get.summary":                `"Finds a thing"`,
		"paths./Make.post.summary":                `"Makes a box"`,
		"paths./Get.get.parameters.0":             `{"in":"query","name":"id","required":false,"schema":{"type":"string"}}`,
		"paths./Get.get.parameters.1":             `{"in":"query","name":"sizes","required":false,"schema":{"default":[1],"items":{"format":"int32","type":"integer"},"type":"array"}}`,
		"paths./Get.get.parameters.2.content":     `{"application/json":{"schema":{"$ref":"#/components/schemas/Filter"}}}`,
		"paths./Get.get.parameters.2.description": `"The boxes that count."`,
		"paths./Get.get.responses.200.content.application/json.schema.properties.box.type":                            `["object","null"]`,
		"paths./Get.get.responses.200.content.application/json.schema.properties.box.required":                        `["boxes","color","name","size"]`,
		"paths./Get.get.responses.200.content.application/json.schema.properties.box.properties.color":                `{"enum":["RED","GREEN",null],"type":["string","null"]}`,
		"paths./Get.get.responses.200.content.application/json.schema.properties.box.properties.boxes.items.required": `["name"]`,
		"paths./Make.post.requestBody.content.application/json.schema":                                                `{"additionalProperties":false,"properties":{"input":{"$ref":"#/components/schemas/Make"}},"required":["input"],"type":"object"}`,
		"components.schemas.Filter.properties.and":                                                                    `{"items":{"$ref":"#/components/schemas/Filter"},"type":["array","null"]}`,
		"components.schemas.Filter.required":                                                                          `["name"]`,
		"components.schemas.Make.properties.inside":                                                                   `{"anyOf":[{"$ref":"#/components/schemas/Make"},{"type":"null"}]}`,
	} {
		if diff := cmp.Diff(want, at(t, got, strings.ReplaceAll(path, "application/json", "JSON"))); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// at is the JSON that a path leads to; JSON in it stands for the media type.
func at(t *testing.T, value any, path string) string {
	t.Helper()
	for step := range strings.SplitSeq(path, ".") {
		if step == "JSON" {
			step = rest.Media
		}
		switch inside := value.(type) {
		case map[string]any:
			value = inside[step]
		case []any:
			value = inside[step[0]-'0']
		default:
			return "nothing at " + step
		}
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// FuzzFromQuery sees to it that parameters are read, or refused by an Error.
func FuzzFromQuery(f *testing.F) {
	for _, seed := range []string{"id=1&sizes=1&sizes=2", `filter={"name":1}`, `filter={"name":1,"name":2}`, "sizes=[1]", "=&&=", "deep=nul"} {
		f.Add(seed)
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: schemaText})
	document, errs := gqlparser.LoadQuery(schema, `query Get($id: ID, $sizes: [Int!], $filter: Filter, $deep: Boolean) { box(id: $id, sizes: $sizes, filter: $filter, deep: $deep) { name } }`) //nolint:staticcheck // the rules are the usual ones
	if errs != nil {
		f.Fatal(errs)
	}
	e := rest.NewEndpoint(schema, document, 100)
	f.Fuzz(func(t *testing.T, raw string) {
		variables, err := e.FromQuery(raw)
		if _, ok := errors.AsType[*request.Error](err); err != nil && !ok {
			t.Error(err)
		}
		if _, err := json.Marshal(variables); err != nil {
			t.Error(err)
		}
	})
}

// FuzzFromJSON sees to it that bodies are read, or refused by an Error.
func FuzzFromJSON(f *testing.F) {
	for _, seed := range []string{"", " ", `{"input":{"name":"a"}}`, `{"input":{"name":"a","inside":{"name":1,"name":2}}}`, `{"input":1,"input":2}`, `{"other":1}`, "{}{}", "null"} {
		f.Add([]byte(seed))
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: schemaText})
	document, errs := gqlparser.LoadQuery(schema, `mutation Make($input: Make!) { make(input: $input) { box { name } } }`) //nolint:staticcheck // the rules are the usual ones
	if errs != nil {
		f.Fatal(errs)
	}
	e := rest.NewEndpoint(schema, document, 100)
	f.Fuzz(func(t *testing.T, body []byte) {
		variables, err := e.FromJSON(body)
		if _, ok := errors.AsType[*request.Error](err); err != nil && !ok || err == nil && variables == nil {
			t.Errorf("%q: %v, %v", body, variables, err)
		}
		if _, sent := variables["input"]; sent != (len(variables) > 0) {
			t.Errorf("%q: %v", body, variables)
		}
	})
}

// TestDoubling has documents whose fragments double with each level: 40 levels are
// no more work than they are text.
func TestDoubling(t *testing.T) {
	flat, deep := "", ""
	for i := range 40 {
		flat += fmt.Sprintf("fragment F%d on Box{...F%d ...F%d} ", i, i+1, i+1)
		deep += fmt.Sprintf("fragment F%d on Box{a:boxes{...F%d} b:boxes{...F%d}} ", i, i+1, i+1)
	}
	const end = "fragment F40 on Box{name}"
	schema, first := endpoint(t, "query Flat{box{...F0}} "+flat+end)
	_, second := endpoint(t, "query Deep{box{...F0}} "+deep+end)
	changes := strings.ReplaceAll(flat, "on Box", "on Mutation") + `fragment F40 on Mutation{make(input:{name:"x"}){box{name}}}`
	_, third := endpoint(t, "mutation Change{...F0} "+changes)
	if n := strings.Count(third.Text, "dealflow_userErrors"); n != 1 {
		t.Errorf("it asks %d times what is wrong", n)
	}
	if text := rest.Describe(schema, "ship", "1", []*rest.Endpoint{first, second, third}); len(text) > 1<<20 {
		t.Errorf("the description has %d bytes", len(text))
	}
}
