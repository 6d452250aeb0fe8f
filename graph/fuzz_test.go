package graph_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow"
	"dealflow/internal/apitest"
	"dealflow/internal/store/storetest"
)

// hostile are values that have broken a program somewhere.
var hostile = []any{
	"", " ", "\x00", "a\x00b", "\xff\xfe", "%", "_", `\`, `'`, `"`, "İ", "ÄÖ", strings.Repeat("x", 400),
	"deal_00000000000000000000000000", "lead_7zzzzzzzzzzzzzzzzzzzzzzzzz", "stage_8zzzzzzzzzzzzzzzzzzzzzzzzz", "deal_", "_",
	"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
	"0000-01-01", "9999-12-31", "2026-02-30", "1e400", "-1", "0.001", "99999999999999999999", "NaN",
	0, -1, 1, 1 << 31, 1 << 53, 1e308, -0.5, 0.75, json.Number("99999999999999999999"), true, false, nil, "OPEN", "open", "ASC",
	[]any{}, map[string]any{},
}

// sound tells whether an answer is one that bad input may get.
func sound(answer apitest.Response) error {
	if answer.Status >= http.StatusInternalServerError || strings.Contains(answer.Raw, `"INTERNAL"`) {
		return fmt.Errorf("status %d: %s", answer.Status, answer.Raw)
	}
	return nil
}

// FuzzArguments sends ids, cursors, searches and filters of any kind.
func FuzzArguments(f *testing.F) {
	api := apitest.New(f, storetest.SQLite(f))
	ada := api.Organization(f, "acme")
	for _, value := range hostile {
		if text, ok := value.(string); ok {
			f.Add(text, text, text, `{"title":{"contains":`+quoted(text)+`}}`, 3)
		}
	}
	// {"o":"-created_at","v":["2026-03-02T09:30:00Z"],"i":"018f0000-0000-7000-8000-000000000000"}
	const cursor = "eyJvIjoiLWNyZWF0ZWRfYXQiLCJ2IjpbIjIwMjYtMDMtMDJUMDk6MzA6MDBaIl0sImkiOiIwMThmMDAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAifQ"
	f.Add("deal_01jd5v0000e8mrx3k9q2w7n4tc", cursor, "ada love", `{"or":[{"value":{"gt":"1"}},{"not":{"tags":{"hasAny":["a"]}}}]}`, 500)
	f.Fuzz(func(t *testing.T, id, cursor, search, filter string, first int) {
		var parsed any
		if json.Unmarshal([]byte(filter), &parsed) != nil {
			parsed = filter
		}
		answer := ada.Do(t, `query($id: ID!, $cursor: String, $search: String, $filter: DealFilter, $first: Int) {
			node(id: $id) { id } deal(id: $id) { id } nodes(ids: [$id]) { id }
			a: deals(after: $cursor, search: $search, first: $first) { nodes { id } }
			b: deals(before: $cursor, filter: $filter, last: $first) { totalCount nodes { id } }
			c: leads(search: $search, offset: $first) { nodes { id } } }`,
			apitest.Vars{"id": id, "cursor": cursor, "search": search, "filter": parsed, "first": first})
		if err := sound(answer); err != nil {
			t.Error(err)
		}
	})
}

func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(raw)
}

// TestRandomArguments gives every argument of every query field random values,
// good and bad, made from the schema.
func TestRandomArguments(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: dealflow.Schema()})
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		random := rand.New(rand.NewPCG(3, 4))
		for _, field := range schema.Query.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			for range 12 {
				document, vars := randomCall(random, schema, field)
				if err := sound(ada.Do(t, document, vars)); err != nil {
					t.Errorf("%v\nfor %s with %v", err, document, vars)
				}
			}
		}
	})
}

// randomCall calls a query field with random arguments.
func randomCall(random *rand.Rand, schema *ast.Schema, field *ast.FieldDefinition) (string, apitest.Vars) {
	var declared, passed []string
	vars := apitest.Vars{}
	for _, argument := range field.Arguments {
		if random.IntN(3) == 0 && !argument.Type.NonNull {
			continue
		}
		declared = append(declared, "$"+argument.Name+": "+argument.Type.String())
		passed = append(passed, argument.Name+": $"+argument.Name)
		vars[argument.Name] = randomValue(random, schema, argument.Type, 3)
	}
	document := "query"
	if len(declared) > 0 {
		document += "(" + strings.Join(declared, ", ") + ")"
	}
	document += " { " + field.Name
	if len(passed) > 0 {
		document += "(" + strings.Join(passed, ", ") + ")"
	}
	if definition := schema.Types[field.Type.Name()]; definition.IsCompositeType() {
		document += " { __typename }"
		if definition.Fields.ForName("nodes") != nil {
			document = strings.Replace(document, "{ __typename }", "{ totalCount nodes { id } }", 1)
		}
	}
	return document + " }", vars
}

// randomValue is a value of a type, or now and then of none.
func randomValue(random *rand.Rand, schema *ast.Schema, typ *ast.Type, depth int) any {
	if random.IntN(12) == 0 {
		return hostile[random.IntN(len(hostile))]
	}
	if typ.Elem != nil {
		list := []any{}
		for range random.IntN(4) {
			list = append(list, randomValue(random, schema, typ.Elem, depth))
		}
		return list
	}
	switch definition := schema.Types[typ.Name()]; definition.Kind {
	case ast.InputObject:
		object := map[string]any{}
		for _, field := range definition.Fields {
			if depth > 0 && random.IntN(len(definition.Fields)) < 2 || field.Type.NonNull {
				object[field.Name] = randomValue(random, schema, field.Type, depth-1)
			}
		}
		return object
	case ast.Enum:
		return definition.EnumValues[random.IntN(len(definition.EnumValues))].Name
	default:
		return randomScalar(random, definition.Name)
	}
}

func randomScalar(random *rand.Rand, name string) any {
	switch name {
	case "Int":
		return random.IntN(600)
	case "Float":
		return random.Float64()
	case "Boolean":
		return random.IntN(2) == 0
	}
	for {
		if text, ok := hostile[random.IntN(len(hostile))].(string); ok {
			return text
		}
	}
}
