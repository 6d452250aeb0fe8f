package sales

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/schema"
)

// Change is what became of one field.
type Change = schema.Change

// diff gathers the fields that a change touches, with the values as the API
// shows them, for the activity that goes with it.
type diff []Change

// note adds a field, unless its value stays. Values are given as the API
// shows them: ids as their text, times in UTC, nil for none.
func (d *diff) note(field string, from, to any) {
	before, after := apiJSON(from), apiJSON(to)
	if string(before) != string(after) {
		*d = append(*d, Change{Field: field, From: before, To: after})
	}
}

// apiJSON writes a value of one of the few types that fields have; none of
// them can fail to encode.
func apiJSON(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("a field's value cannot be written as JSON: %v", err))
	}
	return text
}

// record writes down that something was done to an entity.
func (c *change) record(ctx context.Context, action activity.Action, kind activity.EntityType, entity uuid.UUID, changes diff) error {
	return c.activity(action, kind, entity, changes).Exec(ctx)
}

// recordMany writes down that the same was done to many entities.
func (c *change) recordMany(ctx context.Context, action activity.Action, kind activity.EntityType, entities []uuid.UUID, changes func(int) diff) error {
	return inChunks(len(entities), func(from, to int) error {
		rows := make([]*ent.ActivityCreate, 0, to-from)
		for i := from; i < to; i++ {
			rows = append(rows, c.activity(action, kind, entities[i], changes(i)))
		}
		return c.db.Activity.CreateBulk(rows...).Exec(ctx)
	})
}

func (c *change) activity(action activity.Action, kind activity.EntityType, entity uuid.UUID, changes diff) *ent.ActivityCreate {
	if changes == nil {
		changes = diff{}
	}
	return c.db.Activity.Create().
		SetOrganizationID(c.organization).
		SetAction(action).
		SetEntityType(kind).
		SetEntityID(entity).
		SetNillableUserID(c.user).
		SetChanges(changes).
		SetCreatedAt(c.at)
}

// chunk bounds the rows of one INSERT: SQLite takes 32,766 parameters.
const chunk = 500

// inChunks calls fn for each range of at most a chunk.
func inChunks(n int, fn func(from, to int) error) error {
	for from := 0; from < n; from += chunk {
		if err := fn(from, min(from+chunk, n)); err != nil {
			return err
		}
	}
	return nil
}
