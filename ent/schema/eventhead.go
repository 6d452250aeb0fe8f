package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// EventHead is the end of an organization's event log. A change that writes
// events advances it, as the last row that it locks: until it has committed, no
// other change of the organization gets the next place in the log. So places
// are in the order of the commits, and none is ever empty.
type EventHead struct{ ent.Schema }

// Mixin of the entity.
func (EventHead) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}}
}

// Fields of the entity.
func (EventHead) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("seq").NonNegative(), // of the last event
		// Another one after each change of the organization, with events or without. So
		// whoever has read something, and finds the revision of before, need not read again.
		field.UUID("revision", uuid.UUID{}).Optional().Nillable(),
	}
}

// Indexes of the entity.
func (EventHead) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id").Unique(),
	}
}
