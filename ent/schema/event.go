package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Event is an entry of an organization's event log: what a change did to a card,
// a stage or a pipeline. It is written last in the transaction of the change,
// and forgotten after a while, unlike an Activity.
type Event struct{ ent.Schema }

// Mixin of the entity.
func (Event) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (Event) Fields() []ent.Field {
	// What an event names may be gone when it is read, so there are no edges.
	return []ent.Field{
		// The place in the organization's log: 1, 2, 3 and so on without holes, in
		// the order of the commits. See EventHead.
		field.Int64("seq").Positive().Immutable(),
		field.Enum("kind").Values("CARD_CREATED", "CARD_UPDATED", "CARD_MOVED", "CARD_REMOVED",
			"CARD_ARCHIVED", "CARD_RESTORED", "STAGE_CREATED", "STAGE_UPDATED", "STAGES_REORDERED",
			"STAGE_REMOVED", "PIPELINE_CHANGED", "COMMENT_ADDED", "COMMENT_EDITED", "COMMENT_DELETED").Immutable(),
		field.Enum("entity_type").Values("PIPELINE", "STAGE", "DEAL", "LEAD").Immutable(),
		field.UUID("entity_id", uuid.UUID{}).Immutable(),
		// Where the entity was before the change and after it; none for a lead that
		// is on no board.
		field.UUID("from_pipeline_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("from_stage_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("to_pipeline_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("to_stage_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		// The comment, where the change was about one.
		field.UUID("comment_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.JSON("changes", []Change{}).Default([]Change{}).Immutable(),
		field.Time("created_at").Immutable(),
	}
}

// Indexes of the entity.
func (Event) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "seq").Unique(),
	}
}

// Annotations of the entity.
func (Event) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"event_seq": "seq > 0",
		}),
	}
}
