package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
)

// Organization is a tenant: the owner of every other row.
type Organization struct{ ent.Schema }

// Mixin of the entity.
func (Organization) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (Organization) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200).Unique(),
		field.String("currency").MinLen(3).MaxLen(3).Default("USD"),
	}
}
