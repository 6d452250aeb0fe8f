package sales

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/lead"
	"dealflow/internal/id"
	"dealflow/internal/rank"
	"dealflow/internal/store"
)

// The functions here move cards by the thousand, in a few statements for each
// chunk of them.

// placed is a card, and where it is; a lead may be on no board.
type placed struct {
	ID      uuid.UUID  `sql:"id"`
	StageID *uuid.UUID `sql:"stage_id"`
	Rank    string     `sql:"rank"`
}

// vacate moves all cards of stages that are to be deleted to another one.
// Without one it refuses, saying whose cards they are and where they can go.
func (c *change) vacate(ctx context.Context, from []*ent.Stage, to *ent.Stage, whose, where string) error {
	deals, err := c.db.Deal.Query().Where(deal.StageIDIn(stageIDs(from)...)).Count(ctx)
	if err != nil {
		return err
	}
	leads, err := c.db.Lead.Query().Where(lead.StageIDIn(stageIDs(from)...)).Count(ctx)
	switch {
	case err != nil || deals+leads == 0:
		return err
	case to == nil:
		return blocked(deals+leads, in("moveCardsToStageId"),
			"%s holds cards (deals: %d; leads, with archived ones: %d). Say in moveCardsToStageId %s gets them.",
			whose, deals, leads, where)
	}
	if leads > 0 {
		// Moving leads is more than editing stages.
		if err := c.mayEdit(card{kind: id.Lead}); err != nil {
			return err
		}
	}
	return c.moveAll(ctx, from, to)
}

// moveAll moves all cards of some stages of one pipeline below the cards of
// another stage, in their order: by stage, then by rank. The stages are locked.
func (c *change) moveAll(ctx context.Context, from []*ent.Stage, to *ent.Stage) error {
	for _, kind := range []id.Kind{id.Deal, id.Lead} {
		cards, err := c.lockCards(ctx, kind, from)
		if err != nil {
			return err
		}
		if kind == id.Deal {
			if err := c.markDuplicates(ctx, from, to); err != nil {
				return err
			}
		}
		last, err := c.firstRank(ctx, column{kind, to.ID}, uuid.Nil, sql.Desc, nil)
		if err != nil {
			return err
		}
		ranks, err := rank.SpreadBetween(last, "", len(cards))
		if err != nil {
			return err
		}
		if err := c.putCards(ctx, kind, cards, ranks, to); err != nil {
			return err
		}
	}
	return nil
}

// lockCards locks the cards of one kind in some stages, by id, and answers them
// in their order on the board.
func (c *change) lockCards(ctx context.Context, kind id.Kind, stages []*ent.Stage) ([]placed, error) {
	keys := stageIDs(stages)
	order := make(map[uuid.UUID]int, len(keys))
	for i, key := range keys {
		order[key] = i
	}
	shape := func(s *sql.Selector) {
		s.Select(s.C("id"), s.C("stage_id"), s.C("rank")).OrderBy(s.C("id"))
		store.Lock(s)
	}
	var cards []placed
	var err error
	if kind == id.Deal {
		err = c.db.Deal.Query().Where(deal.StageIDIn(keys...)).Modify(shape).Scan(ctx, &cards)
	} else {
		err = c.db.Lead.Query().Where(lead.StageIDIn(keys...)).Modify(shape).Scan(ctx, &cards)
	}
	slices.SortFunc(cards, func(a, b placed) int {
		return cmp.Or(
			cmp.Compare(order[*a.StageID], order[*b.StageID]),
			cmp.Compare(a.Rank, b.Rank),
			slices.Compare(a.ID[:], b.ID[:]),
		)
	})
	return cards, err
}

// markDuplicates marks the open deals of some stages whose contact has an open
// deal in the pipeline that they are about to move to. Who deletes a stage
// cannot be asked about each of its deals, and none of them may be lost or
// closed for that, so they are let in as if duplicates were allowed.
func (c *change) markDuplicates(ctx context.Context, from []*ent.Stage, to *ent.Stage) error {
	if from[0].PipelineID == to.PipelineID {
		return nil
	}
	return c.db.Deal.Update().
		Where(
			deal.StageIDIn(stageIDs(from)...),
			deal.StatusEQ(deal.StatusOPEN),
			deal.Duplicate(false),
			func(s *sql.Selector) {
				there := sql.Dialect(s.Dialect()).Table(deal.Table).As("there")
				s.Where(sql.In(s.C(deal.FieldContactID), sql.Dialect(s.Dialect()).
					Select(there.C(deal.FieldContactID)).From(there).
					Where(sql.And(
						sql.EQ(there.C(deal.FieldPipelineID), to.PipelineID),
						sql.EQ(there.C(deal.FieldStatus), deal.StatusOPEN),
						sql.NotNull(there.C(deal.FieldContactID)),
					))))
			},
		).
		SetDuplicate(true).
		Exec(ctx)
}

