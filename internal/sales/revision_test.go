package sales_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"dealflow/internal/sales"
)

// Whoever brings rows in by the hundred makes one revision of them.
func TestRevisionOfAnImport(t *testing.T) {
	eachShop(t, func(s *shop) {
		s.pipeline("A", "new")
		revision := func() uuid.UUID {
			s.Helper()
			return must(s.Revision(s.ctx))(s.T)
		}
		rows := []*sales.ImportedDeal{imported("1", s.stage("new")), imported("2", s.stage("new"))}
		bring := func(ctx context.Context) {
			s.must(done(s.ImportDeals(ctx, sales.ImportDealsInput{Deals: rows, AllowDuplicates: true, Retold: true})))
		}
		before := revision()
		bring(s.ctx)
		first := revision()
		if first == before {
			s.Error("rows came in under the old revision")
		}
		bring(s.ctx)
		if revision() != first {
			s.Error("rows that were there already are news")
		}
		undo := errors.New("undo")
		rows = append(rows, imported("3", s.stage("new")))
		err := s.Together(s.ctx, func(ctx context.Context) error {
			bring(ctx)
			return undo
		})
		if !errors.Is(err, undo) || revision() != first {
			s.Errorf("what was undone is news: %v", err)
		}
		// It tells the story of the cards to nobody, and so the log is as it was.
		if n := s.db.Event.Query().CountX(s.ctx); n != 2 {
			s.Errorf("the log has %d events, want the board's two", n)
		}
	})
}
