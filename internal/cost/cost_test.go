package cost

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dealflow"
)

var (
	schema = gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: dealflow.Schema()})
	prices = func() *Prices {
		p, err := NewPrices(schema, 500)
		if err != nil {
			panic(err)
		}
		return p
	}()
)

// operation is the one of a document, which must be valid.
func operation(t testing.TB, document string) *ast.OperationDefinition {
	t.Helper()
	query, errs := gqlparser.LoadQueryWithRules(schema, document, rules.NewDefaultRules())
	if len(errs) > 0 {
		t.Fatalf("%v\nin %s", errs, document)
	}
	return query.Operations[0]
}

// costOf is the cost of a document with variables in JSON.
func costOf(t testing.TB, document, variables string) int64 {
	t.Helper()
	return prices.Of(operation(t, document), given(t, operation(t, document), variables)).Total()
}

// given are variables as the server has them.
func given(t testing.TB, of *ast.OperationDefinition, text string) map[string]any {
	t.Helper()
	var variables map[string]any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if text != "" && decoder.Decode(&variables) != nil {
		t.Fatalf("variables %s", text)
	}
	coerced, err := validator.VariableValues(schema, of, variables)
	if err != nil {
		t.Fatal(err)
	}
	return coerced
}

func TestCost(t *testing.T) {
	const n = "query($n: Int) "
	for _, test := range []struct {
		name, document, variables string
		want                      int64
	}{
		{"Nothing", `{ __typename }`, "", 1},
		{"AnObject", `{ deal(id: "x") { id title value { amount } } }`, "", 2},
		{"WhatHangsOnIt", `{ deal(id: "x") { contact { id } stage { pipeline { id } } } }`, "", 5},
		{"ADefaultPage", `{ deals { nodes { id } } }`, "", 1 + 1 + 20},
		{"APage", `{ deals(first: 3) { nodes { id contact { id } } } }`, "", 1 + 1 + 3 + 3},
		{"TheLastPage", `{ deals(last: 3) { nodes { id } } }`, "", 5},
		{"BothEnds", `{ deals(first: 3, last: 4) { nodes { id } } }`, "", 6},
		{"ThePageIsReadOnce", `{ deals(first: 3) { nodes { id contact { id } } edges { cursor node { id contact { id } } } pageInfo { hasNextPage } } }`, "", 1 + 1 + 3 + 3 + 3},
		{"PageInfoReadsThePage", `{ deals(first: 3) { pageInfo { hasNextPage } } }`, "", 5},
		{"ACountReadsNoPage", `{ deals(first: 3) { totalCount } }`, "", 1 + 1 + 100},
		{"ASearch", `{ deals(first: 3, search: "x") { nodes { id } } }`, "", 5 + 2000},
		{"NoSearch", `{ deals(first: 3, search: null) { nodes { id } } }`, "", 5},
		{"AnOffset", `{ deals(first: 3, offset: 5) { nodes { id } } }`, "", 5 + 100},
		{"NestedPages", `{ deals(first: 3) { nodes { comments(first: 4) { nodes { author { id } } } } } }`, "", 1 + 1 + 3*(1+1+4*2)},
		{"AnAssumedList", `{ pipeline(id: "x") { stages { id } } }`, "", 1 + 1 + 20},
		{"ASummary", `{ pipeline(id: "x") { summary { dealCount leadCount value { amount } } } }`, "", 1 + 1 + 50 + 10},
		{"IDs", `{ nodes(ids: ["a", "b", "c"]) { id } }`, "", 1 + 3},
		{"OneForAList", `{ nodes(ids: "a") { id } }`, "", 1 + 1},
		{"IDsInAVariable", `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, `{"ids": ["a", "b"]}`, 1 + 2},
		{"TheDearestType", `{ node(id: "x") { id ... on Deal { contact { id } } ... on Lead { status { id } createdBy { id } } } }`, "", 1 + 1 + 2},
		{"AVariable", n + `{ deals(first: $n) { nodes { id } } }`, `{"n": 7}`, 1 + 1 + 7},
		{"NoVariable", n + `{ deals(first: $n) { nodes { id } } }`, "", 1 + 1 + 20},
		{"ANullVariable", n + `{ deals(first: $n) { nodes { id } } }`, `{"n": null}`, 1 + 1 + 20},
		{"AVariablesDefault", `query($n: Int = 6) { deals(first: $n) { nodes { id } } }`, "", 1 + 1 + 6},
		{"AnArgumentsDefault", `{ recentLeads { id } }`, "", 1 + 10},
		{"Zero", `{ deals(first: 0) { nodes { id } } }`, "", 1 + 1},
		{"Negative", `{ deals(first: -1) { nodes { id } } }`, "", 1 + 1 + 500},
		{"Absurd", `{ deals(first: 2147483647) { nodes { id } } }`, "", 1 + 1 + 500},
		{"Aliases", `{ a: deal(id: "x") { id } b: deal(id: "x") { id } }`, "", 3},
		{"Skipped", `query($yes: Boolean = true) { deal(id: "x") @skip(if: $yes) { id } ... @include(if: false) { deals { nodes { id } } } }`, "", 1},
		{"Included", `query($yes: Boolean = true) { deal(id: "x") @include(if: $yes) { id } ...F @skip(if: false) } fragment F on Query { a: deal(id: "y") { id } }`, "", 3},
		{"AFragmentOnAnotherType", `{ node(id: "x") { ... on Deal { ... on Node { ... on Lead { status { id } } } } } }`, "", 2},
		{"AMutation", `mutation { deleteDeal(input: {id: "x"}) { deletedDealId } }`, "", 1 + 20},
		{"ABulkMutation", `mutation { archiveLeads(input: {ids: ["a", "b"]}) { leads { id status { id } } } }`, "", 1 + 20 + 2*10 + 2*2},
		{"ABulkMutationByVariable", `mutation($in: ArchiveLeadsInput!) { archiveLeads(input: $in) { leads { id } } }`, `{"in": {"ids": ["a", "b", "c"]}}`, 1 + 20 + 3*10 + 3},
		{"ASubscriptionsEvent", `subscription { leadChanged(leadId: "x") { ... on CommentAdded { comment { author { id } } } ... on Gap { at } } }`, "", 1 + 1 + 2},
		{"Introspection", `{ __schema { types { name fields { name } } } }`, "", 1 + 1 + 10 + 100},
		{"TheMost", `{ a: deals(first: 500) { nodes { contact { deals(first: 500) { nodes { contact { deals(first: 500) { nodes { contact { deals(first: 500) { nodes { id } } } } } } } } } } } }`, "", 1<<31 - 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := costOf(t, test.document, test.variables); got != test.want {
				t.Errorf("%s costs %d, want %d", test.document, got, test.want)
			}
		})
	}
}

// TestAgain shows that an operation that comes again costs what it does with its own
// variables, and that what hangs on none is computed once.
func TestAgain(t *testing.T) {
	for name, test := range map[string]struct {
		document      string
		first, second string
		once          bool
	}{
		"NoVariable":         {`{ deals(first: 3) { nodes { id } } }`, "", "", true},
		"OneThatCostsAlways": {`query($id: ID!) { deal(id: $id) { comments(first: 3) { nodes { id } } } }`, `{"id": "x"}`, `{"id": "y"}`, true},
		"APage":              {`query($n: Int) { deals(first: $n) { nodes { id } } }`, `{"n": 3}`, `{"n": 7}`, false},
		"AnInput":            {`mutation($ids: [ID!]!) { archiveLeads(input: {ids: $ids}) { leads { id } } }`, `{"ids": ["a"]}`, `{"ids": ["a", "b"]}`, false},
		"OneOfAList":         {`query($id: ID!) { nodes(ids: [$id, "b"]) { id } }`, `{"id": "x"}`, `{"id": "y"}`, false},
		"ASwitch":            {`query($yes: Boolean!) { deal(id: "x") { contact @include(if: $yes) { id } } }`, `{"yes": true}`, `{"yes": false}`, false},
		"BehindASwitch":      {`query($yes: Boolean!, $n: Int) { ... @skip(if: $yes) { deals(first: $n) { nodes { id } } } }`, `{"yes": true}`, `{"yes": false, "n": 3}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			of := operation(t, test.document)
			prices.Least(of)
			for _, variables := range []string{test.first, test.second, test.first} {
				want := costOf(t, test.document, variables)
				if got := prices.Of(of, given(t, of, variables)).Total(); got != want {
					t.Errorf("with %s it costs %d, want %d", variables, got, want)
				}
			}
			if prices.always.Contains(of) != test.once {
				t.Errorf("it is remembered: %t", !test.once)
			}
		})
	}
}

