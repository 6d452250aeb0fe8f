package read

import (
	"context"
	stdsql "database/sql"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/stage"
	"dealflow/internal/store"
)

// Count is what counts rows by their parents.
type Count struct {
	// table is that of the rows.
	table string
	// shape counts those of these parents.
	shape func(parents []uuid.UUID) Shape
	// alone means that they have no parent, and are counted together.
	alone bool
}

// Write writes the statement, for parents of Like.
func (c Count) Write(db *store.Store, parents []uuid.UUID) (*Statement, error) {
	return Write(db, c.table, parents, c.shape(parents))
}

// Read counts the rows of each parent; those of an organization under uuid.Nil.
func (c Count) Read(ctx context.Context, db *store.Store, written *Statement, parents []uuid.UUID) (map[uuid.UUID]int, error) {
	var parent uuid.UUID
	var rows sql.NullInt64
	places := []stdsql.Scanner{&parent, &rows}
	if c.alone {
		places = places[1:]
	}
	counts := make(map[uuid.UUID]int, len(parents))
	err := written.each(ctx, db, parents, func() { counts[parent] = int(rows.Int64) }, places...)
	return counts, err
}

// Counts is Read of a statement that is written for once.
func (c Count) Counts(ctx context.Context, db *store.Store, parents []uuid.UUID) (map[uuid.UUID]int, error) {
	written, err := c.Write(db, Like(parents))
	if err != nil {
		return nil, err
	}
	return c.Read(ctx, db, written, parents)
}

// Count counts how many rows the list of each parent has, whatever the page.
func (l List[T]) Count() Count {
	return Count{l.Kind.table, func(parents []uuid.UUID) Shape {
		return func(s *sql.Selector) {
			if l.Parent == nil {
				s.Select(sql.Count("*"))
			} else {
				countBy(s, s.C(l.Parent.Column), parents)
			}
			l.conditions(s)
		}
	}, l.Parent == nil}
}

// countBy counts the rows that have one of these parents in a column.
func countBy(s *sql.Selector, column string, parents []uuid.UUID) {
	SelectKey(s, column)
	s.AppendSelect(sql.Count("*")).Where(among(column, parents)).GroupBy(column)
}

// LeadCount counts the leads on the boards of stages or pipelines, without archived
// ones. Of is the column of deals that names the parent.
func LeadCount(of string) Count {
	return Count{table: lead.Table, shape: func(parents []uuid.UUID) Shape {
		return func(s *sql.Selector) {
			parent := s.C(lead.FieldStageID)
			if of == deal.FieldPipelineID {
				stages := sql.Table(stage.Table)
				s.Join(stages).OnP(sql.And(sql.ColumnsEQ(parent, stages.C(stage.FieldID)), store.Beside(s, stages)))
				parent = stages.C(stage.FieldPipelineID)
				store.PlanEachTime(s) // boards differ in size
			}
			countBy(s, parent, parents)
			s.Where(sql.IsNull(s.C(lead.FieldArchivedAt)))
		}
	}}
}

// Counts is how many rows the list of each parent has, whatever the page.
func (l List[T]) Counts(ctx context.Context, db *store.Store, parents []uuid.UUID) (map[uuid.UUID]int, error) {
	return l.Count().Counts(ctx, db, parents)
}

// Total is how many rows the list of the organization has.
func (l List[T]) Total(ctx context.Context, db *store.Store) (int, error) {
	counts, err := l.Counts(ctx, db, nil)
	return counts[uuid.Nil], err
}
