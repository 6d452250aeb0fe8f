package plan

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/read"
)

// connection plans a field that is a page of a list.
func (c *compiler) connection(make listOf, named *ast.Definition, selected graphql.CollectedField, rows *level) (writer, error) {
	example, err := make(&arguments{})
	if err != nil {
		return nil, err
	}
	of := &page{compiler: c, make: make, selected: selected, parent: rows, example: example}
	of.varies = slices.ContainsFunc(selected.Arguments, func(a *ast.Argument) bool { return varies(a.Value) })
	if !of.varies {
		of.fixed = of.read(nil)
	}
	of.kind = kinds[named.Fields.ForName("nodes").Type.Name()]
	o := &object{}
	for _, inner := range c.collect(named, selected.Selections) {
		write, err := of.field(named, inner)
		if err != nil {
			return nil, err
		}
		o.add(inner.Alias, write)
	}
	if of.rows == nil && of.total == nil { // nothing but __typename, of which the arguments may be wrong
		return nil, unplanned("%s without rows", selected.Name)
	}
	return o.write, nil
}

// page is the plan of a connection.
type page struct {
	*compiler
	kind     kind
	make     listOf
	selected graphql.CollectedField
	varies   bool   // by the request's variables
	fixed    wanted // what is asked for each time, if not
	parent   *level
	example  list // without arguments
	rows     *level
	total    *total
}

// field plans a field of the connection itself.
func (p *page) field(of *ast.Definition, inner graphql.CollectedField) (writer, error) {
	switch inner.Name {
	case "__typename":
		return constant(strconv.Quote(of.Name)), nil
	case "nodes":
		l := p.level()
		o, err := p.object(p.schema.Types[inner.Definition.Type.Name()], inner.Selections, l)
		return o.writeAll(l), err
	case "edges":
		o, err := p.edge(p.schema.Types[inner.Definition.Type.Name()], inner.Selections)
		return o.writeAll(p.level()), err
	case "pageInfo":
		return p.info(p.schema.Types[inner.Definition.Type.Name()], inner.Selections)
	case "totalCount":
		return p.count(), nil
	}
	return nil, unplanned("%s.%s", of.Name, inner.Name)
}

// level is that of the page's rows, which nodes and edges share.
func (p *page) level() *level {
	if p.rows == nil {
		p.rows = p.compiler.level(p.kind, p.parent, "id", p.example.Key(), p.source())
	}
	return p.rows
}

// source asks for the page, once if it is the same each time.
func (p *page) source() source {
	ask := func(r *run) (asked, error) {
		w := p.asked(r)
		if w.err == nil {
			_, w.err = w.list.Page(nil, w.window) // of which the cursors may be another list's
		}
		return asked{
			form:  w.args.form(),
			shape: func(keys []uuid.UUID) (read.Shape, error) { return w.list.Page(keys, w.window) },
			cut:   w.window.Cut,
			list:  w.list,
		}, w.err
	}
	if p.varies {
		return ask
	}
	fixed, err := ask(nil) // of no run: nothing varies
	return func(*run) (asked, error) { return fixed, err }
}

// varies tells whether there is a variable in a value.
func varies(v *ast.Value) bool {
	return v.Kind == ast.Variable || slices.ContainsFunc(v.Children, func(c *ast.ChildValue) bool { return varies(c.Value) })
}

// wanted is the list and the page of it that a field's arguments ask for.
type wanted struct {
	args   *arguments
	list   list
	window read.Window
	err    error
}

// asked is what the field asks for, by the variables of a run.
func (p *page) asked(r *run) wanted {
	if !p.varies {
		return p.fixed
	}
	return p.read(r.variables)
}

// read reads the field's arguments.
func (p *page) read(variables map[string]any) wanted {
	args := &arguments{given: p.selected.ArgumentMap(variables), inputs: p.inputs, vary: p.varies}
	list, listErr := p.make(args)
	w, windowErr := args.window()
	return wanted{args, list, w, cmp.Or(args.err, listErr, windowErr)}
}

