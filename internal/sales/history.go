package sales

import (
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/stagestay"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// card is a deal or a lead.
type card struct {
	kind id.Kind
	id   uuid.UUID
}

// switchStage ends a card's stay in a stage, if it is in one, and begins the next,
// if there is one.
func (c *change) switchStage(one card, from *uuid.UUID, to *ent.Stage) {
	if from != nil {
		c.write(c.leave(one.kind, one.id))
	}
	if to != nil {
		c.write(insertStays(c.stay(one, to)))
	}
}

// leave ends the stays of cards of a kind.
func (c *change) leave(kind id.Kind, keys ...uuid.UUID) store.Write {
	return store.Update(stagestay.Table, columns{{Name: stagestay.FieldLeftAt, Value: c.at}},
		store.Column{Name: cardColumn(kind), Value: store.In(keys)}, store.Column{Name: stagestay.FieldLeftAt})
}

// cardColumn is where a stay has its card.
func cardColumn(kind id.Kind) string {
	if kind == id.Deal {
		return stagestay.FieldDealID
	}
	return stagestay.FieldLeadID
}

// stay is one that begins now.
func (c *change) stay(one card, stage *ent.Stage) ent.StageStay {
	stay := ent.StageStay{ID: id.New(), StageID: &stage.ID, StageName: stage.Name, EnteredAt: c.at}
	if one.kind == id.Deal {
		stay.DealID = &one.id
	} else {
		stay.LeadID = &one.id
	}
	return stay
}

func insertStays(list ...ent.StageStay) store.Write {
	rows := make([][]any, len(list))
	for i, one := range list {
		rows[i] = []any{one.ID, one.DealID, one.LeadID, one.StageID, one.StageName, one.EnteredAt}
	}
	return store.Insert(stagestay.Table, []string{
		stagestay.FieldID, stagestay.FieldDealID, stagestay.FieldLeadID, stagestay.FieldStageID,
		stagestay.FieldStageName, stagestay.FieldEnteredAt,
	}, rows...)
}
