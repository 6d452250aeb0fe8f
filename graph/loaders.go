package graph

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/graph-gophers/dataloader/v7"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/event"
	"dealflow/internal/read"
	"dealflow/internal/store"
)

// Loaders is the handler extension that gives each operation its dataloaders.
type Loaders struct {
	Store  *store.Store
	Events *event.Log
}

// ExtensionName names the extension.
func (Loaders) ExtensionName() string { return "Loaders" }

// Validate has nothing to say of a schema.
func (Loaders) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse gives an operation, or one event of a subscription, its
// loaders: none outlives what it was made for.
func (l Loaders) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.HasOperationContext(ctx) && asksFor(ctx, "eventCursor") {
		position, err := l.Events.End(ctx)
		ctx = context.WithValue(ctx, endKey{}, logEnd{position, err})
	}
	return next(context.WithValue(ctx, loadersKey{}, newLoaders(l.Store)))
}

// endKey is where a context has the end of the event log, as it was before the
// operation read anything.
type endKey struct{}

type logEnd struct {
	position event.Position
	err      error
}

type loadersKey struct{}

// loaders read what hangs on rows, a level at a time.
//
// Rows that came out of one statement are one level: all stages of all boards,
// say. When the first row of a level is asked for a field, the field's loader
// gets the keys of all of them at once. Its batch is full, and so one statement
// runs, without waiting for the others to ask: how many statements an operation
// takes depends on its document alone, neither on the rows nor on the clock.
// Rows of one level can be shown twice with other fields, as nodes and as edges,
// and fragments make one field of several: so what is read for a field goes by
// the columns too.
type loaders struct {
	db *store.Store

	mu      sync.Mutex
	levels  map[any]any     // *T to the *level[T] that it came with
	batches map[batchID]any // to a *dataloader.Loader[uuid.UUID, V]
}

// joined makes rows that a rule answered one level.
func joined[T any](ctx context.Context, rows []*T) []*T {
	join(loadersFrom(ctx), rows)
	return orEmpty(rows)
}

// level is the rows of one statement.
type level[T any] struct{ rows []*T }

// batchID names a loader: the level whose rows are its keys' owners, and what
// is read for them, which is a shownField in most cases.
type batchID struct{ level, what any }

// shownField is a field of the document with what is read for it: its columns,
// or how many rows there are.
type shownField struct {
	field *ast.Field
	what  string
}

// fieldOf is the field that is resolved.
func fieldOf(ctx context.Context, what string) shownField {
	return shownField{graphql.GetFieldContext(ctx).Field.Field, what}
}

func newLoaders(db *store.Store) *loaders {
	return &loaders{db: db, levels: map[any]any{}, batches: map[batchID]any{}}
}

func loadersFrom(ctx context.Context) *loaders {
	return ctx.Value(loadersKey{}).(*loaders)
}

// join makes rows one level.
func join[T any](l *loaders, rows []*T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := &level[T]{rows}
	for _, row := range rows {
		l.levels[row] = one
	}
}

// levelOf is the level that a row came with; l is locked.
func levelOf[T any](l *loaders, row *T) *level[T] {
	if known, ok := l.levels[row]; ok {
		return known.(*level[T])
	}
	alone := &level[T]{[]*T{row}}
	l.levels[row] = alone
	return alone
}

// fetch reads something for many keys; a key without it may be missing.
type fetch[V any] func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]V, error)

// load reads what a field shows of a row, for all rows of its level at once.
func load[P, V any](ctx context.Context, row *P, key func(*P) uuid.UUID, read fetch[V]) (V, error) {
	return loadAs(ctx, row, fieldOf(ctx, ""), key, read)
}

// loadColumns is load of rows with the columns that the field's selection needs.
func loadColumns[P, V any](ctx context.Context, row *P, columns []string, key func(*P) uuid.UUID, read fetch[V]) (V, error) {
	return loadAs(ctx, row, fieldOf(ctx, strings.Join(columns, " ")), key, read)
}

// loadAs is load under a name of its own.
func loadAs[P, V any](ctx context.Context, row *P, what any, key func(*P) uuid.UUID, read fetch[V]) (V, error) {
	if key(row) == uuid.Nil {
		var none V
		return none, nil
	}
	l := loadersFrom(ctx)
	l.mu.Lock()
	of := levelOf(l, row)
	batch, running := l.batches[batchID{of, what}].(*dataloader.Loader[uuid.UUID, V])
	if !running {
		keys := distinct(of.rows, key)
		batch = newBatch(l.db, len(keys), read)
		l.batches[batchID{of, what}] = batch
		for _, one := range keys {
			batch.Load(ctx, one)
		}
	}
	l.mu.Unlock()
	return batch.Load(ctx, key(row))()
}

