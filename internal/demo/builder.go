package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/internal/auth"
	"dealflow/internal/sales"
)

// board is a pipeline to make.
type board struct {
	name   string
	stages []column
}

// column is a stage to make.
type column struct {
	name        string
	probability float64
	rottenAfter int
	// leads and deals are how many of the pipeline's it has, as parts of the
	// sum over its stages.
	leads, deals int
	status       deal.Status // of its deals; OPEN unless it says otherwise
}

// inputs are the stages to be made.
func (b board) inputs() []*sales.PipelineStageInput {
	inputs := make([]*sales.PipelineStageInput, len(b.stages))
	for i, one := range b.stages {
		inputs[i] = &sales.PipelineStageInput{Name: one.name, Probability: one.probability}
		if one.rottenAfter > 0 {
			inputs[i].RottenAfter = &b.stages[i].rottenAfter
		}
	}
	return inputs
}

// place is the stage of the card with a number, of so many cards.
func (b board) place(i, of int, share func(column) int) int {
	sum := 0
	for _, one := range b.stages {
		sum += share(one)
	}
	// The share that the cards up to the middle of this one have.
	at := (2*i + 1) * sum / (2 * of)
	for place, one := range b.stages {
		if at -= share(one); at < 0 {
			return place
		}
	}
	return len(b.stages) - 1
}

func leadsOf(c column) int { return c.leads }

func dealsOf(c column) int { return c.deals }

// batchSize is how many cards are written at a time, by one user.
const batchSize = 500

// builder fills an organization.
type builder struct {
	sales        *sales.Sales
	organization *ent.Organization
	users        []*ent.User
	statuses     []*ent.LeadStatus
	today        time.Time
	seed         uint64
	turn         int // whose it is to write
	progress     func(made Made, cards int)
}

// newBuilder begins to fill an organization, with the people who work there.
func newBuilder(ctx context.Context, s *sales.Sales, organization *ent.Organization, people int) (*builder, error) {
	b := &builder{sales: s, organization: organization, progress: func(Made, int) {}}
	for i := range people {
		who := somebody("staff", i)
		user, err := s.EnsureUser(ctx, auth.Viewer{
			OrganizationID: organization.ID,
			Subject:        fmt.Sprintf("demo-%d", i+1),
			Name:           who.first + " " + who.last,
			Email:          fmt.Sprintf("demo-%d@dealflow.example", i+1),
		})
		if err != nil {
			return nil, err
		}
		b.users = append(b.users, user)
	}
	var err error
	b.statuses, err = s.ImportStatuses(b.next(ctx), nil)
	return b, err
}

// next is a context of the user whose turn it is.
func (b *builder) next(ctx context.Context) context.Context {
	user := b.users[b.turn%len(b.users)]
	b.turn++
	return auth.WithViewer(ctx, auth.Viewer{
		OrganizationID: b.organization.ID, UserID: user.ID, Subject: user.Subject,
		Role: auth.RoleAdmin, Permissions: auth.RoleAdmin.Permissions(),
	})
}

// author makes up the cards of a series.
func (b *builder) author(series string) author {
	var stream uint64
	for _, letter := range series + b.organization.Name {
		stream = stream*31 + uint64(letter)
	}
	return author{rand.New(rand.NewPCG(b.seed, stream)), b.today, series}
}

// fill makes a pipeline with so many leads and deals.
func (b *builder) fill(ctx context.Context, wanted board, series string, leads, deals int) error {
	_, stages, err := b.sales.ImportBoard(b.next(ctx), sales.ImportBoardInput{
		Pipeline: wanted.name, Create: true, Stages: wanted.inputs(),
	})
	if err != nil {
		return err
	}
	a := b.author(series)
	err = inBatches(leads, func(from, to int) error {
		rows := make([]*sales.ImportedLead, 0, to-from)
		for i := from; i < to; i++ {
			rows = append(rows, a.lead(i, stages[wanted.place(i, leads, leadsOf)], b.statuses))
		}
		return b.writeLeads(ctx, a, rows)
	})
	if err != nil {
		return err
	}
	return inBatches(deals, func(from, to int) error {
		rows := make([]*sales.ImportedDeal, 0, to-from)
		for i := from; i < to; i++ {
			place := wanted.place(i, deals, dealsOf)
			rows = append(rows, a.deal(i, stages[place], wanted.stages[place].statusOrOpen(), b.users))
		}
		return b.writeDeals(ctx, a, rows)
	})
}

func (c column) statusOrOpen() deal.Status {
	if c.status == "" {
		return deal.StatusOPEN
	}
	return c.status
}

// looseLeads makes leads that are on no board.
func (b *builder) looseLeads(ctx context.Context, series string, n int) error {
	a := b.author(series)
	return inBatches(n, func(from, to int) error {
		rows := make([]*sales.ImportedLead, 0, to-from)
		for i := from; i < to; i++ {
			rows = append(rows, a.lead(i, nil, b.statuses))
		}
		return b.writeLeads(ctx, a, rows)
	})
}

// writeLeads writes leads, and what people say of those that are new.
func (b *builder) writeLeads(ctx context.Context, a author, rows []*sales.ImportedLead) error {
	ctx = b.next(ctx)
	results, err := b.sales.ImportLeads(ctx, sales.ImportLeadsInput{Leads: rows, Retold: true})
	if err != nil {
		return err
	}
	var made Made
	var comments []*sales.ImportedComment
	for i, result := range results {
		said := a.comments(onLead(result.ID), *rows[i].CreatedAt, b.users)
		if result.Outcome == sales.ImportNew {
			comments = append(comments, said...)
			made.Leads++
		}
	}
	return b.finish(ctx, results, comments, made)
}

// writeDeals writes deals, and what people say of those that are new.
func (b *builder) writeDeals(ctx context.Context, a author, rows []*sales.ImportedDeal) error {
	ctx = b.next(ctx)
	results, err := b.sales.ImportDeals(ctx, sales.ImportDealsInput{Deals: rows, Retold: true})
	if err != nil {
		return err
	}
	var made Made
	var comments []*sales.ImportedComment
	for i, result := range results {
		said := a.comments(onDeal(result.ID), *rows[i].CreatedAt, b.users)
		if result.Outcome == sales.ImportNew {
			comments = append(comments, said...)
			made.Deals++
		}
	}
	return b.finish(ctx, results, comments, made)
}

// finish writes the comments on a batch of cards.
func (b *builder) finish(ctx context.Context, results []sales.Imported, comments []*sales.ImportedComment, made Made) error {
	for _, result := range results {
		if result.Err != nil {
			return fmt.Errorf("the demonstration data breaks a rule: %w", result.Err)
		}
	}
	if err := b.sales.ImportComments(ctx, comments); err != nil {
		return err
	}
	made.Comments = len(comments)
	b.progress(made, len(results))
	return nil
}

// inBatches calls fn for each range of at most a batch.
func inBatches(n int, fn func(from, to int) error) error {
	for from := 0; from < n; from += batchSize {
		if err := fn(from, min(from+batchSize, n)); err != nil {
			return err
		}
	}
	return nil
}
