// Package schema describes the entities that Dealflow stores. The rest of ent/
// is generated from it.
package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/mixin"
	"github.com/google/uuid"

	"dealflow/internal/id"
)

// Identity gives an entity its id, a UUIDv7, so that ids sort by the time they
// were made and new rows land at the end of an index.
type Identity struct{ mixin.Schema }

// Fields of the mixin.
func (Identity) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("id", uuid.UUID{}).Default(id.New).Immutable(),
	}
}

// Scoped gives an entity its organization, the tenant. The wall between
// organizations itself (a filter on every query, a check on every mutation) is
// in internal/store, which applies it to each entity that has this column.
type Scoped struct{ mixin.Schema }

// Fields of the mixin.
func (Scoped) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("organization_id", uuid.UUID{}).Immutable(),
	}
}

// Edges of the mixin.
func (Scoped) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("organization", Organization.Type).
			Field("organization_id").Unique().Required().Immutable(),
	}
}

// Times says when an entity was made and last changed, in UTC. The rules in
// internal/sales set both from one clock, so that a transaction has one time.
type Times struct{ mixin.Schema }

// Fields of the mixin.
func (Times) Fields() []ent.Field {
	return []ent.Field{
		field.Time("created_at").Immutable(),
		field.Time("updated_at"),
	}
}

// Versioned counts the changes of an entity, for expectedVersion.
type Versioned struct{ mixin.Schema }

// Fields of the mixin.
func (Versioned) Fields() []ent.Field {
	return []ent.Field{
		field.Int("version").Default(1).Positive(),
	}
}

// Imported names the row of another system that an entity was made from, so
// that an import can be run again.
type Imported struct{ mixin.Schema }

// Fields of the mixin.
func (Imported) Fields() []ent.Field {
	return []ent.Field{
		field.String("external_id").Optional().Nillable().MaxRuneLen(200),
	}
}

// Searched keeps what a search looks through: lower-case text, made in Go so
// that both databases fold case alike.
type Searched struct{ mixin.Schema }

// Fields of the mixin.
func (Searched) Fields() []ent.Field {
	return []ent.Field{
		field.Text("search_text").Default(""),
	}
}
