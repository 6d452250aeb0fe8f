package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Pipeline is a way of selling: an ordered list of stages.
type Pipeline struct{ ent.Schema }

// Mixin of the entity.
func (Pipeline) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (Pipeline) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200),
		field.Text("description").Optional().Nillable(),
		field.Bool("is_active").Default(true),
		field.Bool("is_default").Default(false),
		field.Time("archived_at").Optional().Nillable(),
	}
}

// Indexes of the entity.
func (Pipeline) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "created_at", "id"),
		// An organization has at most one default pipeline.
		index.Fields("organization_id").Unique().StorageKey("pipeline_one_default").
			Annotations(entsql.IndexWhere("is_default")),
	}
}
