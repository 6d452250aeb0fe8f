package auth_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"dealflow/internal/auth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestFromRequest(t *testing.T) {
	tests := map[string]struct {
		headers []string
		token   string
		err     bool
	}{
		"bearer":          {headers: []string{"Bearer a.b.c"}, token: "a.b.c"},
		"any case":        {headers: []string{"bEARER a.b.c"}, token: "a.b.c"},
		"extra space":     {headers: []string{"Bearer   a.b.c "}, token: "a.b.c"},
		"another scheme":  {headers: []string{"Basic YTpi"}, err: true},
		"no scheme":       {headers: []string{"a.b.c"}, err: true},
		"no token":        {headers: []string{"Bearer "}, err: true},
		"empty":           {headers: []string{""}, err: true},
		"two headers":     {headers: []string{"Bearer a.b.c", "Bearer d.e.f"}, err: true},
		"no header (nil)": {err: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/graphql", nil)
			for _, header := range test.headers {
				r.Header.Add("Authorization", header)
			}
			token, err := auth.FromRequest(r)
			if token != test.token || (err != nil) != test.err {
				t.Errorf("FromRequest = %q, %v", token, err)
			}
			if errors.Is(err, auth.ErrNoToken) != (len(test.headers) == 0) {
				t.Errorf("ErrNoToken: %v", err)
			}
			if err != nil {
				message(t, err)
			}
		})
	}
}

func TestViewerFrom(t *testing.T) {
	if _, ok := auth.ViewerFrom(context.Background()); ok {
		t.Error("a bare context has a viewer")
	}
	want := auth.Viewer{Subject: "alice", Role: auth.RoleSales}
	got, ok := auth.ViewerFrom(auth.WithViewer(context.Background(), want))
	if !ok || got != want {
		t.Errorf("ViewerFrom = %v, %v", got, ok)
	}
}

// message is the client's message of an error that must be an *auth.Error.
func message(tb testing.TB, err error) string {
	tb.Helper()
	var e *auth.Error
	if !errors.As(err, &e) {
		tb.Fatalf("error %v is no *auth.Error", err)
	}
	if e.Code != auth.CodeUnauthenticated {
		tb.Errorf("code = %q", e.Code)
	}
	return e.Message
}
