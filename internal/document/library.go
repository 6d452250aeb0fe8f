package document

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/document"
	"dealflow/ent/predicate"
	"dealflow/internal/auth"
	"dealflow/internal/lastuse"
	"dealflow/internal/store"
)

const (
	// foundFor and missedFor are how long the library takes its word for what it
	// has found, and has not: so what is retired is gone within a second, and what
	// is published is there within half of one.
	foundFor  = time.Second
	missedFor = 500 * time.Millisecond

	// What the library remembers at most.
	remembered      = 5_000
	rememberedBytes = 32 << 20
)

// The answers of a Library that has no document to give.
var (
	ErrNotFound  = errors.New("there is no such document")
	ErrAmbiguous = errors.New("clients have different documents by this id")
)

// Library finds published documents for the server, in the organization of the
// context's viewer. It is safe for concurrent use.
type Library struct {
	store *store.Store
	now   func() time.Time
	uses  *lastuse.Log
	known *cache[asked, *ent.Document]
}

// asked is a question to the library.
type asked struct {
	organization uuid.UUID
	client       string // "" for any
	by           by
	text         string
}

// by is what a question gives.
type by byte

const (
	byKey  by = iota
	byHash    // a SHA-256, in hexadecimal; or an id, which may be any hash
	byName    // the version that was published last
)

// NewLibrary returns the library of a store.
func NewLibrary(s *store.Store, now func() time.Time, log *slog.Logger) *Library {
	l := &Library{store: s, now: now, known: newCache[asked, *ent.Document](remembered, rememberedBytes)}
	l.uses = lastuse.New(l.used, now, log)
	return l
}

// Close writes down what waits to be.
func (l *Library) Close(ctx context.Context) { l.uses.Close(ctx) }

// Named is the document that a name means: the version that was published last.
func (l *Library) Named(ctx context.Context, client, name string) (*ent.Document, error) {
	return l.find(ctx, client, byName, name)
}

// Names is the document that each name of a client means, by name.
func (l *Library) Names(ctx context.Context, client string) ([]*ent.Document, error) {
	list, err := l.store.Client.Document.Query().
		Where(document.Client(client), document.RetiredAtIsNil()).
		Order(append([]document.OrderOption{document.ByName()}, newestFirst()...)...).
		All(ctx)
	var names []*ent.Document
	for _, one := range list {
		if len(names) == 0 || names[len(names)-1].Name != one.Name {
			names = append(names, one)
		}
	}
	return names, err
}

// Used notes that a document is used now.
func (l *Library) Used(one *ent.Document) { l.uses.Note(one.ID) }

// find answers a question: ErrNotFound or ErrAmbiguous where it cannot.
func (l *Library) find(ctx context.Context, client string, how by, text string) (*ent.Document, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return nil, store.ErrNoViewer
	}
	if len(text) > MaxKey || strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		return nil, ErrNotFound // and no text that Postgres takes
	}
	question := asked{viewer.OrganizationID, client, how, text}
	now := l.now()
	found, ok := l.known.get(question, now)
	if !ok {
		var err error
		found, err = l.read(ctx, question)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		const beside = 512 // what goes with a text, about
		if found == nil {
			l.known.put(question, nil, beside, now.Add(missedFor))
		} else {
			l.known.put(question, found, beside+len(found.Body), now.Add(foundFor))
		}
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}

// read asks the database.
func (l *Library) read(ctx context.Context, q asked) (*ent.Document, error) {
	query := l.store.Client.Document.Query().Where(document.RetiredAtIsNil(), q.matches())
	if q.client != "" {
		query.Where(document.Client(q.client))
	}
	list, err := query.Order(newestFirst()...).All(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	if q.by == byName {
		return list[0], nil
	}
	for _, other := range list[1:] {
		if !bytes.Equal(other.Hash, list[0].Hash) {
			return nil, ErrAmbiguous
		}
	}
	return list[0], nil
}

// matches is which documents a question means.
func (q asked) matches() predicate.Document {
	switch q.by {
	case byName:
		return document.Name(q.text)
	case byHash:
		if hash, err := hex.DecodeString(q.text); err == nil {
			return document.Or(document.Key(q.text), document.Hash(hash))
		}
	}
	return document.Key(q.text)
}

// used writes down that documents were used: see lastuse.Write. It serves the
// server itself, and so works across organizations.
func (l *Library) used(ctx context.Context, documents []uuid.UUID, at time.Time) error {
	const chunk = 500
	for len(documents) > 0 {
		n := min(chunk, len(documents))
		err := l.store.Client.Document.Update().
			Where(document.IDIn(documents[:n]...), document.Or(
				document.LastUsedAtIsNil(), document.LastUsedAtLT(at.Add(-lastuse.Precision)))).
			SetLastUsedAt(at.UTC().Truncate(time.Microsecond)).
			Exec(store.System(ctx))
		if err != nil {
			return err
		}
		documents = documents[n:]
	}
	return nil
}
