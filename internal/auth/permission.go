package auth

import "slices"

// Permission is one thing a viewer may do. The schema names the permission that
// a field needs: @requires(permission: EDIT_LEADS).
type Permission string

// The permissions, as the schema spells them.
const (
	ViewSalesPipelines Permission = "VIEW_SALES_PIPELINES"
	EditSalesPipelines Permission = "EDIT_SALES_PIPELINES"
	ViewLeads          Permission = "VIEW_LEADS"
	EditLeads          Permission = "EDIT_LEADS"
	ManageOrganization Permission = "MANAGE_ORGANIZATION"
)

// AllPermissions lists every permission, sorted.
func AllPermissions() []Permission {
	return []Permission{EditLeads, EditSalesPipelines, ManageOrganization, ViewLeads, ViewSalesPipelines}
}

// Permissions is a set of permissions. The zero value is the empty set; sets
// compare with == and unite with |.
type Permissions uint8

// PermissionsOf is the set of the given permissions and of those that they
// imply. It ignores any it does not know, so that a token may carry permissions
// meant for other servers.
func PermissionsOf(permissions ...Permission) Permissions {
	var set Permissions
	for _, p := range permissions {
		set |= bit(p) | bit(implied(p))
	}
	return set
}

// implied is the permission that comes with another, if one does: who may change
// something may see it.
func implied(p Permission) Permission {
	switch p {
	case EditSalesPipelines:
		return ViewSalesPipelines
	case EditLeads:
		return ViewLeads
	default:
		return ""
	}
}

// Has tells whether p is in the set. An unknown permission is in no set.
func (s Permissions) Has(p Permission) bool { return s&bit(p) != 0 }

// List is the set's permissions, sorted.
func (s Permissions) List() []Permission {
	return slices.DeleteFunc(AllPermissions(), func(p Permission) bool { return !s.Has(p) })
}

// bit is a permission's place in a set; an unknown permission has none.
func bit(p Permission) Permissions {
	i := slices.Index(AllPermissions(), p)
	if i < 0 {
		return 0
	}
	return 1 << i
}

// Role is a named set of permissions, carried by every token.
type Role string

// The roles, from the least to the most able; a partner's permissions are only
// those its token lists.
const (
	RolePartner Role = "PARTNER"
	RoleViewer  Role = "VIEWER"
	RoleSales   Role = "SALES"
	RoleAdmin   Role = "ADMIN"
)

// Valid tells whether r is one of the four roles.
func (r Role) Valid() bool {
	return r == RoleViewer || r == RoleSales || r == RoleAdmin || r == RolePartner
}

// Permissions is what the role alone allows.
func (r Role) Permissions() Permissions {
	switch r {
	case RoleViewer:
		return PermissionsOf(ViewSalesPipelines, ViewLeads)
	case RoleSales:
		return PermissionsOf(ViewSalesPipelines, ViewLeads, EditSalesPipelines, EditLeads)
	case RoleAdmin:
		return PermissionsOf(AllPermissions()...)
	default:
		return 0
	}
}
