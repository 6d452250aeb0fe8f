// Package fill makes the data that is measured: boards whose cards are spread
// evenly over their stages, the same each time but for the ids and the day. It is
// brought in by the rules of an import, so that it has ranks, stays, activities,
// contacts and text to search for, as real data does.
package fill

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// Pipelines is how many an organization has, and Stages how many a pipeline.
const (
	Pipelines = 5
	Stages    = 8
)

// Shape says how much data there is.
type Shape struct {
	Organizations int
	Leads         int // of a pipeline
	Deals         int // of a pipeline
	Comments      int // on a lead
}

// Data is what requests can name: the API's ids, with a token for each
// organization. Its JSON is for load drivers other than ours.
type Data struct {
	Tenants   []Tenant   `json:"tenants"`
	Pipelines []Pipeline `json:"pipelines"`
	Leads     []Lead     `json:"leads"`
	Deals     []Deal     `json:"deals"`
}

// Tenant is an organization.
type Tenant struct {
	ID    string `json:"id"`
	Token string `json:"token"`
}

// Pipeline is a pipeline of the tenant with an index.
type Pipeline struct {
	ID     string   `json:"id"`
	Tenant int      `json:"tenant"`
	Stages []string `json:"stages"`
}

// Lead is a lead of the tenant with an index.
type Lead struct {
	ID     string `json:"id"`
	Tenant int    `json:"tenant"`
}

// Deal is a deal of the pipeline with an index.
type Deal struct {
	ID       string `json:"id"`
	Pipeline int    `json:"pipeline"`
}

const (
	// batch is how many cards are written at a time.
	batch = 500
	// workers is how many organizations are filled at a time: while the database
	// writes for one, the next batch of another is made up.
	workers = 3
	// life is how long the tokens are good for.
	life = 7 * 24 * time.Hour
)

// Fill fills an empty database, and tells progress how much of it is done. The
// secret is the server's that is to take the tokens.
func Fill(ctx context.Context, s *store.Store, shape Shape, secret []byte, progress func(done, of int)) (*Data, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	all := shape.Organizations * Pipelines * (shape.Leads + shape.Deals)
	var done atomic.Int64
	f := filling{shape: shape, rules: sales.New(s, nil, time.Now), today: time.Now().UTC().Truncate(24 * time.Hour)}
	f.progress = func(cards int) { progress(int(done.Add(int64(cards))), all) }

	parts := make([]*Data, shape.Organizations)
	var working sync.WaitGroup
	for worker := range workers {
		working.Go(func() {
			for i := worker; i < len(parts) && ctx.Err() == nil; i += workers {
				var err error
				if parts[i], err = f.organization(ctx, i, secret); err != nil {
					stop(err) // the others too
				}
			}
		})
	}
	working.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return joined(parts), nil
}

// joined is the data of all organizations, each of whose own has the indexes of
// one alone.
func joined(parts []*Data) *Data {
	all := &Data{}
	for tenant, part := range parts {
		for _, one := range part.Deals {
			one.Pipeline += len(all.Pipelines)
			all.Deals = append(all.Deals, one)
		}
		for _, one := range part.Pipelines {
			one.Tenant = tenant
			all.Pipelines = append(all.Pipelines, one)
		}
		for _, one := range part.Leads {
			one.Tenant = tenant
			all.Leads = append(all.Leads, one)
		}
		all.Tenants = append(all.Tenants, part.Tenants...)
	}
	return all
}

// filling is data on its way in.
type filling struct {
	shape    Shape
	rules    *sales.Sales
	today    time.Time
	progress func(cards int)
}

// organization makes the organization with a number.
func (f *filling) organization(ctx context.Context, number int, secret []byte) (*Data, error) {
	owner, err := f.rules.CreateOrganization(ctx, fmt.Sprintf("Organization %d", number), "USD")
	if err != nil {
		return nil, err
	}
	viewer := auth.Viewer{
		OrganizationID: owner.ID, Subject: "bench", Name: "Bench",
		Role: auth.RoleAdmin, Permissions: auth.RoleAdmin.Permissions(),
	}
	token, err := auth.Sign(auth.Config{Secret: secret}, viewer, life)
	if err != nil {
		return nil, err
	}
	user, err := f.rules.EnsureUser(ctx, viewer)
	if err != nil {
		return nil, err
	}
	viewer.UserID = user.ID
	o := &office{filling: f, user: user, data: &Data{Tenants: []Tenant{{id.Organization.Encode(owner.ID), token}}}}
	ctx = auth.WithViewer(ctx, viewer)
	if o.statuses, err = f.rules.ImportStatuses(ctx, nil); err != nil {
		return nil, err
	}
	for i := range Pipelines {
		if err := o.pipeline(ctx, i); err != nil {
			return nil, err
		}
	}
	return o.data, nil
}

