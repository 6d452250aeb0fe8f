package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dealflow/graph"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/plan"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// plannable are the fields that queries can have without being left to gqlgen, as
// Type.field, and of the others why.
func plannable(t testing.TB) (planned map[string]bool, others map[string]error) {
	t.Helper()
	planner := plan.New(schema, nil, nil, map[string]plan.Text{"eventCursor": nil}, plan.Functions{})
	planned, others = map[string]bool{}, map[string]error{}
	wrap := map[string]func(string) string{"Query": func(inner string) string { return "{ " + inner + " }" }}
	for types := []string{"Query"}; len(types) > 0; types = types[1:] {
		def := schema.Types[types[0]]
		for _, f := range fields(def) {
			around, of := wrap[def.Name], schema.Types[f.Type.Name()]
			inside := func(inner string) string {
				if of.IsLeafType() {
					return around(calling(f))
				}
				return around(calling(f) + " { " + inner + " }")
			}
			err := whyNot(t, planner, inside(example(of)))
			if err != nil {
				others[def.Name+"."+f.Name] = err
				continue
			}
			planned[def.Name+"."+f.Name] = true
			if _, known := wrap[of.Name]; !known && !of.IsLeafType() {
				wrap[of.Name] = inside
				types = append(types, of.Name)
			}
		}
	}
	return planned, others
}

// example is something to ask of a type.
func example(of *ast.Definition) string {
	if of.Fields.ForName("nodes") != nil {
		return "nodes { __typename }"
	}
	return "__typename"
}

// calling is a field with the arguments that it needs.
func calling(f *ast.FieldDefinition) string {
	var given []string
	for _, arg := range f.Arguments {
		if arg.Type.NonNull && arg.DefaultValue == nil {
			value := `"2026-01-01"`
			if arg.Type.Elem != nil {
				value = "[]"
			}
			given = append(given, arg.Name+": "+value)
		}
	}
	if len(given) == 0 {
		return f.Name
	}
	return f.Name + "(" + strings.Join(given, ", ") + ")"
}

func whyNot(t testing.TB, planner *plan.Planner, text string) error {
	t.Helper()
	document, errs := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
	if errs != nil {
		t.Fatalf("%v in %s", errs, text)
	}
	return planner.Explain(document)
}

