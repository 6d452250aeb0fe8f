package guard

import (
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// maxErrors bounds the errors that one rule reports, of which strangers can cause as
// many as their document has pairs of fields, and people read a few.
const maxErrors = 100

// bounded reports no more than maxErrors of each rule.
func bounded(set *rules.Rules) *rules.Rules {
	for name, rule := range set.GetInner() {
		set.ReplaceRule(name, func(observers *core.Events, addError core.AddErrFunc) {
			reported := 0
			rule(observers, func(options ...core.ErrorOption) {
				if reported++; reported <= maxErrors {
					addError(options...)
				}
			})
		})
	}
	return set
}

// withHints are the rules of the specification, and our own.
func withHints() *rules.Rules {
	set := rules.NewDefaultRules()
	set.AddRule("Literals", literals)
	return set
}

// withoutHints are the same rules with messages that suggest nothing.
func withoutHints() *rules.Rules {
	set := withHints()
	for _, plain := range []core.Rule{
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions, rules.KnownArgumentNamesRuleWithoutSuggestions,
		rules.KnownTypeNamesRuleWithoutSuggestions, rules.ScalarLeafsRuleWithoutSuggestions,
		rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
	} {
		set.RemoveRule(strings.TrimSuffix(plain.Name, "WithoutSuggestions"))
		set.AddRule(plain.Name, plain.RuleFunc)
	}
	return set
}

// literals is the validation rule for what the parser's own rules let pass in a
// document: integers beyond 32 bits, and objects for plain scalars.
func literals(observers *core.Events, addError core.AddErrFunc) {
	observers.OnValue(func(_ *core.Walker, value *ast.Value) {
		if value.Definition == nil || value.ExpectedType == nil || !value.Definition.BuiltIn || value.Definition.Kind != ast.Scalar {
			return
		}
		switch name := value.Definition.Name; value.Kind {
		case ast.IntValue:
			if _, err := strconv.ParseInt(value.Raw, 10, 32); name == "Int" && err != nil {
				addError(core.Message("Int cannot represent a value beyond 32 bits."), core.At(value.Position))
			}
		case ast.ObjectValue:
			addError(core.Message("%s cannot represent an object.", name), core.At(value.Position))
		}
	})
}
