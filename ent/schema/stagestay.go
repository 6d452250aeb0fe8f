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

// StageStay is one stay of a card in a stage: the history of a board.
type StageStay struct{ ent.Schema }

// Mixin of the entity.
func (StageStay) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (StageStay) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("lead_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("deal_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("stage_id", uuid.UUID{}).Optional().Nillable(),
		// The stage's name when the card came in: it outlives the stage.
		field.String("stage_name").MaxRuneLen(200).Immutable(),
		field.Time("entered_at").Immutable(),
		field.Time("left_at").Optional().Nillable(),
	}
}

// Edges of the entity.
func (StageStay) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("lead", Lead.Type).Field("lead_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("deal", Deal.Type).Field("deal_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("stage", Stage.Type).Field("stage_id").Unique().
			Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of the entity.
func (StageStay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("lead_id", "entered_at"),
		index.Fields("deal_id", "entered_at"),
		index.Fields("stage_id"),
	}
}

// Annotations of the entity.
func (StageStay) Annotations() []schema.Annotation {
	return []schema.Annotation{
		// Parentheses around the whole: ent takes any at both ends for those.
		entsql.Checks(map[string]string{"stay_card": "((lead_id IS NULL) <> (deal_id IS NULL))"}),
	}
}
