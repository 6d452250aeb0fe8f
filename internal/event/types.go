package event

import (
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	"dealflow/internal/id"
)

// Event is what subscriptions deliver: one of the types below.
type Event interface {
	IsEvent()
	// Position is where in the log it stands: behind it, nothing of it is missing.
	Position() Position
}

// logged is an event of the log. What it shows of the things that it is about is
// read when it is delivered.
type logged struct{ *ent.Event }

// The events of the log, by kind.
type (
	// CardCreated says that a card was made.
	CardCreated struct{ logged }
	// CardUpdated says that a card's fields changed.
	CardUpdated struct{ logged }
	// CardMoved says that a card got another place.
	CardMoved struct{ logged }
	// CardRemoved says that a card was deleted.
	CardRemoved struct{ logged }
	// CardArchived says that a lead was archived.
	CardArchived struct{ logged }
	// CardRestored says that an archived lead came back.
	CardRestored struct{ logged }
	// StageCreated says that a stage was made.
	StageCreated struct{ logged }
	// StageUpdated says that a stage's fields changed.
	StageUpdated struct{ logged }
	// StagesReordered says that stages got other places.
	StagesReordered struct{ logged }
	// StageRemoved says that a stage was deleted.
	StageRemoved struct{ logged }
	// PipelineChanged says that something became of a pipeline.
	PipelineChanged struct{ logged }
	// CommentAdded says that somebody commented on a card.
	CommentAdded struct{ logged }
	// CommentEdited says that a comment got another text.
	CommentEdited struct{ logged }
	// CommentDeleted says that a comment was deleted.
	CommentDeleted struct{ logged }
)

// types makes an event of its kind.
var types = map[event.Kind]func(logged) Event{
	event.KindCARD_CREATED:     func(e logged) Event { return &CardCreated{e} },
	event.KindCARD_UPDATED:     func(e logged) Event { return &CardUpdated{e} },
	event.KindCARD_MOVED:       func(e logged) Event { return &CardMoved{e} },
	event.KindCARD_REMOVED:     func(e logged) Event { return &CardRemoved{e} },
	event.KindCARD_ARCHIVED:    func(e logged) Event { return &CardArchived{e} },
	event.KindCARD_RESTORED:    func(e logged) Event { return &CardRestored{e} },
	event.KindSTAGE_CREATED:    func(e logged) Event { return &StageCreated{e} },
	event.KindSTAGE_UPDATED:    func(e logged) Event { return &StageUpdated{e} },
	event.KindSTAGES_REORDERED: func(e logged) Event { return &StagesReordered{e} },
	event.KindSTAGE_REMOVED:    func(e logged) Event { return &StageRemoved{e} },
	event.KindPIPELINE_CHANGED: func(e logged) Event { return &PipelineChanged{e} },
	event.KindCOMMENT_ADDED:    func(e logged) Event { return &CommentAdded{e} },
	event.KindCOMMENT_EDITED:   func(e logged) Event { return &CommentEdited{e} },
	event.KindCOMMENT_DELETED:  func(e logged) Event { return &CommentDeleted{e} },
}

// Of is an event of the log as subscriptions deliver it. One of a kind that only
// a later version of this program knows is a gap: what it did has to be read.
func Of(e *ent.Event) Event {
	show, known := types[e.Kind]
	if !known {
		return &Missing{PositionOf(e), e.CreatedAt}
	}
	return show(logged{e})
}

// Logged is the event as the log has it.
func (e logged) Logged() *ent.Event { return e.Event }

// IsEvent marks the type, and so do the others that follow: which types a
// subscription may deliver is the schema's to say.
func (logged) IsEvent() {}

// IsStageMove marks the type.
func (logged) IsStageMove() {}

// IsBoardChange marks the type.
func (logged) IsBoardChange() {}

// IsLeadChange marks the type.
func (logged) IsLeadChange() {}

// Position implements Event.
func (e logged) Position() Position { return PositionOf(e.Event) }

// Cursor is the place as the API shows it.
func (e logged) Cursor() string { return e.Position().String() }

// At is when it happened.
func (e logged) At() time.Time { return e.CreatedAt }

// CardID is the id of the card, as the API shows it.
func (e logged) CardID() string {
	if e.EntityType == event.EntityTypeDEAL {
		return id.Deal.Encode(e.EntityID)
	}
	return id.Lead.Encode(e.EntityID)
}

// StageID is the id of the stage that something became of.
func (e logged) StageID() string { return id.Stage.Encode(e.EntityID) }

// PipelineID is the id of the pipeline that something became of.
func (e logged) PipelineID() string { return id.Pipeline.Encode(e.EntityID) }

// CommentID is the id of the comment that something became of.
func (e logged) CommentID() string { return id.Comment.Encode(*e.Event.CommentID) }

// FromStageID is the id of the stage that a card left, if any.
func (e logged) FromStageID() *string { return stageID(e.Event.FromStageID) }

// ToStageID is the id of the stage that a card went to, if any.
func (e logged) ToStageID() *string { return stageID(e.Event.ToStageID) }

func stageID(key *uuid.UUID) *string {
	if key == nil {
		return nil
	}
	text := id.Stage.Encode(*key)
	return &text
}

// Missing is the event that says that history is gone.
type Missing struct {
	From  Position
	Found time.Time
}

// Missing is what a gap is to subscriptions.
func (l *Log) Missing(gap *Gap) *Missing { return &Missing{gap.From, l.config.Now()} }

// IsEvent marks the type.
func (*Missing) IsEvent() {}

// IsStageMove marks the type.
func (*Missing) IsStageMove() {}

// IsBoardChange marks the type.
func (*Missing) IsBoardChange() {}

// IsLeadChange marks the type.
func (*Missing) IsLeadChange() {}

// Position implements Event.
func (m *Missing) Position() Position { return m.From }

// Cursor is the place as the API shows it.
func (m *Missing) Cursor() string { return m.From.String() }

// At is when it was found out.
func (m *Missing) At() time.Time { return m.Found }

// Actor is nobody.
func (m *Missing) Actor() *ent.User { return nil }
