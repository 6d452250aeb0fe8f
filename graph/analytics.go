package graph

import (
	"context"
	"time"

	"dealflow/ent"
	"dealflow/internal/sales"
)

// LeadVolume resolves Query.leadVolume.
func (q query) LeadVolume(ctx context.Context, from, to *time.Time, interval sales.VolumeInterval) (*sales.LeadVolume, error) {
	volume, err := q.Sales.LeadVolume(ctx, from, to, interval)
	if err != nil {
		return nil, err
	}
	statuses := make([]*ent.LeadStatus, len(volume.Series))
	for i, series := range volume.Series {
		statuses[i] = series.Status
	}
	joined(ctx, statuses)
	return volume, nil
}

// LeadTotals resolves Query.leadTotals.
func (q query) LeadTotals(ctx context.Context) ([]*sales.LeadTotal, error) {
	totals, err := q.Sales.LeadTotals(ctx)
	statuses := make([]*ent.LeadStatus, len(totals))
	for i, total := range totals {
		statuses[i] = total.Status
	}
	joined(ctx, statuses)
	return totals, err
}

// RecentLeads resolves Query.recentLeads.
func (q query) RecentLeads(ctx context.Context, first int) ([]*ent.Lead, error) {
	rows, err := q.Sales.RecentLeads(ctx, first)
	return joined(ctx, rows), err
}
