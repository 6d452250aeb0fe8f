package clients_test

import (
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/document"
	"dealflow/internal/store/storetest"
)

// TestAudits has the server pass every audit of the GraphQL-over-HTTP
// specification, those of its SHOULDs and MAYs included.
func TestAudits(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	script(t, "audits.mjs", map[string]any{"url": api.URL, "token": api.Organization(t, "acme").Token})
}

// TestOpenAPI validates the description of the documents that come with the program,
// and real answers by it.
func TestOpenAPI(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		texts := map[string]string{}
		for _, e := range document.Standard() {
			texts[e.Key] = e.Body
		}
		ada.Publish(t, "erp", texts)
		key, _ := ada.Key(t, "erp", auth.ViewSalesPipelines, auth.EditSalesPipelines, auth.ViewLeads, auth.EditLeads)
		script(t, "openapi.mjs", map[string]any{"url": api.URL, "token": key.Token, "client": "erp"})
	})
}
