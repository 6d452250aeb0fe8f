package live

import "github.com/vektah/gqlparser/v2/ast"

// uses is how often a document uses a variable, beside declaring it.
func uses(document *ast.QueryDocument, variable string) int {
	n := 0
	for _, operation := range document.Operations {
		n += inDirectives(operation.Directives, variable) + inSelection(operation.SelectionSet, variable)
	}
	for _, fragment := range document.Fragments {
		n += inDirectives(fragment.Directives, variable) + inSelection(fragment.SelectionSet, variable)
	}
	return n
}

func inSelection(set ast.SelectionSet, variable string) int {
	n := 0
	for _, selected := range set {
		switch s := selected.(type) {
		case *ast.Field:
			n += inArguments(s.Arguments, variable) + inDirectives(s.Directives, variable) + inSelection(s.SelectionSet, variable)
		case *ast.InlineFragment:
			n += inDirectives(s.Directives, variable) + inSelection(s.SelectionSet, variable)
		case *ast.FragmentSpread:
			n += inDirectives(s.Directives, variable)
		}
	}
	return n
}

func inDirectives(list ast.DirectiveList, variable string) int {
	n := 0
	for _, directive := range list {
		n += inArguments(directive.Arguments, variable)
	}
	return n
}

func inArguments(list ast.ArgumentList, variable string) int {
	n := 0
	for _, argument := range list {
		n += inValue(argument.Value, variable)
	}
	return n
}

func inValue(value *ast.Value, variable string) int {
	if value.Kind == ast.Variable && value.Raw == variable {
		return 1
	}
	n := 0
	for _, child := range value.Children {
		n += inValue(child.Value, variable)
	}
	return n
}
