package store

import (
	"context"
	"errors"

	entsql "entgo.io/ent/dialect/sql"
)

// ErrInside is the answer of Flat to a context that is in a transaction, whose rows
// are read through ent.
var ErrInside = errors.New("store: Flat reads outside of Tx and Whole alone")

// Flat reads rows of a table as they are, without making entities of them. Shape
// gets a SELECT from the table that is confined to the rows that ctx may read, just
// as a query of the client is, and says what to select, in which order, and how much
// of it. It may move the conditions it finds into a subquery; it drops none. A table
// that it joins has to be confined by its own hand.
//
// The statement and its rows are counted, and limited, like all others. The caller
// closes the rows.
func (s *Store) Flat(ctx context.Context, table string, shape func(*entsql.Selector)) (*Rows, error) {
	if inTx(ctx) || s.InWhole(ctx) {
		return nil, ErrInside
	}
	wall, err := wallOf(ctx, table)
	if err != nil {
		return nil, err
	}
	from := entsql.Dialect(s.Dialect).Select().From(entsql.Table(table)).WithContext(ctx)
	if wall != nil {
		wall(from)
	}
	shape(from)
	if err := from.Err(); err != nil {
		return nil, err
	}
	query, args := from.Query()
	rows, err := s.driver.counting.QueryContext(ctx, query, args...) //nolint:rowserrcheck // which the caller does
	if err != nil {
		return nil, err
	}
	return counted(ctx, rows), nil
}
