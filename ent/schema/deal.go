package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
	"github.com/google/uuid"
)

// Deal is an opportunity: a card on a board that may become a sale.
type Deal struct{ ent.Schema }

// Mixin of the entity.
func (Deal) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}, Imported{}, Searched{}}
}

// Fields of the entity.
func (Deal) Fields() []ent.Field {
	return []ent.Field{
		// The stage's pipeline, kept beside it for the rule of one open deal a
		// contact a pipeline, which an index can then enforce.
		field.UUID("pipeline_id", uuid.UUID{}),
		field.UUID("stage_id", uuid.UUID{}),
		field.String("rank"),
		field.String("title").NotEmpty().MaxRuneLen(300),
		field.Enum("status").Values("OPEN", "WON", "LOST", "ABANDONED").Default("OPEN"),
		// Minor units: 12222 is 122.22 USD. Amount and currency are both set or both null.
		field.Int64("value_amount").Optional().Nillable(),
		field.String("value_currency").Optional().Nillable().MaxLen(3),
		field.Float("probability").Optional().Nillable(),
		field.UUID("contact_id", uuid.UUID{}).Optional().Nillable(),
		field.UUID("assigned_to_id", uuid.UUID{}).Optional().Nillable(),
		field.UUID("created_by_id", uuid.UUID{}).Optional().Nillable().Immutable(),
		field.String("source").Optional().Nillable().MaxRuneLen(200),
		field.Strings("tags").Default([]string{}),
		field.Time("expected_close_date").Optional().Nillable().
			SchemaType(map[string]string{dialect.Postgres: "date"}),
		field.Text("lost_reason").Optional().Nillable(),
		field.Time("last_status_change_at"),
		field.Time("stage_entered_at"),
		// Whether the deal was let in beside another open one of its contact.
		field.Bool("duplicate").Default(false),
	}
}

// Edges of the entity.
func (Deal) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("pipeline", Pipeline.Type).Field("pipeline_id").Unique().Required(),
		edge.To("stage", Stage.Type).Field("stage_id").Unique().Required(),
		edge.To("contact", Contact.Type).Field("contact_id").Unique().
			Annotations(entsql.OnDelete(entsql.SetNull)),
		edge.To("assigned_to", User.Type).Field("assigned_to_id").Unique().
			Annotations(entsql.OnDelete(entsql.SetNull)),
		edge.To("created_by", User.Type).Field("created_by_id").Unique().Immutable().
			Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of the entity.
func (Deal) Indexes() []ent.Index {
	return []ent.Index{
		// With what a stage's totals are made of, so that Postgres need not look at the
		// deals themselves.
		index.Fields("stage_id", "rank", "id").
			Annotations(entsql.IncludeColumns("organization_id", "value_currency", "value_amount", "status", "probability")),
		index.Fields("pipeline_id", "created_at", "id"),
		index.Fields("organization_id", "created_at", "id"),
		index.Fields("contact_id"),
		index.Fields("assigned_to_id"),
		// Without the many that have none: else this would be the smallest index
		// of an organization, which tempts planners to read all of it.
		index.Fields("organization_id", "external_id").Unique().
			Annotations(entsql.IndexWhere("external_id IS NOT NULL")),
		index.Fields("pipeline_id", "contact_id").Unique().StorageKey("deal_one_open_per_contact").
			Annotations(entsql.IndexWhere("status = 'OPEN' AND NOT duplicate")),
	}
}

// Annotations of the entity.
func (Deal) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"deal_probability": "probability >= 0 AND probability <= 1",
			"deal_value":       "value_amount >= 0 AND (value_amount IS NULL) = (value_currency IS NULL)",
			"deal_status":      "status IN ('OPEN', 'WON', 'LOST', 'ABANDONED')",
		}),
	}
}
