// Package read is how the API reads: what a list holds (filters, search), in
// which order, and which page of it, for one parent or for many at once.
//
// Each level of a board is one SQL statement, whatever the number of parents:
// many parents go in, and rows grouped by parent come out. The statements of
// all levels are here, for whoever reads them.
package read

import (
	"context"
	"slices"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/store"
)

// Shape gives a SELECT its conditions, order and source.
type Shape = func(*sql.Selector)

// Kind is a kind of row that lists hold: how to query it through ent, which
// keeps it inside the organization, and what can be asked of it.
type Kind[T any] struct {
	// table is the name in the database.
	table string
	// rows reads rows with these columns.
	rows func(ctx context.Context, db *ent.Client, columns []string, shape Shape) ([]*T, error)
	// key is a row's id.
	key func(*T) uuid.UUID
	// fields are the columns that each field of the GraphQL type needs.
	fields map[string][]string
}

// Columns are the columns that a selection of GraphQL fields needs. A field
// that is not known needs them all: nil.
func (k *Kind[T]) Columns(fields []string) []string {
	columns := []string{"id"}
	for _, field := range fields {
		needed, known := k.fields[field]
		if !known {
			return nil
		}
		for _, column := range needed {
			if !slices.Contains(columns, column) {
				columns = append(columns, column)
			}
		}
	}
	return columns
}

// Table is the table of the rows.
func (k *Kind[T]) Table() string { return k.table }

// Needs are the columns that a field of the GraphQL type needs, if it is known.
func (k *Kind[T]) Needs(field string) (columns []string, known bool) {
	columns, known = k.fields[field]
	return columns, known
}

// Parent is the column that says which parent a row belongs to.
type Parent[T any] struct {
	Column string
	Of     func(*T) uuid.UUID
}

// List is what a list holds and in which order, before it is cut into pages.
type List[T any] struct {
	Kind *Kind[T]
	// Parent is nil for a list of the whole organization.
	Parent *Parent[T]
	// Where are the conditions, all of which must hold.
	Where []Shape
	// Order is what to sort by; ties are broken by id.
	Order []OrderKey[T]
	// Columns are those to read, nil for all.
	Columns []string
}

// Key is the column that names a row's parent, "" for a list of the organization.
func (l List[T]) Key() string {
	if l.Parent == nil {
		return ""
	}
	return l.Parent.Column
}

// ByID reads the rows with these ids.
func ByID[T any](ctx context.Context, db *store.Store, kind *Kind[T], ids []uuid.UUID, columns []string) ([]*T, error) {
	return kind.rows(ctx, db.Client, columns, WithIDs(ids))
}

// WithIDs is the shape of a SELECT of the rows with these ids.
func WithIDs(ids []uuid.UUID) Shape {
	return func(s *sql.Selector) { s.Where(among(s.C("id"), ids)) }
}

// Rows reads the whole list of each parent, in order.
func (l List[T]) Rows(ctx context.Context, db *store.Store, parents []uuid.UUID) (map[uuid.UUID][]*T, error) {
	rows, err := l.Kind.rows(ctx, db.Client, l.columns(), l.Whole(parents))
	return l.group(rows), err
}

// Whole is the shape of a SELECT of the whole list of each parent, in order, or of
// the organization's.
func (l List[T]) Whole(parents []uuid.UUID) Shape {
	return func(s *sql.Selector) {
		if l.Parent != nil {
			s.Where(among(s.C(l.Parent.Column), parents))
		}
		l.conditions(s)
		l.sort(s, false)
	}
}

// Pages reads one page of the list of each parent. Without a parent column,
// the page of the one list is that of uuid.Nil.
func (l List[T]) Pages(ctx context.Context, db *store.Store, parents []uuid.UUID, w Window) (map[uuid.UUID]*Page[T], error) {
	shape, err := l.Page(parents, w)
	if err != nil {
		return nil, err
	}
	rows, err := l.Kind.rows(ctx, db.Client, l.columns(), shape)
	if err != nil {
		return nil, err
	}
	if l.Parent == nil {
		parents = []uuid.UUID{uuid.Nil}
	}
	groups := l.group(rows)
	pages := make(map[uuid.UUID]*Page[T], len(parents))
	for _, parent := range parents {
		pages[parent] = l.cut(groups[parent], w)
	}
	return pages, nil
}

// Page is the shape of a SELECT of one page of the list of each parent, and one row
// more where there is one. Its columns are selected already.
func (l List[T]) Page(parents []uuid.UUID, w Window) (Shape, error) {
	bounds, err := l.bounds(w)
	if err != nil {
		return nil, err
	}
	return func(s *sql.Selector) {
		l.conditions(s)
		for _, b := range bounds {
			l.beyond(s, b)
		}
		l.page(s, parents, w)
	}, nil
}

// columns are those to read: what is asked for, the parent and the order.
func (l List[T]) columns() []string {
	if l.Columns == nil {
		return nil
	}
	columns := slices.Clone(l.Columns)
	if l.Parent != nil {
		columns = append(columns, l.Parent.Column)
	}
	for _, key := range l.Order {
		columns = append(columns, key.Column)
	}
	slices.Sort(columns)
	return slices.Compact(columns)
}

func (l List[T]) conditions(s *sql.Selector) {
	for _, where := range l.Where {
		where(s)
	}
}

// group puts rows beside their parents, in the order that they came.
func (l List[T]) group(rows []*T) map[uuid.UUID][]*T {
	groups := map[uuid.UUID][]*T{}
	for _, row := range rows {
		parent := uuid.Nil
		if l.Parent != nil {
			parent = l.Parent.Of(row)
		}
		groups[parent] = append(groups[parent], row)
	}
	return groups
}

// Index puts rows under their ids.
func (k *Kind[T]) Index(rows []*T) map[uuid.UUID]*T {
	index := make(map[uuid.UUID]*T, len(rows))
	for _, row := range rows {
		index[k.key(row)] = row
	}
	return index
}

// All reads the whole list of the organization, in order.
func (l List[T]) All(ctx context.Context, db *store.Store) ([]*T, error) {
	return l.Kind.rows(ctx, db.Client, l.columns(), l.Whole(nil))
}
