package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Comment is what somebody wrote about a lead or a deal.
type Comment struct{ ent.Schema }

// Mixin of the entity.
func (Comment) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (Comment) Fields() []ent.Field {
	return []ent.Field{
		field.UUID("lead_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("deal_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.UUID("author_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.Text("content").NotEmpty(),
		field.Time("edited_at").Optional().Nillable(),
	}
}

// Edges of the entity.
func (Comment) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("lead", Lead.Type).Field("lead_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("deal", Deal.Type).Field("deal_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.Cascade)),
		edge.To("author", User.Type).Field("author_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of the entity.
func (Comment) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("lead_id", "created_at", "id"),
		index.Fields("deal_id", "created_at", "id"),
	}
}

// Annotations of the entity.
func (Comment) Annotations() []schema.Annotation {
	return []schema.Annotation{
		// Parentheses around the whole: ent takes any at both ends for those.
		entsql.Checks(map[string]string{"comment_subject": "((lead_id IS NULL) <> (deal_id IS NULL))"}),
	}
}
