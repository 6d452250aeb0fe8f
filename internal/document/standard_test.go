package document_test

import (
	"slices"
	"testing"

	"dealflow/internal/auth"
	"dealflow/internal/document"
)

// TestStandard shows that the set that comes with the program can be published, and
// that it says what each operation and each parameter is for.
func TestStandard(t *testing.T) {
	entries := document.Standard()
	list, err := document.Check(document.Server{Schema: schema}, entries, []document.Holder{{Name: "a partner", Permissions: auth.PermissionsOf(
		auth.ViewSalesPipelines, auth.EditSalesPipelines, auth.ViewLeads, auth.EditLeads)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if one.Operation.Description == "" {
			t.Errorf("%s does not say what it does", one.Name)
		}
		for _, variable := range one.Operation.VariableDefinitions {
			if variable.Description == "" {
				t.Errorf("%s does not say what %s is", one.Name, variable.Variable)
			}
		}
		if again := document.Standard(); !slices.ContainsFunc(again, func(e document.Entry) bool { return e.Key == one.Key && e.Body == one.Body }) {
			t.Errorf("%s is another one each time", one.Name)
		}
	}
	leads := document.Standard("leads")
	if len(leads) == 0 || len(leads) >= len(entries) {
		t.Errorf("the group of leads has %d documents of %d", len(leads), len(entries))
	}
	if _, err := document.Check(document.Server{Schema: schema}, leads, []document.Holder{{Name: "one for leads", Permissions: auth.PermissionsOf(auth.ViewLeads, auth.EditLeads)}}); err != nil {
		t.Errorf("the group of leads needs more than leads: %v", err)
	}
}
