package plan

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"dealflow/internal/read"
	"dealflow/internal/response"
	"dealflow/internal/store"
)

// step is one statement of a plan, or two. Before any of them is read, all are asked
// whether their arguments are right.
type step interface {
	ask(r *run) error
	read(r *run) error
}

// run is a plan under way.
type run struct {
	ctx       context.Context
	planner   *Planner
	variables map[string]any
	asked     []asked // of each level
	rows      []rows  // of each level
	values    []any   // of each step that has other things than rows
	scanners  []scanner
}

// runs are kept with their buffers, since an answer is mostly as long as the last.
var runs = sync.Pool{New: func() any { return new(run) }}

const (
	// maxBuffer bounds what is kept of a level from one run to the next, in bytes, and
	// maxKeys the keys in it.
	maxBuffer = 1 << 20
	maxKeys   = 10_000
	// maxGuess bounds what is set aside for an answer since the last was so long.
	maxGuess = 256 << 10
	// maxText bounds a level, in bytes: a cell's place is an int32.
	maxText = 1 << 30
)

func (p *Planner) run(ctx context.Context, plan *plan, variables map[string]any) ([]byte, error) {
	r := runs.Get().(*run)
	defer r.free()
	r.ctx, r.planner, r.variables = ctx, p, variables
	r.rows = extend(r.rows, plan.levels)
	r.values = extend(r.values, plan.values)
	r.asked = extend(r.asked, plan.levels)
	for _, s := range plan.steps {
		if err := s.ask(r); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	for _, s := range plan.steps {
		if err := s.read(r); err != nil {
			return nil, err
		}
	}
	last := min(plan.size.Load(), maxGuess)
	into := response.Into(ctx)
	text, err := plan.root.write(r, into.Begin(int(last+last/8+512)), 0)
	data := into.Data(text)
	plan.size.Store(int64(len(data)))
	return data, err
}

// extend is a slice of n elements, of which those that it had keep their buffers.
func extend[T any](s []T, n int) []T {
	if cap(s) < n {
		s = append(s[:cap(s)], make([]T, n-cap(s))...)
	}
	return s[:n]
}

func (r *run) free() {
	r.ctx, r.planner, r.variables = nil, nil, nil
	clear(r.values)
	clear(r.asked)
	clear(r.scanners)
	for i := range r.rows {
		r.rows[i].free()
	}
	runs.Put(r)
}

// rows are those of a level.
type rows struct {
	text   []byte // the cells of all rows, one after the other
	cells  []span // where they are: width for each row
	width  int
	groups map[uuid.UUID]int32 // by key
	owners []int32             // the group of each row of the parent; -1 for none
	found  []group
	order  []int32 // the rows, group by group
	list   list
	sorted []string
}

// span is where a cell is; a null is nowhere.
type span struct{ from, to int32 }

// group is what a parent has.
type group struct {
	rows []int32
	read.Cut
}

// cell is what was kept of a row; not ok for null.
func (s *rows) cell(row int32, index int) (text []byte, ok bool) {
	at := s.cells[int(row)*s.width+index]
	return s.text[max(at.from, 0):at.to], at.from >= 0
}

// of is what a row of the parent has.
func (s *rows) of(row int32) group {
	if owner := s.owners[row]; owner >= 0 {
		return s.found[owner]
	}
	return group{}
}

func (s *rows) free() {
	if cap(s.text) > maxBuffer || 8*cap(s.cells) > maxBuffer || len(s.groups) > maxKeys || cap(s.owners) > maxKeys {
		*s = rows{}
	}
	s.text, s.cells, s.owners, s.order, s.list, s.sorted = s.text[:0], s.cells[:0], s.owners[:0], s.order[:0], nil, nil
	s.found = s.found[:0]
	clear(s.groups)
}

// key is what a row has in a cell, the zero one at the root.
func (r *run) key(of *level, row int32, on int) uuid.UUID {
	if of == nil {
		return uuid.Nil
	}
	text, ok := r.rows[of.index].cell(row, on)
	if !ok {
		return uuid.Nil
	}
	return uuid.UUID(text)
}

// keys are what the shown rows of a level have in a cell, each once.
func (r *run) keys(of *level, on int) []uuid.UUID {
	rows := r.rows[of.index].order
	seen := make(map[uuid.UUID]bool, len(rows))
	keys := make([]uuid.UUID, 0, len(rows))
	for _, row := range rows {
		if key := r.key(of, row, on); key != uuid.Nil && !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// ask implements step.
func (l *level) ask(r *run) (err error) {
	r.asked[l.index], err = l.source(r)
	return err
}

// read implements step: it reads the rows of a level, and of those beside it.
func (l *level) read(r *run) error {
	if l.lead != nil {
		return nil // it has been read
	}
	keys, err := l.keys(r, &r.rows[l.index])
	if err != nil || l.parent != nil && len(keys) == 0 {
		return err
	}
	parts := make([]part, 0, 4)
	for i := range 1 + len(l.beside) {
		of := l
		if i > 0 {
			of = l.beside[i-1]
		}
		parts = append(parts, of.part(r))
	}
	statement, err := l.batch(r, parts, keys)
	if err != nil {
		return err
	}
	if err := r.scan(statement, parts, keys); err != nil {
		return err
	}
	for _, p := range parts {
		if err := p.of.arrange(r); err != nil {
			return err
		}
	}
	return nil
}

// arrange puts the rows of a level, which have been read, into their groups.
func (l *level) arrange(r *run) error {
	s := &r.rows[l.index]
	if l.lead != nil {
		l.assign(r, s)
	}
	s.sort(l, r.asked[l.index].cut)
	for _, with := range l.with {
		came := r.rows[with.index].attach(with.own)
		if err := store.AddRows(r.ctx, came); err != nil {
			return err
		}
	}
	return nil
}

// keys are those that the rows of the level have.
func (l *level) keys(r *run, s *rows) ([]uuid.UUID, error) {
	switch {
	case l.parent != nil:
		return l.assign(r, s), nil
	case l.key != nil:
		s.owners = append(s.owners, 0)
		key, err := l.key(r)
		return []uuid.UUID{key}, err
	}
	s.owners = append(s.owners, 0)
	return nil, nil
}

// assign gives each row of the parent its group, and is the groups' keys.
func (l *level) assign(r *run, s *rows) []uuid.UUID {
	if s.groups == nil {
		s.groups = map[uuid.UUID]int32{}
	}
	of := &r.rows[l.parent.index]
	s.owners = extend(s.owners, of.count())
	for i := range s.owners {
		s.owners[i] = -1
	}
	var keys []uuid.UUID
	for _, row := range of.order {
		key := r.key(l.parent, row, l.on)
		if key == uuid.Nil {
			continue
		}
		owner, known := s.groups[key]
		if !known {
			owner = int32(len(keys))
			s.groups[key] = owner
			keys = append(keys, key)
		}
		s.owners[row] = owner
	}
	return keys
}

// count is how many rows were read.
func (s *rows) count() int {
	if s.width == 0 {
		return 0
	}
	return len(s.cells) / s.width
}

// withSorted is columns with those that a list is sorted by, as cursors have them.
func withSorted(columns []column, cells int, sorted []string) []column {
	l := &level{columns: make([]column, len(columns)), cells: cells}
	for i, c := range columns {
		l.columns[i] = column{c.name, append([]cell(nil), c.kept...)}
	}
	for _, name := range sorted {
		l.keep(name, encodeJSON)
	}
	return l.columns
}

// part is what a statement reads of a level.
type part struct {
	of       *level
	columns  []column
	from, to int // where they are among those of the statement
}

// part is what a statement reads of a level.
func (l *level) part(r *run) part {
	s, asked := &r.rows[l.index], r.asked[l.index]
	p := part{of: l, columns: l.columns}
	s.width = l.cells
	if l.cursors {
		s.list, s.sorted = asked.list, asked.list.Sorted()
		p.columns, s.width = withSorted(p.columns, l.cells, s.sorted), l.cells+len(s.sorted)
	}
	return p
}

// scan reads the rows of a statement, each of which is of one part.
func (r *run) scan(statement *read.Statement, parts []part, keys []uuid.UUID) error {
	all := r.scanners[:0]
	for i := range parts {
		p := &parts[i]
		p.from = len(all)
		all = into(all, &r.rows[p.of.index], p.columns)
		for _, with := range p.of.with {
			of := &r.rows[with.index]
			of.width = with.cells
			all = into(all, of, with.columns)
		}
		p.to = len(all)
	}
	r.scanners = all
	return statement.Read(r.ctx, r.planner.store, keys, func(values []driver.Value) error {
		for _, p := range parts {
			if len(parts) > 1 && values[p.from+p.of.mark] == nil {
				continue
			}
			r.rows[p.of.index].extend()
			for _, with := range p.of.with {
				r.rows[with.index].extend()
			}
			for i := p.from; i < p.to; i++ {
				if err := all[i].scan(values[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// into adds what keeps columns of rows.
func into(scanners []scanner, of *rows, columns []column) []scanner {
	for i := range columns {
		scanners = append(scanners, scanner{of, columns[i].kept})
	}
	return scanners
}

// extend makes room for one more row.
func (s *rows) extend() { s.cells = extend(s.cells, len(s.cells)+s.width) }

// attach gives each row of the parent, all of which are shown, the one that came with it,
// if one did: then it has an id. It tells how many did.
func (s *rows) attach(id int) int {
	n := s.count()
	s.owners, s.found, s.order = extend(s.owners, n), extend(s.found, n), extend(s.order, n)
	shown := s.order[:0]
	for row := range int32(n) {
		s.owners[row] = -1
		if _, ok := s.cell(row, id); ok {
			s.owners[row] = row
			shown = append(shown, row)
			s.found[row] = group{rows: shown[len(shown)-1 : len(shown) : len(shown)]}
		}
	}
	s.order = shown
	return len(shown)
}

// scanner keeps what is wanted of a column of the last row.
type scanner struct {
	rows *rows
	kept []cell
}

func (c *scanner) scan(value driver.Value) error {
	s := c.rows
	row := s.cells[len(s.cells)-s.width:]
	for _, k := range c.kept {
		if value == nil {
			row[k.index] = span{-1, 0}
			continue
		}
		from := len(s.text)
		text, err := k.encoding.append(s.text, value)
		if err != nil {
			return err
		}
		if len(text) > maxText {
			return errAgain
		}
		s.text = text
		row[k.index] = span{int32(from), int32(len(text))}
	}
	return nil
}

// sort puts the rows into their groups, in the order that they came, and cuts each.
func (s *rows) sort(l *level, cut func(int) read.Cut) {
	groups := max(len(s.groups), 1)
	s.found = extend(s.found, groups)
	sizes := make([]int32, groups+1)
	owner := make([]int32, s.count())
	for row := range owner {
		if l.parent != nil {
			text, _ := s.cell(int32(row), l.own)
			owner[row] = s.groups[uuid.UUID(text)]
		}
		sizes[owner[row]+1]++
	}
	for i := range groups {
		sizes[i+1] += sizes[i]
	}
	sorted := extend(s.order, len(owner))
	next := append([]int32(nil), sizes...)
	for row, group := range owner {
		sorted[next[group]] = int32(row)
		next[group]++
	}
	s.cut(sorted, sizes, cut)
}

// cut makes the page of each group: what is not shown is in no order.
func (s *rows) cut(sorted, starts []int32, cut func(int) read.Cut) {
	shown := sorted[:0]
	for i := range s.found {
		of := sorted[starts[i]:starts[i+1]]
		g := cut(len(of))
		of = of[:g.Rows]
		from := len(shown)
		shown = append(shown, of...)
		mine := shown[from:len(shown):len(shown)]
		if g.Reversed {
			slices.Reverse(mine)
		}
		s.found[i] = group{mine, g}
	}
	s.order = shown
}
