package graph_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/apitest"
	"dealflow/internal/cost"
	"dealflow/internal/id"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// maker makes values and documents of the schema, at random.
type maker struct {
	testing.TB
	random *rand.Rand
	w      *world
	bad    float64 // how likely each value is none that belongs there
}

func (m *maker) chance(p float64) bool { return m.random.Float64() < p }

// call calls a root field with any arguments.
func (m *maker) call(root *ast.Definition, f *ast.FieldDefinition) {
	m.Helper()
	vars := apitest.Vars{}
	for _, arg := range f.Arguments {
		if arg.Type.NonNull && arg.DefaultValue == nil || m.chance(0.5) {
			vars[arg.Name] = m.value(arg.Type, 4)
		}
	}
	declared, called := passed(f, vars)
	document := f.Name
	if declared != "" {
		document += "(" + called + ")"
	}
	document = strings.ToLower(root.Name) + passingVariables(declared) + " { " + document + " { " + selection(f.Type.Name(), 2) + " } }"
	answer := m.w.Do(m, document, vars)
	if err := sound(answer); err != nil {
		m.Errorf("%v\nfor %s with %v", err, f.Name, vars)
	}
	if read := m.w.api.Rows(); int64(read) > answer.Cost.Requested && answer.Cost.Requested > 0 {
		m.Errorf("%d rows were read, of %d that it may cost, for %s with %v", read, answer.Cost.Requested, f.Name, vars)
	}
}

func passingVariables(declared string) string {
	if declared == "" {
		return ""
	}
	return "(" + declared + ")"
}

// value is a value of a type, or now and then one that is none.
func (m *maker) value(t *ast.Type, depth int) any {
	if m.chance(m.bad) {
		return pick(m.random, hostile)
	}
	if t.Elem != nil {
		list := []any{}
		for range m.random.IntN(4) {
			list = append(list, m.value(t.Elem, depth))
		}
		return list
	}
	switch def := schema.Types[t.NamedType]; def.Kind {
	case ast.Enum:
		return pick(m.random, def.EnumValues).Name
	case ast.InputObject:
		return m.object(def, depth)
	default:
		return m.scalar(def.Name)
	}
}

// object is an input with some of its fields.
func (m *maker) object(def *ast.Definition, depth int) any {
	object := apitest.Vars{}
	for _, f := range fields(def) {
		needed := f.Type.NonNull && f.DefaultValue == nil
		if !needed && (depth == 0 || !m.chance(2/float64(len(def.Fields)))) {
			continue
		}
		if f.Type.Name() != "ID" || m.chance(m.bad) {
			object[f.Name] = m.value(f.Type, depth-1)
			continue
		}
		kind := pick(m.random, slices.Collect(maps.Values(kinds)))
		if def.Name != "IDFilter" {
			kind = kindsOf(m, def, f.Name)[0]
		}
		object[f.Name] = pick(m.random, m.w.ids[kind])
		if f.Type.Elem != nil {
			object[f.Name] = []any{object[f.Name]}
		}
	}
	return object
}

func (m *maker) scalar(name string) any {
	switch name {
	case "Int":
		return m.random.IntN(20)
	case "Float":
		return m.random.Float64()
	case "Boolean":
		return m.chance(0.5)
	case "Decimal":
		return fmt.Sprintf("%d.%02d", m.random.IntN(1000), m.random.IntN(100))
	case "Date":
		return time.Unix(m.random.Int64N(4e9), 0).UTC().Format(time.DateOnly)
	case "DateTime":
		return time.Unix(m.random.Int64N(4e9), m.random.Int64N(1e9)).UTC().Format(time.RFC3339Nano)
	case "ID":
		return pick(m.random, m.w.ids[pick(m.random, slices.Collect(maps.Values(kinds)))])
	default:
		return pick(m.random, []string{"acme", "ACME deal", "deal 1", "lead0@acme.example", "55", "é", "1%", "x_y", "a'b", `"`, "USD"})
	}
}

