package store

import (
	"bytes"
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	entsql "entgo.io/ent/dialect/sql"
)

// errNotRun is the error of a statement that met a broken connection, and has not run.
var errNotRun = errors.New("store: the connection is broken")

// readStraight reads rows from the driver itself, on a connection of the pool. Above it,
// database/sql has a goroutine wait for the end of each statement's context, and makes
// another value of each value: docs/decisions/0019-driver.md has what that costs.
func (d *driver) readStraight(ctx context.Context, query string, args []any, row func([]sqldriver.Value) error) error {
	start := time.Now()
	conn, err := d.store.readers.Conn(ctx)
	if err != nil {
		d.observe.note(ctx, query, args, start, err)
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back
	return conn.Raw(func(on any) (err error) {
		rows, err := ask(ctx, on.(plain), query, args)
		if errors.Is(err, sqldriver.ErrBadConn) {
			return fmt.Errorf("%w: %w", errNotRun, err) // and so the pool drops it
		}
		d.observe.note(ctx, query, args, start, err)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }() // also if row panics
		return handOver(ctx, rows, row)
	})
}

// ask runs a query with arguments that are not the driver's yet.
func ask(ctx context.Context, on plain, query string, args []any) (sqldriver.Rows, error) {
	values := make([]sqldriver.NamedValue, len(args))
	for i, arg := range args {
		values[i] = sqldriver.NamedValue{Ordinal: i + 1, Value: arg}
		err := sqldriver.ErrSkip
		if checker, ok := on.(sqldriver.NamedValueChecker); ok {
			err = checker.CheckNamedValue(&values[i])
		}
		if errors.Is(err, sqldriver.ErrSkip) {
			values[i].Value, err = sqldriver.DefaultParameterConverter.ConvertValue(arg)
		}
		if err != nil {
			return nil, err
		}
	}
	return on.QueryContext(ctx, query, values)
}

// handOver hands each of the rows to a function, up to the limit of the context.
func handOver(ctx context.Context, rows sqldriver.Rows, row func([]sqldriver.Value) error) error {
	values := make([]sqldriver.Value, len(rows.Columns()))
	counter := counterOf(ctx)
	for {
		err := rows.Next(values)
		switch {
		case err == io.EOF: //nolint:errorlint // one that is wrapped is another's
			return nil
		case ctx.Err() != nil:
			return ctx.Err() // what the driver says of it is another thing each time
		case err != nil:
			return err
		case counter != nil && !counter.addRow(false):
			return ErrTooManyRows
		}
		if err := row(values); err != nil {
			return err
		}
	}
}

// readRows is readStraight by way of database/sql, as a transaction wants it. It looks
// for a connection that is not broken.
func (d *driver) readRows(ctx context.Context, query string, args []any, row func([]sqldriver.Value) error) error {
	rows := &entsql.Rows{}
	if err := d.Query(ctx, query, args, rows); err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what it says is in Err
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, places := make([]sqldriver.Value, len(columns)), make([]any, len(columns))
	for i := range places {
		places[i] = place{&values[i]}
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// place is a sql.Scanner that takes a value as it is, but for bytes, which are the driver's
// again as soon as the context ends.
type place struct{ value *sqldriver.Value }

func (p place) Scan(value any) error {
	if text, ok := value.([]byte); ok {
		value = bytes.Clone(text)
	}
	*p.value = value
	return nil
}
