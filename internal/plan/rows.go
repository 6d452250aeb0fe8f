package plan

import (
	"database/sql/driver"
	"slices"

	"github.com/google/uuid"

	"dealflow/internal/read"
)

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

// count is how many rows were read.
func (s *rows) count() int {
	if s.width == 0 {
		return 0
	}
	return len(s.cells) / s.width
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
