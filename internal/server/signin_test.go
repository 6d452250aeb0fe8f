package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

func TestSignIn(t *testing.T) {
	w := mustServe(t)
	const introspection = `{"query":"{ __schema { queryType { name } } }"}`
	ask := func(authorization ...string) answered {
		r := w.request(http.MethodPost, "/graphql", strings.NewReader(introspection))
		r.Header["Authorization"] = authorization
		return w.send(r)
	}

	t.Run("OK", func(t *testing.T) {
		if a := ask("Bearer " + w.token()); a.status != http.StatusOK {
			t.Errorf("status %d: %s", a.status, a.body)
		}
	})
	for name, test := range map[string]struct {
		authorization []string
		challenge     string
		message       string
	}{
		"ErrNoToken":      {nil, "Bearer", "sign in"},
		"ErrOtherScheme":  {[]string{"Basic YTpi"}, `Bearer error="invalid_token"`, "Bearer, a space and the token"},
		"ErrNotAToken":    {[]string{"Bearer x"}, `Bearer error="invalid_token"`, "not a JWT"},
		"ErrBadSignature": {[]string{"Bearer " + w.token() + "A"}, `Bearer error="invalid_token"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := ask(test.authorization...)
			a.wantError(t, http.StatusUnauthorized, "UNAUTHENTICATED", test.message)
			if got := a.header.Get("WWW-Authenticate"); got != test.challenge {
				t.Errorf("WWW-Authenticate %q, want %q", got, test.challenge)
			}
		})
	}
	t.Run("ErrBadSubject", func(t *testing.T) {
		wordy := w.token(func(v *auth.Viewer) { v.Subject = strings.Repeat("x", 256) })
		ask("Bearer "+wordy).wantError(t, http.StatusUnauthorized, "UNAUTHENTICATED", "sub claim")
	})
	t.Run("ErrNoOrganization", func(t *testing.T) {
		stranger := w.token(func(v *auth.Viewer) { v.OrganizationID = id.New() })
		ask("Bearer "+stranger).wantError(t, http.StatusForbidden, "FORBIDDEN", "dealflow organization create")
	})
}

func TestErrorsSpeakTheClientsMediaType(t *testing.T) {
	w := mustServe(t)
	for accept, want := range map[string]string{
		"application/graphql-response+json, application/json;q=0.9": "application/graphql-response+json; charset=utf-8",
		"application/json": "application/json; charset=utf-8",
		"":                 "application/json; charset=utf-8",
	} {
		a := w.send(w.request(http.MethodPost, "/graphql", nil, "Accept", accept))
		if got := a.header.Get("Content-Type"); got != want {
			t.Errorf("Accept %q: Content-Type %q, want %q", accept, got, want)
		}
	}
}

func TestUsers(t *testing.T) {
	w := mustServe(t)
	var viewer auth.Viewer
	w.api.query = func(ctx context.Context) error {
		viewer, _ = auth.ViewerFrom(ctx)
		return nil
	}
	statements := func(name string) float64 {
		t.Helper()
		w.do(http.MethodPost, "/graphql", `{"query":"{ sql }"}`, requestID, name)
		return w.log.find(t, "msg", "request", "request_id", name)["statements"].(float64)
	}

	if n := statements("first"); n == 0 {
		t.Error("a new user cost no SQL")
	}
	ctx := auth.WithViewer(t.Context(), auth.Viewer{OrganizationID: w.organization.ID})
	user := w.store.Client.User.Query().OnlyX(ctx)
	if viewer.UserID != user.ID || user.Subject != "ada" {
		t.Errorf("viewer %+v, want the user %+v", viewer, user)
	}
	if n := statements("second"); n != 0 {
		t.Errorf("a user that was here lately cost %v statements", n)
	}
	w.clock.Advance(usersFor)
	if n := statements("third"); n == 0 {
		t.Error("a user that was here long ago cost no SQL")
	}
	if n := w.store.Client.User.Query().CountX(ctx); n != 1 {
		t.Errorf("%d users, want one", n)
	}
}

func TestUsersRenamed(t *testing.T) {
	w := mustServe(t)
	for _, name := range []string{"Ada", "Ada Lovelace"} {
		token := w.token(func(v *auth.Viewer) { v.Name = name })
		w.send(w.request(http.MethodGet, "/graphql?query={hello}", nil, "Authorization", "Bearer "+token))
	}
	ctx := auth.WithViewer(t.Context(), auth.Viewer{OrganizationID: w.organization.ID})
	if user := w.store.Client.User.Query().OnlyX(ctx); user.Name != "Ada Lovelace" {
		t.Errorf("name %q, want the newer token's", user.Name)
	}
}

func TestUsersErrors(t *testing.T) {
	errBroken := errors.New("the database is gone")
	users := newUsers(func(context.Context, auth.Viewer) (*ent.User, error) { return nil, errBroken }, time.Now)
	for range 2 {
		if _, err := users.id(t.Context(), auth.Viewer{}); !errors.Is(err, errBroken) {
			t.Errorf("err = %v, want it passed on, and not remembered", err)
		}
	}
}
