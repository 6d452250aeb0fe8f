package docs_test

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"dealflow/internal/document"
)

// The part of partners.md that is made from the documents that come with the program.
const (
	standardBegin = "<!-- made from the documents by `DEALFLOW_UPDATE_DOCS=1 go test ./docs -run TestStandardDocuments` -->\n"
	standardEnd   = "<!-- end -->\n"
)

// TestStandardDocuments compares the operations that partners.md lists with those
// that come with the program.
func TestStandardDocuments(t *testing.T) {
	const path = "partners.md"
	before, rest, ok := strings.Cut(mustRead(t, path), standardBegin)
	was, after, ended := strings.Cut(rest, standardEnd)
	if !ok || !ended {
		t.Fatalf("%s has no place for the operations", path)
	}
	is := "\n"
	for group := range strings.SplitSeq(document.StandardGroups, ",") {
		is += standardTable(t, group) + "\n"
	}
	if os.Getenv(update) != "" {
		if err := os.WriteFile(path, []byte(before+standardBegin+is+standardEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if was != is {
		t.Errorf("%s is out of date: run %s=1 go test ./docs -run TestStandardDocuments. It is to have\n%s", path, update, is)
	}
}

// standardTable lists the operations of a group.
func standardTable(t *testing.T, group string) string {
	t.Helper()
	table := "| " + group + " | parameters | what it does |\n|---|---|---|\n"
	for _, e := range document.Standard(group) {
		parsed, err := parser.ParseQuery(&ast.Source{Input: e.Body})
		if err != nil {
			t.Fatal(err)
		}
		operation := parsed.Operations[0]
		method := "POST"
		if operation.Operation == ast.Query {
			method = "GET"
		}
		var parameters []string
		for _, variable := range operation.VariableDefinitions {
			name := "`" + variable.Variable + "`"
			if variable.Type.NonNull && variable.DefaultValue == nil {
				name = "**" + name + "**"
			}
			parameters = append(parameters, name)
		}
		table += fmt.Sprintf("| %s `%s` | %s | %s |\n", method, e.Name, cmp.Or(strings.Join(parameters, ", "), "none"), operation.Description)
	}
	return table
}
