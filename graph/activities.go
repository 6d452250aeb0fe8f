package graph

import (
	"context"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/read"
)

// activities resolves the fields of Activity.
type activities struct{}

func (activities) User(ctx context.Context, a *ent.Activity) (*ent.User, error) {
	return one(ctx, a, func(a *ent.Activity) uuid.UUID { return orZero(a.UserID) }, read.Users)
}

func (activities) EntityID(_ context.Context, a *ent.Activity) (string, error) {
	return entityKind(a.EntityType).Encode(a.EntityID), nil
}

// entityKind is the kind of id that an activity's entity has.
func entityKind(entity activity.EntityType) id.Kind {
	switch entity {
	case activity.EntityTypeORGANIZATION:
		return id.Organization
	case activity.EntityTypePIPELINE:
		return id.Pipeline
	case activity.EntityTypeSTAGE:
		return id.Stage
	case activity.EntityTypeDEAL:
		return id.Deal
	case activity.EntityTypeLEAD_STATUS:
		return id.LeadStatus
	case activity.EntityTypeCONTACT:
		return id.Contact
	case activity.EntityTypeBUSINESS:
		return id.Business
	default:
		return id.Lead
	}
}

// activityPermission is what it takes to see an activity: what it takes to see
// its entity.
func activityPermission(a *ent.Activity) auth.Permission {
	if needed, guarded := viewPermission(entityKind(a.EntityType)); guarded {
		return needed
	}
	return auth.ManageOrganization
}
