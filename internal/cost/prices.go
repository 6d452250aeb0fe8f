package cost

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/guard"
)

// introspected is how long a list of introspection is taken to be. It reads no rows,
// but a nest of such lists can be long to answer.
const introspected = 10

// Prices are what the fields of a schema cost. They are safe for concurrent use.
type Prices struct {
	schema *ast.Schema
	fields map[string]map[string]*price // by the names of object type and field
	// possible are the object types that each type may turn out to be.
	possible map[string][]string
	// always is what operations cost that cost the same with any variables.
	always *lru.Cache[*ast.OperationDefinition, Cost]
}

// price is what one field costs.
type price struct {
	weight    Cost // for each object
	of        string
	length    length
	arguments []surcharge
	// sized tells that the field's size is that of the connection that it is part of.
	sized bool
}

// length is how long the list that a field answers may be, or the page of the
// connection that it answers.
type length struct {
	list, page bool
	unsaid     bool // it is a list, and the schema does not say how long
	assumed    int64
	most       int64 // a longer page is refused by its resolver
	arguments  []slicing
}

// slicing is an argument that says how long a list may be, or a field of its input.
type slicing struct {
	path  []string // the first names the argument
	list  bool     // its length says it
	usual *ast.Value
}

// surcharge is what an argument, or a field of its input, adds for each entry.
type surcharge struct {
	path   []string
	weight int64
}

