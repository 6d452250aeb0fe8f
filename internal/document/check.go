package document

import (
	"context"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/ent/document"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/guard"
)

// maxMessage bounds what the parser and the validator say, in characters.
const maxMessage = 300

// limits bound what may be published: far beyond what strangers may send, and yet
// nothing that takes a server long to parse and validate, as each does once.
var limits = guard.Limits{Tokens: 10_000, Depth: 100, Aliases: 2_000, Directives: 1_000, Spreads: 2_000}

// Server is what documents are to run on.
type Server struct {
	Schema *ast.Schema
	// Prices are those of the schema, if it has any, and Limits how much operations may
	// cost, with all of their fields.
	Prices *cost.Prices
	Limits cost.Limits
}

// Holder is somebody who will run a manifest's documents, and has to be allowed to.
type Holder struct {
	Name        string // as messages have it
	Permissions auth.Permissions
	Budget      int // what its operations may cost a second; 0 for the server's default
}

// Checked is a document that was found to be good.
type Checked struct {
	Key, Name, Body string
	Kind            document.Kind
	// Needs are the permissions that its fields ask for.
	Needs     auth.Permissions
	Operation *ast.OperationDefinition
}

// Check looks at each document of a manifest as a server will when it is asked
// for: against the schema, and against the permissions of each who is to run it, and
// what each may spend. Either all are good, or it returns what is wrong with any of
// them: Problems.
func Check(on Server, entries []Entry, holders []Holder) ([]Checked, error) {
	var problems Problems
	server := guard.New(on.Schema, limits)
	names := map[string]Entry{}
	list := make([]Checked, 0, len(entries))
	for _, e := range entries {
		one, ok := checkOne(server, e, &problems)
		if !ok {
			continue
		}
		if other, taken := names[one.Name]; taken {
			problems.add(e.label(), "its operation has the name %s, as that of %s has: names are to be unique in a manifest", one.Name, other.label())
		}
		names[one.Name] = e
		for _, h := range holders {
			if lacking := one.Needs &^ h.Permissions; lacking != 0 {
				problems.add(e.label(), "it needs %s, which %s does not have: give it a key that has, or leave out what needs it", join(lacking), h.Name)
			}
		}
		on.afford(e, one, holders, &problems)
		list = append(list, one)
	}
	return list, problems.err()
}

// afford refuses a document that can never run, since it costs too much however small
// its variables are.
func (s Server) afford(e Entry, one Checked, holders []Holder, problems *Problems) {
	if s.Prices == nil {
		return
	}
	least := s.Prices.Least(one.Operation).Total()
	if most := s.Limits.Most(0); least > most {
		problems.add(e.label(), "%s: it costs %d points or more, and an operation may cost %d: ask for smaller pages or fewer fields, "+
			"or raise --max-cost, also of the server", cost.CodeTooExpensive, least, most)
		return
	}
	for _, h := range holders {
		if most := s.Limits.Most(h.Budget); least > most {
			problems.add(e.label(), "%s: it costs %d points or more, and with its budget %s may spend %d at once: ask for smaller pages or fewer fields, "+
				"or give it a key with a larger budget", cost.CodeTooExpensive, least, h.Name, most)
		}
	}
}

// checkOne parses and validates a document.
func checkOne(server *guard.Guard, e Entry, problems *Problems) (Checked, bool) {
	parsed, errs := server.Document(context.Background(), e.Body, false)
	for _, err := range errs {
		problems.add(e.label(), "%s", explain(err))
	}
	if errs != nil {
		return Checked{}, false
	}
	before := len(*problems)
	if len(parsed.Operations) != 1 || parsed.Operations[0].Name == "" {
		problems.add(e.label(), "it has to have one operation, with a name, and the fragments that it uses: it has %s", described(parsed))
		return Checked{}, false
	}
	operation := parsed.Operations[0]
	one := Checked{
		Key: e.Key, Name: operation.Name, Body: e.Body, Operation: operation,
		Kind: document.Kind(strings.ToUpper(string(operation.Operation))),
	}
	switch {
	case e.Name != "" && e.Name != one.Name:
		problems.add(e.label(), "its operation has the name %s: the manifest is older than the text, or the other way round", shorten(one.Name))
	case e.Kind != "" && e.Kind != string(operation.Operation):
		problems.add(e.label(), "its operation is a %s, and the manifest says %q", operation.Operation, shorten(e.Kind))
	}
	if len(*problems) > before {
		return Checked{}, false
	}
	walk := &needs{seen: map[*ast.FragmentDefinition]bool{}}
	walk.of(operation.SelectionSet)
	if walk.introspects {
		problems.add(e.label(), "it asks for the schema (__schema or __type), which keys may not: take it from /schema.graphql instead")
		return Checked{}, false
	}
	one.Needs = walk.permissions
	return one, true
}

// explain is an error of a document, with its place in the text.
func explain(err *gqlerror.Error) string {
	if len(err.Locations) == 0 {
		return cut(err.Message, maxMessage)
	}
	place := err.Locations[0]
	return fmt.Sprintf("%s (line %d, column %d)", cut(err.Message, maxMessage), place.Line, place.Column)
}

// described is what a document has in place of one named operation.
func described(parsed *ast.QueryDocument) string {
	if len(parsed.Operations) == 1 {
		return "one without a name"
	}
	return fmt.Sprintf("%d", len(parsed.Operations))
}

// join lists permissions.
func join(permissions auth.Permissions) string {
	var names []string
	for _, one := range permissions.List() {
		names = append(names, string(one))
	}
	return strings.Join(names, ", ")
}

// needs gathers what the fields of an operation require.
type needs struct {
	permissions auth.Permissions
	introspects bool
	seen        map[*ast.FragmentDefinition]bool
}

func (n *needs) of(set ast.SelectionSet) {
	for _, selected := range set {
		switch s := selected.(type) {
		case *ast.Field:
			n.ofField(s)
		case *ast.InlineFragment:
			n.of(s.SelectionSet)
		case *ast.FragmentSpread:
			if !n.seen[s.Definition] {
				n.seen[s.Definition] = true
				n.of(s.Definition.SelectionSet)
			}
		}
	}
}

func (n *needs) ofField(field *ast.Field) {
	if field.Name == "__schema" || field.Name == "__type" {
		n.introspects = true
	}
	if requires := field.Definition.Directives.ForName("requires"); requires != nil {
		if permission := requires.Arguments.ForName("permission"); permission != nil {
			n.permissions |= auth.PermissionsOf(auth.Permission(permission.Value.Raw))
		}
	}
	n.of(field.SelectionSet)
}
