package sales

import (
	"context"
	"errors"
	"slices"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/internal/id"
	"dealflow/internal/rank"
	"dealflow/internal/store"
)

// Place is an end of a stage.
type Place string

// The ends of a stage.
const (
	PlaceFirst Place = "FIRST"
	PlaceLast  Place = "LAST"
)

// column is the cards of one kind in one stage. Its stage is locked by the
// change that looks at it, so that no other card comes between a look at the
// ranks and the writing of one.
type column struct {
	kind  id.Kind
	stage uuid.UUID
}

// spot is where a card is to go in its column: next to a neighbour, or at an end.
type spot struct {
	before, after *uuid.UUID
	at            Place
	seen          *ranks // once they are known
}

// ranks are those that a card goes between: its neighbour's, and that of the card which
// is beyond it on the other side, or at the end. "" stands for an end.
type ranks struct{ near, beyond string }

// bottom is below all cards.
var bottom = spot{at: PlaceLast}

// spot reads where a card is to go.
func (c *check) spot(kind id.Kind, moving uuid.UUID, before, after *string, at *Place) spot {
	read := spot{
		before: c.optionalID(kind, "before", before),
		after:  c.optionalID(kind, "after", after),
		at:     PlaceLast,
	}
	given := 0
	for _, is := range []bool{before != nil, after != nil, at != nil} {
		if is {
			given++
		}
	}
	if given > 1 {
		c.add(CodeInvalid, "exclusive", []string{"input"}, "Give one of before, after and at, not more.")
	}
	if at != nil {
		read.at = *at
	}
	if next := read.neighbour(); next != nil && *next == moving && moving != uuid.Nil {
		c.add(CodeInvalid, "different", []string{"input"}, "A card cannot stand next to itself.")
	}
	return read
}

// neighbour is the card that a spot is next to, if there is one.
func (s spot) neighbour() *uuid.UUID {
	if s.before != nil {
		return s.before
	}
	return s.after
}

// upward tells whether the card beyond is above the spot.
func (s spot) upward() bool { return s.before != nil || s.after == nil && s.at != PlaceFirst }

// The ranks of a spot, where they are read with something else.
const (
	nearRank   = "near_rank"
	beyondRank = "beyond_rank"
)

// columns are the ranks that a card goes between in a column, leaving out the card itself,
// to be read when the card is locked.
func (s spot) columns(col column, moving uuid.UUID) []store.Column {
	first := store.First{
		Table: col.table(), Column: "rank", Which: columns{{Name: "stage_id", Value: col.stage}},
		Except: moving, By: []string{"rank", "id"}, Last: s.upward(),
	}
	neighbour := s.neighbour()
	if neighbour == nil {
		return columns{{Name: beyondRank, Value: first}}
	}
	near := first
	near.Which = append(slices.Clip(near.Which), store.Column{Name: "id", Value: *neighbour})
	first.Past = neighbour
	return columns{{Name: nearRank, Value: near}, {Name: beyondRank, Value: first}}
}

// with is the spot with what was read of it with the card.
func (s spot) with(moving read) spot {
	s.seen = &ranks{textValue(moving, nearRank), textValue(moving, beyondRank)}
	return s
}

// movedRows are the rows that a move locks, if it need not look them up.
func movedRows(moving uuid.UUID, stage *uuid.UUID) []uuid.UUID {
	if stage == nil {
		return nil
	}
	return []uuid.UUID{*stage, moving}
}

// table is where the cards of a column are.
func (col column) table() string {
	if col.kind == id.Deal {
		return deal.Table
	}
	return lead.Table
}

// targetStage is the stage that a card goes to: the one that is named, or else
// its neighbour's, or else its own.
func (c *change) targetStage(ctx context.Context, moving card, named *uuid.UUID, to spot) (uuid.UUID, error) {
	if named != nil {
		return *named, nil
	}
	field, key := "id", moving.id
	switch {
	case to.before != nil:
		field, key = "before", *to.before
	case to.after != nil:
		field, key = "after", *to.after
	}
	if moving.kind == id.Deal {
		found, err := c.db.Deal.Query().Where(deal.ID(key)).Only(ctx)
		if err != nil {
			return uuid.Nil, missing(err, id.Deal, field)
		}
		return found.StageID, nil
	}
	found, err := c.db.Lead.Query().Where(lead.ID(key)).Only(ctx)
	switch {
	case err != nil:
		return uuid.Nil, missing(err, id.Lead, field)
	case found.StageID == nil:
		return uuid.Nil, refuse(CodeRequired, "required", in("stageId"), "The lead is on no board: say which stage it goes to.")
	}
	return *found.StageID, nil
}

// again is for a refusal of what was looked up, and not asked for: somebody
// changed it between the look and the lock, and the change runs again.
func again(lookedUp bool, err error) error {
	var refused Errors
	if lookedUp && errors.As(err, &refused) {
		return errAgain
	}
	return err
}

