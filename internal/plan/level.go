package plan

import (
	"encoding/json"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/id"
	"dealflow/internal/read"
)

// level is the rows of one statement, those of all parents at once, or such as come with
// the row of another level.
type level struct {
	index  int // among the plan's
	kind   kind
	parent *level                        // nil at the root
	key    func(*run) (uuid.UUID, error) // of the one row of a root that is found by its id
	on     int                           // the cell of a parent's row with the key that its rows have
	own    int                           // the cell of a row with that key
	source source
	// with are the levels of what the row of this one has the id of, which come with it,
	// and via is, of such a level, the column with that id.
	with []*level
	via  string
	// beside are the levels of what hangs on the one row of this one, whose keys are known
	// before it is read, and which one statement reads with it; head is, of such a level,
	// this one, and mark the column of either that no row of it has a null in.
	beside []*level
	head   *level
	mark   int
	// stages are those that deals are in, if a field of theirs needs them.
	stages *level
	// columns are those of the SELECT; cells is how many things are kept of a row.
	columns []column
	cells   int
	cursors bool // whether places in a list are shown
	forms   forms
}

// kind is a kind of row: its table, and what its ids begin with.
type kind struct {
	table
	id id.Kind
}

// table is a read.Kind.
type table interface {
	Table() string
	Needs(field string) (columns []string, known bool)
}

// column is a column and what is kept of it.
type column struct {
	name string
	kept []cell
}

// cell is one thing that is kept of a row: a column, encoded.
type cell struct {
	index    int
	encoding encoding
}

// source says what a level reads, by the arguments of its field.
type source func(r *run) (asked, error)

// asked is what a level reads.
type asked struct {
	// form names what the statement's text depends on; "" if it is another each time.
	form string
	// shape is the statement, given the keys of the level's parents.
	shape func(keys []uuid.UUID) (read.Shape, error)
	// cut makes what is shown of the rows of one parent.
	cut func(rows int) read.Cut
	// list is whose places are shown, or nil.
	list list
}

// whole is what has no arguments, and is read to its end.
func whole(shape func(keys []uuid.UUID) read.Shape) asked {
	return asked{
		form:  "whole",
		shape: func(keys []uuid.UUID) (read.Shape, error) { return shape(keys), nil },
		cut:   func(rows int) read.Cut { return read.Cut{Rows: rows} },
	}
}

// list is a read.List.
type list interface {
	Key() string
	Whole(parents []uuid.UUID) read.Shape
	Page(parents []uuid.UUID, w read.Window) (read.Shape, error)
	Count() read.Count
	Sorted() []string
	CursorOf(id uuid.UUID, values []json.RawMessage) string
}

// level adds a level to the plan, with a statement of its own; on and own are the
// columns that a parent's row and a row have the same in.
func (c *compiler) level(k kind, parent *level, on, own string, s source) *level {
	l := c.add(&level{kind: k, parent: parent, source: s})
	if parent != nil {
		l.on, l.own = parent.keep(on, encodeKey), l.keep(own, encodeKey)
	}
	c.plan.steps = append(c.plan.steps, l)
	return l
}

// joined is a level whose rows come with those of its parent, one for each of its
// columns with an id, whatever fields show it.
func (c *compiler) joined(k kind, parent *level, via string) *level {
	for _, known := range parent.with {
		if known.kind == k && known.via == via {
			return known
		}
	}
	l := c.add(&level{kind: k, parent: parent, via: via})
	l.own = l.keep("id", encodeKey)
	parent.with = append(parent.with, l)
	return l
}

func (c *compiler) add(l *level) *level {
	l.index = len(c.levels)
	c.levels = append(c.levels, l)
	c.plan.levels = len(c.levels)
	return l
}

// joins tells whether what a row of the level has the id of is best read with it: where
// there is one row, a join saves a statement. Many rows often have the same ids, and a
// join would bring what these stand for once for each.
func (l *level) joins() bool { return l.key != nil }

// maxBeside bounds the levels beside one: each row of a statement has a null for each
// column of all others.
const maxBeside = 3

