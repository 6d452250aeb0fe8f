package guard

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// literals is the validation rule for what the parser's own rules let pass in a
// document: integers beyond 32 bits, and objects for plain scalars.
func (g *Guard) literals(observers *core.Events, addError core.AddErrFunc) {
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
