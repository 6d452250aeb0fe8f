package document

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
)

// The set of documents that comes with the program: what users of other sales APIs
// look for, under names that they would guess.
//
//go:embed standard
var standardFiles embed.FS

// StandardGroups are the parts of the set, each a file of the directory standard.
const StandardGroups = "pipelines,deals,opportunities,stages,leads"

// Standard is the set that comes with the program, or those groups of it that are
// given. It is as a manifest has documents: each is an operation with the fragments
// that it uses, and its id is the SHA-256 of its text.
func Standard(groups ...string) []Entry {
	if len(groups) == 0 {
		groups = strings.Split(StandardGroups, ",")
	}
	var all []Entry
	for _, group := range groups {
		text, err := standardFiles.ReadFile("standard/" + group + ".graphql")
		if err != nil {
			panic(err) // callers give groups of the set
		}
		parsed, err := parser.ParseQuery(&ast.Source{Name: group, Input: string(text)})
		if err != nil {
			panic(fmt.Errorf("the set of documents that comes with the program: %w", err)) // tests have read it
		}
		for _, operation := range parsed.Operations {
			all = append(all, entryOf(parsed, operation))
		}
	}
	return all
}

// entryOf is an operation of a file as a document of its own.
func entryOf(file *ast.QueryDocument, operation *ast.OperationDefinition) Entry {
	alone := &ast.QueryDocument{
		Operations: ast.OperationList{operation},
		Fragments:  fragmentsOf(file, operation.SelectionSet, nil),
	}
	var text strings.Builder
	formatter.NewFormatter(&text, formatter.WithIndent("  ")).FormatQueryDocument(alone)
	hash := sha256.Sum256([]byte(text.String()))
	return Entry{Key: hex.EncodeToString(hash[:]), Body: text.String(), Name: operation.Name, Kind: string(operation.Operation)}
}

// fragmentsOf adds the fragments that a selection uses to those that are known.
func fragmentsOf(file *ast.QueryDocument, set ast.SelectionSet, known ast.FragmentDefinitionList) ast.FragmentDefinitionList {
	for _, selected := range set {
		switch s := selected.(type) {
		case *ast.Field:
			known = fragmentsOf(file, s.SelectionSet, known)
		case *ast.InlineFragment:
			known = fragmentsOf(file, s.SelectionSet, known)
		case *ast.FragmentSpread:
			if fragment := file.Fragments.ForName(s.Name); !slices.Contains(known, fragment) {
				known = fragmentsOf(file, fragment.SelectionSet, append(known, fragment))
			}
		}
	}
	return known
}
