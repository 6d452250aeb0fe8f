package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/lib/pq"

	"dealflow/ent"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

func TestUniqueViolation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n, db := newTenant(t, s, "own"), s.Client
		system := store.System(t.Context())
		tests := map[string]func() error{
			"organizations_name_key": func() error {
				return db.Organization.Create().SetName("own").SetCreatedAt(now).SetUpdatedAt(now).Exec(system)
			},
			"deals_pkey": func() error { return newDeal(n, db, "x").SetID(n.deal.ID).Exec(n.ctx) },
			"deal_one_open_per_contact": func() error {
				return newDeal(n, db, "x").SetContact(n.contact).Exec(n.ctx)
			},
			"deal_organization_id_external_id": func() error {
				return newDeal(n, db, "x").SetExternalID("d1").Exec(n.ctx)
			},
			"lead_organization_id_email": func() error {
				return db.Lead.Create().SetFirstName("x").SetEmail("grace@example.com").SetStatus(n.status).
					SetCreatedAt(now).SetUpdatedAt(now).Exec(n.ctx)
			},
			"pipeline_one_default": func() error {
				return db.Pipeline.Create().SetName("x").SetIsDefault(true).
					SetCreatedAt(now).SetUpdatedAt(now).Exec(n.ctx)
			},
			"stage_pipeline_id_position": func() error {
				return db.Stage.Create().SetPipeline(n.pipeline).SetName("x").SetPosition(0).SetProbability(1).
					SetCreatedAt(now).SetUpdatedAt(now).Exec(n.ctx)
			},
		}
		for index, violate := range tests {
			t.Run(index, func(t *testing.T) {
				err := violate()
				if got, ok := store.UniqueViolation(err); !ok || got != index {
					t.Errorf("UniqueViolation(%v) = %q, %v", err, got, ok)
				}
				if !store.Violates(fmt.Errorf("wrapped: %w", err), index) {
					t.Error("Violates does not see it")
				}
				if store.Violates(err, "another") {
					t.Error("Violates sees another")
				}
				if !ent.IsConstraintError(err) {
					t.Errorf("ent does not know %v for a constraint error", err)
				}
			})
		}
		t.Run("in a transaction", func(t *testing.T) {
			err := s.Tx(n.ctx, func(ctx context.Context, db *ent.Client) error {
				return newDeal(n, db, "x").SetExternalID("d1").Exec(ctx)
			})
			if !store.Violates(err, "deal_organization_id_external_id") {
				t.Errorf("err = %v", err)
			}
		})
	})
}

func TestNoUniqueViolation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		n := newTenant(t, s, "own")
		for name, err := range map[string]error{
			"nil":         nil,
			"any":         errors.New("UNIQUE constraint failed: leads.email"),
			"foreign key": s.Client.Stage.DeleteOne(n.stage).Exec(n.ctx),
			"check":       newDeal(n, s.Client, "x").SetProbability(2).Exec(n.ctx),
			"deadlock":    &pq.Error{Code: "40P01"},
		} {
			if index, ok := store.UniqueViolation(err); ok {
				t.Errorf("%s: UniqueViolation(%v) = %s", name, err, index)
			}
		}
	})
}

func TestChecks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		newTenant(t, s, "own")
		for _, change := range []string{
			"UPDATE deals SET status = 'SOLD'",
			"UPDATE deals SET value_amount = 1",
			"UPDATE deals SET value_currency = 'USD'",
			"UPDATE deals SET probability = 75",
			"UPDATE leads SET state = 'GONE'",
			"UPDATE leads SET stage_id = NULL",
			"UPDATE leads SET rank = ''",
			"UPDATE lead_status SET primary_color = 'MAUVE'",
			"UPDATE comments SET lead_id = NULL",
			"UPDATE stage_stays SET lead_id = NULL",
			"UPDATE stages SET position = -1",
			"UPDATE stages SET rotten_after = 0",
		} {
			if _, err := s.Client.ExecContext(t.Context(), change); err == nil {
				t.Errorf("%s is let through", change)
			}
		}
	})
}