// office is an organization on its way in.
type office struct {
	*filling
	user     *ent.User
	statuses []*ent.LeadStatus
	data     *Data
}

// pipeline makes the pipeline with a number, and its cards.
func (o *office) pipeline(ctx context.Context, number int) error {
	wanted := make([]*sales.PipelineStageInput, Stages)
	for i := range wanted {
		wanted[i] = &sales.PipelineStageInput{Name: fmt.Sprintf("Stage %d", i), Probability: float64(i+1) / Stages}
	}
	made, stages, err := o.rules.ImportBoard(ctx, sales.ImportBoardInput{
		Pipeline: fmt.Sprintf("Pipeline %d", number), Create: true, Stages: wanted,
	})
	if err != nil {
		return err
	}
	index := len(o.data.Pipelines)
	named := Pipeline{ID: id.Pipeline.Encode(made.ID)}
	for _, one := range stages {
		named.Stages = append(named.Stages, id.Stage.Encode(one.ID))
	}
	o.data.Pipelines = append(o.data.Pipelines, named)
	first := number * o.shape.Leads
	for from := 0; from < o.shape.Leads; from += batch {
		if err := o.leads(ctx, stages, first+from, first+min(from+batch, o.shape.Leads)); err != nil {
			return err
		}
	}
	first = number * o.shape.Deals
	for from := 0; from < o.shape.Deals; from += batch {
		if err := o.deals(ctx, stages, index, first+from, first+min(from+batch, o.shape.Deals)); err != nil {
			return err
		}
	}
	return nil
}

// leads makes the leads with some numbers, with their comments.
func (o *office) leads(ctx context.Context, stages []*ent.Stage, from, to int) error {
	rows := make([]*sales.ImportedLead, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, o.lead(i, stages[i%len(stages)]))
	}
	results, err := o.rules.ImportLeads(ctx, sales.ImportLeadsInput{Leads: rows, Retold: true})
	if err != nil {
		return err
	}
	var said []*sales.ImportedComment
	for i, result := range results {
		if result.Err != nil {
			return fmt.Errorf("lead %d: %w", from+i, result.Err)
		}
		o.data.Leads = append(o.data.Leads, Lead{ID: id.Lead.Encode(result.ID)})
		for n := range o.shape.Comments {
			said = append(said, o.comment(result.ID, from+i, n))
		}
	}
	if err := o.rules.ImportComments(ctx, said); err != nil {
		return err
	}
	o.progress(len(rows))
	return nil
}

// deals makes the deals with some numbers, of the pipeline with an index.
func (o *office) deals(ctx context.Context, stages []*ent.Stage, index, from, to int) error {
	rows := make([]*sales.ImportedDeal, 0, to-from)
	for i := from; i < to; i++ {
		rows = append(rows, o.deal(i, stages[i%len(stages)].ID))
	}
	results, err := o.rules.ImportDeals(ctx, sales.ImportDealsInput{Deals: rows, Retold: true})
	if err != nil {
		return err
	}
	for i, result := range results {
		if result.Err != nil {
			return fmt.Errorf("deal %d: %w", from+i, result.Err)
		}
		o.data.Deals = append(o.data.Deals, Deal{ID: id.Deal.Encode(result.ID), Pipeline: index})
	}
	o.progress(len(rows))
	return nil
}

// comment is the comment with a number on the lead with a number.
func (o *office) comment(about uuid.UUID, lead, number int) *sales.ImportedComment {
	return &sales.ImportedComment{
		LeadID: about, AuthorID: &o.user.ID,
		Content:   fmt.Sprintf("Called for the %s time, left a message and sent the offer with number %d again.", ordinals[number%len(ordinals)], 1000+lead),
		CreatedAt: o.made(lead).Add(time.Duration(number) * 3 * time.Hour),
	}
}

// made is when the card with a number was made.
func (o *office) made(number int) time.Time {
	return o.today.AddDate(0, 0, -30).Add(-time.Duration(number%499) * 37 * time.Minute)
}
