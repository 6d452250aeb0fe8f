package sales_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

func TestCreateOrganization(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		wantList(t, o.statusNames(t), "New", "Contacted", "Qualified", "Unqualified")
		wantList(t, o.actions(t, o.viewer.OrganizationID), "CREATED name currency")
		_, err := o.CreateOrganization(context.Background(), "Acme", "USD")
		wantErrors(t, err, `ALREADY_EXISTS input.name: Another organization has the name "Acme".`)
		_, err = o.CreateOrganization(context.Background(), " ", "usd")
		wantErrors(t, err, "REQUIRED input.name: The name field is mandatory.",
			`INVALID input.currency: "usd" is not a currency; send it in capitals: USD.`)
	})
}

func TestEnsureUser(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		viewer := auth.Viewer{OrganizationID: o.viewer.OrganizationID, Subject: "auth0|1"}
		ensure := func(t *testing.T, name, email string) *ent.User {
			t.Helper()
			viewer.Name, viewer.Email = name, email
			return must(o.EnsureUser(t.Context(), viewer))(t)
		}
		first := ensure(t, "", "")
		if first.Name != "auth0|1" || first.Email != nil {
			t.Errorf("user = %v", first)
		}
		t.Run("with a name", func(t *testing.T) {
			got := ensure(t, "Grace", "grace@example.com")
			if got.ID != first.ID || got.Name != "Grace" || *got.Email != "grace@example.com" {
				t.Errorf("user = %v", got)
			}
		})
		t.Run("without one again", func(t *testing.T) {
			if got := ensure(t, "", ""); got.Name != "Grace" || *got.Email != "grace@example.com" {
				t.Errorf("user = %v", got)
			}
		})
		t.Run("with nothing new", func(t *testing.T) {
			ctx, counter := store.RecordStatements(t.Context())
			must(o.EnsureUser(ctx, viewer))(t)
			if counter.Count() != 1 {
				t.Errorf("statements = %q", counter.Statements())
			}
		})
		t.Run("with what does not fit", func(t *testing.T) {
			if got := ensure(t, strings.Repeat("x", 300)+"\x00", ""); got.Name != strings.Repeat("x", 200) {
				t.Errorf("name = %q", got.Name)
			}
		})
		t.Run("of another organization", func(t *testing.T) {
			other := viewer
			other.OrganizationID = o.mustOther(t, "Rival").viewer.OrganizationID
			if got := must(o.EnsureUser(t.Context(), other))(t); got.ID == first.ID {
				t.Error("two organizations share a user")
			}
		})
	})
}

func TestEnsureUserRefuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		tests := map[string]struct {
			viewer auth.Viewer
			want   error
		}{
			"no such organization": {auth.Viewer{OrganizationID: id.New(), Subject: "x"}, sales.ErrNoOrganization},
			"a long subject":       {auth.Viewer{OrganizationID: o.viewer.OrganizationID, Subject: strings.Repeat("x", 256)}, sales.ErrBadSubject},
			"a subject of no text": {auth.Viewer{OrganizationID: o.viewer.OrganizationID, Subject: "x\x00"}, sales.ErrBadSubject},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				if _, err := o.EnsureUser(t.Context(), test.viewer); !errors.Is(err, test.want) {
					t.Errorf("error = %v", err)
				}
			})
		}
	})
}

// TestEnsureUserRace expects many first requests of one user to find the same.
func TestEnsureUserRace(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		viewer := auth.Viewer{OrganizationID: o.viewer.OrganizationID, Subject: "new", Name: "Grace"}
		var wait sync.WaitGroup
		ids := make([]uuid.UUID, 8)
		for i := range ids {
			wait.Go(func() {
				user, err := o.EnsureUser(t.Context(), viewer)
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = user.ID
			})
		}
		wait.Wait()
		for _, got := range ids {
			if got != ids[0] {
				t.Errorf("ids = %v", ids)
			}
		}
	})
}
