package cost

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/guard"
)

// Of is what an operation may cost with its variables, which are coerced. The
// document must be valid. An operation costs a point by itself.
//
// A subscription costs what one of its events may read: the most expensive one.
func (p *Prices) Of(operation *ast.OperationDefinition, variables map[string]any) Cost {
	if known, ok := p.always.Get(operation); ok {
		return known
	}
	total, w := p.walk(operation, variables, false)
	if !w.varies && isShort(operation) {
		p.always.Add(operation, total)
	}
	return total
}

// isShort tells whether the document is one that the guard keeps for the next request,
// whoever sent it, which then comes to the same operation.
func isShort(operation *ast.OperationDefinition) bool {
	at := operation.Position
	return at != nil && at.Src != nil && len(at.Src.Input) <= guard.KeptBytes
}

// Least is what an operation costs at the least, whatever its variables are: when each
// page whose size is a variable is empty, and nothing is included that need not be.
func (p *Prices) Least(operation *ast.OperationDefinition) Cost {
	variables := map[string]any{}
	for _, one := range operation.VariableDefinitions {
		variables[one.Variable] = open{needed: one.Type.NonNull && one.Type.Elem == nil}
	}
	return p.Of(operation, variables)
}

// open is a variable that may have any value of its type, and is taken for the one that
// costs least.
type open struct {
	needed bool // it is one value, and neither none nor a list of none
}

func (p *Prices) walk(operation *ast.OperationDefinition, variables map[string]any, explain bool) (Cost, *walker) {
	w := &walker{Prices: p, variables: variables, explain: explain, known: map[place]sum{}}
	root := map[ast.Operation]*ast.Definition{
		ast.Query: p.schema.Query, ast.Mutation: p.schema.Mutation, ast.Subscription: p.schema.Subscription,
	}[operation.Operation]
	all := w.selection(operation.SelectionSet, root.Name)
	w.paths = all.paths
	return all.fixed.plus(Cost{Rows: 1}), w
}

// walker computes the cost of one operation. What a selection costs on one type it
// computes once, however often fragments lead there: the time that it takes grows
// with the document, and with the number of types that a field may turn out to be.
type walker struct {
	*Prices
	variables map[string]any
	explain   bool // gather paths
	known     map[place]sum
	steps     int  // fields that were looked at
	varies    bool // with the variables: one was looked at
	paths     paths
}

// place is a selection set on one object type. A fragment's is the same wherever it
// is spread.
type place struct {
	set *ast.Selection
	on  string
}

// sum is what a selection costs on one type. Where the type is a connection, a part
// of it is for each entry of the page, which is as long as its parent says.
type sum struct {
	fixed Cost
	sized Cost // for each entry
	// row is what each entry costs by itself: edges, nodes and pageInfo show the same
	// ones.
	row Cost

	paths      paths // of fixed
	sizedPaths paths // of sized
}

// total is the cost with a page of a size.
func (s sum) total(page int64) Cost {
	return s.fixed.plus(s.sized.plus(s.row).times(page))
}

func (s *sum) add(t sum) {
	s.fixed, s.sized, s.row = s.fixed.plus(t.fixed), s.sized.plus(t.sized), dearer(s.row, t.row)
	s.paths, s.sizedPaths = s.paths.with(t.paths), s.sizedPaths.with(t.sizedPaths)
}

// selection is what a selection set costs on an object type.
func (w *walker) selection(set ast.SelectionSet, on string) sum {
	if len(set) == 0 {
		return sum{}
	}
	at := place{&set[0], on}
	all, known := w.known[at]
	if known {
		return all
	}
	for _, selected := range set {
		all.add(w.selected(selected, on))
	}
	w.known[at] = all
	return all
}

// selected is what one entry of a selection set costs.
func (w *walker) selected(selection ast.Selection, on string) sum {
	switch s := selection.(type) {
	case *ast.Field:
		if read := w.fields[on][s.Name]; read != nil && w.included(s.Directives) {
			w.steps++
			return w.field(s, read)
		}
	case *ast.InlineFragment:
		if w.included(s.Directives) && w.applies(s.TypeCondition, on) {
			return w.selection(s.SelectionSet, on)
		}
	case *ast.FragmentSpread:
		if w.included(s.Directives) && w.applies(s.Definition.TypeCondition, on) {
			return w.selection(s.Definition.SelectionSet, on)
		}
	}
	return sum{}
}

