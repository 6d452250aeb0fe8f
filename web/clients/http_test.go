package clients_test

import (
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/store/storetest"
)

// TestAudits has the server pass every audit of the GraphQL-over-HTTP
// specification, those of its SHOULDs and MAYs included.
func TestAudits(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	script(t, "audits.mjs", map[string]any{"url": api.URL, "token": api.Organization(t, "acme").Token})
}
