package schema

import (
	"encoding/json"

	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Change is what became of one field, with its values as the API shows them;
// null where there was, or is, none.
type Change struct {
	Field string          `json:"field"`
	From  json.RawMessage `json:"from"`
	To    json.RawMessage `json:"to"`
}

// Activity says who did what to which entity, and when. It outlives the entity.
type Activity struct{ ent.Schema }

// Mixin of the entity.
func (Activity) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (Activity) Fields() []ent.Field {
	return []ent.Field{
		field.Enum("action").Values("CREATED", "UPDATED", "DELETED", "MOVED", "STATUS_CHANGED",
			"ARCHIVED", "RESTORED", "REORDERED", "COMMENTED", "COMMENT_EDITED", "COMMENT_DELETED",
			"PHOTO_CHANGED", "PHOTO_DELETED").Immutable(),
		field.Enum("entity_type").Values("ORGANIZATION", "PIPELINE", "STAGE", "DEAL", "LEAD",
			"LEAD_STATUS", "CONTACT", "BUSINESS").Immutable(),
		field.UUID("entity_id", uuid.UUID{}).Immutable(),
		field.UUID("user_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.JSON("changes", []Change{}).Default([]Change{}).Immutable(),
		field.Time("created_at").Immutable(),
	}
}

// Edges of the entity.
func (Activity) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("user", User.Type).Field("user_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of the entity.
func (Activity) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("entity_id", "created_at", "id"),
	}
}
