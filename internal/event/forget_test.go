package event_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
	row "dealflow/ent/event"
	"dealflow/internal/event"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

func TestForget(t *testing.T) {
	eachOrganization(t, func(t *testing.T, big *organization) {
		now := morning.Add(100 * time.Hour)
		log := event.New(event.Config{Store: big.store, Retention: 24 * time.Hour, Now: func() time.Time { return now }, Log: quiet})
		old, young := now.Add(-24*time.Hour-time.Microsecond), now.Add(-24*time.Hour)
		big.write(2500, old)
		big.write(10, young)
		organizations := map[string]struct {
			of   *organization
			left []int64
		}{
			"old alone":            {fill(big, "a", old, old, old), []int64{3}},
			"young alone":          {fill(big, "b", young, young), []int64{1, 2}},
			"one old":              {fill(big, "c", old), []int64{1}},
			"old after young":      {fill(big, "d", old, young, old, young), []int64{2, 3, 4}},
			"old at the very end":  {fill(big, "e", old, young, old), []int64{2, 3}},
			"nothing":              {fill(big, "f"), nil},
			"many, the last young": {big, []int64{2501, 2502, 2503, 2504, 2505, 2506, 2507, 2508, 2509, 2510}},
		}
		ctx, statements := store.RecordStatements(t.Context())
		gone, err := log.Forget(ctx)
		must(t, err)
		if want := 2500 + 2 + 1 + 1; gone != want {
			t.Errorf("it forgot %d events, want %d", gone, want)
		}
		for name, o := range organizations {
			if left := o.of.left(); !slices.Equal(left, o.left) {
				t.Errorf("%s: %v are left, want %v", name, left, o.left)
			}
		}
		if deleted := deletes(statements.Statements()); deleted != 3+3 {
			t.Errorf("it took %d statements, want a thousand events in each of the long log's", deleted)
		}
		if gone, err := log.Forget(t.Context()); gone != 0 || err != nil {
			t.Errorf("again it forgot %d events, %v", gone, err)
		}
		now = now.Add(48 * time.Hour)
		if _, err := log.Forget(t.Context()); err != nil || len(big.left()) != 1 {
			t.Errorf("days later %v are left, %v", big.left(), err)
		}
	})
}

// fill makes an organization with events of some times.
func fill(beside *organization, name string, times ...time.Time) *organization {
	o := newOrganization(beside, beside.store, name)
	for _, at := range times {
		o.write(1, at)
	}
	return o
}

func deletes(statements []string) (count int) {
	for _, text := range statements {
		if strings.HasPrefix(text, "DELETE") {
			count++
		}
	}
	return count
}

// There may be more organizations than are looked at in one go.
func TestForgetInManyOrganizations(t *testing.T) {
	eachOrganization(t, func(t *testing.T, o *organization) {
		const count = 1100
		must(t, o.store.Tx(store.System(t.Context()), manyLogs(count)))
		log := event.New(event.Config{Store: o.store, Now: func() time.Time { return morning.Add(1000 * time.Hour) }, Log: quiet})
		gone, err := log.Forget(t.Context())
		if gone != count || err != nil {
			t.Errorf("it forgot %d events, want one of each of %d organizations: %v", gone, count, err)
		}
	})
}

// manyLogs makes organizations with two old events each.
func manyLogs(count int) func(context.Context, *ent.Client) error {
	return func(ctx context.Context, db *ent.Client) error {
		var organizations []*ent.OrganizationCreate
		var heads []*ent.EventHeadCreate
		var events []*ent.EventCreate
		for i := range count {
			key := id.New()
			organizations = append(organizations, db.Organization.Create().SetID(key).SetName(fmt.Sprint("many ", i)).
				SetCreatedAt(morning).SetUpdatedAt(morning))
			heads = append(heads, db.EventHead.Create().SetOrganizationID(key).SetSeq(2))
			for seq := range int64(2) {
				events = append(events, db.Event.Create().SetOrganizationID(key).SetSeq(seq+1).SetKind(row.KindCARD_UPDATED).
					SetEntityType(row.EntityTypeDEAL).SetEntityID(key).SetCreatedAt(morning))
			}
		}
		if err := db.Organization.CreateBulk(organizations...).Exec(ctx); err != nil {
			return err
		}
		if err := db.EventHead.CreateBulk(heads...).Exec(ctx); err != nil {
			return err
		}
		return db.Event.CreateBulk(events...).Exec(ctx)
	}
}
