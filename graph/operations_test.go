package graph_test

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"dealflow"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
)

// operationsFile is the table of the documented operations, with what of the
// schema serves each.
//
//go:embed testdata/operations.txt
var operationsFile []byte

// documentRows is how many operations each document has.
var documentRows = []int{12, 12, 6, 5, 23}

// row is a documented operation.
type row struct {
	number, operation string
	// uses is what a case of it must use, as coordinates of the schema:
	// Query.deals, Query.deals(search:), Deal.value, CreateDealInput.value.
	uses []string
}

// operation is the case of a row.
type operation struct {
	row  string
	test func(d *desk)
}

// operations is the cases of all documents.
func operations() []operation {
	return slices.Concat(
		pipelineOperations(), dealOperations(), opportunityOperations(),
		stageOperations(), leadOperations(), leadChangeOperations(), leadStatusOperations(),
	)
}

// TestOperations walks the table of documented operations. The case of a row
// shows that the operation works, and each of its errors; what all operations
// have in common is tried with the requests that the case made.
func TestOperations(t *testing.T) {
	rows := documented(t)
	cases := map[string]operation{}
	for _, one := range operations() {
		if _, twice := cases[one.row]; twice {
			t.Errorf("row %s has two cases", one.row)
		}
		cases[one.row] = one
	}
	for number := range cases {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.number == number }) {
			t.Errorf("the case of %s has no row", number)
		}
	}
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: dealflow.Schema()})
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		var done []request
		for _, r := range rows {
			t.Run(r.number+" "+r.operation, func(t *testing.T) {
				one, found := cases[r.number]
				if !found {
					t.Fatalf("row %s, %s, has no case", r.number, r.operation)
				}
				d := newDesk(t, api, r.number, &attempt{})
				one.test(d)
				if t.Failed() {
					return
				}
				r.checkUses(d, schema)
				r.checkAccess(d)
				done = append(done, d.done[0])
			})
		}
		t.Run("without a database", func(t *testing.T) { checkFailures(t, api, done) })
	})
}

// documented reads the table, which must be whole.
func documented(t *testing.T) []row {
	t.Helper()
	var rows []row
	lines := bufio.NewScanner(bytes.NewReader(operationsFile))
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "|")
		if len(columns) != 3 {
			t.Fatalf("operations.txt: not three columns: %s", line)
		}
		r := row{strings.TrimSpace(columns[0]), strings.TrimSpace(columns[1]), strings.Fields(columns[2])}
		if len(r.fields()) == 0 {
			t.Errorf("operations.txt: row %s names no field of Query or Mutation", r.number)
		}
		rows = append(rows, r)
	}
	var want, got []string
	for document, n := range documentRows {
		for i := range n {
			want = append(want, fmt.Sprintf("%d.%d", document, i+1))
		}
	}
	for _, r := range rows {
		got = append(got, r.number)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("operations.txt has the rows\n%v\nand not\n%v", got, want)
	}
	return rows
}

// fields are the root fields that serve a row.
func (r row) fields() []string {
	var fields []string
	for _, use := range r.uses {
		of, field, _ := strings.Cut(use, ".")
		if (of == "Query" || of == "Mutation") && !strings.Contains(field, "(") {
			fields = append(fields, field)
		}
	}
	return fields
}

// checkUses fails when a case left out something that its row asks for.
func (r row) checkUses(d *desk, schema *ast.Schema) {
	d.t.Helper()
	used := usage{schema, map[string]bool{}}
	for _, done := range d.done {
		if err := used.add(done.document, done.vars); err != nil {
			d.t.Errorf("%v\nin %s", err, done.document)
		}
	}
	for _, use := range r.uses {
		if !used.of[use] {
			d.t.Errorf("the case of row %s makes no use of %s", r.number, use)
		}
	}
}

// checkAccess repeats what a case did, as callers who may not.
func (r row) checkAccess(d *desk) {
	d.t.Helper()
	partner, viewer := d.as("partner", auth.RolePartner), d.as("viewer", auth.RoleViewer)
	nobody := *d.who
	nobody.Token = ""
	d.changesNothing("somebody who may not", func() {
		for _, field := range r.fields() {
			i := slices.IndexFunc(d.done, func(done request) bool { return done.field == field })
			if i < 0 {
				continue // checkUses has complained
			}
			done := d.done[i]
			d.checkDenied(done, &nobody, "UNAUTHENTICATED", 401)
			d.checkDenied(done, partner.who, "FORBIDDEN", 403)
			if done.isMutation() {
				d.checkDenied(done, viewer.who, "FORBIDDEN", 403)
			}
			if shared := sharedIDs(done.answer, done.send(d.t, d.elsewhere().who)); len(shared) > 0 {
				d.t.Errorf("to another organization %s shows %v", field, shared)
			}
		}
	})
}

