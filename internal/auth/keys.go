package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"dealflow/ent"
	"dealflow/internal/id"
)

const (
	// keysKept bounds the keys that are remembered.
	keysKept = 10_000
	// keyFor is how long a key that was good is taken to be good: half of what it
	// may take for a revoked one to be refused everywhere.
	keyFor = 500 * time.Millisecond
)

// ErrNoKey is what FindKey answers where there is no key with the id.
var ErrNoKey = errors.New("there is no such API key")

// FindKey reads the row of a key, of whatever organization.
type FindKey func(context.Context, uuid.UUID) (*ent.APIKey, error)

// Keys tells good API keys from bad ones. It is safe for concurrent use.
//
// A key that is not good costs the same, whatever is wrong with it: one look-up,
// one hash and one comparison. So neither the answer nor the time that it takes
// tells whether the id in it is one of a key's.
type Keys struct {
	find FindKey
	used func(uuid.UUID)
	now  func() time.Time
	good *lru.Cache[goodKey, goodViewer]
}

// goodKey is a whole key: its secret is not kept, even in memory.
type goodKey struct {
	id   uuid.UUID
	hash [sha256.Size]byte
}

type goodViewer struct {
	viewer Viewer
	until  time.Time
}

// NewKeys returns the keys that find finds. Used hears of each use of a key that
// is good, and must not wait.
func NewKeys(find FindKey, used func(uuid.UUID), now func() time.Time) *Keys {
	cache, err := lru.New[goodKey, goodViewer](keysKept)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &Keys{find, used, now, cache}
}

// Verify is what the key speaks for. An *Error says why it is refused; any other
// error is the server's own.
func (k *Keys) Verify(ctx context.Context, text string) (Viewer, error) {
	key, err := ParseKey(text)
	if err != nil {
		return Viewer{}, err
	}
	viewer, err := k.viewer(ctx, goodKey{key.ID, key.Hash()})
	if err != nil {
		return Viewer{}, err
	}
	k.used(key.ID)
	return viewer, nil
}

func (k *Keys) viewer(ctx context.Context, key goodKey) (Viewer, error) {
	now := k.now()
	if known, ok := k.good.Get(key); ok && now.Before(known.until) && !hasEnded(known.viewer, now) {
		return known.viewer, nil
	}
	row, err := k.find(ctx, key.id)
	if errors.Is(err, ErrNoKey) {
		row = &ent.APIKey{Hash: make([]byte, sha256.Size)} // which no secret has
	} else if err != nil {
		return Viewer{}, err
	}
	if subtle.ConstantTimeCompare(row.Hash, key.hash[:]) != 1 {
		return Viewer{}, refuse("the API key is not one of this server's; get one from whoever runs it", nil)
	}
	// Only who has the secret learns more.
	viewer := viewerOfKey(row)
	switch {
	case row.RevokedAt != nil:
		return Viewer{}, refuse("the API key was revoked; get a new one from whoever gave it to you", nil)
	case hasEnded(viewer, now):
		return Viewer{}, refuse("the API key has expired; get a new one from whoever gave it to you", nil)
	}
	k.good.Add(key, goodViewer{viewer, now.Add(keyFor)})
	return viewer, nil
}

func hasEnded(v Viewer, now time.Time) bool {
	return !v.ExpiresAt.IsZero() && !now.Before(v.ExpiresAt)
}

// viewerOfKey is whom a key speaks for: itself, a user of its own among people.
func viewerOfKey(row *ent.APIKey) Viewer {
	v := Viewer{
		OrganizationID: row.OrganizationID,
		Subject:        "key|" + id.APIKey.Encode(row.ID),
		Name:           row.Name,
		Role:           RolePartner,
		KeyID:          row.ID,
		Client:         row.Client,
	}
	for _, name := range row.Permissions {
		v.Permissions |= PermissionsOf(Permission(name))
	}
	if row.Budget != nil {
		v.Budget = *row.Budget
	}
	if row.ExpiresAt != nil {
		v.ExpiresAt = row.ExpiresAt.UTC()
	}
	return v
}
