package photo

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Exists tells whether the organization has a photo of that name.
func (s *Store) Exists(ctx context.Context, organizationID uuid.UUID, name string) (bool, error) {
	if !IsName(name) {
		return false, nil
	}
	found, err := s.bucket.Exists(ctx, key(organizationID, name))
	if err != nil {
		return false, fmt.Errorf("photo: look for %s: %w", name, err)
	}
	return found, nil
}
