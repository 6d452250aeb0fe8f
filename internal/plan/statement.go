package plan

import (
	"fmt"
	"reflect"
	"sync"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/internal/read"
	"dealflow/internal/store"
)

// maxForms bounds the statements that are remembered for a level.
const maxForms = 16

// forms are the statements of a level that have been written, by what tells them
// apart. Most levels have one.
type forms struct {
	mu      sync.RWMutex
	written map[string]*written
}

// written is a statement for whatever keys.
type written struct {
	flat *store.Flat
	// one and all are the arguments that are the key, when there is one, and all keys.
	one, all []int
}

// The keys that stand for others in a statement.
var some = []uuid.UUID{uuid.New(), uuid.New()}

// write writes the statement of a level, or finds it. Form names what its text
// depends on beside the keys; one without a name is written each time.
func (l *level) write(r *run, form string, columns []column, keys []uuid.UUID, shape func(keys []uuid.UUID) (read.Shape, error)) (*written, error) {
	stand := some[:min(len(keys), len(some))]
	if form == "" {
		return l.writeNew(r, columns, stand, shape)
	}
	form = fmt.Sprint(form, len(stand))
	l.forms.mu.RLock()
	known := l.forms.written[form]
	l.forms.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	made, err := l.writeNew(r, columns, stand, shape)
	if err != nil {
		return nil, err
	}
	l.forms.mu.Lock()
	defer l.forms.mu.Unlock()
	if len(l.forms.written) < maxForms {
		if l.forms.written == nil {
			l.forms.written = map[string]*written{}
		}
		l.forms.written[form] = made
	}
	return made, nil
}

func (l *level) writeNew(r *run, columns []column, keys []uuid.UUID, make func([]uuid.UUID) (read.Shape, error)) (*written, error) {
	shape, err := make(keys)
	if err != nil {
		return nil, err
	}
	flat, err := r.planner.store.Flat(l.kind.Table(), func(s *entsql.Selector) {
		selectColumns(s, s.C, columns)
		for i, with := range l.with {
			table := entsql.Dialect(s.Dialect()).Table(with.kind.Table()).As(fmt.Sprint("with", i))
			s.LeftJoin(table).OnP(entsql.And(entsql.ColumnsEQ(s.C(with.via), table.C("id")), store.Beside(s, table)))
			selectColumns(s, table.C, with.columns)
		}
		shape(s)
	})
	if err != nil {
		return nil, err
	}
	w := &written{flat: flat}
	list := read.Keys(r.planner.store.Dialect, keys)
	for i, arg := range flat.Args {
		switch {
		case len(keys) > 0 && arg == any(keys[0]):
			w.one = append(w.one, i)
		case len(keys) > 0 && reflect.DeepEqual(arg, list):
			w.all = append(w.all, i)
		}
	}
	return w, nil
}

// args are the statement's arguments with these keys.
func (w *written) args(database string, keys []uuid.UUID) []any {
	if len(w.one)+len(w.all) == 0 {
		return w.flat.Args
	}
	args := append([]any(nil), w.flat.Args...)
	for _, i := range w.one {
		args[i] = keys[0]
	}
	if len(w.all) > 0 {
		list := read.Keys(database, keys)
		for _, i := range w.all {
			args[i] = list
		}
	}
	return args
}

// selectColumns selects columns of a table, which names them; ids as the 16 bytes that they are, which lib/pq would
// else write as text for them to be read again.
func selectColumns(s *entsql.Selector, name func(column string) string, columns []column) {
	for _, c := range columns {
		column := name(c.name)
		if s.Dialect() == dialect.Postgres && c.isKey() {
			s.AppendSelectExpr(entsql.ExprFunc(func(b *entsql.Builder) {
				b.WriteString("uuid_send(").Ident(column).WriteString(")")
			}))
			continue
		}
		s.AppendSelect(column)
	}
}

// isKey tells whether a column is an id.
func (c column) isKey() bool {
	return len(c.kept) > 0 && c.kept[0].encoding.key
}