// TestLeast shows what operations cost when their variables are those that cost least.
func TestLeast(t *testing.T) {
	for name, test := range map[string]struct {
		document string
		want     int64
	}{
		"NoVariable":           {`{ deals(first: 30) { nodes { id } } }`, 1 + 1 + 30},
		"APage":                {`query($n: Int) { deals(first: $n) { nodes { id } } }`, 1 + 1},
		"APageWithADefault":    {`query($n: Int = 500) { deals(first: $n) { nodes { id } } }`, 1 + 1},
		"APageThatIsNeeded":    {`query($n: Int!) { deals(first: $n) { nodes { id } } }`, 1 + 1},
		"BothEnds":             {`query($n: Int) { deals(first: $n, last: 4) { nodes { id } } }`, 1 + 1 + 4},
		"AnOffset":             {`query($n: Int) { deals(first: 3, offset: $n) { nodes { id } } }`, 1 + 1 + 3},
		"AnOffsetThatIsNeeded": {`query($n: Int!) { deals(first: 3, offset: $n) { nodes { id } } }`, 1 + 1 + 3 + 100},
		"ASearch":              {`query($for: String!) { deals(first: 3, search: $for) { nodes { id } } }`, 1 + 1 + 3 + 2000},
		"ASearchOrNone":        {`query($for: String) { deals(first: 3, search: $for) { nodes { id } } }`, 1 + 1 + 3},
		"IDs":                  {`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, 1},
		"SomeIDs":              {`query($id: ID!) { nodes(ids: [$id, "b"]) { id } }`, 1 + 2},
		"AnInput":              {`mutation($in: ArchiveLeadsInput!) { archiveLeads(input: $in) { leads { id } } }`, 1 + 20},
		"AnInputsIDs":          {`mutation($ids: [ID!]!) { archiveLeads(input: {ids: $ids}) { leads { id } } }`, 1 + 20},
		"Included":             {`query($yes: Boolean = true) { deals @include(if: $yes) { nodes { id } } viewer @skip(if: $yes) { role } }`, 1},
		"Nested":               {`query($n: Int) { deals(first: 3) { nodes { comments(first: $n) { nodes { id } } } } }`, 1 + 1 + 3 + 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := prices.Least(operation(t, test.document)).Total(); got != test.want {
				t.Errorf("%s costs %d at the least, want %d", test.document, got, test.want)
			}
		})
	}
}

// TestBoards holds the figures that docs/decisions/0013-cost.md goes by.
func TestBoards(t *testing.T) {
	const board = `pipeline(id: "x") { stages { name summary { dealCount leadCount value { amount currency } }
		leads(first: 500) { nodes { firstName status { name } } } deals(first: 500) { nodes { title contact { name } assignedTo { name } } } } }`
	for document, want := range map[string]int64{
		"{ " + board + " }": 51_262,
		`{ pipelines(first: 5) { nodes { stages { name summary { dealCount leadCount value { amount } }
			leads(first: 50) { totalCount nodes { status { name } businesses { name } } }
			deals(first: 50) { totalCount nodes { contact { name } assignedTo { name } } } } } } }`: 76_307,
	} {
		if got := costOf(t, document, ""); got != want {
			t.Errorf("%s costs %d, want %d", document, got, want)
		}
	}
}

// TestNested shows that what fragments multiply is computed once.
func TestNested(t *testing.T) {
	var twice strings.Builder
	twice.WriteString("{ deal(id: \"x\") { ...F0 } }\n")
	for i := range 28 {
		fmt.Fprintf(&twice, "fragment F%d on Deal { a: contact { deals(first: 1) { nodes { ...F%d } } } b: contact { deals(first: 1) { nodes { ...F%d } } } }\n", i, i+1, i+1)
	}
	twice.WriteString("fragment F28 on Deal { title }")

	abstract := "{ node(id: \"x\") { ...N0 } }\n"
	for i := range 12 {
		abstract += fmt.Sprintf("fragment N%d on Node { id ... on Deal { stage { ...N%d } } ... on Stage { pipeline { ...N%d } } ... on Lead { s: stage { ...N%d } } }\n", i, i+1, i+1, i+1)
	}
	abstract += "fragment N12 on Node { id }"

	level := "title"
	for range 30 {
		level = "contact { deals(first: 1) { nodes { " + level + " } } }"
	}
	aliases := `{ a: deal(id: "x") { ` + level + ` } b: deal(id: "x") { ` + level + ` } }`

	for name, document := range map[string]string{"TwoSpreadsEach": twice.String(), "AbstractTypes": abstract, "LevelsUnderAliases": aliases} {
		t.Run(name, func(t *testing.T) {
			parsed, err := gqlparser.LoadQueryWithRules(schema, document, rules.NewDefaultRules())
			if err != nil {
				t.Fatal(err)
			}
			_, w := prices.walk(parsed.Operations[0], nil, true)
			if most := 12 * strings.Count(document, "{"); w.steps > most || w.steps == 0 {
				t.Errorf("%d steps for %d selections", w.steps, strings.Count(document, "{"))
			}
		})
	}
}

// naive computes the cost of a selection as its definition says, again and again.
func naive(w *walker, set ast.SelectionSet, on string, page int64) Cost {
	var total, row Cost
	var visit func(ast.SelectionSet)
	visit = func(set ast.SelectionSet) {
		for _, selection := range set {
			switch s := selection.(type) {
			case *ast.Field:
				read := w.fields[on][s.Name]
				if read == nil || !w.included(s.Directives) {
					continue
				}
				var cost Cost
				for _, extra := range read.arguments {
					cost = cost.plus(Cost{Work: entries(w.argument(s, extra.path)) * extra.weight})
				}
				count, inside, _ := w.length(s, read.length)
				var inner Cost
				for _, one := range w.possible[read.of] {
					inner = dearer(inner, naive(w, s.SelectionSet, one, inside))
				}
				cost = cost.plus(inner.times(count))
				if read.sized {
					row, total = dearer(row, read.weight), total.plus(cost.times(page))
				} else {
					total = total.plus(cost).plus(read.weight.times(count))
				}
			case *ast.InlineFragment:
				if w.included(s.Directives) && w.applies(s.TypeCondition, on) {
					visit(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				if w.included(s.Directives) && w.applies(s.Definition.TypeCondition, on) {
					visit(s.Definition.SelectionSet)
				}
			}
		}
	}
	visit(set)
	return total.plus(row.times(page))
}

// FuzzCost compares the cost that is computed once for each fragment with the one
// that is computed over and over.
func FuzzCost(f *testing.F) {
	for seed := range uint64(200) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		document := randomDocument(random)
		of := operation(t, document)
		variables := map[string]any{"yes": random.IntN(2) == 0, "n": int64(random.IntN(30) - 3)}
		w := &walker{Prices: prices, variables: variables}
		want := naive(w, of.SelectionSet, "Query", 1).plus(Cost{Rows: 1}).Total()
		if got := prices.Of(of, variables).Total(); got != want {
			t.Errorf("the cost is %d, want %d, of\n%s", got, want, document)
		}
		if least := prices.Least(of).Total(); least > want {
			t.Errorf("the least cost is %d, and it costs %d with %v:\n%s", least, want, variables, document)
		}
		share := 0.0
		for _, path := range prices.Paths(of, variables) {
			share += path.Share
		}
		if share > 1.01 {
			t.Errorf("the shares come to %f, of\n%s", share, document)
		}
	})
}

// randomDocument is a query of a few levels, whose fragments are spread again and again.
func randomDocument(random *rand.Rand) string {
	d := &drawn{Rand: random, fragments: map[string][]string{}}
	body := d.selection(schema.Query, 4)
	return "query($yes: Boolean!, $n: Int) { y: __typename @include(if: $yes) d: deals(first: $n) { totalCount } " + body + " }\n" + strings.Join(d.text, "\n")
}

type drawn struct {
	*rand.Rand
	text      []string
	fragments map[string][]string
	names     int
}

func (d *drawn) selection(def *ast.Definition, depth int) string {
	body := "__typename"
	types := schema.GetPossibleTypes(def)
	for range 1 + d.IntN(4) {
		one := types[d.IntN(len(types))]
		part := d.part(one, depth)
		if one != def || d.IntN(5) == 0 {
			part = "... on " + one.Name + [...]string{"", " @include(if: $yes)", " @skip(if: $yes)"}[d.IntN(3)] + " { " + part + " }"
		}
		body += " " + part
	}
	return body
}

// part is a field, or a fragment that has one, a new one or one that there is.
func (d *drawn) part(def *ast.Definition, depth int) string {
	if known := d.fragments[def.Name]; len(known) > 0 && d.IntN(3) == 0 {
		return "..." + known[d.IntN(len(known))]
	}
	field := d.field(def, depth)
	if d.IntN(4) > 0 {
		return field
	}
	d.names++
	name := fmt.Sprint("F", d.names)
	d.text = append(d.text, "fragment "+name+" on "+def.Name+" { "+field+" }")
	d.fragments[def.Name] = append(d.fragments[def.Name], name)
	return "..." + name
}

func (d *drawn) field(def *ast.Definition, depth int) string {
	f := def.Fields[d.IntN(len(def.Fields))]
	of := schema.Types[f.Type.Name()]
	if strings.HasPrefix(f.Name, "__") || depth == 0 && !of.IsLeafType() {
		return "__typename"
	}
	given := ""
	for _, argument := range f.Arguments {
		switch argument.Name {
		case "id":
			given += ` id: "x"`
		case "ids":
			given += ` ids: ["x", "y"]`
		case "first":
			given += " first: " + fmt.Sprint(d.IntN(40))
		case "search":
			given += ` search: "x"`
		}
	}
	if given != "" {
		given = "(" + given + ")"
	}
	d.names++
	text := fmt.Sprint("a", d.names, ": ", f.Name, given)
	if !of.IsLeafType() {
		text += " { " + d.selection(of, depth-1) + " }"
	}
	return text
}

func TestPaths(t *testing.T) {
	of := operation(t, `{ deals(first: 100) { totalCount nodes { contact { id } c: comments(first: 9) { nodes { author { id } } } } } leads(search: "x", first: 1) { nodes { id } } }`)
	got := prices.Paths(of, nil)
	total := prices.Of(of, nil).Total()
	want := []Path{
		{"leads", 2002, 0},
		{"deals.nodes.comments", 1000, 0},
		{"deals.nodes.comments.nodes.author", 900, 0},
		{"deals", 101, 0},
		{"deals.totalCount", 100, 0},
	}
	for i := range want {
		want[i].Share = float64(int(1000*float64(want[i].Cost)/float64(total)+0.5)) / 1000
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPathsOfAliases shows that many small fields of one kind are one large one.
func TestPathsOfAliases(t *testing.T) {
	document := "{ viewer { role }"
	for i := range 100 {
		document += fmt.Sprintf(" a%d: deals(first: 1) { totalCount }", i)
	}
	got := prices.Paths(operation(t, document+" }"), nil)
	if len(got) != 3 || got[0].Path != "deals.totalCount" || got[0].Cost != 100*100 {
		t.Errorf("%v", got)
	}
}

func TestPricesRefuse(t *testing.T) {
	const directives = `
		directive @cost(weight: String!) on ARGUMENT_DEFINITION | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT
		directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION `
	for name, text := range map[string]string{
		"AListWithoutALength":   `type Query { a: [Query!]! }`,
		"AWeightThatIsNone":     `type Query { a: Int @cost(weight: "much") }`,
		"ANegativeWeight":       `type Query { a(b: Int @cost(weight: "-1")): Int }`,
		"AnUnknownArgument":     `type Query { a: [Query] @listSize(slicingArguments: ["first"]) }`,
		"AnUnknownSizedField":   `type Query { a: Query @listSize(assumedSize: 1, sizedFields: ["b"]) }`,
		"SizedFieldsThatDiffer": `type Query { a: C @listSize(assumedSize: 1, sizedFields: ["d"]) b: C } type C { d: [C] @listSize(assumedSize: 2) }`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := NewPrices(gqlparser.MustLoadSchema(&ast.Source{Input: directives + text}), 500); err == nil {
				t.Error("it is taken")
			}
		})
	}
}