// putCards gives cards, which are locked, their ranks in another stage, with
// all that goes with it: the history of their stages, and the activity.
func (c *change) putCards(ctx context.Context, kind id.Kind, cards []placed, ranks []string, to *ent.Stage) error {
	keys := make([]uuid.UUID, len(cards))
	for i, one := range cards {
		keys[i] = one.ID
	}
	err := inChunks(len(cards), func(first, end int) error {
		keys, ranks := keys[first:end], ranks[first:end]
		if err := c.writePlaces(ctx, kind, keys, ranks, to); err != nil {
			return err
		}
		return c.switchStages(ctx, kind, keys, to)
	})
	if err != nil {
		return err
	}
	entity := activity.EntityTypeDEAL
	if kind == id.Lead {
		entity = activity.EntityTypeLEAD
	}
	return c.recordMany(ctx, activity.ActionMOVED, entity, keys, func(i int) diff {
		var d diff
		d.note("stageId", globalID(id.Stage, cards[i].StageID), globalID(id.Stage, &to.ID))
		c.tellCard(event.KindCARD_MOVED, card{kind, keys[i]}, cards[i].StageID, &to.ID, d)
		return d
	})
}

// fillStage puts the leads that leadIds names into a new stage, in that order.
func (c *change) fillStage(ctx context.Context, to *ent.Stage, keys []uuid.UUID) error {
	if len(keys) == 0 {
		return nil
	}
	// Moving leads is more than editing stages.
	if err := c.mayEdit(card{kind: id.Lead}); err != nil {
		return err
	}
	found, err := c.db.Lead.Query().Where(lead.IDIn(keys...)).Order(lead.ByID()).Modify(store.Lock).All(ctx)
	if err != nil {
		return err
	}
	leads, err := inOrder(id.Lead, "leadIds", keys, found, func(l *ent.Lead) uuid.UUID { return l.ID })
	if err != nil {
		return err
	}
	var k check
	cards := make([]placed, len(leads))
	for i, l := range leads {
		if l.ArchivedAt != nil {
			k.add(CodeInvalid, "archived", append(in("leadIds"), strconv.Itoa(i)), "The lead is archived: restore it first.")
		}
		cards[i] = placed{ID: l.ID, StageID: l.StageID}
	}
	if err := k.err(); err != nil {
		return err
	}
	return c.putCards(ctx, id.Lead, cards, rank.Spread(len(cards)), to)
}

// writePlaces puts cards into a stage.
func (c *change) writePlaces(ctx context.Context, kind id.Kind, keys []uuid.UUID, ranks []string, to *ent.Stage) error {
	byCard := byID("rank", keys, func(i int) any { return ranks[i] })
	if kind == id.Deal {
		return c.db.Deal.Update().
			Where(deal.IDIn(keys...)).
			SetPipelineID(to.PipelineID).
			SetStageID(to.ID).
			SetStageEnteredAt(c.at).
			SetUpdatedAt(c.at).
			AddVersion(1).
			Modify(byCard).
			Exec(ctx)
	}
	return c.db.Lead.Update().
		Where(lead.IDIn(keys...)).
		SetStageID(to.ID).
		SetStageEnteredAt(c.at).
		SetUpdatedAt(c.at).
		AddVersion(1).
		Modify(byCard).
		Exec(ctx)
}

// switchStages is switchStage for many cards.
func (c *change) switchStages(ctx context.Context, kind id.Kind, keys []uuid.UUID, to *ent.Stage) error {
	stays := make([]ent.StageStay, len(keys))
	for i, key := range keys {
		stays[i] = c.stay(card{kind, key}, to)
	}
	return c.writeNow(ctx, c.leave(kind, keys...), insertStays(stays...))
}

// byID sets a column of many rows, each to a value of its own, in one UPDATE.
// The rows are those of the ids, and no others. Postgres takes the values for
// text; one that is something else has to be written with sql.Raw.
func byID(column string, keys []uuid.UUID, value func(i int) any) func(*sql.UpdateBuilder) {
	return func(u *sql.UpdateBuilder) {
		u.Set(column, sql.ExprFunc(func(b *sql.Builder) {
			b.WriteString("CASE ").Ident("id")
			for i, key := range keys {
				b.WriteString(" WHEN ").Arg(key).WriteString(" THEN ").Arg(value(i))
			}
			b.WriteString(" END")
		}))
	}
}

func stageIDs(stages []*ent.Stage) []uuid.UUID {
	keys := make([]uuid.UUID, len(stages))
	for i, one := range stages {
		keys[i] = one.ID
	}
	return keys
}