// rankFor finds the rank of a card that goes to a spot of a column. When the
// ranks there leave no room, or grow too long, the column is ranked afresh.
func (c *change) rankFor(ctx context.Context, col column, card uuid.UUID, s spot) (string, error) {
	key, err := c.tryRank(ctx, col, card, s)
	if errors.Is(err, rank.ErrOrder) || (err == nil && len(key) > rank.MaxLen) {
		if err := c.rerank(ctx, col); err != nil {
			return "", err
		}
		s.seen = nil
		return c.tryRank(ctx, col, card, s)
	}
	return key, err
}

func (c *change) tryRank(ctx context.Context, col column, card uuid.UUID, s spot) (string, error) {
	prev, next, err := c.around(ctx, col, card, s)
	if err != nil {
		return "", err
	}
	return rank.Between(prev, next)
}

// around finds the ranks above and below a spot, leaving out the card that
// goes there; "" stands for an end of the column.
func (c *change) around(ctx context.Context, col column, card uuid.UUID, s spot) (prev, next string, err error) {
	seen := s.seen
	if seen == nil {
		seen, err = c.lookAround(ctx, col, card, s)
	}
	switch {
	case err != nil:
		return "", "", err
	case seen.near == "" && s.before != nil:
		return "", "", elsewhere(col, "before")
	case seen.near == "" && s.after != nil:
		return "", "", elsewhere(col, "after")
	case s.upward():
		return seen.beyond, seen.near, nil
	default:
		return seen.near, seen.beyond, nil
	}
}

// elsewhere refuses a neighbour that is not in the column.
func elsewhere(col column, field string) error {
	return refuse(CodeNotFound, "exists", in(field), "The %s in %s is not in that stage.", col.kind.Noun(), field)
}

// lookAround reads the ranks of a spot.
func (c *change) lookAround(ctx context.Context, col column, card uuid.UUID, s spot) (*ranks, error) {
	var seen ranks
	direction, past := sql.Asc, sql.CompositeGT
	if s.upward() {
		direction, past = sql.Desc, sql.CompositeLT
	}
	var beyond *sql.Predicate
	if neighbour := s.neighbour(); neighbour != nil {
		var err error
		if seen.near, err = c.rankOf(ctx, col, *neighbour); err != nil || seen.near == "" {
			return &seen, err
		}
		// Ties break by id. The two are compared as one, which an index can begin at.
		beyond = past([]string{"rank", "id"}, seen.near, *neighbour)
	}
	var err error
	seen.beyond, err = c.firstRank(ctx, col, card, direction, beyond)
	return &seen, err
}

// firstRank is the rank of the first card of a column in one direction, other
// than the given one; "" when there is none.
func (c *change) firstRank(ctx context.Context, col column, card uuid.UUID, direction func(string) string, where *sql.Predicate) (string, error) {
	var ranks []string
	err := c.scan(ctx, col, &ranks, func(s *sql.Selector) {
		s.Select(s.C("rank")).Where(sql.NEQ("id", card)).
			OrderBy(direction("rank"), direction("id")).Limit(1)
		if where != nil {
			s.Where(where)
		}
	})
	if err != nil || len(ranks) == 0 {
		return "", err
	}
	return ranks[0], nil
}

// rankOf is the rank of a card in a column; "" when it is not there.
func (c *change) rankOf(ctx context.Context, col column, card uuid.UUID) (string, error) {
	var ranks []string
	err := c.scan(ctx, col, &ranks, func(s *sql.Selector) {
		s.Select(s.C("rank")).Where(sql.EQ("id", card))
	})
	if err != nil || len(ranks) == 0 {
		return "", err
	}
	return ranks[0], nil
}

// rerank gives all cards of a column new, short ranks in the same order. They
// are locked first: one that is about to leave is waited for, and left alone.
func (c *change) rerank(ctx context.Context, col column) error {
	cards, err := c.lockCards(ctx, col.kind, []*ent.Stage{{ID: col.stage}})
	if err != nil {
		return err
	}
	keys := make([]uuid.UUID, len(cards))
	for i, one := range cards {
		keys[i] = one.ID
	}
	for _, key := range keys {
		c.tellCard(event.KindCARD_MOVED, card{col.kind, key}, &col.stage, &col.stage, nil)
	}
	ranks := rank.Spread(len(keys))
	return inChunks(len(keys), func(first, end int) error {
		return c.writeRanks(ctx, col, keys[first:end], ranks[first:end])
	})
}

// scan reads something of a column's cards.
func (c *change) scan(ctx context.Context, col column, into any, shape func(*sql.Selector)) error {
	inStage := func(s *sql.Selector) {
		s.Where(sql.EQ("stage_id", col.stage))
		shape(s)
	}
	if col.kind == id.Deal {
		return c.db.Deal.Query().Modify(inStage).Scan(ctx, into)
	}
	return c.db.Lead.Query().Modify(inStage).Scan(ctx, into)
}

func (c *change) writeRanks(ctx context.Context, col column, keys []uuid.UUID, ranks []string) error {
	byCard := byID("rank", keys, func(i int) any { return ranks[i] })
	if col.kind == id.Deal {
		return c.db.Deal.Update().Where(deal.IDIn(keys...), deal.StageID(col.stage)).Modify(byCard).Exec(ctx)
	}
	return c.db.Lead.Update().Where(lead.IDIn(keys...), lead.StageID(col.stage)).Modify(byCard).Exec(ctx)
}
