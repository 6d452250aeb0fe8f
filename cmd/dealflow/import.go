package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"dealflow/internal/importer"
	"dealflow/internal/sales"
)

// importCmd is `dealflow import`.
type importCmd struct {
	Deals importDealsCmd `cmd:"" help:"Bring deals in from a CSV file."`
	Leads importLeadsCmd `cmd:"" help:"Bring leads in from a CSV file."`
}

// importFlags are what both imports take.
type importFlags struct {
	File           string `arg:"" help:"The CSV file. Its first line names the columns."`
	Org            string `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	Map            string `required:"" placeholder:"FILE" help:"The mapping, which says in YAML what the columns mean."`
	CreatePipeline bool   `help:"Make the pipeline if there is none."`
	DryRun         bool   `help:"Say what would happen, and change nothing. Others who change the pipeline wait meanwhile."`
	Strict         bool   `help:"Bring nothing in if a row is bad. Others wait meanwhile, as with --dry-run."`
	MaxErrors      int    `default:"100" min:"0" max:"1000000000" placeholder:"N" help:"How many bad rows are listed; 0 for all. Default: ${default}"`

	databaseFlags
}

// importHelp is what there is to know of both.
const importHelp = `The mapping says which columns become what, and what tells a row from all others: so the import can be run again, and changes what is new in the file alone. docs/import.md describes it, and examples/ has some.

Rows that are bad are listed with their lines on standard error, and the others come in; the exit code is 1 then. With --strict nothing comes in.`

// importDealsCmd is `dealflow import deals`.
type importDealsCmd struct {
	Pipeline string `required:"" placeholder:"NAME" help:"The pipeline that the deals go to, by its name or id."`
	importFlags
}

// Help implements kong.HelpProvider.
func (importDealsCmd) Help() string {
	return importHelp + `

Examples:

    dealflow import deals sales_pipeline.csv --org demo --pipeline CRM --create-pipeline --map examples/crm-sales-opportunities.yaml --dry-run
    dealflow import deals deals.csv --org demo --pipeline Sales --map examples/export-deals.yaml --strict`
}

// Run runs the command.
func (c *importDealsCmd) Run(ctx context.Context, std streams) error {
	mapping, err := readMapping(c.Map, importer.ReadDealMapping)
	if err != nil {
		return err
	}
	return c.run(ctx, std, c.Pipeline, func(ctx context.Context, i *importer.Import) (importer.Result, error) {
		return i.Deals(ctx, mapping)
	})
}

// importLeadsCmd is `dealflow import leads`.
type importLeadsCmd struct {
	Pipeline string `placeholder:"NAME" help:"The pipeline that the leads go to, by its name or id, when the mapping has a stage."`
	importFlags
}

// Help implements kong.HelpProvider.
func (importLeadsCmd) Help() string {
	return importHelp + `

Example:

    dealflow import leads leads.csv --org demo --pipeline Sales --map examples/export-leads.yaml`
}

// Run runs the command.
func (c *importLeadsCmd) Run(ctx context.Context, std streams) error {
	mapping, err := readMapping(c.Map, importer.ReadLeadMapping)
	if err != nil {
		return err
	}
	return c.run(ctx, std, c.Pipeline, func(ctx context.Context, i *importer.Import) (importer.Result, error) {
		return i.Leads(ctx, mapping)
	})
}

// readMapping reads a mapping from a file.
func readMapping[M any](path string, read func(io.Reader) (M, error)) (M, error) {
	file, err := os.Open(path)
	if err != nil {
		var none M
		return none, err
	}
	defer file.Close()
	mapping, err := read(file)
	if err != nil {
		return mapping, fmt.Errorf("%s: %w", path, err)
	}
	return mapping, nil
}

// run runs an import and says what became of it.
func (c *importFlags) run(
	ctx context.Context, std streams, pipeline string,
	do func(context.Context, *importer.Import) (importer.Result, error),
) (err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	bar := newProgress(std.Err, "importing", info.Size())
	listed := &rowErrors{bar: bar, most: c.MaxErrors}
	result, err := do(ctx, &importer.Import{
		Sales: sales.New(s, nil, time.Now), File: file,
		Pipeline: pipeline, CreatePipeline: c.CreatePipeline, Strict: c.Strict, DryRun: c.DryRun,
		Progress: bar.to, Report: listed.add,
	})
	bar.done()
	listed.rest()
	if err != nil {
		return c.stopped(result, err)
	}
	c.summarize(std, result)
	return c.failed(result)
}

// rowErrors lists bad rows, but not for ever.
type rowErrors struct {
	bar   *progress
	most  int
	count int
}

func (r *rowErrors) add(err importer.RowError) {
	r.count++
	if r.most == 0 || r.count <= r.most {
		r.bar.println(err.Error())
	}
}

// rest tells how many rows were not listed.
func (r *rowErrors) rest() {
	if r.most > 0 && r.count > r.most {
		r.bar.println(fmt.Sprintf("… and %s more; --max-errors 0 lists all", grouped(r.count-r.most)))
	}
}

// stopped is why the import ended before its file, and what of it stays.
func (c *importFlags) stopped(result importer.Result, err error) error {
	if errors.Is(err, importer.ErrNoPipeline) && !c.CreatePipeline {
		return fmt.Errorf("%w: --create-pipeline makes it", err)
	}
	err = interrupted(err)
	if result.New+result.Updated > 0 && !result.Undone {
		return fmt.Errorf("%w: %s rows came in before; run it again for the others", err, grouped(result.New+result.Updated))
	}
	return err
}

// interrupted says of a command that was told to end just that.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

// summarize says what became of the rows.
func (c *importFlags) summarize(std streams, r importer.Result) {
	fmt.Fprintf(std.Out, "%s rows: %s new, %s updated, %s unchanged, %s failed\n",
		grouped(r.Rows), grouped(r.New), grouped(r.Updated), grouped(r.Unchanged), grouped(r.Failed))
	switch {
	case c.DryRun:
		fmt.Fprintln(std.Out, "This was a dry run: nothing was written.")
	case r.Undone:
		fmt.Fprintln(std.Out, "Nothing was written.")
	case r.New+r.Updated == 0:
		fmt.Fprintln(std.Out, "Nothing changed.")
	}
}

// failed is the error of an import with bad rows.
func (c *importFlags) failed(r importer.Result) error {
	if r.Failed == 0 {
		return nil
	}
	return fmt.Errorf("%s of %s rows are bad: mend them and run the import again", grouped(r.Failed), grouped(r.Rows))
}