// TestPlannedFields keeps docs/planned.md, which lists what is planned and what is not.
func TestPlannedFields(t *testing.T) {
	const file = "../docs/planned.md"
	planned, others := plannable(t)
	var list strings.Builder
	for _, def := range types() {
		var yes, no []string
		for _, f := range fields(def) {
			where := def.Name + "." + f.Name
			switch {
			case planned[where]:
				yes = append(yes, "`"+f.Name+"`")
			case others[where] != nil:
				no = append(no, "`"+f.Name+"`")
			}
		}
		if len(yes) > 0 {
			fmt.Fprintf(&list, "| `%s` | %s | %s |\n", def.Name, strings.Join(yes, " "), strings.Join(no, " "))
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const head = "|---|---|---|\n"
	before, _, _ := strings.Cut(string(text), head)
	want := before + head + list.String()
	if want != string(text) && os.Getenv("DEALFLOW_UPDATE_DOCS") != "" {
		err = os.WriteFile(file, []byte(want), 0o644)
	} else if want != string(text) {
		t.Errorf("%s is not up to date; DEALFLOW_UPDATE_DOCS=1 go test ./graph -run TestPlannedFields writes it", file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// types are the schema's objects, in its order.
func types() []*ast.Definition {
	var all []*ast.Definition
	for _, def := range schema.Types {
		if def.Kind == ast.Object && !def.BuiltIn {
			all = append(all, def)
		}
	}
	slices.SortFunc(all, func(a, b *ast.Definition) int { return a.Position.Start - b.Position.Start })
	return all
}

var incidents = regexp.MustCompile(`"id":"[0-9a-f-]{36}"`)

// TestPlannedAnswers asks random questions twice, of a server that plans and of one
// that leaves all to gqlgen's executor, on one database: the answers are the same,
// byte by byte, errors included: 1,000 on each database.
func TestPlannedAnswers(t *testing.T) {
	only, _ := plannable(t)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		plans := apitest.New(t, s)
		plain := apitest.NewUnplanned(t, s)
		w := newWorld(t, plans, "acme")
		w.crowd(t)
		seed := uint64(time.Now().UnixNano())
		t.Logf("the seed is %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		viewers := viewersOf(t, w, plain)
		for range 1000 {
			d := &text{maker: &maker{t, random, w, 0.01}, vars: apitest.Vars{"yes": true, "no": false}, shared: map[string][]string{}, only: only}
			document := d.document()
			d.spoil()
			pair := pick(random, viewers)
			got, want := pair[0].Do(t, document, d.vars), pair[1].Do(t, document, d.vars)
			if a, b := bare(t, got), bare(t, want); a != b || got.Status != want.Status {
				t.Fatalf("planned:  %.3000s\nexecuted: %.3000s\nto %s\nwith %v", a, b, document, d.vars)
			}
		}
		for path, least := range map[graph.Path]float64{graph.Planned: 500, graph.Retried: 10} {
			if n := plans.Metric(t, fmt.Sprintf(`dealflow_graphql_queries_total{path=%q}`, path)); n < least {
				t.Errorf("%v queries were %s, want %v at least", n, path, least)
			}
		}
		if text := plans.Metrics(t); strings.Contains(text, `dealflow_graphql_queries_total{path="failed"}`) {
			t.Error("plans failed where gqlgen's executor did not")
		}
	})
}

// bare is an answer without what differs by chance: the id of an incident, and the
// order of errors, of which gqlgen's executor finds several at once. Of more than an
// answer has, it is their number.
func bare(t testing.TB, r apitest.Response) string {
	t.Helper()
	var answer struct {
		Errors     []json.RawMessage
		Data       json.RawMessage
		Extensions struct{ OmittedErrors int }
	}
	if err := json.Unmarshal([]byte(incidents.ReplaceAllString(r.Raw, `"id":"…"`)), &answer); err != nil {
		t.Fatal(err)
	}
	if omitted := answer.Extensions.OmittedErrors; omitted > 0 {
		return fmt.Sprintf("%d errors, %s", len(answer.Errors)+omitted, answer.Data)
	}
	slices.SortFunc(answer.Errors, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	return fmt.Sprintf("%s, %s", answer.Errors, answer.Data)
}

// viewersOf are people with all, some and few permissions, each as a client of both
// servers.
func viewersOf(t *testing.T, w *world, plain *apitest.API) [][2]*apitest.Client {
	t.Helper()
	other := plain.Client(t, w.Organization)
	return [][2]*apitest.Client{
		{w.Client, other}, {w.Client, other}, {w.Client, other},
		{w.As(t, "vera", auth.RoleViewer), other.As(t, "vera", auth.RoleViewer)},
		{w.As(t, "paula", auth.RolePartner, auth.ViewLeads), other.As(t, "paula", auth.RolePartner, auth.ViewLeads)},
	}
}

// spoil makes some documents wrong in their variables.
func (d *text) spoil() {
	if !d.chance(0.15) {
		return
	}
	for name, value := range d.vars {
		switch value.(type) {
		case int:
			d.vars[name] = pick(d.random, []any{-1, 501, 0, nil, 1 << 40})
		case string:
			d.vars[name] = pick(d.random, []any{"nonsense", nil, "lead_00000000000000000000000000", ""})
		}
	}
}

// crowd adds cards, so that pages have neighbours.
func (w *world) crowd(t testing.TB) {
	t.Helper()
	for i := range 12 {
		w.make(t, "createDeal", "deal { id }", apitest.Vars{
			"title": fmt.Sprintf("Crowd \"%d\" é\t%s", i, w.name), "stageId": w.ids[id.Stage][i%3],
			"value":   apitest.Vars{"amount": fmt.Sprintf("%d.5", i*1000), "currency": []string{"USD", "JPY", "EUR"}[i%2*2]},
			"contact": apitest.Vars{"name": fmt.Sprint("Crowd ", i), "email": fmt.Sprintf("crowd%d@%s.example", i, w.name)}, "tags": []string{"a", fmt.Sprint(i)},
		})
	}
}
