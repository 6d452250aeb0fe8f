// Package demo makes up data: a small board to begin with, and as much as a
// test of speed needs. With the same seed, on the same day, it is the same.
package demo

import (
	"context"
	"errors"
	"fmt"
	"math"
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

// Fill makes the data. What is there already, of the same seed, stays, so that
// it can be run again when it was interrupted.
func Fill(ctx context.Context, s *sales.Sales, db *ent.Client, o Options) (Made, error) {
	if !(o.Scale > 0 && o.Scale <= 1000) {
		return Made{}, fmt.Errorf("the scale is %v: it has to be above 0, and at most 1000", o.Scale)
	}
	n, each := sizes(o.Scale)
	var sum Made
	done, all := 0, n*len(boards)*each*2
	for i := range n {
		b, err := begin(ctx, s, db, fmt.Sprintf("Demo %d", i+1), &sum)
		if err != nil {
			return sum, err
		}
		b.seed, b.today = o.Seed, o.Today.UTC().Truncate(24*time.Hour)
		b.progress = func(cards int) {
			if done += cards; o.Progress != nil {
				o.Progress(done, all)
			}
		}
		err = b.fillAll(ctx, each)
		sum.Leads, sum.Deals, sum.Comments = sum.Leads+b.made.Leads, sum.Deals+b.made.Deals, sum.Comments+b.made.Comments
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// sizes are how many organizations a scale has, and how many leads, and deals,
// each of their pipelines.
func sizes(scale float64) (n, each int) {
	wanted := scale * organizations
	n = max(1, int(math.Round(wanted)))
	return n, max(1, int(math.Round(cards*min(1, wanted))))
}

// begin makes the organization with a name, unless there is one.
func begin(ctx context.Context, s *sales.Sales, db *ent.Client, name string, made *Made) (*builder, error) {
	owner, err := s.CreateOrganization(ctx, name, "USD")
	if errors.As(err, new(sales.Errors)) {
		owner, err = db.Organization.Query().Where(organization.Name(name)).Only(store.System(ctx))
	} else if err == nil {
		made.Organizations++
	}
	if err != nil {
		return nil, err
	}
	return newBuilder(ctx, s, owner, people)
}

// fillAll makes an organization's pipelines.
func (b *builder) fillAll(ctx context.Context, each int) error {
	for i, one := range boards {
		if err := b.fill(ctx, one, fmt.Sprintf("demo-%d", i+1), each, each); err != nil {
			return err
		}
	}
	return nil
}
