package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// APIKey lets a partner in: whoever has its secret acts with its permissions, and
// runs the documents of its client. Only a hash of the secret is stored.
type APIKey struct{ ent.Schema }

// Mixin of the entity.
func (APIKey) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (APIKey) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(200).Immutable(),
		// Whose documents the key runs: see Document.
		field.String("client").NotEmpty().MaxLen(64).Immutable(),
		field.Bytes("hash").MaxLen(32).Immutable().Sensitive(), // SHA-256 of the secret
		field.JSON("permissions", []string{}).Immutable(),      // their names, sorted
		// What its operations may cost a second; the server's default, if nil.
		field.Int("budget").Positive().Optional().Nillable().Immutable(),
		field.Time("created_at").Immutable(),
		field.Time("expires_at").Optional().Nillable().Immutable(),
		// To within a minute, so that requests do not wait for it.
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("revoked_at").Optional().Nillable(),
	}
}

// Indexes of the entity.
func (APIKey) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "client"),
	}
}
