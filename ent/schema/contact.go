package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Contact is the person or company that a deal is with.
type Contact struct{ ent.Schema }

// Mixin of the entity.
func (Contact) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (Contact) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").MaxRuneLen(200),
		// Kept in lower case, so that a contact is found whatever the case.
		field.String("email").Optional().Nillable().MaxRuneLen(320),
		field.String("phone").Optional().Nillable().MaxRuneLen(50),
		// The phone's digits alone, to find a contact however it is written.
		field.String("phone_key").Optional().Nillable().MaxRuneLen(50),
		field.String("company_name").Optional().Nillable().MaxRuneLen(200),
		field.Strings("tags").Default([]string{}),
	}
}

// Indexes of the entity.
func (Contact) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "email").Unique(),
		index.Fields("organization_id", "phone_key"),
		index.Fields("organization_id", "company_name"),
		index.Fields("organization_id", "created_at", "id"),
	}
}
