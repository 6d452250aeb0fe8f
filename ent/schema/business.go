package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Business is a company or branch that leads belong to.
type Business struct{ ent.Schema }

// Mixin of the entity.
func (Business) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (Business) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200),
	}
}

// Edges of the entity.
func (Business) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("leads", Lead.Type).Ref("businesses"),
	}
}

// Indexes of the entity.
func (Business) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "name", "id"),
		index.Fields("organization_id", "created_at", "id"),
	}
}
