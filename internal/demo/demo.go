// Package demo makes up data: a small board to begin with, and as much as a
// test of speed needs. With the same seed, on the same day, it is the same.
package demo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/organization"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// At scale 1 there are so many of each: organizations, and leads and deals in
// each of an organization's pipelines.
const (
	organizations = 20
	cards         = 500
	people        = 8
)

// boards are the pipelines of each organization, with eight stages each.
var boards = []board{
	{"New business", salesStages}, {"Enterprise", salesStages}, {"Partners", salesStages},
	{"Renewals", salesStages}, {"Expansion", salesStages},
}

var salesStages = []column{
	{name: "New", probability: 0.05, rottenAfter: 14, leads: 8, deals: 3},
	{name: "Contacted", probability: 0.1, rottenAfter: 21, leads: 7, deals: 4},
	{name: "Qualified", probability: 0.2, rottenAfter: 30, leads: 5, deals: 5},
	{name: "Demo", probability: 0.4, rottenAfter: 30, leads: 4, deals: 4},
	{name: "Proposal", probability: 0.6, rottenAfter: 45, leads: 3, deals: 4},
	{name: "Negotiation", probability: 0.8, rottenAfter: 45, leads: 2, deals: 3},
	{name: "Won", probability: 1, leads: 2, deals: 5, status: deal.StatusWON},
	{name: "Lost", probability: 0, leads: 1, deals: 4, status: deal.StatusLOST},
}

// Options say how much data to make.
type Options struct {
	// Scale 1 is 20 organizations with 5 pipelines of 8 stages, and 500 leads
	// and 500 deals in each pipeline. More or less is more or fewer
	// organizations, down to one, and then fewer cards.
	Scale float64
	Seed  uint64
	// Today is when the data's last day ends.
	Today time.Time
	// Progress, when set, hears how many leads and deals are done, of how many.
	Progress func(done, of int)
}

// Made counts what is new.
type Made struct{ Organizations, Leads, Deals, Comments int }

// workers is how many organizations are filled at a time: while the database
// writes for one, the next batch of another is made up.
const workers = 3

// Fill makes the data. What is there already, of the same seed, stays, so that
// it can be run again when it was interrupted.
func Fill(ctx context.Context, s *sales.Sales, db *ent.Client, o Options) (Made, error) {
	if !(o.Scale > 0 && o.Scale <= 1000) {
		return Made{}, fmt.Errorf("the scale is %v: it has to be above 0, and at most 1000", o.Scale)
	}
	n, each := sizes(o.Scale)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	f := &filling{Options: o, sales: s, db: db, each: each, all: n * len(boards) * each * 2}
	numbers := make(chan int, n)
	for i := range n {
		numbers <- i + 1
	}
	close(numbers)
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for number := range numbers {
				if err := f.organization(ctx, number); err != nil {
					stop(err) // the others too; theirs is only that they were stopped
					return
				}
			}
		})
	}
	working.Wait()
	return f.made, context.Cause(ctx)
}

// filling is data on its way in.
type filling struct {
	Options
	sales *sales.Sales
	db    *ent.Client
	each  int // leads, and deals, in a pipeline
	all   int // leads and deals

	mu   sync.Mutex
	made Made
	done int
}

// organization makes the organization with a number.
func (f *filling) organization(ctx context.Context, number int) error {
	b, err := f.begin(ctx, fmt.Sprintf("Demo %d", number))
	if err != nil {
		return err
	}
	b.seed, b.today, b.progress = f.Seed, f.Today.UTC().Truncate(24*time.Hour), f.count
	for i, one := range boards {
		if err := b.fill(ctx, one, fmt.Sprintf("demo-%d", i+1), f.each, f.each); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the organization with a name, unless there is one.
func (f *filling) begin(ctx context.Context, name string) (*builder, error) {
	owner, err := f.sales.CreateOrganization(ctx, name, "USD")
	if errors.As(err, new(sales.Errors)) {
		owner, err = f.db.Organization.Query().Where(organization.Name(name)).Only(store.System(ctx))
	} else if err == nil {
		f.count(Made{Organizations: 1}, 0)
	}
	if err != nil {
		return nil, err
	}
	return newBuilder(ctx, f.sales, owner, people)
}

// count counts what is new, and how many cards are done.
func (f *filling) count(made Made, cards int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made.Organizations += made.Organizations
	f.made.Leads += made.Leads
	f.made.Deals += made.Deals
	f.made.Comments += made.Comments
	f.done += cards
	if f.Progress != nil {
		f.Progress(f.done, f.all)
	}
}

// sizes are how many organizations a scale has, and how many leads, and deals,
// each of their pipelines.
func sizes(scale float64) (n, each int) {
	wanted := scale * organizations
	n = max(1, int(math.Round(wanted)))
	return n, max(1, int(math.Round(cards*min(1, wanted))))
}
