package sales

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/event"
	"dealflow/internal/id"
)

// The bulk files bring in rows of another system by the hundred: in a few
// statements for each batch of them, and by the rules that hold for one at a
// time. A row that breaks a rule is refused and the others come in, so what is
// wrong with a row is told in its result, and not as the error of the whole.

// ImportOutcome is what became of a row.
type ImportOutcome int

// The outcomes.
const (
	ImportRefused ImportOutcome = iota
	ImportNew
	ImportUpdated
	ImportUnchanged
)

// Imported is what became of one row.
type Imported struct {
	Outcome ImportOutcome
	// ID is the deal's or the lead's, unless the row was refused.
	ID uuid.UUID
	// Err says why the row was refused.
	Err error
}

// togetherKey is where a context has the change of Together.
type togetherKey struct{}

// Together runs fn in one transaction: all that the Import methods do with the
// context that fn gets happens, or nothing does. When the database asks for it,
// fn is run again, from the start.
func (s *Sales) Together(ctx context.Context, fn func(context.Context) error) error {
	return s.change(ctx, func(ctx context.Context, c *change) error {
		return fn(context.WithValue(ctx, togetherKey{}, c))
	})
}

// bulk runs a change in the transaction of Together, or else in its own.
func bulk[T any](ctx context.Context, s *Sales, fn func(context.Context, *change) (T, error)) (T, error) {
	if c, ok := ctx.Value(togetherKey{}).(*change); ok {
		return fn(ctx, c)
	}
	return answer(ctx, s, fn)
}

// row is what the rows of deals and of leads have in common.
type row struct {
	check         // of this row alone
	key    string // the external id
	result Imported
}

// readKey reads the external id of a row, which no row before may have.
func (r *row) readKey(sent *string, seen map[string]bool) {
	r.key = deref(r.optional("externalId", sent, maxName))
	if r.key != "" && seen[r.key] {
		r.add(CodeAlreadyExists, "distinct", in("externalId"), "Another row has the external id %q.", r.key)
	}
	seen[r.key] = true
}

// refused tells whether the row is to be left out: for what its check found, or
// for a rule that it broke later.
func (r *row) refused() bool {
	if r.result.Err == nil {
		r.result.Err = r.err()
	}
	return r.result.Err != nil
}

// refuse leaves the row out for an error that is its sender's to mend, and
// returns any other.
func (r *row) refuse(err error) error {
	if errors.As(err, new(Errors)) {
		r.result.Err = err
		return nil
	}
	return err
}

// done says what became of the row.
func (r *row) done(outcome ImportOutcome, key uuid.UUID) {
	r.result.Outcome, r.result.ID = outcome, key
}

func (r *row) outcome() Imported { return r.result }

// good are the rows that nothing was found wrong with so far.
func good[R interface{ refused() bool }](rows []R) iter.Seq[R] {
	return func(yield func(R) bool) {
		for _, r := range rows {
			if !r.refused() && !yield(r) {
				return
			}
		}
	}
}

// outcomes are what became of the rows.
func outcomes[R interface{ outcome() Imported }](rows []R) []Imported {
	all := make([]Imported, len(rows))
	for i, r := range rows {
		all[i] = r.outcome()
	}
	return all
}

// keysOf are the external ids of the good rows, and those among them that are
// ids of a kind themselves.
func keysOf[R interface {
	refused() bool
	externalID() string
}](rows []R, kind id.Kind) (external []string, own []uuid.UUID) {
	for r := range good(rows) {
		if r.externalID() == "" {
			continue
		}
		external = append(external, r.externalID())
		if key, err := kind.Decode(r.externalID()); err == nil {
			own = append(own, key)
		}
	}
	return external, own
}

func (r *row) externalID() string { return r.key }

// byExternalID are entities by their external ids, and by their own where no
// other has that for an external one.
func byExternalID[E ent.Node](entities []E, externalID func(E) *string) map[string]E {
	known := make(map[string]E, len(entities))
	for _, one := range entities {
		known[one.GlobalID()] = one
	}
	for _, one := range entities {
		if key := externalID(one); key != nil {
			known[*key] = one
		}
	}
	return known
}

// history is when things happened to a card before it came here; nil where
// nobody says.
type history struct {
	CreatedAt          *time.Time
	StageEnteredAt     *time.Time
	LastStatusChangeAt *time.Time
}

// past refuses times that are yet to come.
func (c *check) past(now time.Time, h history) {
	for _, one := range []struct {
		field string
		at    *time.Time
	}{{"createdAt", h.CreatedAt}, {"stageEnteredAt", h.StageEnteredAt}, {"lastStatusChangeAt", h.LastStatusChangeAt}} {
		if one.at != nil && one.at.After(now) {
			c.add(CodeInvalid, "past", in(one.field), "The %s field is in the future: %s.", one.field, one.at.Format(time.RFC3339))
		}
	}
}

// made is when a card was made: nothing happened to it before.
func (h history) made(now time.Time) time.Time {
	earliest := or(h.CreatedAt, now)
	for _, at := range []*time.Time{h.StageEnteredAt, h.LastStatusChangeAt} {
		if at != nil && at.Before(earliest) {
			earliest = *at
		}
	}
	return stored(earliest)
}

// or is a time, or else another one, as the database keeps it.
func or(at *time.Time, otherwise time.Time) time.Time {
	if at == nil {
		return otherwise
	}
	return stored(*at)
}

// stored is a time as precise as both databases keep it.
func stored(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

// later is the time that a row gives to what happened since an earlier one, or
// now when it gives none that fits.
func (c *change) later(at *time.Time, since time.Time) time.Time {
	if at == nil || at.Before(since) {
		return c.at
	}
	return stored(*at)
}

// then is the same change at another time, to write history with.
func (c *change) then(at time.Time) *change {
	past := *c
	past.at = at
	return &past
}

// recordMade writes down that cards were made, and tells it: now, or, when their
// story is told as if they had been here all along, each in its time and to nobody.
func (c *change) recordMade(ctx context.Context, kind id.Kind, made []madeCard, retold bool) error {
	entity := activity.EntityTypeDEAL
	if kind == id.Lead {
		entity = activity.EntityTypeLEAD
	}
	for _, one := range made {
		if !retold {
			c.tellCard(event.KindCARD_CREATED, card{kind, one.id}, nil, one.stage, one.changes)
		}
	}
	return inChunks(len(made), func(from, to int) error {
		rows := make([]ent.Activity, 0, to-from)
		for _, one := range made[from:to] {
			row := c.activity(activity.ActionCREATED, entity, one.id, one.changes)
			if retold {
				row.CreatedAt = one.at
			}
			rows = append(rows, row)
		}
		return c.writeNow(ctx, insertActivities(rows...))
	})
}

// madeCard is a card that was made, and when.
type madeCard struct {
	id      uuid.UUID
	stage   *uuid.UUID
	at      time.Time
	changes diff
}

// distinct is a list without repetitions, sorted.
func distinct(keys []uuid.UUID) []uuid.UUID {
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(sorted)
}
