package sales

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/stagestay"
	"dealflow/internal/id"
)

// card is a deal or a lead.
type card struct {
	kind id.Kind
	id   uuid.UUID
}

// enter begins a card's stay in a stage.
func (c *change) enter(ctx context.Context, one card, stage *ent.Stage) error {
	return c.stay(one, stage).Exec(ctx)
}

// leave ends a card's stay in the stage that it is in, if it is in one.
func (c *change) leave(ctx context.Context, one card) error {
	update := c.db.StageStay.Update().Where(stagestay.LeftAtIsNil()).SetLeftAt(c.at)
	if one.kind == id.Deal {
		return update.Where(stagestay.DealID(one.id)).Exec(ctx)
	}
	return update.Where(stagestay.LeadID(one.id)).Exec(ctx)
}

// switchStage ends a card's stay and begins the next.
func (c *change) switchStage(ctx context.Context, one card, stage *ent.Stage) error {
	if err := c.leave(ctx, one); err != nil {
		return err
	}
	return c.enter(ctx, one, stage)
}

// stay is the INSERT of a stay that begins now.
func (c *change) stay(one card, stage *ent.Stage) *ent.StageStayCreate {
	create := c.db.StageStay.Create().
		SetOrganizationID(c.organization).
		SetStageID(stage.ID).
		SetStageName(stage.Name).
		SetEnteredAt(c.at)
	if one.kind == id.Deal {
		return create.SetDealID(one.id)
	}
	return create.SetLeadID(one.id)
}
