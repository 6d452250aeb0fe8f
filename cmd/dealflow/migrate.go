package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"dealflow/internal/store"
)

// migrateCmd is `dealflow migrate`.
type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Run the migrations that wait."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations, and which of them wait."`
}

// Help implements kong.HelpProvider.
func (migrateCmd) Help() string {
	return `The migrations are in the program. The embedded database runs them by itself; on Postgres you say when, before you start the new version.

Examples:

    dealflow migrate status --database postgres://dealflow@db.example.com/dealflow
    dealflow migrate up --database postgres://dealflow@db.example.com/dealflow`
}

// migrateUpCmd is `dealflow migrate up`.
type migrateUpCmd struct {
	databaseFlags
}

// Run runs the command.
func (c *migrateUpCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.connect(ctx, store.Options{})
	if err != nil {
		return err
	}
	defer closing(s, &err)
	before, err := s.Status(ctx)
	if err != nil {
		return err
	}
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	for _, m := range before {
		if m.Pending {
			fmt.Fprintf(std.Out, "ran %d %s\n", m.Version, m.Name)
		}
	}
	fmt.Fprintln(std.Out, "The schema is up to date.")
	return nil
}

// migrateStatusCmd is `dealflow migrate status`.
type migrateStatusCmd struct {
	databaseFlags
}

// Run runs the command.
func (c *migrateStatusCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.connectExisting(ctx)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	list, err := s.Status(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VERSION\tNAME\tRAN")
	pending := 0
	for _, m := range list {
		ran := m.AppliedAt.UTC().Format(time.RFC3339)
		if m.Pending {
			ran = "waits"
			pending++
		}
		fmt.Fprintf(table, "%d\t%s\t%s\n", m.Version, m.Name, ran)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if pending > 0 {
		fmt.Fprintln(std.Out, "\nTo run those that wait: dealflow migrate up")
	}
	return nil
}
