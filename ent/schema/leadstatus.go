package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// LeadStatus is a label that an organization gives its leads.
type LeadStatus struct{ ent.Schema }

// Mixin of the entity.
func (LeadStatus) Mixin() []ent.Mixin {
	return []ent.Mixin{Identity{}, Scoped{}, Times{}, Versioned{}}
}

// Fields of the entity.
func (LeadStatus) Fields() []ent.Field {
	return []ent.Field{
		field.String("name").NotEmpty().MaxRuneLen(100),
		// The name in lower case: names are unique whatever their case.
		field.String("name_key").NotEmpty().MaxRuneLen(100),
		field.Enum("primary_color").
			Values("GRAY", "RED", "ORANGE", "YELLOW", "GREEN", "TEAL", "BLUE", "INDIGO", "PURPLE", "PINK"),
		// The status' place, 0, 1, 2 … The API calls it order.
		field.Int("position").NonNegative(),
	}
}

// Indexes of the entity.
func (LeadStatus) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("organization_id", "name_key").Unique(),
		index.Fields("organization_id", "position"),
	}
}

// Annotations of the entity.
func (LeadStatus) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Checks(map[string]string{
			"lead_status_position": "position >= 0",
			"lead_status_primary_color": "primary_color IN ('GRAY', 'RED', 'ORANGE', 'YELLOW', 'GREEN', " +
				"'TEAL', 'BLUE', 'INDIGO', 'PURPLE', 'PINK')",
		}),
	}
}
