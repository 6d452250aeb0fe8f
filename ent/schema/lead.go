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

// SocialMedia holds a lead's addresses elsewhere.
type SocialMedia struct {
	Youtube   *string `json:"youtube,omitempty"`
	Facebook  *string `json:"facebook,omitempty"`
	Instagram *string `json:"instagram,omitempty"`
	Twitter   *string `json:"twitter,omitempty"`
}

// Lead is a person who may buy; on a board when it has a stage.
type Lead struct{ ent.Schema }

// Mixin of the entity.
func (Lead) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}, Imported{}, Searched{}}
}

// Fields of the entity.
func (Lead) Fields() []ent.Field {
	return []ent.Field{
		field.String("first_name").NotEmpty().MaxRuneLen(200),
		field.String("last_name").Default("").MaxRuneLen(200),
		// Kept in lower case, so that uniqueness ignores case on both databases.
		field.String("email").Optional().Nillable().MaxRuneLen(320),
		field.Strings("phone_numbers").Default([]string{}),
		field.String("photo").Optional().Nillable().MaxRuneLen(100),
		field.Enum("state").Values("ACTIVE", "INACTIVE").Default("ACTIVE"),
		field.UUID("status_id", uuid.UUID{}),
		field.String("source").Optional().Nillable().MaxRuneLen(200),
		field.Text("description").Optional().Nillable(),
		field.String("location").Optional().Nillable().MaxRuneLen(200),
		field.String("position").Optional().Nillable().MaxRuneLen(200),
		field.String("company").Optional().Nillable().MaxRuneLen(200),
		field.JSON("social_media", &SocialMedia{}).Optional(),
		field.UUID("stage_id", uuid.UUID{}).Optional().Nillable(),
		// Empty when the lead is on no board.
		field.String("rank").Default(""),
		field.Time("stage_entered_at").Optional().Nillable(),
		field.Time("archived_at").Optional().Nillable(),
		field.UUID("created_by_id", uuid.UUID{}).Optional().Nillable().Immutable(),
	}
}

// Edges of the entity.
func (Lead) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("status", LeadStatus.Type).Field("status_id").Unique().Required(),
		edge.To("stage", Stage.Type).Field("stage_id").Unique().
			Annotations(entsql.OnDelete(entsql.NoAction)),
		edge.To("created_by", User.Type).Field("created_by_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.SetNull)),
		edge.To("businesses", Business.Type),
	}
}

// Indexes of the entity.
func (Lead) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "email").Unique(),
		// Without the many that have none: else this would be the smallest index
		// of an organization, which tempts planners to read all of it.
		index.Fields("organization_id", "external_id").Unique().
			Annotations(entsql.IndexWhere("external_id IS NOT NULL")),
		// With what tells which leads of a stage count.
		index.Fields("stage_id", "rank", "id").Annotations(entsql.IncludeColumns("organization_id", "archived_at")),
		index.Fields("organization_id", "created_at", "id"),
		index.Fields("status_id", "created_at"),
		// Whose a photo is, when it goes.
		index.Fields("organization_id", "photo").
			Annotations(entsql.IndexWhere("photo IS NOT NULL")),
	}
}

// Annotations of the entity.
func (Lead) Annotations() []schema.Annotation {
	return []schema.Annotation{
		// Parentheses around the whole: ent takes any at both ends for those.
		entsql.Checks(map[string]string{
			"lead_state": "state IN ('ACTIVE', 'INACTIVE')",
			"lead_board": "((stage_id IS NULL) = (rank = '') AND (stage_id IS NULL) = (stage_entered_at IS NULL))",
		}),
	}
}
