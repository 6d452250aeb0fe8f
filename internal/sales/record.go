package sales

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/schema"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// Change is what became of one field.
type Change = schema.Change

// diff gathers the fields that a change touches, with the values as the API
// shows them, for the activity that goes with it.
type diff []Change

// note adds a field, unless its value stays. Values are given as the API
// shows them: ids as their text, times in UTC, nil for none.
func (d *diff) note(field string, from, to any) {
	if reflect.DeepEqual(from, to) {
		return // most fields stay, and to write them as JSON takes longer
	}
	before, after := apiJSON(from), apiJSON(to)
	if string(before) != string(after) {
		*d = append(*d, Change{Field: field, From: before, To: after})
	}
}

// stored is the diff as the database keeps it.
func (d diff) stored() json.RawMessage {
	if len(d) == 0 {
		return json.RawMessage("[]")
	}
	return apiJSON(d)
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
func (c *change) record(action activity.Action, kind activity.EntityType, entity uuid.UUID, changes diff) {
	c.write(insertActivities(c.activity(action, kind, entity, changes)))
}

// recordMany writes down that the same was done to many entities.
func (c *change) recordMany(ctx context.Context, action activity.Action, kind activity.EntityType, entities []uuid.UUID, changes func(int) diff) error {
	return inChunks(len(entities), func(from, to int) error {
		rows := make([]ent.Activity, 0, to-from)
		for i := from; i < to; i++ {
			rows = append(rows, c.activity(action, kind, entities[i], changes(i)))
		}
		return c.writeNow(ctx, insertActivities(rows...))
	})
}

// activity is what is written down of something that is done now.
func (c *change) activity(action activity.Action, kind activity.EntityType, entity uuid.UUID, changes diff) ent.Activity {
	return ent.Activity{
		ID: id.New(), Action: action, EntityType: kind, EntityID: entity, UserID: c.user, Changes: changes, CreatedAt: c.at,
	}
}

func insertActivities(list ...ent.Activity) store.Write {
	rows := make([][]any, len(list))
	for i, one := range list {
		rows[i] = []any{one.ID, one.Action, one.EntityType, one.EntityID, one.UserID, diff(one.Changes).stored(), one.CreatedAt}
	}
	return store.Insert(activity.Table, []string{
		activity.FieldID, activity.FieldAction, activity.FieldEntityType, activity.FieldEntityID, activity.FieldUserID,
		activity.FieldChanges, activity.FieldCreatedAt,
	}, rows...)
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
