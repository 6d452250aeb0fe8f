package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Viewer is who makes a request, inside one organization: a token's subject, or
// an API key.
type Viewer struct {
	OrganizationID uuid.UUID
	UserID         uuid.UUID // zero until the subject's user row is known
	Subject        string    // the issuer's name for the user, stable and unique within the issuer
	Name           string    // may be empty
	Email          string    // may be empty
	Role           Role
	Permissions    Permissions // the role's, and those the token adds

	// Of an API key alone; the zero values for people.
	KeyID  uuid.UUID
	Client string // whose published documents the key runs, and nothing else
	Budget int    // what its operations may cost a second; 0 for the server's default

	// ExpiresAt is the moment from which Verify refuses the token: its exp claim
	// plus Leeway, or when an API key ends, if it does. A WebSocket opened with the
	// token must close then.
	ExpiresAt time.Time
}

// IsKey tells whether the viewer is an API key, and no person.
func (v Viewer) IsKey() bool { return v.KeyID != uuid.Nil }

type viewerKey struct{}

// WithViewer returns a context in which v makes the request.
func WithViewer(ctx context.Context, v Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, v)
}

// ViewerFrom is who makes the request; false when nobody is signed in.
func ViewerFrom(ctx context.Context) (Viewer, bool) {
	v, ok := ctx.Value(viewerKey{}).(Viewer)
	return v, ok
}
