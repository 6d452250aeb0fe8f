// Package once answers a request that is sent again under the same idempotency key
// with what it was answered the first time, and runs it once.
//
// A request with a key runs in one transaction with everything that it changes, and
// its answer is stored in that transaction. So a server that stops at any moment
// leaves both, or neither; and of servers that get the same request at the same
// time, one runs it, and the others wait at the index of the keys.
// docs/decisions/0016-idempotency.md says why.
package once

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"dealflow/ent"
	"dealflow/ent/idempotentanswer"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// Config is what Answers are made of. Store is needed; the zero value of each of
// the others stands for its default.
type Config struct {
	Store *store.Store
	// Retention is how long an answer is kept: 24 hours.
	Retention time.Duration

	Now func() time.Time // time.Now, if nil
	Log *slog.Logger     // slog.Default(), if nil
}

// Answers remembers what requests with a key were answered. It is safe for
// concurrent use.
type Answers struct{ config Config }

// New returns the answers in a store. Old ones are deleted while Run runs; they
// count no more in any case.
func New(c Config) *Answers {
	if c.Retention <= 0 {
		c.Retention = 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Answers{c}
}

// Request is a request with a key.
type Request struct {
	// Key is what the client calls it, within its organization.
	Key string
	// Fingerprint is the same for equal requests of the same sender alone.
	Fingerprint []byte
}

// ErrReused is the answer to a request whose key another one has.
var ErrReused = errors.New("this Idempotency-Key was used for another request, or by somebody else, before: " +
	"use a new key for each request, and the same one only to send that request again")

// errNotKept rolls back what ran, for its answer is not to be kept.
var errNotKept = errors.New("the answer is not to be kept")

// errBusy says that a key comes and goes, which only an organization's own requests
// could make it do.
var errBusy = errors.New("the idempotency key keeps changing")

// Do runs a request of the viewer, or answers what it was answered before.
//
// Everything that run does to the store in the context that it gets is undone when
// keep is false: then the answer is returned, and a retry runs anew. Run is called
// again, from the start, when the database asks for it. Only when Do has returned is
// there something that others see.
func (a *Answers) Do(ctx context.Context, r Request, run func(context.Context) (answer []byte, keep bool)) (answer []byte, replayed bool, err error) {
	key := stored(ctx, r.Key)
	err = a.config.Store.Whole(ctx, func(ctx context.Context) error {
		known, err := a.claim(ctx, key, r.Fingerprint)
		if err != nil {
			return err
		}
		if replayed = known != nil; replayed {
			answer = known.Body
			return r.check(known)
		}
		var keep bool
		if answer, keep = run(ctx); !keep {
			return errNotKept
		}
		return a.config.Store.Client.IdempotentAnswer.Update().
			Where(idempotentanswer.Key(key)).SetBody(answer).Exec(ctx)
	})
	if err != nil && !errors.Is(err, errNotKept) {
		return nil, false, err
	}
	return answer, replayed, nil
}

// stored is a key as the database has it. Partners' programs choose theirs without
// knowing of each other, and so have keys of their own: a client's name and a line's
// end, which no key has, are before them.
func stored(ctx context.Context, key string) string {
	if viewer, ok := auth.ViewerFrom(ctx); ok && viewer.IsKey() {
		return viewer.Client + "\n" + key
	}
	return key
}

// check refuses to tell an answer to another request.
func (r Request) check(known *ent.IdempotentAnswer) error {
	if !bytes.Equal(known.Fingerprint, r.Fingerprint) {
		return ErrReused
	}
	return nil
}

// claims bounds how often a key is tried to be had.
const claims = 5

// claim makes a key the request's own. It waits for one that runs under the key,
// and answers that when it is done; nil if there is none.
func (a *Answers) claim(ctx context.Context, key string, fingerprint []byte) (*ent.IdempotentAnswer, error) {
	db := a.config.Store.Client
	for range claims {
		claimed, err := a.insert(ctx, key, fingerprint)
		if claimed || err != nil {
			return nil, err
		}
		known, err := db.IdempotentAnswer.Query().Where(idempotentanswer.Key(key)).Only(ctx)
		switch {
		case ent.IsNotFound(err): // it was forgotten a moment ago
		case err != nil:
			return nil, err
		case known.CreatedAt.After(a.oldest()):
			return known, nil
		default:
			if err := db.IdempotentAnswer.DeleteOne(known).Exec(ctx); err != nil && !ent.IsNotFound(err) {
				return nil, err
			}
		}
	}
	return nil, errBusy
}

// oldest is when an answer that just counts no more was made.
func (a *Answers) oldest() time.Time { return a.config.Now().Add(-a.config.Retention) }

// insert writes the row of a key, unless there is one.
func (a *Answers) insert(ctx context.Context, key string, fingerprint []byte) (bool, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return false, store.ErrNoViewer
	}
	query, args := entsql.Dialect(a.config.Store.Dialect).
		Insert(idempotentanswer.Table).
		Columns(idempotentanswer.FieldID, idempotentanswer.FieldOrganizationID, idempotentanswer.FieldKey,
			idempotentanswer.FieldFingerprint, idempotentanswer.FieldCreatedAt).
		Values(id.New(), viewer.OrganizationID, key, fingerprint, a.config.Now().UTC().Truncate(time.Microsecond)).
		OnConflict(entsql.ConflictColumns(idempotentanswer.FieldOrganizationID, idempotentanswer.FieldKey), entsql.DoNothing()).
		Query()
	result, err := a.config.Store.Client.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}
