package auth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"dealflow/internal/auth"
)

func TestRolePermissions(t *testing.T) {
	view := []auth.Permission{auth.ViewLeads, auth.ViewSalesPipelines}
	tests := map[auth.Role][]auth.Permission{
		auth.RoleViewer:  view,
		auth.RoleSales:   {auth.EditLeads, auth.EditSalesPipelines, auth.ViewLeads, auth.ViewSalesPipelines},
		auth.RoleAdmin:   auth.AllPermissions(),
		auth.RolePartner: {},
		"CEO":            {},
	}
	for role, want := range tests {
		t.Run(string(role), func(t *testing.T) {
			if diff := cmp.Diff(want, role.Permissions().List()); diff != "" {
				t.Error(diff)
			}
			if got := auth.PermissionsOf(want...); got != role.Permissions() {
				t.Errorf("PermissionsOf(List()) = %v", got.List())
			}
		})
	}
}

func TestPermissionsImplied(t *testing.T) {
	tests := map[auth.Permission][]auth.Permission{
		auth.EditSalesPipelines: {auth.EditSalesPipelines, auth.ViewSalesPipelines},
		auth.EditLeads:          {auth.EditLeads, auth.ViewLeads},
		auth.ViewLeads:          {auth.ViewLeads},
		auth.ManageOrganization: {auth.ManageOrganization},
	}
	for given, want := range tests {
		if diff := cmp.Diff(want, auth.PermissionsOf(given).List()); diff != "" {
			t.Errorf("%s: %s", given, diff)
		}
	}
}

func TestPermissionsUnknown(t *testing.T) {
	everything := auth.RoleAdmin.Permissions()
	if auth.PermissionsOf("LAUNCH_MISSILES") != 0 {
		t.Error("an unknown permission enlarges a set")
	}
	if everything.Has("LAUNCH_MISSILES") || everything.Has("") {
		t.Error("a set has an unknown permission")
	}
}