// newBatch is a loader that runs once, when it has all of its keys.
func newBatch[V any](db *store.Store, size int, read fetch[V]) *dataloader.Loader[uuid.UUID, V] {
	run := func(ctx context.Context, keys []uuid.UUID) []*dataloader.Result[V] {
		found, err := guarded(ctx, db, keys, read)
		results := make([]*dataloader.Result[V], len(keys))
		for i, key := range keys {
			results[i] = &dataloader.Result[V]{Data: found[key], Error: err}
		}
		return results
	}
	return dataloader.NewBatchedLoader(run,
		dataloader.WithBatchCapacity[uuid.UUID, V](size),
		dataloader.WithInputCapacity[uuid.UUID, V](size))
}

// guarded is a fetch whose error is one error, however many rows it fails for,
// and whose panic is one too.
func guarded[V any](ctx context.Context, db *store.Store, keys []uuid.UUID, read fetch[V]) (found map[uuid.UUID]V, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
		if err != nil {
			err = &batchError{cause: err, incident: uuid.NewString()}
		}
	}()
	return read(ctx, db, keys)
}

func distinct[P any](rows []*P, key func(*P) uuid.UUID) []uuid.UUID {
	seen := make(map[uuid.UUID]bool, len(rows))
	keys := make([]uuid.UUID, 0, len(rows))
	for _, row := range rows {
		if k := key(row); k != uuid.Nil && !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

// one reads the row that another row names; nil when it names none.
func one[P, T any](ctx context.Context, row *P, key func(*P) uuid.UUID, kind *read.Kind[T]) (*T, error) {
	columns := columns(ctx, kind)
	return loadColumns(ctx, row, columns, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]*T, error) {
		return rowsByID(ctx, db, kind, keys, columns)
	})
}

// rowsByID reads the rows that other rows name.
func rowsByID[T any](ctx context.Context, db *store.Store, kind *read.Kind[T], keys []uuid.UUID, columns []string) (map[uuid.UUID]*T, error) {
	rows, err := read.ByID(ctx, db, kind, keys, columns)
	if err != nil {
		return nil, err
	}
	join(loadersFrom(ctx), rows)
	return kind.Index(rows), nil
}

// many reads the whole list that hangs on a row.
func many[P, T any](ctx context.Context, row *P, key func(*P) uuid.UUID, list read.List[T]) ([]*T, error) {
	list.Columns = columns(ctx, list.Kind)
	rows, err := loadColumns(ctx, row, list.Columns, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID][]*T, error) {
		groups, err := list.Rows(ctx, db, keys)
		joinGroups(loadersFrom(ctx), groups)
		return groups, err
	})
	if rows == nil {
		rows = []*T{}
	}
	return rows, err
}

func joinGroups[T any](l *loaders, groups map[uuid.UUID][]*T) {
	var rows []*T
	for _, group := range groups {
		rows = append(rows, group...)
	}
	join(l, rows)
}

// nested reads a page of the list that hangs on a row.
func nested[P, T any](ctx context.Context, row *P, key func(*P) uuid.UUID, list read.List[T], w read.Window) (*read.Connection[T], error) {
	shown := connectionFields(ctx)
	list.Columns = list.Kind.Columns(shown.rows)
	total := fieldOf(ctx, "total") // of the connection: its arguments say what is counted
	count := func(ctx context.Context) (int, error) {
		return loadAs(ctx, row, total, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]int, error) {
			return list.Counts(ctx, db, keys)
		})
	}
	if !shown.page {
		return list.Connect(nil, count), nil
	}
	page, err := loadColumns(ctx, row, list.Columns, key, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]*read.Page[T], error) {
		pages, err := list.Pages(ctx, db, keys, w)
		if err != nil {
			return nil, err
		}
		groups := make(map[uuid.UUID][]*T, len(pages))
		for parent, page := range pages {
			groups[parent] = page.Rows
		}
		joinGroups(loadersFrom(ctx), groups)
		return pages, nil
	})
	if err != nil {
		return nil, err
	}
	return list.Connect(page, count), nil
}

// root reads a page of a list of the whole organization.
func root[T any](ctx context.Context, list read.List[T], listErr error, w read.Window, windowErr error) (*read.Connection[T], error) {
	switch {
	case listErr != nil:
		return nil, listErr
	case windowErr != nil:
		return nil, windowErr
	}
	l := loadersFrom(ctx)
	shown := connectionFields(ctx)
	list.Columns = list.Kind.Columns(shown.rows)
	if !shown.page {
		return list.Connect(nil, func(ctx context.Context) (int, error) { return list.Total(ctx, l.db) }), nil
	}
	connection, err := list.Connection(ctx, l.db, w)
	if err != nil {
		return nil, err
	}
	join(l, connection.Nodes())
	return connection, nil
}
