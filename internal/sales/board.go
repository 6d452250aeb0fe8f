package sales

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// board is a pipeline and its stages, all locked: whoever changes one stage's
// place touches the others too.
type board struct {
	pipeline *ent.Pipeline
	stages   []*ent.Stage // in their order
	target   *ent.Stage   // the stage that gets the cards of one that goes, if it is named
}

// lockBoard locks the stages of a pipeline, which is locked, and the stage that
// moveCardsToStageId names, if any, by id.
func (c *change) lockBoard(ctx context.Context, owner *ent.Pipeline, target *uuid.UUID) (*board, error) {
	which := stage.PipelineID(owner.ID)
	if target != nil {
		which = stage.Or(which, stage.ID(*target))
	}
	found, err := c.db.Stage.Query().Where(which).Order(stage.ByID()).Modify(store.Lock).All(ctx)
	c.locked()
	if err != nil {
		return nil, err
	}
	c.events.know(found...)
	b := &board{pipeline: owner}
	for _, one := range found {
		if one.PipelineID == owner.ID {
			b.stages = append(b.stages, one)
		}
		if target != nil && one.ID == *target {
			b.target = one
		}
	}
	if target != nil && b.target == nil {
		return nil, notFound(id.Stage, in("moveCardsToStageId"))
	}
	slices.SortFunc(b.stages, func(x, y *ent.Stage) int { return cmp.Compare(x.Position, y.Position) })
	return b, nil
}

// lockBoardOf locks the board with the stage that an input names by id, at the
// version that the sender has seen.
func (c *change) lockBoardOf(ctx context.Context, key uuid.UUID, expected *int, target *uuid.UUID) (*board, *ent.Stage, error) {
	// A stage never changes its pipeline, so it may be looked at before the lock.
	seen, err := c.db.Stage.Query().Where(stage.ID(key)).Only(ctx)
	if err != nil {
		return nil, nil, missing(err, id.Stage, "id")
	}
	owner, err := c.db.Pipeline.Query().Where(pipeline.ID(seen.PipelineID)).Modify(store.Lock).Only(ctx)
	if err != nil {
		return nil, nil, missing(err, id.Stage, "id") // it went with its pipeline
	}
	b, err := c.lockBoard(ctx, owner, target)
	if err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(b.stages, func(one *ent.Stage) bool { return one.ID == key })
	if i < 0 {
		return nil, nil, notFound(id.Stage, in("id"))
	}
	return b, b.stages[i], unchanged(b.stages[i], b.stages[i].Version, expected)
}

// lockBoardFor locks the board of the pipeline that pipelineId names, or else of
// the default pipeline.
func (c *change) lockBoardFor(ctx context.Context, named *uuid.UUID) (*board, error) {
	key, err := c.namedOrDefault(ctx, named)
	if err != nil {
		return nil, err
	}
	owner, err := c.lockPipeline(ctx, "pipelineId", key)
	if err != nil {
		return nil, again(named == nil, err)
	}
	if named == nil && !owner.IsDefault {
		return nil, errAgain // another one became the default between the look and the lock
	}
	return c.lockBoard(ctx, owner, nil)
}

// inOrder is all stages of the board in the order of the ids that stageIds lists.
func (b *board) inOrder(keys []uuid.UUID) ([]*ent.Stage, error) {
	var k check
	ordered := make([]*ent.Stage, len(keys))
	for i, key := range keys {
		at := slices.IndexFunc(b.stages, func(one *ent.Stage) bool { return one.ID == key })
		if at < 0 {
			k.add(CodeNotFound, "exists", append(in("stageIds"), strconv.Itoa(i)), "The pipeline has no such stage.")
			continue
		}
		ordered[i] = b.stages[at]
	}
	for _, one := range b.stages {
		if !slices.Contains(keys, one.ID) {
			k.add(CodeRequired, "complete", in("stageIds"), "The stage %s (%q) is missing: list all stages of the pipeline.", one.GlobalID(), one.Name)
		}
	}
	return ordered, k.err()
}

// without is the board's stages but one, in their order.
func (b *board) without(key uuid.UUID) []*ent.Stage {
	return slices.DeleteFunc(slices.Clone(b.stages), func(one *ent.Stage) bool { return one.ID == key })
}

// aside is where stages wait while others take their places: two of a pipeline
// cannot be in one place even within a statement.
const aside = 1_000_000

// arrange gives stages of one pipeline the places in which they stand in the
// list. A nil keeps a place free.
func (c *change) arrange(ctx context.Context, owner *ent.Pipeline, stages []*ent.Stage) error {
	var keys []uuid.UUID
	var places []int
	for place, one := range stages {
		if one != nil && one.Position != place {
			keys, places = append(keys, one.ID), append(places, place)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	c.tellPipeline(event.KindSTAGES_REORDERED, owner.ID, nil)
	if err := c.db.Stage.Update().Where(stage.IDIn(keys...)).AddPosition(aside).Exec(ctx); err != nil {
		return err
	}
	return c.db.Stage.Update().
		Where(stage.IDIn(keys...)).
		SetUpdatedAt(c.at).
		AddVersion(1).
		Modify(byID(stage.FieldPosition, keys, func(i int) any { return sql.Raw(strconv.Itoa(places[i])) })).
		Exec(ctx)
}

// giveWay moves the other stages of a board so that a place is free for one of
// them, which waits aside until it is written there.
func (c *change) giveWay(ctx context.Context, b *board, moving *ent.Stage, place int) error {
	if err := c.db.Stage.UpdateOne(moving).AddPosition(aside).Exec(ctx); err != nil {
		return err
	}
	if err := c.arrange(ctx, b.pipeline, slices.Insert(b.without(moving.ID), place, nil)); err != nil {
		return err
	}
	_, err := c.restage(ctx, b.pipeline)
	return err
}
