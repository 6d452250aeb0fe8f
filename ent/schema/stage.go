package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Stage is a column of a pipeline's board.
type Stage struct{ ent.Schema }

// Mixin of the entity.
func (Stage) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (Stage) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("pipeline_id", uuid.UUID{}).Immutable(),
		field.String("name").NotEmpty().MaxRuneLen(200),
		field.Text("description").Optional().Nillable(),
		// The stage's place, 0, 1, 2 … without gaps. The API calls it order.
		field.Int("position").NonNegative(),
		field.Float("probability"),
		field.Int("rotten_after").Optional().Nillable().Positive(),
	}
}

// Edges of the entity.
func (Stage) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("pipeline", Pipeline.Type).Field("pipeline_id").Unique().Required().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
	}
}

// Indexes of the entity.
func (Stage) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("pipeline_id", "position").Unique(),
		index.Fields("organization_id", "created_at", "id"),
	}
}

// Annotations of the entity.
func (Stage) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"stage_probability":  "probability >= 0 AND probability <= 1",
			"stage_position":     "position >= 0",
			"stage_rotten_after": "rotten_after > 0",
		}),
	}
}
