package guard_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/guard"
)

const schema = `
type Query {
	echo(int: Int, float: Float, text: String, id: ID, flag: Boolean, color: Color, shape: Shape, ints: [Int!], grid: [[Int]]): Query
	name: String
}
enum Color { RED GREEN }
input Shape { name: String! color: Color = RED inner: [Shape!] size: Int! = 1 any: Anything }
scalar Anything
`

func newGuard(t testing.TB, limits guard.Limits) *guard.Guard {
	t.Helper()
	loaded, err := gqlparser.LoadSchema(&ast.Source{Input: schema})
	if err != nil {
		t.Fatal(err)
	}
	return guard.New(loaded, limits)
}

func code(t *testing.T, g *guard.Guard, document string, trusted bool) string {
	t.Helper()
	_, errs := g.Document(t.Context(), document, trusted)
	if errs == nil {
		return ""
	}
	if errs[0].Extensions["status"] != 400 {
		t.Errorf("%.80s: %v", document, errs[0].Extensions)
	}
	return errs[0].Extensions["code"].(string)
}

// TestDocuments has a document that just fits each limit, and one that does not.
func TestDocuments(t *testing.T) {
	limits := guard.Limits{Tokens: 60, Depth: 6, Aliases: 4, Directives: 3, Spreads: 2}
	g := newGuard(t, limits)
	for name, document := range map[string]func(n int) string{
		"tokens":   func(n int) string { return "{" + strings.Repeat(" name", n+54) + "}" },
		"comments": func(n int) string { return "{" + strings.Repeat(" name # a b c d\n", n+54) + "}" }, // are none
		"depth":    func(n int) string { return strings.Repeat("{echo", n+1) + "{name}" + strings.Repeat("}", n+1) },
		"depth lists": func(n int) string {
			return "{echo(grid:" + strings.Repeat("[", n) + strings.Repeat("]", n) + "){name}}"
		},
		"depth types": func(n int) string {
			return "query($a:" + strings.Repeat("[", n+1) + "Int" + strings.Repeat("]", n+1) + "){name}"
		},
		"aliases":    func(n int) string { return "{" + strings.Repeat("a:name ", n) + "}" },
		"arguments":  func(n int) string { return "{" + strings.Repeat("echo(int:1){name} ", n) + "}" }, // are none
		"directives": func(n int) string { return "{name" + strings.Repeat(" @a", n-1) + "}" },
		"spreads":    func(n int) string { return "{name" + strings.Repeat("...{name}", n-2) + "}" },
	} {
		t.Run(name, func(t *testing.T) {
			if got := code(t, g, document(4), false); got == guard.CodeTooLarge {
				t.Errorf("%s is refused with %s", document(4), got)
			}
			if got := code(t, g, document(5), false); (got == guard.CodeTooLarge) == (name == "arguments") {
				t.Errorf("%s is answered %q", document(5), got)
			}
			if got := code(t, g, document(5), true); got == guard.CodeTooLarge {
				t.Errorf("trusted, %s is refused with %s", document(5), got)
			}
		})
	}
}

// TestHostileDocuments would end the process, or keep it busy for seconds.
func TestHostileDocuments(t *testing.T) {
	g := newGuard(t, guard.Limits{})
	const n = 1 << 20
	for name, document := range map[string]string{
		"selections": strings.Repeat("{a", n), "aliases": strings.Repeat("{a:", n), "lists": "{a(b:" + strings.Repeat("[", n),
		"types": "query($a:" + strings.Repeat("[", n), "fragments": "{" + strings.Repeat("...{", n),
		"objects": "{a(b:" + strings.Repeat("{a:", n), "fields": "{" + strings.Repeat("name ", n) + "}",
		"directives": "{name" + strings.Repeat("@a", n) + "}", "operations": strings.Repeat("query a{name}", n),
		"repeated names": "{" + strings.Repeat("name ", 300) + "}", "pairs in fragments": "{" + strings.Repeat("...{name name name}", 90) + "}",
		"long names": "{" + strings.Repeat("a", n) + "}",
		"closing":    strings.Repeat("}", n) + strings.Repeat("{a", n), "parentheses": strings.Repeat(")", n),
	} {
		if got := code(t, g, document, false); got != guard.CodeTooLarge {
			t.Errorf("%s are answered %q", name, got)
		}
	}
}

