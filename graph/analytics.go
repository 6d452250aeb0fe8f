package graph

import (
	"context"
	"time"

	"dealflow/ent"
	"dealflow/internal/sales"
)

// LeadVolume resolves Query.leadVolume.
func (q query) LeadVolume(ctx context.Context, from, to *time.Time, interval sales.VolumeInterval) (*sales.LeadVolume, error) {
	return q.Sales.LeadVolume(ctx, from, to, interval)
}

// LeadTotals resolves Query.leadTotals.
func (q query) LeadTotals(ctx context.Context) ([]*sales.LeadTotal, error) {
	return q.Sales.LeadTotals(ctx)
}

// RecentLeads resolves Query.recentLeads.
func (q query) RecentLeads(ctx context.Context, first int) ([]*ent.Lead, error) {
	rows, err := q.Sales.RecentLeads(ctx, first)
	join(loadersFrom(ctx), rows)
	return rows, err
}
