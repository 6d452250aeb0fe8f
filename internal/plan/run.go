package plan

import (
	"context"
	"database/sql/driver"
	"fmt"
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
	clear(r.scanners[:cap(r.scanners)])
	for i := range r.rows {
		r.rows[i].free()
	}
	runs.Put(r)
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
	if l.head != nil {
		return nil // it has been read
	}
	keys, err := l.keys(r, &r.rows[l.index])
	if err != nil || l.parent != nil && len(keys) == 0 {
		return err
	}
	parts := []part{l.part(r)}
	for _, of := range l.beside {
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
	if l.head != nil && l.assign(r, s) == nil {
		s.cells = s.cells[:0] // nobody is there to show them
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

// part is a level among those that a statement reads.
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
		if len(values) != len(all) {
			return fmt.Errorf("plan: a statement has %d columns, not %d", len(values), len(all))
		}
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
