package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"dealflow/internal/importer"
	"dealflow/internal/sales"
)

// exportCmd is `dealflow export`.
type exportCmd struct {
	Deals exportDealsCmd `cmd:"" help:"Write a pipeline's deals to a CSV file."`
	Leads exportLeadsCmd `cmd:"" help:"Write leads to a CSV file."`
}

// exportFlags are what both exports take.
type exportFlags struct {
	File     string `arg:"" default:"-" help:"The CSV file to write; - for standard output. Default: ${default}"`
	Org      string `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	WriteMap string `placeholder:"FILE" help:"Write a mapping there too, with which dealflow import reads the file into any organization."`

	databaseFlags
}

// exportHelp is what there is to know of both.
const exportHelp = `Import reads the file with the mapping in examples/, or with the one that --write-map writes, which also makes what another organization lacks. What begins with = + - or @ gets a ' in front, so that no spreadsheet takes it for a formula; import takes it away again.`

// exportDealsCmd is `dealflow export deals`.
type exportDealsCmd struct {
	Pipeline string `required:"" placeholder:"NAME" help:"The pipeline whose deals are written, by its name or id."`
	exportFlags
}

// Help implements kong.HelpProvider.
func (exportDealsCmd) Help() string {
	return exportHelp + `

Examples:

    dealflow export deals --org demo --pipeline Sales > deals.csv
    dealflow export deals deals.csv --org demo --pipeline Sales --write-map deals.yaml`
}

// Run runs the command.
func (c *exportDealsCmd) Run(ctx context.Context, std streams) error {
	return c.run(ctx, std, c.Pipeline, (*importer.Export).Deals)
}

// exportLeadsCmd is `dealflow export leads`.
type exportLeadsCmd struct {
	Pipeline string `placeholder:"NAME" help:"The pipeline whose leads are written, by its name or id. Default: all leads, without their stages."`
	exportFlags
}

// Help implements kong.HelpProvider.
func (exportLeadsCmd) Help() string {
	return exportHelp + ` Archived leads are left out.

Example:

    dealflow export leads leads.csv --org demo --write-map leads.yaml`
}

// Run runs the command.
func (c *exportLeadsCmd) Run(ctx context.Context, std streams) error {
	return c.run(ctx, std, c.Pipeline, (*importer.Export).Leads)
}

// run runs an export and says how much it wrote.
func (c *exportFlags) run(
	ctx context.Context, std streams, pipeline string,
	do func(*importer.Export, context.Context) (importer.Exported, error),
) (err error) {
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	bar := newProgress(std.Err, "exporting", -1)
	var done importer.Exported
	err = c.write(std, func(out io.Writer) error {
		done, err = do(&importer.Export{
			Sales: sales.New(s, nil, time.Now), Store: s, Out: out, Pipeline: pipeline,
			Progress: func(rows int) { bar.to(int64(rows)) },
		}, ctx)
		return err
	})
	bar.done()
	if err != nil {
		return err
	}
	if c.WriteMap != "" {
		err = replaceFile(c.WriteMap, func(out io.Writer) error {
			_, err := out.Write(done.Mapping)
			return err
		})
	}
	if c.File != "-" {
		fmt.Fprintf(std.Out, "%s rows\n", grouped(done.Rows))
	}
	return err
}

// write writes the export to where it is wanted.
func (c *exportFlags) write(std streams, content func(io.Writer) error) error {
	if c.File != "-" {
		return replaceFile(c.File, content)
	}
	out := bufio.NewWriter(std.Out)
	return errors.Join(content(out), out.Flush())
}

// replaceFile writes a file that only its owner can read, for it holds people's
// data. Until all of it is there, the file stays as it was.
func replaceFile(path string, content func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(content(file), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
