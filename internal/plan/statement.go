package plan

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/internal/read"
	"dealflow/internal/store"
)

// maxForms bounds the statements that are remembered for a step.
const maxForms = 16

// forms are the statements of a step that have been written, by what tells them
// apart. Most steps have one.
type forms struct {
	mu      sync.RWMutex
	written map[string]*read.Statement
}

// write writes a statement, or finds it. Form names what its text depends on beside
// the keys; one without a name is written each time.
func (f *forms) write(form string, keys []uuid.UUID, write func(keys []uuid.UUID) (*read.Statement, error)) (*read.Statement, error) {
	keys = read.Like(keys)
	if form == "" {
		return write(keys)
	}
	form += strconv.Itoa(len(keys))
	f.mu.RLock()
	known := f.written[form]
	f.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	made, err := write(keys)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.written) < maxForms {
		if f.written == nil {
			f.written = map[string]*read.Statement{}
		}
		f.written[form] = made
	}
	return made, nil
}

// batch writes the one statement of all parts, the first of which is the level's, or
// finds it.
func (l *level) batch(r *run, parts []part, keys []uuid.UUID) (*read.Statement, error) {
	form := r.asked[l.index].form
	for _, p := range parts[1:] {
		more := r.asked[p.of.index].form
		if form == "" || more == "" {
			form = ""
			break
		}
		form += "\x00" + more
	}
	return l.forms.write(form, keys, func(keys []uuid.UUID) (*read.Statement, error) {
		all := make([]*read.Statement, len(parts))
		for i, p := range parts {
			var err error
			if all[i], err = p.write(r, keys); err != nil {
				return nil, err
			}
		}
		return read.Batch(r.planner.store, keys, all...), nil
	})
}

// write writes the statement of a part alone.
func (p part) write(r *run, keys []uuid.UUID) (*read.Statement, error) {
	shape, err := r.asked[p.of.index].shape(keys)
	if err != nil {
		return nil, err
	}
	return read.Write(r.planner.store, p.of.kind.Table(), keys, func(s *entsql.Selector) {
		selectColumns(s, func(name string) string {
			if table, column, other := strings.Cut(name, "."); other { // one that the shape joins
				return entsql.Table(table).C(column)
			}
			return s.C(name)
		}, p.columns)
		for i, with := range p.of.with {
			table := entsql.Dialect(s.Dialect()).Table(with.kind.Table()).As(fmt.Sprint("with", i))
			s.LeftJoin(table).OnP(entsql.And(entsql.ColumnsEQ(s.C(with.via), table.C("id")), store.Beside(s, table)))
			selectColumns(s, table.C, with.columns)
		}
		shape(s)
	})
}

// selectColumns selects columns of a table, which names them.
func selectColumns(s *entsql.Selector, name func(column string) string, columns []column) {
	for _, c := range columns {
		if c.isKey() {
			read.SelectKey(s, name(c.name))
		} else {
			s.AppendSelect(name(c.name))
		}
	}
}

// isKey tells whether a column is an id.
func (c column) isKey() bool {
	return len(c.kept) > 0 && c.kept[0].encoding.key
}