// TestManyErrors has documents that break one rule more often than anybody reads.
func TestManyErrors(t *testing.T) {
	g := newGuard(t, guard.Limits{})
	var conflicts strings.Builder
	for i := range 100 {
		fmt.Fprintf(&conflicts, "echo(int: %d) { name } ", i)
	}
	for name, document := range map[string]string{"conflicts": "{" + conflicts.String() + "}", "fields": "{" + strings.Repeat("a b ", 99) + "}"} {
		if _, errs := g.Document(t.Context(), document, false); len(errs) != 100 {
			t.Errorf("%s: %d errors", name, len(errs))
		}
	}
}

// TestLiterals are values in a document that the parser's own rules let pass.
func TestLiterals(t *testing.T) {
	g := newGuard(t, guard.Limits{})
	for arguments, want := range map[string]string{
		"int:2147483647": "", "int:-2147483648": "", "int:2147483648": "GRAPHQL_VALIDATION_FAILED", "int:-2147483649": "GRAPHQL_VALIDATION_FAILED",
		"int:1.5": "GRAPHQL_VALIDATION_FAILED", `int:"1"`: "GRAPHQL_VALIDATION_FAILED", "int:{}": "GRAPHQL_VALIDATION_FAILED", "int:[1]": "GRAPHQL_VALIDATION_FAILED",
		"float:1": "", `float:"1"`: "GRAPHQL_VALIDATION_FAILED", "float:{}": "GRAPHQL_VALIDATION_FAILED",
		"text:1": "GRAPHQL_VALIDATION_FAILED", "text:{}": "GRAPHQL_VALIDATION_FAILED", "text:RED": "GRAPHQL_VALIDATION_FAILED",
		"id:1": "", `id:"a"`: "", "id:1.5": "GRAPHQL_VALIDATION_FAILED", "id:{}": "GRAPHQL_VALIDATION_FAILED",
		"flag:1": "GRAPHQL_VALIDATION_FAILED", "color:red": "GRAPHQL_VALIDATION_FAILED", `color:"RED"`: "GRAPHQL_VALIDATION_FAILED",
		`shape:{name:"a",size:9999999999}`: "GRAPHQL_VALIDATION_FAILED", `shape:{name:"a",any:{a:[9999999999]}}`: "",
		"ints:[1,2]": "", "ints:1": "", "ints:[9999999999]": "GRAPHQL_VALIDATION_FAILED", "grid:[[1],[null]]": "",
	} {
		if got := code(t, g, "{echo("+arguments+"){name}}", false); got != want {
			t.Errorf("%s is answered %q, want %q", arguments, got, want)
		}
	}
}

// TestVariables has a row for each coercion that the specification names.
func TestVariables(t *testing.T) {
	g := newGuard(t, guard.Limits{List: 3, InputDepth: 5, Values: 12})
	for _, test := range []struct{ declared, given, want string }{
		{"Int", `1`, `1`}, {"Int", `1.0`, `1`}, {"Int", `1e3`, `1000`}, {"Int", `2147483647`, `2147483647`},
		{"Int", `2147483648`, "must be an integer of 32 bits"}, {"Int", `1.5`, "must be an integer of 32 bits"}, {"Int", `1e400`, "must be an integer of 32 bits"},
		{"Int", `"1"`, "must be an integer"}, {"Int", `true`, "must be an integer"}, {"Int", `{}`, "must be an integer"}, {"Int", `[1]`, "must be an integer"},
		{"Float", `1`, `1`}, {"Float", `1.5`, `1.5`}, {"Float", `"1"`, "must be a number"}, {"Float", `1e400`, "must be a number that a float"},
		{"String", `"a"`, `"a"`}, {"String", `1`, "must be a string"}, {"String", `true`, "must be a string"}, {"String", `["a"]`, "must be a string"},
		{"ID", `"a"`, `"a"`}, {"ID", `1`, `"1"`}, {"ID", `1.5`, "must be a string"}, {"ID", `true`, "must be a string"},
		{"Boolean", `true`, `true`}, {"Boolean", `1`, "must be true or false"}, {"Boolean", `"true"`, "must be true or false"},
		{"Color", `"RED"`, `"RED"`}, {"Color", `"red"`, "red is not a valid Color"}, {"Color", `1`, "must be a string: the name of a value of Color"},
		{"Int", `null`, `null`}, {"Int!", `null`, "cannot be null"}, {"Int!", ``, "must be defined"}, {"Int", ``, `absent`}, {"Int! = 5", ``, `5`}, {"Int! = 5", `null`, "cannot be null"},
		{"[Int!]", `[1,2]`, `[1,2]`}, {"[Int!]", `1`, `[1]`}, {"[Int!]", `[1,null]`, "cannot be null"}, {"[Int]", `[1,null]`, `[1,null]`}, {"[Int!]", `null`, `null`},
		{"[[Int]]", `[[1],[2]]`, `[[1],[2]]`}, {"[[Int]]", `1`, `[[1]]`}, {"[[Int]]", `[1,2]`, `[[1],[2]]`},
		{"[Int!]", `[1,2,3,4]`, "more than 3 values"}, {"[[Int]]", `[[1,2,3],[1,2,3],[1,2,3]]`, "more than 12 values"},
		{"Shape", `{"name":"a"}`, `{"name":"a"}`}, {"Shape", `{}`, "must be defined"}, {"Shape", `{"name":null}`, "cannot be null"},
		{"Shape", `{"name":"a","x":1}`, "unknown field"}, {"Shape", `{"name":"a","__typename":"Shape"}`, "unknown field"}, {"Shape", `"a"`, "must be an object: a Shape"}, {"Shape", `[{"name":"a"}]`, "must be an object"},
		{"Shape", `{"name":"a","color":"red"}`, "red is not a valid Color"}, {"Shape", `{"name":"a","size":null}`, "cannot be null"},
		{"Shape", `{"name":"a","inner":{"name":"b","inner":[{"name":"c"}]}}`, `{"inner":[{"inner":[{"name":"c"}],"name":"b"}],"name":"a"}`},
		{"Shape", `{"name":"a","inner":{"name":"b","inner":[{"name":"c","inner":[{"name":"d"}]}]}}`, "more than 5 deep"},
		{"Anything", `{"a":[1e400,"b"]}`, `{"a":[1e400,"b"]}`},
	} {
		t.Run(test.declared+" "+test.given, func(t *testing.T) {
			if got := coerced(t, g, test.declared, test.given); got != test.want && (test.want[0] < 'a' || !strings.Contains(got, test.want)) {
				t.Errorf("it is %s, want %s", got, test.want)
			}
		})
	}
}

