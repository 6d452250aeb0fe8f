package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// IdempotentAnswer is what a request with an Idempotency-Key was answered. It is
// written in the transaction of what the request changed: either both are there,
// or neither. It is forgotten after a day.
type IdempotentAnswer struct{ ent.Schema }

// Mixin of the entity.
func (IdempotentAnswer) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (IdempotentAnswer) Fields() []ent.Field {
	return []ent.Field{
		// The client's name is before a partner's: see internal/once.
		field.String("key").NotEmpty().MaxLen(320).Immutable(),
		// SHA-256 of the request, its bearer included: another one may not have the key.
		field.Bytes("fingerprint").MaxLen(32).Immutable(),
		// Empty while the request runs, which nobody sees but its own transaction.
		field.Bytes("body").Optional(),
		field.Time("created_at").Immutable(),
	}
}

// Indexes of the entity.
func (IdempotentAnswer) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "key").Unique(),
		index.Fields("created_at"), // for forgetting
	}
}
