package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/eventhead"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

func TestTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, other := newTenant(t, s, "own"), newTenant(t, s, "other")
		title := func(one *tenant, text string) store.Write {
			return store.Update(deal.Table, []store.Column{{Name: deal.FieldTitle, Value: text}}, store.Column{Name: deal.FieldID, Value: one.deal.ID})
		}
		ahead := store.Upsert(eventhead.Table, []string{eventhead.FieldID, eventhead.FieldSeq}, []any{uuid.New(), 2}, eventhead.FieldSeq)
		told := func(less int) store.Write {
			return store.Insert(event.Table,
				[]string{event.FieldID, event.FieldSeq, event.FieldKind, event.FieldEntityType, event.FieldEntityID, event.FieldChanges, event.FieldCreatedAt},
				[]any{uuid.New(), store.Own{Table: eventhead.Table, Column: eventhead.FieldSeq, Less: less}, event.KindCARD_MOVED, event.EntityTypeDEAL, own.deal.ID, "[]", now})
		}
		write := func(ctx context.Context, writes ...store.Write) error {
			return s.Tx(ctx, func(ctx context.Context, db *ent.Client) error { return s.Together(ctx, db, writes...) })
		}
		if err := write(own.ctx, title(own, "Mine"), title(other, "Mine too"), ahead, told(1), told(0)); err != nil {
			t.Fatal(err)
		}
		if got := s.Client.Deal.GetX(own.ctx, own.deal.ID).Title + s.Client.Deal.GetX(other.ctx, other.deal.ID).Title; got != "MineBridge" {
			t.Errorf("the titles are %s, want the own one changed", got)
		}
		seqs := s.Client.Event.Query().Order(event.BySeq()).Select(event.FieldSeq).IntsX(own.ctx)
		if len(seqs) != 3 || seqs[1] != 2 || seqs[2] != 3 || s.Client.EventHead.Query().OnlyX(other.ctx).Seq != 1 {
			t.Errorf("the events are number %v, want 1 to 3 of the own log alone", seqs)
		}
		if err := write(t.Context(), title(own, "Nobody's")); !errors.Is(err, store.ErrNoViewer) {
			t.Errorf("without a viewer: %v", err)
		}
		again := store.Insert(activity.Table,
			[]string{activity.FieldID, activity.FieldAction, activity.FieldEntityType, activity.FieldEntityID, activity.FieldChanges, activity.FieldCreatedAt},
			[]any{own.activity.ID, activity.ActionMOVED, activity.EntityTypeDEAL, own.deal.ID, "[]", now})
		if err := write(own.ctx, title(own, "Gone"), again); !store.IsConstraint(err) {
			t.Errorf("an id for the second time: %v", err)
		}
		if got := s.Client.Deal.GetX(own.ctx, own.deal.ID).Title; got != "Mine" {
			t.Errorf("of writes that fail, one is left: %s", got)
		}
	})
}

func TestLockRow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, other := newTenant(t, s, "own"), newTenant(t, s, "other")
		lock := func(who *tenant, key uuid.UUID, except uuid.UUID) (*ent.Deal, error) {
			found := new(ent.Deal)
			return found, s.Tx(who.ctx, func(ctx context.Context, db *ent.Client) error {
				return s.LockRow(ctx, db, found, deal.Table, deal.Columns, key, store.Column{Name: "first", Value: store.First{
					Table: deal.Table, Column: deal.FieldTitle, Which: []store.Column{{Name: deal.FieldStageID, Value: who.stage.ID}},
					Except: except, By: []string{deal.FieldRank},
				}})
			})
		}
		found, err := lock(own, own.deal.ID, uuid.Nil)
		if err != nil {
			t.Fatal(err)
		}
		if first, _ := found.Value("first"); found.Title != "Bridge" || found.StageID != own.stage.ID || first == nil {
			t.Errorf("found %v, and %v as the first", found, first)
		}
		if _, err := lock(own, other.deal.ID, uuid.Nil); !ent.IsNotFound(err) {
			t.Errorf("another organization's: %v", err)
		}
	})
}
