package main

import (
	"context"
	"fmt"
	"time"

	"dealflow/internal/demo"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// demoCmd is `dealflow demo`.
type demoCmd struct {
	Scale float64 `default:"1" min:"0.0001" max:"1000" placeholder:"N" help:"How much: 1 is 20 organizations with 5 pipelines of 8 stages, and 500 leads and 500 deals in each; 0.01 is a hundredth of the cards. Default: ${default}"`
	Seed  uint64  `default:"1" placeholder:"N" help:"Another number makes other data. Default: ${default}"`
	databaseFlags
}

// Help implements kong.HelpProvider.
func (demoCmd) Help() string {
	return `The organizations are Demo 1, Demo 2 and so on. Names and companies are made up; with the same seed, on the same day, all is the same. When it is run again, what is there already stays.

Examples:

    dealflow demo --scale 0.01
    dealflow demo --database postgres://dealflow@localhost/dealflow
    dealflow token --org "Demo 1" --user ada --role ADMIN`
}

// Run runs the command.
func (c *demoCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.open(ctx, store.Options{}, false)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	var bar *progress
	made, err := demo.Fill(ctx, sales.New(s, nil, time.Now), s.Client, demo.Options{
		Scale: c.Scale, Seed: c.Seed, Today: time.Now(),
		Progress: func(done, of int) {
			if bar == nil {
				bar = newProgress(std.Err, "making leads and deals", int64(of))
			}
			bar.to(int64(done))
		},
	})
	if bar != nil {
		bar.done()
	}
	if err != nil {
		return interrupted(err)
	}
	fmt.Fprintf(std.Out, "New organizations: %s; leads: %s; deals: %s; comments: %s\n",
		grouped(made.Organizations), grouped(made.Leads), grouped(made.Deals), grouped(made.Comments))
	return nil
}