// TestRandomDocuments asks valid questions of all shapes: any fields to any
// depth, under aliases, in fragments that are shared or not, with directives.
// All of them are answered, as the schema says, and cost at least as much as they
// read: 2,000 of them on both databases together.
func TestRandomDocuments(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		api := apitest.NewCosting(t, s, cost.Limits{Max: 1 << 30, Burst: 1 << 40})
		w := newWorld(t, api, "acme")
		w.Do(t, "{ __typename }", nil) // the server knows its user from here on
		seed := uint64(time.Now().UnixNano())
		t.Logf("the seed is %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		for range 1000 {
			text := &text{maker: &maker{t, random, w, 0}, vars: apitest.Vars{"yes": true, "no": false}, shared: map[string][]string{}}
			document := text.document()
			answer := w.Do(t, document, text.vars)
			if len(answer.Errors) > 0 || answer.Status != http.StatusOK {
				t.Fatalf("status %d, %.1000s\nto %s\nwith %v", answer.Status, answer.Raw, document, text.vars)
			}
			if problems := misshapen(document, text.vars, answer.Data.String()); len(problems) > 0 {
				t.Fatalf("%q\nin %.5000s\nto %s\nwith %v", problems, answer.Raw, document, text.vars)
			}
			if read := api.Rows(); int64(read) > answer.Cost.Requested {
				t.Fatalf("%d rows were read, of %d that it may cost\nfor %s\nwith %v", read, answer.Cost.Requested, document, text.vars)
			}
		}
	})
}

// text is a document in the making.
type text struct {
	*maker
	vars      apitest.Vars
	declared  []string
	fragments []string
	shared    map[string][]string // the names of fragments, by type
	names     int
	only      map[string]bool // the fields to ask for, as Type.field, if not all
}

// askable are the fields of a type that may be asked for.
func (d *text) askable(def *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(fields(def), func(f *ast.FieldDefinition) bool {
		return d.only != nil && !d.only[def.Name+"."+f.Name]
	})
}

func (d *text) name(prefix string) string {
	d.names++
	return fmt.Sprint(prefix, d.names)
}

func (d *text) document() string {
	d.declared = []string{"$yes: Boolean!", "$no: Boolean!"}
	body := "y: __typename @include(if: $yes) n: __typename @skip(if: $no)"
	for range 1 + d.random.IntN(3) {
		body += " " + d.field(pick(d.random, d.askable(schema.Query)), schema.Query, 4)
	}
	return "query(" + strings.Join(d.declared, ", ") + ") { " + body + " }\n" + strings.Join(d.fragments, "\n")
}

// selection is some fields of a type, and sometimes all that it has.
func (d *text) selection(def *ast.Definition, depth int) string {
	if def.Kind != ast.Object {
		body := "__typename"
		for _, one := range schema.GetPossibleTypes(def) {
			if d.chance(0.4) {
				body += " ... on " + one.Name + " { " + d.selection(one, depth) + " }"
			}
		}
		return body
	}
	body := "__typename"
	for range 1 + d.random.IntN(4) {
		f := pick(d.random, d.askable(def))
		if depth == 0 && !schema.Types[f.Type.Name()].IsLeafType() {
			continue
		}
		body += " " + d.wrapped(def, d.field(f, def, depth), depth)
	}
	return body
}

// wrapped puts a field into a fragment, or a condition, or leaves it alone.
func (d *text) wrapped(def *ast.Definition, field string, depth int) string {
	switch known := d.shared[def.Name]; {
	case d.chance(0.1):
		return "... on " + def.Name + " @include(if: $yes) { " + field + " }"
	case d.chance(0.05):
		return "... @skip(if: $yes) { " + field + " }"
	case d.chance(0.2):
		name := d.name("F")
		d.fragments = append(d.fragments, "fragment "+name+" on "+def.Name+" { "+field+" }")
		if depth > 0 {
			d.shared[def.Name] = append(known, name)
		}
		return "..." + name
	case len(known) > 0 && d.chance(0.3):
		return field + " ..." + pick(d.random, known)
	}
	return field
}

