// Package importer brings deals and leads in from CSV files, and writes them
// out to such files again. A mapping, which is YAML, says what the columns mean.
//
// Files are read a batch of rows at a time, so their size does not matter. What
// is wrong with a row is told by its line, and the other rows come in.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"dealflow/internal/sales"
)

// batchSize is how many rows come in with one transaction.
const batchSize = 500

// Import is one import of a file.
type Import struct {
	Sales *sales.Sales
	// File is read from its start, a second time too if the database asks for
	// the transaction of a strict import to be run again.
	File io.ReadSeeker
	// Pipeline is the name or the id of the pipeline that cards go to.
	Pipeline string
	// CreatePipeline makes the pipeline when there is none.
	CreatePipeline bool
	// Strict brings in all rows or, when one of them is bad, none.
	Strict bool
	// DryRun does everything, and undoes it.
	DryRun bool
	// Progress, when set, hears how many bytes of the file are done.
	Progress func(bytes int64)
	// Report, when set, hears of each row that does not come in, in the order
	// of the file.
	Report func(RowError)

	reported int // the line of the last row that was reported
}

// Result counts what became of the rows.
type Result struct {
	Rows, New, Updated, Unchanged, Failed int
	// Undone tells that nothing was written after all.
	Undone bool
}

// RowError is what is wrong with a row, and where the row begins.
type RowError struct {
	Line    int
	Message string
}

func (e RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// ErrNoPipeline is the error of an import into a pipeline that there is not.
var ErrNoPipeline = errors.New("there is no such pipeline")

// errUndo ends a transaction whose work is not to stay.
var errUndo = errors.New("what the import did is undone")

// Deals brings in deals, and counts them. With an error, the count is of what
// came in until then.
func (i *Import) Deals(ctx context.Context, m *DealMapping) (Result, error) {
	return i.run(ctx, func(ctx context.Context) (Result, error) {
		file, err := i.open(&m.format)
		if err != nil {
			return Result{}, err
		}
		if err := m.fits(file.columns); err != nil {
			return Result{}, err
		}
		board, err := i.board(ctx, m.Stage, m.CreateStages)
		if err != nil {
			return Result{}, err
		}
		return (&job[sales.ImportedDeal]{
			Import: i, file: file, format: &m.format,
			read: func(c *cells) *sales.ImportedDeal { return m.read(c, board) },
			key:  func(d *sales.ImportedDeal) *string { return d.ExternalID },
			write: func(ctx context.Context, deals []*sales.ImportedDeal) ([]sales.Imported, error) {
				return i.Sales.ImportDeals(ctx, sales.ImportDealsInput{Deals: deals, AllowDuplicates: m.AllowDuplicates})
			},
		}).run(ctx)
	})
}

// Leads brings in leads, and counts them. With an error, the count is of what
// came in until then.
func (i *Import) Leads(ctx context.Context, m *LeadMapping) (Result, error) {
	return i.run(ctx, func(ctx context.Context) (Result, error) {
		file, err := i.open(&m.format)
		if err != nil {
			return Result{}, err
		}
		if err := m.fits(file.columns); err != nil {
			return Result{}, err
		}
		known, err := i.leadChoices(ctx, m)
		if err != nil {
			return Result{}, err
		}
		return (&job[sales.ImportedLead]{
			Import: i, file: file, format: &m.format,
			read: func(c *cells) *sales.ImportedLead { return m.read(c, known) },
			key:  func(l *sales.ImportedLead) *string { return l.ExternalID },
			write: func(ctx context.Context, leads []*sales.ImportedLead) ([]sales.Imported, error) {
				return i.Sales.ImportLeads(ctx, sales.ImportLeadsInput{Leads: leads})
			},
		}).run(ctx)
	})
}

// run runs an import in a transaction for each batch, or, where all or nothing
// is to stay, in a single one.
func (i *Import) run(ctx context.Context, attempt func(context.Context) (Result, error)) (Result, error) {
	if !i.Strict && !i.DryRun {
		return attempt(ctx)
	}
	var result Result
	err := i.Sales.Together(ctx, func(ctx context.Context) (err error) {
		result, err = attempt(ctx)
		if err == nil && (i.DryRun || result.Failed > 0) {
			err = errUndo
		}
		return err
	})
	switch {
	case errors.Is(err, errUndo):
		result.Undone = true
		return result, nil
	case err != nil:
		return Result{Undone: true}, err
	default:
		return result, nil
	}
}

// open reads the file's header.
func (i *Import) open(m *format) (*table, error) {
	if _, err := i.File.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("the file has to be one that can be read twice: %w", err)
	}
	return newTable(i.File, m.Delimiter.orComma())
}

// board finds the stages that a mapping can speak of.
func (i *Import) board(ctx context.Context, stage lookup, create []stageMapping) (*choices, error) {
	if i.Pipeline == "" {
		return nil, errors.New("the mapping has a stage, so say which pipeline it is in")
	}
	owner, stages, err := i.Sales.ImportBoard(ctx, sales.ImportBoardInput{
		Pipeline: i.Pipeline, Create: i.CreatePipeline, Stages: stageInputs(create),
	})
	if isMissing(err) {
		return nil, fmt.Errorf("%w: %q", ErrNoPipeline, i.Pipeline)
	}
	if err != nil {
		return nil, err
	}
	known := newChoices("the pipeline", sameCase)
	for _, one := range stages {
		known.add(one.Name, one.ID)
	}
	if unknown := stage.unknown(known); unknown != "" {
		return nil, fmt.Errorf("the mapping's stage speaks of %q, which the pipeline %q does not have (%s): name it in createStages",
			unknown, owner.Name, known)
	}
	return known, nil
}

// isMissing tells whether what was asked for is not there.
func isMissing(err error) bool {
	var all sales.Errors
	if !errors.As(err, &all) {
		return false
	}
	one, ok := all[0].(sales.InputError)
	return ok && one.Code == sales.CodeNotFound
}

// leadChoices finds the stages and the statuses that a mapping can speak of.
func (i *Import) leadChoices(ctx context.Context, m *LeadMapping) (known leadChoices, err error) {
	switch {
	case m.Stage.given():
		if known.stages, err = i.board(ctx, m.Stage, m.CreateStages); err != nil {
			return known, err
		}
	case i.Pipeline != "":
		return known, errors.New("the mapping says nothing of a stage, so no lead would go to the pipeline: give it a stage, or leave the pipeline out")
	}
	statuses, err := i.Sales.ImportStatuses(ctx, statusInputs(m.CreateStatuses))
	if err != nil {
		return known, err
	}
	known.statuses = newChoices("the organization", strings.ToLower)
	for _, one := range statuses {
		known.statuses.add(one.Name, one.ID)
	}
	if unknown := m.Status.unknown(known.statuses); unknown != "" {
		return known, fmt.Errorf("the mapping's status speaks of %q, which the organization does not have (%s): name it in createStatuses",
			unknown, known.statuses)
	}
	return known, nil
}