// applies tells whether a fragment is for an object type.
func (w *walker) applies(condition, on string) bool {
	if condition == "" || condition == on {
		return true
	}
	for _, one := range w.possible[condition] {
		if one == on {
			return true
		}
	}
	return false
}

// included tells whether @skip and @include let something be answered.
func (w *walker) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		condition := d.Arguments.ForName("if")
		if condition == nil || d.Name != "skip" && d.Name != "include" {
			continue
		}
		switch is := w.value(condition.Value).(type) {
		case open:
			return false
		case bool:
			if is == (d.Name == "skip") {
				return false
			}
		}
	}
	return true
}

// field is what a field costs with all that is selected of it.
func (w *walker) field(f *ast.Field, read *price) sum {
	var extra Cost
	for _, s := range read.arguments {
		extra = extra.plus(Cost{Work: s.weight}.times(entries(w.argument(f, s.path))))
	}
	count, page, sure := w.length(f, read.length)
	inner := w.dearest(f.SelectionSet, read.of, page)
	own := extra.plus(inner.row.times(page).times(count))
	below := inner.fixed.plus(inner.sized.times(page)).times(count)
	if read.length.list && !sure {
		below = below.unsure()
	}
	var s sum
	if w.explain {
		s.paths = s.paths.under(f.Name, inner.paths, count).under(f.Name, inner.sizedPaths, capped(count*page))
	}
	if read.sized {
		s.row, s.sized = read.weight, own.plus(below)
		s.sizedPaths, s.paths = s.paths.under("", paths{{f.Name, own}}, 1), nil
		return s
	}
	own = own.plus(read.weight.times(count))
	s.fixed = own.plus(below)
	if w.explain {
		s.paths = s.paths.with(paths{{f.Name, own}})
	}
	return s
}

// dearest is what a selection costs on the type where it costs most, of those that a
// field may answer.
func (w *walker) dearest(set ast.SelectionSet, of string, page int64) sum {
	var all sum
	for _, one := range w.possible[of] {
		if s := w.selection(set, one); s.total(page).Total() > all.total(page).Total() {
			all = s
		}
	}
	return all
}

// length is how many objects a field may answer, and how many entries its page may
// have, if it answers a connection; and whether an argument says so.
func (w *walker) length(f *ast.Field, l length) (count, page int64, sure bool) {
	if !l.list && !l.page {
		return 1, 1, true
	}
	size := int64(0)
	for _, s := range l.arguments {
		value := w.argument(f, s.path)
		if value == nil {
			value = w.value(s.usual)
		}
		switch {
		case value == nil:
		case s.list:
			size, sure = max(size, entries(value)), true
		default:
			size, sure = max(size, l.says(value)), true
		}
	}
	if !sure {
		size = l.assumed
	}
	if l.page {
		return 1, size, sure
	}
	return size, 1, sure
}

// says is the length that an argument asks for. One that no page may have is refused
// by the field's resolver; until then it counts as the longest.
func (l length) says(value any) int64 {
	if n, ok := whole(value); ok && n >= 0 && n <= l.most {
		return n
	}
	return l.most
}

// whole reads a number, as variables have it.
func whole(value any) (int64, bool) {
	switch n := value.(type) {
	case open:
		return 0, true
	case json.Number:
		parsed, err := n.Int64()
		return parsed, err == nil
	}
	if v := reflect.ValueOf(value); v.CanInt() {
		return v.Int(), true
	}
	return 0, false
}

// argument is the value at a path that begins with an argument's name; nil when it
// is not given.
func (w *walker) argument(f *ast.Field, path []string) any {
	argument := f.Arguments.ForName(path[0])
	if argument == nil {
		return nil
	}
	value := w.value(argument.Value)
	for _, name := range path[1:] {
		if _, ok := value.(open); ok {
			return open{}
		}
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// value is a value of the document, with its variables put in; nil when there is
// none.
func (w *walker) value(v *ast.Value) any {
	if v == nil {
		return nil
	}
	w.varies = w.varies || hasVariable(v)
	value, err := v.Value(w.variables)
	if err != nil {
		return v.Raw // a number that is too large for its type
	}
	return value
}

func hasVariable(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return hasVariable(c.Value) })
}

// entries is how many values there are: those of a list, or one, or none.
func entries(value any) int64 {
	if one, ok := value.(open); value == nil || ok && !one.needed {
		return 0
	}
	if v := reflect.ValueOf(value); v.Kind() == reflect.Slice {
		return capped(int64(v.Len()))
	}
	return 1
}