// edge plans what is shown of a row and its place.
func (p *page) edge(of *ast.Definition, selections ast.SelectionSet) (*object, error) {
	o := &object{}
	for _, inner := range p.collect(of, selections) {
		switch inner.Name {
		case "__typename":
			o.add(inner.Alias, constant(strconv.Quote(of.Name)))
		case "cursor":
			o.add(inner.Alias, p.cursor())
		case "node":
			node, err := p.object(p.schema.Types[inner.Definition.Type.Name()], inner.Selections, p.level())
			if err != nil {
				return o, err
			}
			o.add(inner.Alias, node.write)
		default:
			return o, unplanned("%s.%s", of.Name, inner.Name)
		}
	}
	return o, nil
}

// cursor writes the place of a row.
func (p *page) cursor() writer {
	l := p.level()
	l.cursors = true
	key := l.keep("id", encodeKey)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		rows := &r.rows[l.index]
		id, _ := rows.cell(row, key)
		values := make([]json.RawMessage, len(rows.sorted))
		for i := range values {
			values[i] = []byte("null")
			if text, ok := rows.cell(row, l.cells+i); ok {
				values[i] = text
			}
		}
		b = append(b, '"')
		b = append(b, rows.list.CursorOf(uuid.UUID(id), values)...)
		return append(b, '"'), nil
	}
}

// info plans where the page lies in its list.
func (p *page) info(of *ast.Definition, selections ast.SelectionSet) (writer, error) {
	l := p.level()
	o := &object{}
	for _, inner := range p.collect(of, selections) {
		switch inner.Name {
		case "__typename":
			o.add(inner.Alias, constant(strconv.Quote(of.Name)))
		case "hasNextPage":
			o.add(inner.Alias, l.flag(func(g group) bool { return g.HasNext }))
		case "hasPreviousPage":
			o.add(inner.Alias, l.flag(func(g group) bool { return g.HasPrevious }))
		case "startCursor":
			o.add(inner.Alias, p.end(func(rows []int32) int32 { return rows[0] }))
		case "endCursor":
			o.add(inner.Alias, p.end(func(rows []int32) int32 { return rows[len(rows)-1] }))
		default:
			return nil, unplanned("%s.%s", of.Name, inner.Name)
		}
	}
	return o.write, nil
}

func (l *level) flag(is func(group) bool) writer {
	return func(r *run, b []byte, row int32) ([]byte, error) {
		return strconv.AppendBool(b, is(r.rows[l.index].of(row))), nil
	}
}

// end writes the place of the row at an end of the page; null when it has none.
func (p *page) end(which func([]int32) int32) writer {
	cursor := p.cursor()
	l := p.level()
	return func(r *run, b []byte, row int32) ([]byte, error) {
		found := r.rows[l.index].of(row).rows
		if len(found) == 0 {
			return append(b, "null"...), nil
		}
		return cursor(r, b, which(found))
	}
}

// total is how many rows the list of each parent has.
type total struct {
	index int // among the plan's values
	page  *page
	on    int
	forms forms
}

// count plans the number of rows in the list.
func (p *page) count() writer {
	if p.total == nil {
		p.total = &total{index: p.plan.values, page: p}
		if p.parent != nil {
			p.total.on = p.parent.keep("id", encodeKey)
		}
		p.plan.values++
		p.plan.steps = append(p.plan.steps, p.total)
	}
	t, parent := p.total, p.parent
	return func(r *run, b []byte, row int32) ([]byte, error) {
		counts := r.values[t.index].(map[uuid.UUID]int)
		return strconv.AppendInt(b, int64(counts[r.key(parent, row, t.on)]), 10), nil
	}
}

// ask implements step.
func (t *total) ask(r *run) error {
	return t.page.asked(r).err
}

// read implements step.
func (t *total) read(r *run) error {
	var keys []uuid.UUID
	if t.page.parent != nil {
		if keys = r.keys(t.page.parent, t.on); len(keys) == 0 {
			return nil
		}
	}
	w := t.page.asked(r)
	if w.err != nil {
		return w.err
	}
	var err error
	r.values[t.index], err = t.forms.count(r, w.args.countForm(), w.list.Count(), keys)
	return err
}