// coerced is what becomes of a variable, or its error.
func coerced(t testing.TB, g *guard.Guard, declared, given string) string {
	t.Helper()
	document, errs := g.Document(t.Context(), fmt.Sprintf("query($v: %s) {name @include(if: true) ...{name @skip(if: false)} a:echo{name}}", declared), true)
	if document == nil || len(document.Operations) == 0 {
		t.Fatal(errs)
	}
	variables := map[string]any{}
	if given != "" {
		decoder := json.NewDecoder(strings.NewReader(given))
		decoder.UseNumber()
		var value any
		if err := decoder.Decode(&value); err != nil {
			return "not JSON"
		}
		variables["v"] = value
	}
	values, err := g.Variables(document.Operations[0], variables)
	if err != nil {
		return err.Message
	}
	value, has := values["v"]
	if !has {
		return "absent"
	}
	text, failed := json.Marshal(value)
	if failed != nil {
		t.Fatal(failed)
	}
	return string(text)
}

// FuzzDocument sees to it that no document brings the guard down, and that what it
// lets pass keeps to the limits.
func FuzzDocument(f *testing.F) {
	for _, seed := range []string{"{name}", "query($a:[Int!]=[1]){echo(ints:$a){...F}} fragment F on Query{a:name@skip(if:true)}", "{a", "{{{", `{echo(text:"""`} {
		f.Add(seed)
	}
	g := newGuard(f, guard.Limits{Tokens: 100, Depth: 8, Aliases: 5, Directives: 5, Spreads: 5})
	f.Fuzz(func(t *testing.T, text string) {
		document, errs := g.Document(t.Context(), text, false)
		if errs != nil {
			return
		}
		if n := strings.Count(text, "..."); n > 5 && !strings.ContainsAny(text, `"#`) {
			t.Errorf("%d spreads in %q", n, text)
		}
		for _, operation := range document.Operations {
			_, _ = g.Variables(operation, map[string]any{"a": []any{json.Number("1"), nil}})
		}
	})
}

// FuzzVariables sees to it that what is coerced has the types that it is said to
// have, whatever comes.
func FuzzVariables(f *testing.F) {
	for _, seed := range []string{`1`, `{"name":"a","inner":[{"name":"b"}]}`, `[[1]]`, `"RED"`, `1e999`} {
		f.Add(seed)
	}
	g := newGuard(f, guard.Limits{})
	f.Fuzz(func(t *testing.T, given string) {
		for _, declared := range []string{"Int", "Float", "[Shape!]", "[[Int]]", "Color", "ID"} {
			if got := coerced(t, g, declared, given); declared == "Color" && strings.HasPrefix(got, `"`) && got != `"RED"` && got != `"GREEN"` {
				t.Errorf("%s became %s", given, got)
			}
		}
	})
}
