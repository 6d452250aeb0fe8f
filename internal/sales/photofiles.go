package sales

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"dealflow/ent"
	"dealflow/ent/lead"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/photo"
)

// Files take no part in transactions. So a file is there before a row names it,
// and goes only once no row does: what can go wrong leaves a file too many,
// never one too few. PrunePhotos finds those.
//
// A file that no row names may get one at any time. So who gives a lead a photo
// holds the organization's lock from before it looks for the file until its
// commit, and who deletes a file holds it from before it looks for leads that
// have the photo.

// fileTime bounds how long a change waits for the bucket, and others for it.
const fileTime = 10 * time.Second

// lockPhoto keeps the file of a photo from being deleted, and from getting a lead,
// until the change is over. Nothing is locked for no photo.
func (c *change) lockPhoto(ctx context.Context, name *string) error {
	if name == nil {
		return nil
	}
	_, err := c.lockOrganization(ctx)
	c.locked()
	return err
}

// adoptPhoto is checkPhoto, when there is nothing else to check.
func (c *change) adoptPhoto(ctx context.Context, field string, old, next *ent.Lead) error {
	var k check
	if err := c.checkPhoto(ctx, &k, field, old, next); err != nil {
		return err
	}
	return k.err()
}

// checkPhoto refuses a photo, which is locked, that is new to a lead and has no
// file. One that the lead had before may have lost its file: a form sends all of
// a lead back.
func (c *change) checkPhoto(ctx context.Context, k *check, field string, old, next *ent.Lead) error {
	if next.Photo == nil || equal(old.Photo, next.Photo) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	exists, err := c.photos.Exists(ctx, c.organization, *next.Photo)
	if err == nil && !exists {
		k.noPhoto(field)
	}
	return err
}

// photo reads the name of a photo.
func (c *check) photo(field string, value *string) *string {
	name := c.optional(field, value, maxName)
	if name != nil && !photo.IsName(*name) {
		c.noPhoto(field)
	}
	return name
}

// noPhoto says that there is no photo of the name in a field.
func (c *check) noPhoto(field string) {
	c.add(CodeNotFound, "exists", in(field), "Photo not found: uploadLeadPhoto answers the names of those that there are.")
}

// droppedPhoto is the photo that a lead has no longer, if any.
func droppedPhoto(old, next *ent.Lead) []string {
	if old.Photo == nil || equal(old.Photo, next.Photo) {
		return nil
	}
	return []string{*old.Photo}
}

// deletePhotos deletes photos after a change, unless a lead has them. The change
// is made: a file that stays is for the log and for PrunePhotos, not for the
// caller, who may even have left.
func (s *Sales) deletePhotos(ctx context.Context, names ...string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fileTime)
	defer cancel()
	viewer, _ := auth.ViewerFrom(ctx)
	for _, name := range names {
		if _, err := s.deleteUnused(ctx, name); err != nil {
			slog.WarnContext(ctx, "could not delete a photo that no lead has any more: `dealflow photos prune` will",
				"photo", name, "organization", id.Organization.Encode(viewer.OrganizationID), "error", err)
		}
	}
}

// deleteUnused deletes a photo unless a lead has it, and tells whether it is gone.
func (s *Sales) deleteUnused(ctx context.Context, name string) (bool, error) {
	return answer(ctx, s, func(ctx context.Context, c *change) (bool, error) {
		if err := c.lockPhoto(ctx, &name); err != nil {
			return false, err
		}
		unused, err := unusedPhotos(ctx, c.db, []string{name})
		if err != nil || len(unused) == 0 {
			return false, err
		}
		if err := c.deleteFile(ctx, name); err != nil && !errors.Is(err, photo.ErrNotFound) {
			return false, err
		}
		return true, nil
	})
}

// deleteFile deletes the file of a photo, which is locked and no lead's. The lock
// is all that the transaction is for: there is nothing in it to roll back.
func (c *change) deleteFile(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, fileTime)
	defer cancel()
	return c.photos.Delete(ctx, c.organization, name)
}

// unusedPhotos are those of some photos that no lead has.
func unusedPhotos(ctx context.Context, db *ent.Client, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	used, err := db.Lead.Query().Where(lead.PhotoIn(names...)).Select(lead.FieldPhoto).Strings(ctx)
	if err != nil {
		return nil, err
	}
	isUsed := func(name string) bool { return slices.Contains(used, name) }
	return slices.DeleteFunc(slices.Clone(names), isUsed), nil
}
