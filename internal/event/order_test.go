package event_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	row "dealflow/ent/event"
	"dealflow/ent/stagestay"
	"dealflow/internal/auth"
	"dealflow/internal/event"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// Many change the same cards at once while somebody reads: the numbers come
// without holes, in an order in which each card went from where it was.
func TestCommitOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const writers, moves = 12, 12
		rules := sales.New(s, nil, time.Now)
		ctx, stages, deals := busyBoard(t, s, rules)
		log := running(t, event.Config{Store: s, Poll: never})
		rules.OnEvents(log.Committed)
		reading, err := log.Read(ctx, event.Range{After: &event.Position{}})
		must(t, err)
		defer reading.Close()
		var writing sync.WaitGroup
		for i := range writers {
			writing.Go(func() { shuffle(ctx, t, rules, stages, deals, uint64(i), moves) })
		}
		defer writing.Wait()
		seen := readMoves(ctx, t, reading, writers)
		for _, d := range deals {
			agrees(ctx, t, s, d, seen[d.ID])
		}
	})
}

// busyBoard is a pipeline with a few deals, and the context of somebody who may
// move them.
func busyBoard(t *testing.T, s *store.Store, rules *sales.Sales) (ctx context.Context, stages []*ent.Stage, deals []*ent.Deal) {
	t.Helper()
	o := newOrganization(t, s, "acme")
	viewer := auth.Viewer{OrganizationID: o.id, Subject: "ada", Role: auth.RoleAdmin, Permissions: auth.RoleAdmin.Permissions()}
	ctx = auth.WithViewer(context.Background(), viewer)
	_, err := rules.CreatePipeline(ctx, sales.CreatePipelineInput{Name: "board", IsActive: true, Stages: []*sales.PipelineStageInput{
		{Name: "new"}, {Name: "offer"}, {Name: "won"}}})
	must(t, err)
	stages, err = s.Client.Stage.Query().All(ctx)
	must(t, err)
	for i := range 5 {
		email := fmt.Sprintf("c%d@example.com", i)
		made, err := rules.CreateDeal(ctx, sales.CreateDealInput{Title: "deal", StageID: stages[0].GlobalID(), Status: deal.StatusOPEN,
			Contact: &sales.ContactInput{Email: &email}})
		must(t, err)
		deals = append(deals, made)
	}
	return ctx, stages, deals
}

// shuffle moves deals about.
func shuffle(ctx context.Context, t *testing.T, rules *sales.Sales, stages []*ent.Stage, deals []*ent.Deal, seed uint64, moves int) {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // nothing depends on it
	for range moves {
		stage := stages[random.IntN(len(stages))].GlobalID()
		place := []sales.Place{sales.PlaceFirst, sales.PlaceLast}[random.IntN(2)]
		_, err := rules.MoveDeal(ctx, sales.MoveDealInput{ID: deals[random.IntN(len(deals))].GlobalID(), StageID: &stage, At: &place, AllowDuplicate: true})
		if refused := (sales.Errors{}); err != nil && !errors.As(err, &refused) {
			t.Error(err)
		}
	}
	// However many of those moved nothing, the reader gets to hear that it is over.
	board := id.Pipeline.Encode(stages[0].PipelineID)
	if _, _, err := rules.CreateStage(ctx, sales.CreateStageInput{PipelineID: &board, Name: fmt.Sprint("over ", seed)}); err != nil {
		t.Error(err)
	}
}

// readMoves reads until so many writers are done, and returns what became of each
// card, in order.
func readMoves(ctx context.Context, t *testing.T, reading *event.Reader, writers int) map[uuid.UUID][]*ent.Event {
	t.Helper()
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	of := map[uuid.UUID][]*ent.Event{}
	last := int64(0)
	for over := 0; over < writers; {
		events, err := reading.Next(ctx)
		must(t, err)
		for _, e := range events {
			if last++; e.Seq != last {
				t.Fatalf("number %d comes where %d was to", e.Seq, last)
			}
			if of[e.EntityID] = append(of[e.EntityID], e); e.Kind == row.KindSTAGE_CREATED && last > 4 {
				over++
			}
		}
	}
	return of
}

// agrees checks a card's events against what the card itself remembers.
func agrees(ctx context.Context, t *testing.T, s *store.Store, d *ent.Deal, events []*ent.Event) {
	t.Helper()
	var went []uuid.UUID
	for i, e := range events {
		if i > 0 && (e.FromStageID == nil || *e.FromStageID != *events[i-1].ToStageID) {
			t.Errorf("event %d has the card come from another stage than event %d left it in", e.Seq, events[i-1].Seq)
		}
		if i == 0 || *e.ToStageID != *e.FromStageID {
			went = append(went, *e.ToStageID)
		}
		if i > 0 && e.CreatedAt.Before(events[i-1].CreatedAt) {
			t.Errorf("event %d is of an earlier time than event %d", e.Seq, events[i-1].Seq)
		}
	}
	stays, err := s.Client.StageStay.Query().Where(stagestay.DealID(d.ID)).Order(stagestay.ByEnteredAt(), stagestay.ByID()).All(ctx)
	must(t, err)
	var stayed []uuid.UUID
	for _, one := range stays {
		stayed = append(stayed, *one.StageID)
	}
	if !slices.Equal(went, stayed) {
		t.Errorf("by its events the card went through\n%v, by its history through\n%v", went, stayed)
	}
	if now := s.Client.Deal.GetX(ctx, d.ID); now.StageID != went[len(went)-1] || now.Version < len(went) {
		t.Errorf("the card is in %v, its version %d, after %d events", now.StageID, now.Version, len(events))
	}
}
