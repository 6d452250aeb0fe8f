package plan

import (
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/auth"
)

// compiler makes the plan of one operation.
type compiler struct {
	*Planner
	operation *graphql.OperationContext
	plan      *plan
	levels    []*level
}

func (p *Planner) compile(o *graphql.OperationContext, switches int) *plan {
	c := &compiler{Planner: p, operation: o, plan: &plan{}}
	root, err := c.query(switches)
	c.operation = nil // what is compiled outlives the request, its variables and headers
	if err != nil {
		return &plan{unplanned: err}
	}
	c.plan.root = root
	for _, l := range c.levels {
		if len(l.columns) == 0 { // a row is there, which is all that is asked
			l.keep("id", encodeKey)
		}
	}
	c.abreast()
	return c.plan
}

// query plans the whole operation.
func (c *compiler) query(switches int) (*object, error) {
	if c.operation.Operation.Operation != ast.Query {
		return nil, unplanned("it is no query")
	}
	if switches > maxSwitches {
		return nil, unplanned("more than %d variables switch its fields", maxSwitches)
	}
	return c.object(c.schema.Query, c.operation.Operation.SelectionSet, nil)
}

// object is how a selection of an object is written.
type object struct{ fields []field }

// field is one member of an object.
type field struct {
	name  string // as JSON, with what comes before and after
	write writer
}

// writer writes the value of a field, of a row of the level that it was planned for.
type writer func(r *run, b []byte, row int32) ([]byte, error)

// object plans a selection of the rows of a level; the root has none.
func (c *compiler) object(definition *ast.Definition, selections ast.SelectionSet, rows *level) (*object, error) {
	o := &object{}
	for _, selected := range c.collect(definition, selections) {
		if len(selected.Deferrables) > 0 {
			return nil, unplanned("@defer")
		}
		c.require(selected.Definition)
		write, err := c.field(definition, selected, rows)
		if err != nil {
			return nil, err
		}
		o.add(selected.Alias, write)
	}
	return o, nil
}

// collect are the fields that a selection has of an object, as gqlgen collects them.
func (c *compiler) collect(of *ast.Definition, selections ast.SelectionSet) []graphql.CollectedField {
	is := []string{of.Name}
	for _, more := range c.schema.GetImplements(of) {
		is = append(is, more.Name)
	}
	return graphql.CollectFields(c.operation, selections, is)
}

// add adds a member.
func (o *object) add(name string, write writer) {
	o.fields = append(o.fields, field{memberName(len(o.fields), name), write})
}

// memberName is the name of an object's member, as JSON has it.
func memberName(before int, name string) string {
	if before > 0 {
		return `,"` + name + `":`
	}
	return `"` + name + `":`
}

// require notes the permission that a field needs.
func (c *compiler) require(field *ast.FieldDefinition) {
	if guard := field.Directives.ForName("requires"); guard != nil {
		c.plan.permissions |= auth.PermissionsOf(auth.Permission(guard.Arguments.ForName("permission").Value.Raw))
	}
}

// field plans one field.
func (c *compiler) field(of *ast.Definition, selected graphql.CollectedField, rows *level) (writer, error) {
	if selected.Name == "__typename" {
		return constant(strconv.Quote(of.Name)), nil
	}
	if strings.HasPrefix(selected.Name, "__") {
		return nil, unplanned("introspection")
	}
	where := of.Name + "." + selected.Name
	if plan := computed(where); plan != nil {
		return plan(c, selected, rows)
	}
	if text, ok := c.texts[selected.Name]; ok && rows == nil {
		return text.write, nil
	}
	returned := selected.Definition.Type
	named := c.schema.Types[returned.Name()]
	if rows != nil && (named.IsLeafType()) {
		return c.leaf(where, selected, rows)
	}
	make, listed := lists[where]
	switch {
	case listed && returned.Elem != nil:
		return c.list(make, named, selected, rows)
	case listed:
		return c.connection(make, named, selected, rows)
	case rows == nil && found[selected.Name]:
		return c.find(named, selected)
	case rows != nil && named.Kind == ast.Object:
		return c.one(where, named, selected, rows)
	}
	return nil, unplanned("%s", where)
}

func (t Text) write(r *run, b []byte, _ int32) ([]byte, error) {
	text, err := t(r.ctx)
	return quote(b, text), err
}

// constant writes the same for each row.
func constant(text string) writer {
	return func(_ *run, b []byte, _ int32) ([]byte, error) { return append(b, text...), nil }
}

// write writes an object.
func (o *object) write(r *run, b []byte, row int32) ([]byte, error) {
	b = append(b, '{')
	var err error
	for i := range o.fields {
		b = append(b, o.fields[i].name...)
		if b, err = o.fields[i].write(r, b, row); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// leaf plans a field that one column says.
func (c *compiler) leaf(where string, selected graphql.CollectedField, rows *level) (writer, error) {
	if selected.Name == "id" {
		return rows.show("id", encodeID(rows.kind.id), true), nil
	}
	columns, known := rows.kind.Needs(selected.Name)
	encode, ok := encodingOf(c.schema, selected.Definition.Type)
	if !known || len(columns) != 1 || !ok {
		return nil, unplanned("%s", where)
	}
	return rows.show(columns[0], encode, selected.Definition.Type.NonNull), nil
}

// show is what writes a column.
func (l *level) show(column string, e encoding, nonNull bool) writer {
	cell := l.keep(column, e)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		text, ok := r.rows[l.index].cell(row, cell)
		switch {
		case ok:
			return append(b, text...), nil
		case nonNull:
			return b, errAgain
		}
		return append(b, "null"...), nil
	}
}
