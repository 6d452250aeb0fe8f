package auth

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Viewer is who makes a request: a token's subject, inside one organization.
type Viewer struct {
	OrganizationID uuid.UUID
	UserID         uuid.UUID // zero until the subject's user row is known
	Subject        string    // the issuer's name for the user, stable and unique within the issuer
	Name           string    // may be empty
	Email          string    // may be empty
	Role           Role
	Permissions    Permissions // the role's, and those the token adds

	// ExpiresAt is the moment from which Verify refuses the token: its exp claim
	// plus Leeway. A WebSocket opened with the token must close then.
	ExpiresAt time.Time
}

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
