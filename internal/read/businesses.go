package read

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/business"
	"dealflow/ent/lead"
	"dealflow/internal/store"
)

// BusinessOwner is the lead in the rows of BusinessesOf, as table and column.
var BusinessOwner = owners + "." + lead.BusinessesPrimaryKey[0]

// owners is the table between leads and businesses in such a statement.
const owners = "owners"

// BusinessesOf is the businesses that each lead belongs to, by name.
func BusinessesOf(leads []uuid.UUID) Shape {
	return func(s *sql.Selector) {
		joined := sql.Table(lead.BusinessesTable).As(owners)
		s.Join(joined).On(s.C(business.FieldID), joined.C(lead.BusinessesPrimaryKey[1]))
		s.Where(among(joined.C(lead.BusinessesPrimaryKey[0]), leads)).
			OrderBy(s.C(business.FieldName), s.C(business.FieldID))
	}
}

// BusinessesOfLead reads the businesses that each lead belongs to.
func BusinessesOfLead(ctx context.Context, db *store.Store, leads []uuid.UUID, columns []string) (map[uuid.UUID][]*ent.Business, error) {
	const owner = "owner"
	rows, err := Businesses.rows(ctx, db.Client, columns, func(s *sql.Selector) {
		BusinessesOf(leads)(s)
		s.AppendSelectAs(sql.Table(owners).C(lead.BusinessesPrimaryKey[0]), owner)
	})
	if err != nil {
		return nil, err
	}
	groups := make(map[uuid.UUID][]*ent.Business, len(leads))
	for _, row := range rows {
		of, err := rowKey(row.Value(owner))
		if err != nil {
			return nil, err
		}
		groups[of] = append(groups[of], row)
	}
	return groups, nil
}

// rowKey reads an id that ent selected without knowing its type.
func rowKey(value any, err error) (uuid.UUID, error) {
	if err != nil {
		return uuid.Nil, err
	}
	var key uuid.UUID
	if err := key.Scan(value); err != nil {
		return uuid.Nil, fmt.Errorf("read the owner of a row: %w", err)
	}
	return key, nil
}
