package event

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
)

// Position is a place in an organization's log: behind an event.
type Position struct {
	// Seq is the number of the event; zero is the beginning of the log.
	Seq int64
	// ID is that of the event: a log that was restored from a backup has another
	// one there. It is zero where the event is not known, for it is gone.
	ID uuid.UUID
}

// ErrBadCursor is the answer to a text that is no place in a log.
var ErrBadCursor = errors.New("this is not a cursor that this server gave")

// positionBytes is the length of a place in bytes: its number, and the event's id.
const positionBytes = 8 + 16

// String is the place as the API shows it, an opaque cursor.
func (p Position) String() string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, positionBytes), uint64(p.Seq)) //nolint:gosec // never negative
	return base64.RawURLEncoding.EncodeToString(append(raw, p.ID[:]...))
}

// ParsePosition reads what String writes.
func ParsePosition(text string) (Position, error) {
	if len(text) != base64.RawURLEncoding.EncodedLen(positionBytes) {
		return Position{}, ErrBadCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	// Line breaks are nothing to the decoder, and leave fewer bytes.
	if err != nil || len(raw) != positionBytes || raw[0] > 0x7f {
		return Position{}, ErrBadCursor
	}
	p := Position{Seq: int64(binary.BigEndian.Uint64(raw))} //nolint:gosec // its first bit is zero
	copy(p.ID[:], raw[8:])
	return p, nil
}

// PositionOf is the place behind an event.
func PositionOf(e *ent.Event) Position { return Position{e.Seq, e.ID} }

// End is the place behind the last event of the viewer's organization.
func (l *Log) End(ctx context.Context) (Position, error) {
	return end(ctx, l.config.Store.Client)
}

func end(ctx context.Context, db *ent.Client) (Position, error) {
	// The last event is never forgotten.
	last, err := db.Event.Query().Order(ent.Desc(event.FieldSeq)).Select(event.FieldID, event.FieldSeq).First(ctx)
	if ent.IsNotFound(err) {
		return Position{}, nil
	}
	if err != nil {
		return Position{}, err
	}
	return PositionOf(last), nil
}

// resume finds out whether everything that came after a place is still there. If
// not, gap is true, and the log goes on from the place that it returns instead.
func resume(ctx context.Context, db *ent.Client, after Position) (from Position, gap bool, err error) {
	next, err := db.Event.Query().Where(event.SeqGTE(after.Seq)).Order(event.BySeq()).
		Select(event.FieldID, event.FieldSeq).First(ctx)
	switch {
	case ent.IsNotFound(err) && after.Seq == 0:
		return after, false, nil // nothing has ever happened
	case err != nil && !ent.IsNotFound(err):
		return Position{}, false, err
	case err == nil && next.Seq == after.Seq && (next.ID == after.ID || after.ID == uuid.Nil):
		return after, false, nil
	case err == nil && next.Seq == after.Seq+1 && after.ID == uuid.Nil:
		return after, false, nil
	case err == nil && next.Seq > after.Seq:
		return Position{Seq: next.Seq - 1}, true, nil // what lies between was forgotten
	}
	// It is a place of another log: of another organization, or of this one before
	// it was restored from a backup.
	from, err = end(ctx, db)
	return from, true, err
}
