package graph_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

const createKey = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
	secret apiKey { id name client permissions budget createdAt expiresAt lastUsedAt revokedAt }
	userErrors { message code path rule } } }`

// TestKeyOfPartner makes a key, uses it, and revokes it.
func TestKeyOfPartner(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		made := ada.Must(t, createKey, apitest.Vars{"input": apitest.Vars{
			"name": " Acme ERP ", "client": "erp", "permissions": []string{"EDIT_LEADS"}, "budget": 500, "expiresAt": "2027-01-31T00:00:00Z",
		}}).Get("createApiKey")
		key := made.Get("apiKey")
		want := `{"budget":500,"client":"erp","createdAt":"2026-03-02T09:30:00Z","expiresAt":"2027-01-31T00:00:00Z","id":"` + key.Get("id").String() +
			`","lastUsedAt":null,"name":"Acme ERP","permissions":["EDIT_LEADS","VIEW_LEADS"],"revokedAt":null}`
		if key.String() != want {
			t.Errorf("the key is\n%s, not\n%s", key, want)
		}
		secret := made.Get("secret").String()
		if !regexp.MustCompile(`^dfk_[0-7][0-9a-hjkmnp-tv-z]{25}_[0-9a-hjkmnp-tv-z]{40}$`).MatchString(secret) {
			t.Errorf("the secret is %q", secret)
		}
		ada.Publish(t, "erp", map[string]string{"who": `query Who { viewer { role permissions user { name } } leads { totalCount } }`})
		partner := *ada
		partner.Token = secret
		answer := partner.Run(t, "who", nil)
		if got := answer.Data.String(); got != `{"leads":{"totalCount":0},"viewer":{"permissions":["EDIT_LEADS","VIEW_LEADS"],"role":"PARTNER","user":{"name":"Acme ERP"}}}` {
			t.Errorf("the key is %s", answer.Raw)
		}
		for _, row := range rowsOf(t, api.Store, "SELECT * FROM api_keys") {
			if strings.Contains(fmt.Sprint(row), secret[len(secret)-40:]) {
				t.Error("the secret is in the database")
			}
		}
		revoke := apitest.Vars{"id": key.Get("id").String()}
		const document = `mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { revokedAt } userErrors { message } } }`
		api.Clock.Advance(time.Minute)
		first := ada.Must(t, document, revoke).Get("revokeApiKey.apiKey.revokedAt").String()
		api.Clock.Advance(time.Minute)
		if again := ada.Must(t, document, revoke).Get("revokeApiKey.apiKey.revokedAt").String(); first != "2026-03-02T09:31:00Z" || again != first {
			t.Errorf("revoked at %s, and then at %s", first, again)
		}
		if answer := partner.Run(t, "who", nil); answer.Status != http.StatusUnauthorized || refusal(answer) != "UNAUTHENTICATED" {
			t.Errorf("a revoked key gets %s", answer.Raw)
		}
		active := ada.Must(t, `{ apiKeys(filter: {revokedAt: {isNull: true}}) { totalCount } all: apiKeys(filter: {client: {eq: "erp"}}) { totalCount nodes { name } } }`, nil)
		if got := active.String(); got != `{"all":{"nodes":[{"name":"Acme ERP"}],"totalCount":1},"apiKeys":{"totalCount":0}}` {
			t.Errorf("the keys are %s", got)
		}
		acts := rowsOf(t, api.Store, "SELECT action, entity_type, changes FROM activities WHERE CAST(changes AS text) LIKE '%apiKeys%' ORDER BY created_at")
		if len(acts) != 2 || !strings.Contains(fmt.Sprint(acts[0]), "Acme ERP") || strings.Contains(fmt.Sprint(acts), "dfk_") {
			t.Errorf("the activities are %v", acts)
		}
	})
}

func TestKeyErrors(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		manager := ada.As(t, "max", auth.RolePartner, auth.ManageOrganization, auth.ViewLeads)
		for name, test := range map[string]struct {
			field string
			value any
			want  string
		}{
			"no name":              {"name", " ", "REQUIRED [input name]"},
			"a long name":          {"name", strings.Repeat("x", 201), "INVALID [input name]"},
			"no client":            {"client", "", "REQUIRED [input client]"},
			"a client with spaces": {"client", "a b", "INVALID [input client]"},
			"a client of dots":     {"client", "..", "INVALID [input client]"},
			"no permissions":       {"permissions", []string{}, "REQUIRED [input permissions]"},
			"more than one's own":  {"permissions", []string{"VIEW_LEADS", "EDIT_LEADS"}, "NOT_ALLOWED [input permissions 1]"},
			"no budget":            {"budget", 0, "INVALID [input budget]"},
			"too large a budget":   {"budget", 1_000_001, "INVALID [input budget]"},
			"over already":         {"expiresAt", "2026-03-02T09:30:00Z", "INVALID [input expiresAt]"},
		} {
			input := apitest.Vars{"name": "x", "client": "erp", "permissions": []string{"VIEW_LEADS"}}
			input[test.field] = test.value
			answer := manager.Do(t, createKey, apitest.Vars{"input": input})
			problems := answer.Data.Get("createApiKey.userErrors").List()
			if len(problems) != 1 || !answer.Data.Get("createApiKey.apiKey").IsNull() || !answer.Data.Get("createApiKey.secret").IsNull() {
				t.Errorf("%s: %s", name, answer.Raw)
				continue
			}
			path := strings.NewReplacer(`"`, "", ",", " ").Replace(problems[0].Get("path").String())
			if got := problems[0].Get("code").String() + " " + path; got != test.want {
				t.Errorf("%s: %s, not %s", name, got, test.want)
			}
		}
		if n := manager.Must(t, `{ apiKeys { totalCount } }`, nil).Get("apiKeys.totalCount").Int(); n != 0 {
			t.Errorf("%d keys were made", n)
		}
		for value, want := range map[string]string{"x": "INVALID_ID", id.Lead.Encode(id.New()): "INVALID_ID", id.APIKey.Encode(id.New()): "NOT_FOUND"} {
			answer := ada.Do(t, `mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { id } userErrors { code } } }`, apitest.Vars{"id": value})
			if got := answer.Data.Get("revokeApiKey.userErrors.0.code").String(); got != want {
				t.Errorf("revoking %s: %s", value, answer.Raw)
			}
		}
	})
}

// TestKeyOfAPhoto shows that a key sees photos if it may see leads.
func TestKeyOfAPhoto(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		for permission, want := range map[auth.Permission]int{auth.ViewLeads: http.StatusOK, auth.ViewSalesPipelines: http.StatusNotFound} {
			partner, _ := w.Key(t, "erp", permission)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/photos/"+w.photo, nil)
			must(t, err)
			r.Header.Set("Authorization", "Bearer "+partner.Token)
			answer, err := http.DefaultClient.Do(r)
			must(t, err)
			must(t, answer.Body.Close())
			if answer.StatusCode != want {
				t.Errorf("with %s: status %d, want %d", permission, answer.StatusCode, want)
			}
		}
	})
}