// checkFailures repeats requests when the database is gone. The answer is an id
// of the failure, and nothing else of it.
func checkFailures(t *testing.T, api *apitest.API, all []request) {
	t.Helper()
	for i := range all {
		// A new token, for that of the request has expired; and the server gets to
		// know its user, whom it will not look up again.
		all[i].who = all[i].who.As(t, "ada", auth.RoleAdmin)
		all[i].who.Must(t, "{ __typename }", nil)
	}
	if err := api.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, done := range all {
		response := done.send(t, done.who)
		if len(response.Errors) == 0 {
			t.Errorf("%s: %s", done.field, response.Raw)
		}
		for _, e := range response.Errors {
			incident := fmt.Sprint(e.Extensions["id"])
			want := "INTERNAL 500: The server failed. Its log says more under the id " + incident + "."
			if len(e.Extensions) != 3 || len(incident) < 20 || errorText(e) != want {
				t.Errorf("%s: %s", done.field, response.Raw)
			}
		}
	}
}

// checkDenied repeats a request as somebody who may not make it.
func (d *desk) checkDenied(done request, who *apitest.Client, code string, status int) {
	d.t.Helper()
	response := done.send(d.t, who)
	if len(response.Errors) == 0 || response.Errors[0].Code() != code ||
		fmt.Sprint(response.Errors[0].Extensions["status"]) != fmt.Sprint(status) {
		d.t.Errorf("%s should answer %s, %d: %s", done.field, code, status, response.Raw)
	}
	if !response.Data.IsNull() && !response.Data.Get(done.field).IsNull() {
		d.t.Errorf("%s answers %s data: %s", done.field, code, response.Raw)
	}
	if status == 401 && response.Status != 401 {
		d.t.Errorf("%s without a token has the status %d", done.field, response.Status)
	}
}

var idPattern = regexp.MustCompile(`[a-z]+_[0-9a-hjkmnp-tv-z]{26}`)

// sharedIDs are the ids that two answers have in common, where they are data:
// an error may repeat what it was asked.
func sharedIDs(one, other apitest.Response) []string {
	theirs := idPattern.FindAllString(other.Data.String(), -1)
	return slices.DeleteFunc(idPattern.FindAllString(one.Data.String(), -1), func(id string) bool {
		return !slices.Contains(theirs, id)
	})
}

// usage is what requests use of a schema.
type usage struct {
	schema *ast.Schema
	of     map[string]bool
}

// add notes what one request uses.
func (u usage) add(document string, vars map[string]any) error {
	parsed, err := gqlparser.LoadQueryWithRules(u.schema, document, rules.NewDefaultRules())
	if err != nil {
		return err
	}
	for _, operation := range parsed.Operations {
		u.selections(operation.SelectionSet)
		for _, variable := range operation.VariableDefinitions {
			u.input(variable.Type, vars[variable.Variable])
		}
	}
	return nil
}

func (u usage) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch one := selection.(type) {
		case *ast.Field:
			name := one.ObjectDefinition.Name + "." + one.Name
			u.of[name] = true
			for _, argument := range one.Arguments {
				u.of[name+"("+argument.Name+":)"] = true
				u.literal(argument.Value)
			}
			u.selections(one.SelectionSet)
		case *ast.InlineFragment:
			u.selections(one.SelectionSet)
		case *ast.FragmentSpread:
			u.selections(one.Definition.SelectionSet)
		}
	}
}

// literal notes the input fields that stand in the document.
func (u usage) literal(value *ast.Value) {
	for _, child := range value.Children {
		if value.Kind == ast.ObjectValue {
			u.of[value.Definition.Name+"."+child.Name] = true
		}
		u.literal(child.Value)
	}
}

// input notes the input fields that stand in a variable.
func (u usage) input(of *ast.Type, value any) {
	switch value := value.(type) {
	case object:
		for name, inner := range value {
			u.of[of.Name()+"."+name] = true
			if field := u.schema.Types[of.Name()].Fields.ForName(name); field != nil {
				u.input(field.Type, inner)
			}
		}
	case []object:
		for _, inner := range value {
			u.input(of.Elem, inner)
		}
	}
}
