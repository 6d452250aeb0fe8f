package importer

import (
	"context"
	"database/sql"
	"encoding/csv"
	"io"

	entsql "entgo.io/ent/dialect/sql"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/examples"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// Export is one export to a file that an Import reads, a page at a time.
type Export struct {
	Sales *sales.Sales
	Store *store.Store
	Out   io.Writer
	// Pipeline is the name or the id of the pipeline whose cards are exported.
	Pipeline string
	// Progress, when set, hears how many rows are done.
	Progress func(rows int)
}

// Exported tells of an export.
type Exported struct {
	Rows int
	// Mapping is what an Import needs to read the file, with all that another
	// organization may lack in createStages and createStatuses.
	Mapping []byte
}

// pageSize is how many rows are read at a time.
const pageSize = 500

// Deals writes a pipeline's deals, in the order of the board.
func (e *Export) Deals(ctx context.Context) (Exported, error) {
	_, stages, err := e.Sales.ImportBoard(ctx, sales.ImportBoardInput{Pipeline: e.Pipeline})
	if err != nil {
		return Exported{}, err
	}
	rows, err := writeRows(ctx, e, dealFields, func(ctx context.Context, db *ent.Client, write func([]*ent.Deal) error) error {
		for _, stage := range stages {
			err := eachPage(write, func(last *ent.Deal) ([]*ent.Deal, error) { return dealPage(ctx, db, stage, last) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return Exported{rows, addStages(examples.ExportDeals, stages)}, err
}

// dealPage is the deals of a stage after one of them.
func dealPage(ctx context.Context, db *ent.Client, stage *ent.Stage, last *ent.Deal) ([]*ent.Deal, error) {
	query := db.Deal.Query().
		Where(deal.StageID(stage.ID)).
		Order(deal.ByRank(), deal.ByID()).
		Limit(pageSize).
		WithContact().
		WithAssignedTo()
	if last != nil {
		query.Where(func(s *entsql.Selector) {
			s.Where(entsql.CompositeGT([]string{s.C(deal.FieldRank), s.C(deal.FieldID)}, last.Rank, last.ID))
		})
	}
	page, err := query.All(ctx)
	for _, one := range page {
		one.Edges.Stage = stage
	}
	return page, err
}

// Leads writes leads, without archived ones: a pipeline's, in the order of the
// board, or, when none is named, all of them, without their stages.
func (e *Export) Leads(ctx context.Context) (Exported, error) {
	statuses, err := e.Store.Client.LeadStatus.Query().Order(leadstatus.ByPosition(), leadstatus.ByID()).All(ctx)
	if err != nil {
		return Exported{}, err
	}
	mapping := addStatuses(examples.ExportLeads, statuses)
	if e.Pipeline == "" {
		rows, err := e.allLeads(ctx)
		return Exported{rows, dropStages(mapping)}, err
	}
	_, stages, err := e.Sales.ImportBoard(ctx, sales.ImportBoardInput{Pipeline: e.Pipeline})
	if err != nil {
		return Exported{}, err
	}
	rows, err := e.boardLeads(ctx, stages)
	return Exported{rows, addStages(mapping, stages)}, err
}

func (e *Export) allLeads(ctx context.Context) (int, error) {
	return writeRows(ctx, e, leadFields, func(ctx context.Context, db *ent.Client, write func([]*ent.Lead) error) error {
		return eachPage(write, func(last *ent.Lead) ([]*ent.Lead, error) {
			query := leadQuery(db).Order(lead.ByCreatedAt(), lead.ByID())
			if last != nil {
				query.Where(func(s *entsql.Selector) {
					s.Where(entsql.CompositeGT([]string{s.C(lead.FieldCreatedAt), s.C(lead.FieldID)}, last.CreatedAt, last.ID))
				})
			}
			return query.All(ctx)
		})
	})
}

func (e *Export) boardLeads(ctx context.Context, stages []*ent.Stage) (int, error) {
	fields := append(leadFields[:len(leadFields):len(leadFields)], leadStageFields...)
	return writeRows(ctx, e, fields, func(ctx context.Context, db *ent.Client, write func([]*ent.Lead) error) error {
		for _, stage := range stages {
			err := eachPage(write, func(last *ent.Lead) ([]*ent.Lead, error) { return leadPage(ctx, db, stage, last) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// leadPage is the leads of a stage after one of them.
func leadPage(ctx context.Context, db *ent.Client, stage *ent.Stage, last *ent.Lead) ([]*ent.Lead, error) {
	query := leadQuery(db).Where(lead.StageID(stage.ID)).Order(lead.ByRank(), lead.ByID())
	if last != nil {
		query.Where(func(s *entsql.Selector) {
			s.Where(entsql.CompositeGT([]string{s.C(lead.FieldRank), s.C(lead.FieldID)}, last.Rank, last.ID))
		})
	}
	page, err := query.All(ctx)
	for _, one := range page {
		one.Edges.Stage = stage
	}
	return page, err
}

func leadQuery(db *ent.Client) *ent.LeadQuery {
	return db.Lead.Query().Where(lead.ArchivedAtIsNil()).Limit(pageSize).WithStatus().WithBusinesses()
}

// eachPage writes page after page, each of which begins after the last entry of
// the one before.
func eachPage[T any](write func([]*T) error, page func(last *T) ([]*T, error)) error {
	var last *T
	for {
		rows, err := page(last)
		if err != nil {
			return err
		}
		if err := write(rows); err != nil || len(rows) < pageSize {
			return err
		}
		last = rows[len(rows)-1]
	}
}

// writeRows writes a file: the header, and what read hands to its function. All
// that read reads is of one moment.
func writeRows[T any](
	ctx context.Context, e *Export, fields []field[T],
	read func(ctx context.Context, db *ent.Client, write func([]*T) error) error,
) (rows int, err error) {
	tx, err := e.Store.Client.BeginTx(ctx, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads: there is nothing to lose
	out := csv.NewWriter(e.Out)
	if err := out.Write(header(fields)); err != nil {
		return 0, err
	}
	err = read(ctx, tx.Client(), func(page []*T) error {
		for _, one := range page {
			if err := out.Write(cellsOf(fields, one)); err != nil {
				return err
			}
		}
		rows += len(page)
		if e.Progress != nil {
			e.Progress(rows)
		}
		out.Flush()
		return out.Error()
	})
	return rows, err
}