// abreast has one statement read the rows that are found by their ids, and what hangs on
// them, where that saves a round trip. Activities are read when the row is known to be
// there, for they outlive it.
func (c *compiler) abreast() {
	for _, l := range c.levels {
		head := l.parent
		if l.via != "" || head == nil || head.key == nil || !c.batches || len(head.beside) == maxBeside || l.kind.id == id.Activity {
			continue
		}
		l.head, head.beside = head, append(head.beside, l)
		l.mark, head.mark = l.columnOf(l.own), head.columnOf(l.on) // which is its id
	}
}

// columnOf is the column of a cell.
func (l *level) columnOf(index int) int {
	return slices.IndexFunc(l.columns, func(c column) bool {
		return slices.ContainsFunc(c.kept, func(k cell) bool { return k.index == index })
	})
}

// keep is the cell of a column in this encoding.
func (l *level) keep(name string, e encoding) int {
	at := slices.IndexFunc(l.columns, func(c column) bool { return c.name == name })
	if at < 0 {
		at = len(l.columns)
		l.columns = append(l.columns, column{name: name})
	}
	for _, known := range l.columns[at].kept {
		if known.encoding.name == e.name {
			return known.index
		}
	}
	l.columns[at].kept = append(l.columns[at].kept, cell{l.cells, e})
	l.cells++
	return l.cells - 1
}

// find plans a field of the root that reads one row by its id.
func (c *compiler) find(named *ast.Definition, selected graphql.CollectedField) (writer, error) {
	k, known := kinds[named.Name]
	if !known {
		return nil, unplanned("%s", selected.Name)
	}
	l := c.level(k, nil, "", "", func(*run) (asked, error) { return whole(read.WithIDs), nil })
	l.key = func(r *run) (uuid.UUID, error) {
		text, err := graphql.UnmarshalString(selected.ArgumentMap(r.variables)["id"])
		if err != nil {
			return uuid.Nil, err
		}
		return k.id.Decode(text)
	}
	return c.single(l, named, selected)
}

// one plans a field that another row has the id of.
func (c *compiler) one(where string, named *ast.Definition, selected graphql.CollectedField, rows *level) (writer, error) {
	k, known := kinds[named.Name]
	columns, needed := rows.kind.Needs(selected.Name)
	if !known || !needed || len(columns) != 1 {
		return nil, unplanned("%s", where)
	}
	if rows.joins() {
		return c.single(c.joined(k, rows, columns[0]), named, selected)
	}
	l := c.level(k, rows, columns[0], "id", func(*run) (asked, error) { return whole(read.WithIDs), nil })
	return c.single(l, named, selected)
}

// single writes the one row that a level has for a parent.
func (c *compiler) single(l *level, named *ast.Definition, selected graphql.CollectedField) (writer, error) {
	o, err := c.object(named, selected.Selections, l)
	nonNull := selected.Definition.Type.NonNull
	return func(r *run, b []byte, row int32) ([]byte, error) {
		found := r.rows[l.index].of(row).rows
		switch {
		case len(found) > 0:
			return o.write(r, b, found[0])
		case nonNull:
			return b, errAgain
		}
		return append(b, "null"...), nil
	}, err
}

// list plans a field that is a whole list.
func (c *compiler) list(make listOf, named *ast.Definition, selected graphql.CollectedField, rows *level) (writer, error) {
	example, err := make(&arguments{})
	if err != nil {
		return nil, err
	}
	l := c.level(kinds[named.Name], rows, "id", example.Key(), func(*run) (asked, error) { return whole(example.Whole), nil })
	o, err := c.object(named, selected.Selections, l)
	return o.writeAll(l), err
}

// writeAll writes the rows that a level has for a parent.
func (o *object) writeAll(l *level) writer {
	return func(r *run, b []byte, row int32) ([]byte, error) {
		b = append(b, '[')
		var err error
		for i, found := range r.rows[l.index].of(row).rows {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = o.write(r, b, found); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
}
