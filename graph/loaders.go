package graph

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/graph-gophers/dataloader/v7"

	"dealflow/ent"
	"dealflow/internal/read"
	"dealflow/internal/store"
)

// Loaders is the handler extension that gives each operation its dataloaders.
type Loaders struct{ Store *store.Store }

// ExtensionName names the extension.
func (Loaders) ExtensionName() string { return "Loaders" }

// Validate has nothing to say of a schema.
func (Loaders) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse gives an operation, or one event of a subscription, its
// loaders: none outlives what it was made for.
func (l Loaders) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	return next(context.WithValue(ctx, loadersKey{}, newLoaders(l.Store.Client)))
}

type loadersKey struct{}

// loaders read what hangs on rows, a level at a time.
//
// Rows that came out of one statement are one level: all stages of all boards,
// say. When the first row of a level is asked for a field, the field's loader
// gets the keys of all of them at once. Its batch is full, and so one statement
// runs, without waiting for the others to ask: how many statements an operation
// takes depends on its document alone, neither on the rows nor on the clock.
type loaders struct {
	db *ent.Client

	mu      sync.Mutex
	levels  map[any]any     // *T to the *level[T] that it came with
	batches map[batchID]any // to a *dataloader.Loader[uuid.UUID, V]
}

// level is the rows of one statement.
type level[T any] struct{ rows []*T }

// batchID names a loader: the level whose rows are its keys' owners, and what
// is read for them, which is a field of the document in most cases.
type batchID struct{ level, what any }

func newLoaders(db *ent.Client) *loaders {
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
type fetch[V any] func(ctx context.Context, db *ent.Client, keys []uuid.UUID) (map[uuid.UUID]V, error)

// load reads what a field shows of a row, for all rows of its level at once.
func load[P, V any](ctx context.Context, row *P, key func(*P) uuid.UUID, read fetch[V]) (V, error) {
	return loadAs(ctx, row, graphql.GetFieldContext(ctx).Field.Field, key, read)
}

// loadAs is load of something that several fields show, under a name of its own.
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
func newBatch[V any](db *ent.Client, size int, read fetch[V]) *dataloader.Loader[uuid.UUID, V] {
	run := func(ctx context.Context, keys []uuid.UUID) []*dataloader.Result[V] {
		found, err := read(ctx, db, keys)
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
	return load(ctx, row, key, func(ctx context.Context, db *ent.Client, keys []uuid.UUID) (map[uuid.UUID]*T, error) {
		return rowsByID(ctx, db, kind, keys, columns(ctx, kind))
	})
}

// rowsByID reads the rows that other rows name.
func rowsByID[T any](ctx context.Context, db *ent.Client, kind *read.Kind[T], keys []uuid.UUID, columns []string) (map[uuid.UUID]*T, error) {
	rows, err := read.ByID(ctx, db, kind, keys, columns)
	if err != nil {
		return nil, err
	}
	join(loadersFrom(ctx), rows)
	return kind.Index(rows), nil
}

// many reads the whole list that hangs on a row.
func many[P, T any](ctx context.Context, row *P, key func(*P) uuid.UUID, list read.List[T]) ([]*T, error) {
	rows, err := load(ctx, row, key, func(ctx context.Context, db *ent.Client, keys []uuid.UUID) (map[uuid.UUID][]*T, error) {
		list.Columns = columns(ctx, list.Kind)
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
	count := func(ctx context.Context) (int, error) {
		return load(ctx, row, key, func(ctx context.Context, db *ent.Client, keys []uuid.UUID) (map[uuid.UUID]int, error) {
			return list.Counts(ctx, db, keys)
		})
	}
	if !shown.page {
		return list.Connect(nil, count), nil
	}
	page, err := load(ctx, row, key, func(ctx context.Context, db *ent.Client, keys []uuid.UUID) (map[uuid.UUID]*read.Page[T], error) {
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
