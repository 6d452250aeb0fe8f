package sales

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

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

// lookTime bounds how long a change waits for the bucket to find a file, and
// others for the change.
const lookTime = 10 * time.Second

// deleteTime is the same for the deletion of a file, which can be had later.
const deleteTime = 3 * time.Second

// filesAtOnce is how many files are deleted under one lock.
const filesAtOnce = 25

// lockPhoto keeps the file of a photo from being deleted, and from getting a lead,
// until the change is over. Nothing is locked for no photo.
func (c *change) lockPhoto(ctx context.Context, name *string) error {
	if name == nil {
		return nil
	}
	return c.lockPhotos(ctx)
}

// lockPhotos is lockPhoto, of all photos: they have one lock.
func (c *change) lockPhotos(ctx context.Context) error {
	_, err := c.lockOrganization(ctx)
	c.locked()
	return err
}

// lockNewPhoto is lockPhoto, unless the lead has the photo, which it tells: a form
// sends all of a lead back, and others need not wait for that.
func (c *change) lockNewPhoto(ctx context.Context, leadID uuid.UUID, name *string) (bool, error) {
	if deref(name) == "" {
		return false, nil
	}
	has, err := c.db.Lead.Query().Where(lead.ID(leadID), lead.Photo(*name)).Exist(ctx)
	if err != nil || has {
		return has, err
	}
	return false, c.lockPhotos(ctx)
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
	ctx, cancel := context.WithTimeout(ctx, lookTime)
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

// patience counts the failures of the bucket in a row. Who deletes a file keeps
// others waiting, so that a bucket that looks ill is left alone.
type patience struct{ failures int }

// failuresInARow is how many deletions may fail, one after the other.
const failuresInARow = 5

// note notes how a deletion went. One that took too long is enough.
func (p *patience) note(err error) {
	switch {
	case err == nil:
		p.failures = 0
	case errors.Is(err, context.DeadlineExceeded):
		p.failures = failuresInARow
	default:
		p.failures++
	}
}

func (p *patience) lost() bool { return p.failures >= failuresInARow }

// deletePhotos deletes photos after a change, unless a lead has them. The change
// is made, or else nothing is deleted: a file that stays is for the log and for
// PrunePhotos, not for the caller, who may even have left.
func (s *Sales) deletePhotos(ctx context.Context, names ...string) {
	if len(names) > 0 {
		s.store.AfterCommit(ctx, func(ctx context.Context) { s.deleteBatches(context.WithoutCancel(ctx), names) })
	}
}

// deleteBatches is deletePhotos after the commit.
func (s *Sales) deleteBatches(ctx context.Context, names []string) {
	left, cause := 0, error(nil)
	var bucket patience
	for batch := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(names))), filesAtOnce) {
		if bucket.lost() {
			left += len(batch)
			continue
		}
		done, err := s.deleteBatch(ctx, &bucket, batch)
		left += done.left
		if err != nil {
			cause = err
		}
	}
	if left > 0 {
		viewer, _ := auth.ViewerFrom(ctx)
		slog.WarnContext(ctx, "could not delete photos that no lead has any more: `dealflow photos prune` will",
			"photos", left, "organization", id.Organization.Encode(viewer.OrganizationID), "error", cause)
	}
}

// deleteBatch is deleteUnused, for no longer than the lock and the bucket may take.
func (s *Sales) deleteBatch(ctx context.Context, bucket *patience, names []string) (swept, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime+time.Duration(len(names))*deleteTime)
	defer cancel()
	return s.deleteUnused(ctx, bucket, names...)
}

// swept counts photos that no lead has by what became of their files.
type swept struct{ gone, left int }

// deleteUnused deletes photos that no lead has, as long as there is patience with
// the bucket. The error is that of the last that stays. After one of the
// transaction's, what is gone is gone: there is nothing in it to roll back.
func (s *Sales) deleteUnused(ctx context.Context, bucket *patience, names ...string) (swept, error) {
	done := swept{left: len(names)}
	var failure error
	err := s.change(ctx, func(ctx context.Context, c *change) error {
		if err := c.lockPhotos(ctx); err != nil {
			return err
		}
		unused, err := unusedPhotos(ctx, c.db, names)
		if err != nil {
			return err
		}
		done, failure = c.sweep(ctx, bucket, unused)
		return nil
	})
	if err != nil {
		bucket.note(err)
		return done, err
	}
	return done, failure
}

// sweep deletes the files of photos, which are locked and no lead's.
func (c *change) sweep(ctx context.Context, bucket *patience, names []string) (done swept, failure error) {
	for _, name := range names {
		if bucket.lost() {
			break
		}
		err := c.deleteFile(ctx, name)
		if errors.Is(err, photo.ErrNotFound) {
			err = nil // somebody else has deleted it, or an earlier run of this
		}
		bucket.note(err)
		if err != nil {
			failure = err
		} else {
			done.gone++
		}
	}
	done.left = len(names) - done.gone
	return done, failure
}

// deleteFile deletes the file of a photo, which is locked and no lead's.
func (c *change) deleteFile(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, deleteTime)
	defer cancel()
	return c.photos.Delete(ctx, c.organization, name)
}

// findFile answers photo.ErrNotFound where a photo, which is locked, has no file.
func (c *change) findFile(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	exists, err := c.photos.Exists(ctx, c.organization, name)
	if err == nil && !exists {
		err = photo.ErrNotFound
	}
	return err
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