// field asks for a field under a name of its own, with arguments.
func (d *text) field(f *ast.FieldDefinition, def *ast.Definition, depth int) string {
	call := d.name("a") + ": " + f.Name + d.arguments(f)
	if of := schema.Types[f.Type.Name()]; !of.IsLeafType() {
		call += " { " + d.selection(of, depth-1) + " }"
	}
	return call
}

// arguments are some that fit, and go with each other.
func (d *text) arguments(f *ast.FieldDefinition) string {
	var given []string
	pass := func(arg *ast.ArgumentDefinition, value any) {
		name := d.name("v")
		d.vars[name] = value
		d.declared = append(d.declared, "$"+name+": "+arg.Type.String())
		given = append(given, arg.Name+": $"+name)
	}
	backward := d.chance(0.3)
	for _, arg := range f.Arguments {
		needed := arg.Type.NonNull && arg.DefaultValue == nil
		switch {
		case arg.Name == "id" || arg.Name == "ids":
			pass(arg, d.existing(f, arg))
		case arg.Name == "first" && arg.DefaultValue != nil:
			pass(arg, 1+d.random.IntN(5))
		case arg.Name == "first" && !backward, arg.Name == "last" && backward:
			pass(arg, d.random.IntN(4))
		case !needed && d.chance(0.6), slices.Contains([]string{"first", "last", "after", "before", "from", "to"}, arg.Name), arg.Name == "offset" && backward:
		case arg.Name == "orderBy":
			field := schema.Types[arg.Type.Name()].Fields.ForName("field").Type
			pass(arg, []any{apitest.Vars{"field": d.value(field, 0), "direction": pick(d.random, []string{"ASC", "DESC"})}})
		case arg.Name == "filter":
			pass(arg, d.filter(schema.Types[arg.Type.Name()], 3))
		default:
			pass(arg, d.value(arg.Type, 3))
		}
	}
	if len(given) == 0 {
		return ""
	}
	return "(" + strings.Join(given, ", ") + ")"
}

// existing is the id of something that is there.
func (d *text) existing(f *ast.FieldDefinition, arg *ast.ArgumentDefinition) any {
	kind, is := kinds[f.Type.Name()]
	if !is {
		kind = pick(d.random, slices.Collect(maps.Values(kinds)))
	}
	if arg.Name == "ids" {
		return []string{pick(d.random, d.w.ids[kind]), pick(d.random, d.w.ids[id.Lead]), pick(d.random, d.w.ids[kind])}
	}
	return pick(d.random, d.w.ids[kind])
}

// filter is a filter whose ids are of the kinds that belong there.
func (d *text) filter(def *ast.Definition, depth int) apitest.Vars {
	filter := apitest.Vars{}
	for _, f := range fields(def) {
		of := schema.Types[f.Type.Name()]
		switch {
		case !d.chance(0.15):
		case of.Name == "IDFilter":
			one := pick(d.random, d.w.ids[kindsOf(d, def, f.Name)[0]])
			filter[f.Name] = pick(d.random, []apitest.Vars{{"eq": one}, {"in": []string{one}}, {"isNull": d.chance(0.5)}, {}})
		case f.Name == "currency": // one that has the decimals of the amounts
			filter[f.Name] = apitest.Vars{"eq": pick(d.random, []string{"USD", "EUR"})}
		case of.Fields.ForName("and") == nil:
			filter[f.Name] = d.value(f.Type, 1)
		case depth > 0 && f.Type.Elem != nil:
			filter[f.Name] = []any{d.filter(of, depth-1), d.filter(of, depth-1)}
		case depth > 0:
			filter[f.Name] = d.filter(of, depth-1)
		}
	}
	return filter
}
