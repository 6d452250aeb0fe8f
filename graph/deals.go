package graph

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/graph/generated"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/money"
	"dealflow/internal/read"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// deals resolves the fields of Deal.
type deals struct{ *resolvers }

func dealKey(d *ent.Deal) uuid.UUID { return d.ID }

func (deals) Value(_ context.Context, d *ent.Deal) (*read.Sum, error) {
	if d.ValueAmount == nil || d.ValueCurrency == nil {
		return nil, nil
	}
	return &read.Sum{Amount: money.Format(*d.ValueAmount, *d.ValueCurrency), Currency: *d.ValueCurrency}, nil
}

func (deals) Stage(ctx context.Context, d *ent.Deal) (*ent.Stage, error) {
	if d.Edges.Stage != nil {
		return d.Edges.Stage, nil
	}
	return one(ctx, d, dealStageKey, read.Stages)
}

// errGone says that what a row names went while the row was being shown.
var errGone = errors.New("the deal's stage was deleted meanwhile: read the deal again")

func dealStageKey(d *ent.Deal) uuid.UUID { return d.StageID }

// stageOf is the stage of a deal for the fields that are derived from it, which
// share one statement.
func stageOf(ctx context.Context, d *ent.Deal) (*ent.Stage, error) {
	if d.Edges.Stage != nil {
		return d.Edges.Stage, nil
	}
	return loadAs(ctx, d, "stage of a deal", dealStageKey, func(ctx context.Context, db *store.Store, keys []uuid.UUID) (map[uuid.UUID]*ent.Stage, error) {
		return rowsByID(ctx, db, read.Stages, keys, nil)
	})
}

func (deals) EffectiveProbability(ctx context.Context, d *ent.Deal) (float64, error) {
	if d.Probability != nil {
		return *d.Probability, nil
	}
	stage, err := stageOf(ctx, d)
	if err != nil || stage == nil {
		return 0, errors.Join(err, errGone)
	}
	return stage.Probability, nil
}

func (r deals) IsRotten(ctx context.Context, d *ent.Deal) (bool, error) {
	stage, err := stageOf(ctx, d)
	if err != nil || stage == nil {
		return false, err
	}
	return r.isRotten(d.Status, d.StageEnteredAt, stage.RottenAfter), nil
}

// isRotten tells whether a deal is open and longer in its stage than so many days.
func (c Config) isRotten(status deal.Status, entered time.Time, rottenAfter *int) bool {
	return status == deal.StatusOPEN && rottenAfter != nil && c.Now().After(entered.AddDate(0, 0, *rottenAfter))
}

func (deals) Pipeline(ctx context.Context, d *ent.Deal) (*ent.Pipeline, error) {
	return one(ctx, d, func(d *ent.Deal) uuid.UUID { return d.PipelineID }, read.Pipelines)
}

func (deals) Contact(ctx context.Context, d *ent.Deal) (*ent.Contact, error) {
	return one(ctx, d, func(d *ent.Deal) uuid.UUID { return orZero(d.ContactID) }, read.Contacts)
}

func (deals) AssignedTo(ctx context.Context, d *ent.Deal) (*ent.User, error) {
	return one(ctx, d, func(d *ent.Deal) uuid.UUID { return orZero(d.AssignedToID) }, read.Users)
}

func (deals) CreatedBy(ctx context.Context, d *ent.Deal) (*ent.User, error) {
	return one(ctx, d, func(d *ent.Deal) uuid.UUID { return orZero(d.CreatedByID) }, read.Users)
}

func (deals) Comments(ctx context.Context, d *ent.Deal, first *int, after *string, last *int, before *string) (*read.CommentConnection, error) {
	return page(ctx, d, dealKey, read.CommentsOfDeal(), nil, first, after, last, before)
}

func (deals) Activity(ctx context.Context, d *ent.Deal, first *int, after *string, last *int, before *string) (*read.ActivityConnection, error) {
	return page(ctx, d, dealKey, read.ActivityOf(), nil, first, after, last, before)
}

