package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/sales"
)

// signedIn lets requests with a good token pass, with their viewer in the
// context. The rest learn no more than why: not even the schema.
func (s *Server) signedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		viewer, err := s.viewer(r)
		if err != nil {
			s.turnAway(w, r, err)
			return
		}
		exchangeOf(r.Context()).noteViewer(viewer)
		next.ServeHTTP(w, r.WithContext(auth.WithViewer(r.Context(), viewer)))
	})
}

// viewer is who makes the request.
func (s *Server) viewer(r *http.Request) (auth.Viewer, error) {
	token, err := auth.FromRequest(r)
	if err != nil {
		return auth.Viewer{}, err
	}
	return s.bearer(r.Context(), token)
}

// bearer is whom a token, or an API key, belongs to: a user.
func (s *Server) bearer(ctx context.Context, token string) (auth.Viewer, error) {
	viewer, err := s.verify(ctx, token)
	if err != nil {
		return auth.Viewer{}, err
	}
	viewer.UserID, err = s.users.id(ctx, viewer)
	return viewer, err
}

// verify is whom a token, or an API key, belongs to.
func (s *Server) verify(ctx context.Context, token string) (auth.Viewer, error) {
	if auth.IsKey(token) {
		return s.keys.Verify(ctx, token)
	}
	return s.config.Verifier.Verify(ctx, token)
}

// turnAway says why there is no viewer.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	var refused *auth.Error
	switch {
	case errors.As(err, &refused):
		w.Header().Set("WWW-Authenticate", challenge(err))
		s.config.Log.DebugContext(r.Context(), "token refused", "error", err)
		refuse(w, r, refusal{http.StatusUnauthorized, refused.Code, refused.Message})
	case errors.Is(err, sales.ErrBadSubject):
		w.Header().Set("WWW-Authenticate", challenge(err))
		refuse(w, r, refusal{http.StatusUnauthorized, auth.CodeUnauthenticated, err.Error()})
	case errors.Is(err, sales.ErrNoOrganization):
		refuse(w, r, refusal{http.StatusForbidden, codeForbidden,
			"the token's organization does not exist here; the server's operator makes one with: dealflow organization create"})
	default:
		s.fail(w, r, "could not tell who makes the request", "error", err)
	}
}

// challenge is RFC 6750's: it tells a missing token from a bad one.
func challenge(err error) string {
	if errors.Is(err, auth.ErrNoToken) {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
}

const (
	// usersKept bounds the users that are remembered.
	usersKept = 10_000
	// usersFor is how long, and so how long a change of somebody's name takes to
	// be written down if another server heard of it first.
	usersFor = time.Minute
)

// ensureUser finds or makes the user row of a viewer.
type ensureUser func(context.Context, auth.Viewer) (*ent.User, error)

// users remembers the ids of those who were here lately, so that a request of
// theirs costs no SQL.
type users struct {
	ensure ensureUser
	now    func() time.Time
	known  *lru.Cache[identity, known]
}

// identity is all of a viewer that its user row depends on.
type identity struct {
	organization         uuid.UUID
	subject, name, email string
}

type known struct {
	user  uuid.UUID
	until time.Time
}

func newUsers(ensure ensureUser, now func() time.Time) *users {
	cache, err := lru.New[identity, known](usersKept)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &users{ensure, now, cache}
}

// id is the id of the viewer's user row, which is made at first sight.
func (u *users) id(ctx context.Context, v auth.Viewer) (uuid.UUID, error) {
	who := identity{v.OrganizationID, v.Subject, v.Name, v.Email}
	if k, ok := u.known.Get(who); ok && u.now().Before(k.until) {
		return k.user, nil
	}
	user, err := u.ensure(ctx, v)
	if err != nil {
		return uuid.Nil, err
	}
	u.known.Add(who, known{user.ID, u.now().Add(usersFor)})
	return user.ID, nil
}
