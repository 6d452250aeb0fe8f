package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// User is a person (or a machine) that has signed in: the subject of a token.
type User struct{ ent.Schema }

// Mixin of the entity.
func (User) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}}
}

// Fields of the entity.
func (User) Fields() []ent.Field {
	return []ent.Field{
		field.String("subject").NotEmpty().MaxRuneLen(255).Immutable(),
		field.String("name").MaxRuneLen(200),
		field.String("email").Optional().Nillable().MaxRuneLen(320),
	}
}

// Indexes of the entity.
func (User) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "subject").Unique(),
		index.Fields("organization_id", "name", "id"),
	}
}