// NewPrices reads what the fields of a schema cost from its directives. A page of
// more than largestPage is one that no resolver answers.
func NewPrices(schema *ast.Schema, largestPage int) (*Prices, error) {
	p := &Prices{schema: schema, fields: map[string]map[string]*price{}, possible: map[string][]string{}}
	var err error
	if p.always, err = lru.New[*ast.OperationDefinition, Cost](guard.Kept); err != nil {
		return nil, err // only a size below one is refused
	}
	var problems []error
	for name, def := range schema.Types {
		for _, one := range schema.GetPossibleTypes(def) {
			p.possible[name] = append(p.possible[name], one.Name)
		}
		if def.Kind != ast.Object {
			continue
		}
		p.fields[name] = map[string]*price{}
		for _, f := range def.Fields {
			read, err := p.read(f, largestPage)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s.%s: %w", name, f.Name, err))
				continue
			}
			p.fields[name][f.Name] = read
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if err := p.markSized(); err != nil {
		return nil, err
	}
	return p, p.checkLists()
}

// read reads what a field costs.
func (p *Prices) read(f *ast.FieldDefinition, largestPage int) (*price, error) {
	of := p.schema.Types[f.Type.Name()]
	read := &price{of: of.Name}
	weight, given, err := weightOf(f.Directives)
	if err == nil && !given {
		weight, given, err = weightOf(of.Directives)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case of.IsLeafType():
		// What it weighs above a row is work that hands over no more of them.
		read.weight = Cost{Rows: min(weight, 1), Work: max(weight-1, 0)}
	case given:
		read.weight = Cost{Rows: weight}
	default:
		read.weight = Cost{Rows: 1}
	}
	if read.arguments, err = p.surcharges(f); err != nil {
		return nil, err
	}
	read.length, err = p.lengthOf(f, of, int64(largestPage))
	return read, err
}

// weightOf is the weight in a @cost, if there is one.
func weightOf(directives ast.DirectiveList) (weight int64, given bool, err error) {
	d := directives.ForName("cost")
	if d == nil {
		return 0, false, nil
	}
	text := d.Arguments.ForName("weight").Value.Raw
	weight, err = strconv.ParseInt(text, 10, 32)
	if err != nil || weight < 0 {
		return 0, true, fmt.Errorf("@cost(weight: %q): give a whole number from 0", text)
	}
	return weight, true, nil
}

// surcharges are those of a field's arguments, and of the fields of their inputs.
func (p *Prices) surcharges(f *ast.FieldDefinition) ([]surcharge, error) {
	var list []surcharge
	add := func(directives ast.DirectiveList, path ...string) error {
		weight, given, err := weightOf(directives)
		if given {
			list = append(list, surcharge{path, weight})
		}
		return err
	}
	var err error
	for _, argument := range f.Arguments {
		err = errors.Join(err, add(argument.Directives, argument.Name))
		input := p.schema.Types[argument.Type.Name()]
		if input.Kind != ast.InputObject || argument.Type.Elem != nil {
			continue
		}
		for _, inner := range input.Fields {
			err = errors.Join(err, add(inner.Directives, argument.Name, inner.Name))
		}
	}
	return list, err
}

// lengthOf is how long what a field answers may be.
func (p *Prices) lengthOf(f *ast.FieldDefinition, of *ast.Definition, most int64) (length, error) {
	l := length{list: f.Type.Elem != nil, most: most}
	d := f.Directives.ForName("listSize")
	switch {
	case d == nil && l.list && strings.HasPrefix(of.Name, "__"):
		l.assumed = introspected
		return l, nil
	case d == nil:
		l.unsaid, l.list = l.list && !of.IsLeafType(), false
		return l, nil
	}
	l.page = d.Arguments.ForName("sizedFields") != nil
	if assumed := d.Arguments.ForName("assumedSize"); assumed != nil {
		var err error
		if l.assumed, err = strconv.ParseInt(assumed.Value.Raw, 10, 32); err != nil {
			return l, err
		}
	}
	for _, name := range texts(d, "slicingArguments") {
		s, err := p.slicing(f, name)
		if err != nil {
			return l, err
		}
		l.arguments = append(l.arguments, s)
	}
	return l, nil
}

// slicing finds a slicing argument of a field.
func (p *Prices) slicing(f *ast.FieldDefinition, name string) (slicing, error) {
	unknown := fmt.Errorf("@listSize(slicingArguments: [%q]): there is no such argument", name)
	path := strings.Split(name, ".")
	argument := f.Arguments.ForName(path[0])
	if argument == nil {
		return slicing{}, unknown
	}
	if len(path) == 1 {
		return slicing{path, argument.Type.Elem != nil, argument.DefaultValue}, nil
	}
	inner := p.schema.Types[argument.Type.Name()].Fields.ForName(path[1])
	if inner == nil || len(path) > 2 {
		return slicing{}, unknown
	}
	return slicing{path, inner.Type.Elem != nil, inner.DefaultValue}, nil
}

// texts are the entries of a directive's list of texts.
func texts(d *ast.Directive, name string) []string {
	argument := d.Arguments.ForName(name)
	if argument == nil {
		return nil
	}
	list := make([]string, len(argument.Value.Children))
	for i, child := range argument.Value.Children {
		list[i] = child.Value.Raw
	}
	return list
}

// markSized marks the fields that some connection sizes. All fields that answer the
// same type must agree in them, so that what is selected of it has one cost.
func (p *Prices) markSized() error {
	sized := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(p.fields)) {
		for _, f := range p.schema.Types[name].Fields {
			of := f.Type.Name()
			fields := []string{}
			if d := f.Directives.ForName("listSize"); d != nil {
				fields = append(fields, texts(d, "sizedFields")...)
			}
			if known, ok := sized[of]; ok && !slices.Equal(known, fields) {
				return fmt.Errorf("%s.%s: @listSize(sizedFields:) differs from that of another field of the type %s", name, f.Name, of)
			}
			sized[of] = fields
			for _, inner := range fields {
				read := p.fields[of][inner]
				if read == nil {
					return fmt.Errorf("%s.%s: @listSize(sizedFields: [%q]): %s has no such field", name, f.Name, inner, of)
				}
				// It is as long as the connection's page, and not by itself.
				read.sized, read.length = true, length{}
			}
		}
	}
	return nil
}

// checkLists refuses a schema with a list of objects that may have any length.
func (p *Prices) checkLists() error {
	for _, name := range slices.Sorted(maps.Keys(p.fields)) {
		for _, field := range slices.Sorted(maps.Keys(p.fields[name])) {
			if p.fields[name][field].length.unsaid {
				return fmt.Errorf("%s.%s: the list must say in @listSize how long it may be", name, field)
			}
		}
	}
	return nil
}
