package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Document is a trusted document: an operation that an operator has published for
// a client, such as a partner's program, which names it by its key. Versions of an
// operation are documents with the same name, side by side.
type Document struct{ ent.Schema }

// Mixin of the entity.
func (Document) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (Document) Fields() []ent.Field {
	return []ent.Field{
		field.String("client").NotEmpty().MaxLen(64).Immutable(),
		field.String("key").NotEmpty().MaxLen(200).Immutable(),  // the manifest's id of it
		field.String("name").NotEmpty().MaxLen(200).Immutable(), // the operation's
		field.Enum("kind").Values("QUERY", "MUTATION", "SUBSCRIPTION").Immutable(),
		field.Text("body").NotEmpty().Immutable(),
		field.Bytes("hash").MaxLen(32).Immutable(), // SHA-256 of the body
		// The time of the version: the newest of a name is the one that the name means.
		field.Time("published_at"),
		// To within a minute, so that requests do not wait for it.
		field.Time("last_used_at").Optional().Nillable(),
		field.Time("retired_at").Optional().Nillable(),
	}
}

// Indexes of the entity.
func (Document) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "client", "key").Unique(),
		index.Fields("organization_id", "client", "hash"),
		index.Fields("organization_id", "client", "name", "published_at"),
	}
}

// Annotations of the entity.
func (Document) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"document_kind": "kind IN ('QUERY', 'MUTATION', 'SUBSCRIPTION')",
		}),
	}
}