func (deals) StageHistory(ctx context.Context, d *ent.Deal) ([]*ent.StageStay, error) {
	return many(ctx, d, dealKey, read.StaysOfDeal())
}

// orZero is an id, or the zero one for none.
func orZero(key *uuid.UUID) uuid.UUID {
	if key == nil {
		return uuid.Nil
	}
	return *key
}

// stays resolves the fields of StageStay.
type stays struct{ *resolvers }

func (stays) Stage(ctx context.Context, s *ent.StageStay) (*ent.Stage, error) {
	return one(ctx, s, func(s *ent.StageStay) uuid.UUID { return orZero(s.StageID) }, read.Stages)
}

func (r stays) DurationSeconds(_ context.Context, s *ent.StageStay) (float64, error) {
	return r.stayed(s.EnteredAt, s.LeftAt), nil
}

// stayed is how long a card was in a stage, until now if it has not left.
func (c Config) stayed(entered time.Time, left *time.Time) (seconds float64) {
	until := c.Now()
	if left != nil {
		until = *left
	}
	return until.Sub(entered).Round(time.Millisecond).Seconds()
}

// stayPermission is what it takes to see a stay.
func stayPermission(s *ent.StageStay) auth.Permission {
	if s.DealID != nil {
		return auth.ViewSalesPipelines
	}
	return auth.ViewLeads
}

// Deals resolves Query.deals.
func (q query) Deals(ctx context.Context, first *int, after *string, last *int, before *string, offset *int, filter *read.DealFilter, orderBy []*read.DealOrder, search *string) (*read.DealConnection, error) {
	list, err := read.DealList(nil, filter, orderBy, search)
	w, wErr := read.NewWindow(first, last, after, before, offset)
	return root(ctx, list, err, w, wErr)
}

// Deal resolves Query.deal.
func (q query) Deal(ctx context.Context, key string) (*ent.Deal, error) {
	return find(ctx, read.Deals, id.Deal, key)
}

// CreateDeal resolves Mutation.createDeal.
func (m mutation) CreateDeal(ctx context.Context, input sales.CreateDealInput) (*generated.CreateDealPayload, error) {
	deal, err := m.Sales.CreateDeal(ctx, input)
	problems, err := userErrors(err)
	return &generated.CreateDealPayload{Deal: deal, UserErrors: problems}, err
}

// UpdateDeal resolves Mutation.updateDeal.
func (m mutation) UpdateDeal(ctx context.Context, input sales.UpdateDealInput) (*generated.UpdateDealPayload, error) {
	deal, err := m.Sales.UpdateDeal(ctx, input)
	problems, err := userErrors(err)
	return &generated.UpdateDealPayload{Deal: deal, UserErrors: problems}, err
}

// MoveDeal resolves Mutation.moveDeal.
func (m mutation) MoveDeal(ctx context.Context, input sales.MoveDealInput) (*generated.MoveDealPayload, error) {
	deal, err := m.Sales.MoveDeal(ctx, input)
	problems, err := userErrors(err)
	return &generated.MoveDealPayload{Deal: deal, UserErrors: problems}, err
}

// ChangeDealStatus resolves Mutation.changeDealStatus.
func (m mutation) ChangeDealStatus(ctx context.Context, input sales.ChangeDealStatusInput) (*generated.ChangeDealStatusPayload, error) {
	deal, err := m.Sales.ChangeDealStatus(ctx, input)
	problems, err := userErrors(err)
	return &generated.ChangeDealStatusPayload{Deal: deal, UserErrors: problems}, err
}

// DeleteDeal resolves Mutation.deleteDeal.
func (m mutation) DeleteDeal(ctx context.Context, input sales.DeleteDealInput) (*generated.DeleteDealPayload, error) {
	deleted, err := m.Sales.DeleteDeal(ctx, input)
	problems, err := userErrors(err)
	return &generated.DeleteDealPayload{DeletedDealID: orNil(deleted), UserErrors: problems}, err
}
