package demo

import (
	"context"
	"time"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/internal/sales"
)

// starterBoard is the board that people meet first.
var starterBoard = board{"Sales", []column{
	{name: "Prospecting", probability: 0.1, rottenAfter: 30, leads: 5, deals: 3},
	{name: "Qualified", probability: 0.3, rottenAfter: 30, leads: 4, deals: 3},
	{name: "Proposal", probability: 0.5, rottenAfter: 45, leads: 2, deals: 3},
	{name: "Negotiation", probability: 0.8, rottenAfter: 45, leads: 2, deals: 2},
	{name: "Closed", probability: 1, leads: 1, deals: 2, status: deal.StatusWON},
}}

// renewalsBoard stands beside it.
var renewalsBoard = board{"Renewals", []column{
	{name: "Due", probability: 0.6, rottenAfter: 30, deals: 3},
	{name: "Offered", probability: 0.8, rottenAfter: 30, deals: 2},
	{name: "Renewed", probability: 1, deals: 2, status: deal.StatusWON},
	{name: "Cancelled", probability: 0, deals: 1, status: deal.StatusLOST},
}}

// Starter gives an organization something to look at: a board of leads and deals,
// another one of deals alone, leads on no board, and the people who work with
// them.
func Starter(ctx context.Context, s *sales.Sales, owner *ent.Organization, now time.Time) error {
	b, err := newBuilder(ctx, s, owner, 5)
	if err != nil {
		return err
	}
	b.seed, b.today = 1, now.UTC().Truncate(24*time.Hour)
	if err := b.fill(ctx, starterBoard, "starter-1", 32, 24); err != nil {
		return err
	}
	if err := b.fill(ctx, renewalsBoard, "starter-2", 0, 8); err != nil {
		return err
	}
	return b.looseLeads(ctx, "starter-3", 8)
}
