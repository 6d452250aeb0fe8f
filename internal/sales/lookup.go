package sales

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/pipeline"
	"dealflow/ent/stage"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// The functions here find a row for a change to write, and lock it, so that
// nobody else writes it before the change is over. What is locked first is the
// same everywhere: pipelines, then stages by id, then the organization, then
// contacts, then cards by id.

// lockPipeline finds and locks the pipeline that an input field names.
func (c *change) lockPipeline(ctx context.Context, field string, key uuid.UUID) (*ent.Pipeline, error) {
	found, err := c.db.Pipeline.Query().Where(pipeline.ID(key)).Modify(store.Lock).Only(ctx)
	c.locked()
	return found, missing(err, id.Pipeline, field)
}

// lockStage finds and locks the stage that an input field names.
func (c *change) lockStage(ctx context.Context, field string, key uuid.UUID) (*ent.Stage, error) {
	found := new(ent.Stage)
	err := c.lockRow(ctx, found, stage.Table, stage.Columns, key)
	if err != nil {
		return nil, missing(err, id.Stage, field)
	}
	c.events.know(found)
	return found, nil
}

// lockDeal finds and locks the deal that an input names by id, at the version
// that the sender has seen. More may be read with it, as its Value.
func (c *change) lockDeal(ctx context.Context, key uuid.UUID, expected *int, more ...store.Column) (*ent.Deal, error) {
	found := new(ent.Deal)
	err := c.lockRow(ctx, found, deal.Table, deal.Columns, key, more...)
	if err != nil {
		return nil, missing(err, id.Deal, "id")
	}
	c.events.knowDeal(found)
	return found, unchanged(found, found.Version, expected)
}

// lockRow reads the row of a table with an id, and locks it.
func (c *change) lockRow(ctx context.Context, into store.Row, table string, columns []string, key uuid.UUID, more ...store.Column) error {
	err := c.store.LockRow(ctx, c.db, into, table, columns, key, more...)
	c.locked()
	return err
}

// missing turns "no such row" into what its sender can mend.
func missing(err error, kind id.Kind, field string) error {
	if ent.IsNotFound(err) {
		return notFound(kind, in(field))
	}
	return err
}

// unchanged tells whether an entity still has the version that the sender has seen.
func unchanged(current ent.Node, version int, expected *int) error {
	if expected != nil && *expected != version {
		return conflict(current, version, *expected)
	}
	return nil
}

// read is a row that more was read with.
type read interface {
	Value(string) (ent.Value, error)
}

// textValue is a text that was read with a row; "" if it was not.
func textValue(row read, name string) string {
	value, err := row.Value(name)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s", value) // which the databases have as bytes or a string
}
