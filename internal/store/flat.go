package store

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
)

// Flat is a SELECT from one table that reads its rows as they are, without making
// entities of them. It is written once, and read for whatever organization.
type Flat struct {
	from  *entsql.Selector
	query string
	// Args are its arguments: a reader may give others.
	Args []any
	// own are the arguments that are the reader's organization.
	own []int
}

// anyone stands in a Flat for the organization that reads.
var anyone = uuid.New()

// Flat writes a SELECT from a table. Shape gets one that is confined to the rows of
// the organization that will read, just as a query of the client is, and says what to
// select, in which order, and how much of it. It may move the conditions it finds
// into a subquery; it drops none, of which is checked that the organization still stands
// somewhere. A table that it joins has to be confined by its own hand: see Beside. It is
// called in no viewer's context, and must not look for one: what it writes is for all.
func (s *Store) Flat(table string, shape func(*entsql.Selector)) (*Flat, error) {
	from := entsql.Dialect(s.Dialect).Select().From(entsql.Table(table))
	within(table, anyone)(from)
	shape(from)
	if err := from.Err(); err != nil {
		return nil, err
	}
	f := newFlat(from)
	if f.own == nil {
		return nil, errors.New("store: a flat SELECT dropped the condition on the organization")
	}
	return f, nil
}

func newFlat(from *entsql.Selector) *Flat {
	f := &Flat{from: from}
	f.query, f.Args = from.Query()
	for i, arg := range f.Args {
		if arg == any(anyone) {
			f.own = append(f.own, i)
		}
	}
	return f
}

// Batch is one SELECT that reads what all of these read, each in columns of its own: a row
// is of one of them, and null in the columns of the others. So it is for few of them, and
// Postgres has 1,664 columns at most. The rows of each come in its own order: no standard
// promises that, but both databases join what never matches by going through both sides.
func (s *Store) Batch(all ...*Flat) *Flat {
	joined := entsql.Dialect(s.Dialect).Select().From(all[0].from.Clone().As("part0"))
	for i, f := range all[1:] {
		joined.FullJoin(f.from.Clone().As(fmt.Sprint("part", i+1))).OnP(entsql.False())
	}
	if slices.ContainsFunc(all, func(f *Flat) bool { return strings.HasPrefix(f.query, unprepared) }) {
		PlanEachTime(joined)
	}
	return newFlat(joined)
}

// Beside confines a table that a SELECT joins to the organization of its own.
func Beside(s *entsql.Selector, joined *entsql.SelectTable) *entsql.Predicate {
	return entsql.ColumnsEQ(s.C(column), joined.C(column))
}

// ReadFlat reads the rows of ctx's organization, with these arguments in place of the
// statement's, and hands the driver's values of each to row, which keeps none of their
// bytes. The statement and its rows are counted, and limited, like all others, and
// inside Whole they are read in its transaction; a Tx has no client for it.
func (s *Store) ReadFlat(ctx context.Context, f *Flat, args []any, row func(values []sqldriver.Value) error) error {
	org, err := viewerOrganization(ctx)
	if err != nil {
		return err
	}
	args = slices.Clone(args)
	for _, i := range f.own {
		args[i] = org
	}
	if !inTx(ctx) && s.wholeOf(ctx) == nil {
		err := s.driver.readStraight(ctx, f.query, args, row)
		if !errors.Is(err, errNotRun) {
			return err
		}
	}
	return s.driver.readRows(ctx, f.query, args, row)
}
