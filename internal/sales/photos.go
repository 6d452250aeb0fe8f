package sales

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/lead"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/photo"
	"dealflow/internal/store"
)

// UploadLeadPhotoInput brings a photo, of a lead or for one to come.
type UploadLeadPhotoInput struct {
	LeadID          *string
	ExpectedVersion *int
	File            graphql.Upload
}

// DeleteLeadPhotoInput names a photo to delete.
type DeleteLeadPhotoInput struct {
	FileName string
}

// UploadedPhoto is a photo that is kept, and the lead that got it, if any.
type UploadedPhoto struct {
	FileName string
	Lead     *ent.Lead
}

// Files take no part in transactions. So a file is there before a row names it,
// and goes only once no row does: what can go wrong leaves a file too many,
// never one too few.

// UploadLeadPhoto keeps a photo. A lead that is named gets it, in place of the
// one that it had.
func (s *Sales) UploadLeadPhoto(ctx context.Context, input UploadLeadPhotoInput) (*UploadedPhoto, error) {
	var k check
	leadID := k.optionalID(id.Lead, "leadId", input.LeadID)
	if err := k.err(); err != nil {
		return nil, err
	}
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return nil, store.ErrNoViewer
	}
	name, err := s.photos.Save(ctx, viewer.OrganizationID, input.File.File)
	if err != nil {
		return nil, badPhoto(err)
	}
	if leadID == nil {
		return &UploadedPhoto{FileName: name}, nil
	}
	saved, unused, err := s.givePhoto(ctx, *leadID, input.ExpectedVersion, name)
	if err != nil {
		s.deletePhotos(ctx, viewer.OrganizationID, []string{name})
		return nil, err
	}
	s.deletePhotos(ctx, viewer.OrganizationID, unused)
	return &UploadedPhoto{FileName: name, Lead: saved}, nil
}

// badPhoto turns what is wrong with a file into what its sender can mend.
func badPhoto(err error) error {
	if wrong, ok := errors.AsType[*photo.Error](err); ok {
		return refuse(CodeInvalid, wrong.Rule, in("file"), "%s.", wrong.Message)
	}
	return err
}

// givePhoto makes a photo the one of a lead, and answers the photos that nobody
// has any more.
func (s *Sales) givePhoto(ctx context.Context, leadID uuid.UUID, expected *int, name string) (saved *ent.Lead, unused []string, err error) {
	saved, err = answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		old, err := c.lockLead(ctx, "leadId", leadID, expected)
		if err != nil {
			return nil, err
		}
		next := *old
		next.Photo = &name
		saved, err := c.saveLead(ctx, old, &next, nil, activity.ActionPHOTO_CHANGED)
		if err != nil {
			return nil, err
		}
		unused, err = c.droppedPhoto(ctx, old, saved)
		return saved, err
	})
	return saved, unused, err
}

// DeleteLeadPhoto deletes a photo, and takes it from the lead that has it, if
// any. It answers the photo's name and that lead.
func (s *Sales) DeleteLeadPhoto(ctx context.Context, input DeleteLeadPhotoInput) (string, *ent.Lead, error) {
	var k check
	name := k.text("fileName", input.FileName, maxName)
	if err := k.err(); err != nil {
		return "", nil, err
	}
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return "", nil, store.ErrNoViewer
	}
	had, err := answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		return c.takePhoto(ctx, name)
	})
	if err != nil {
		return "", nil, err
	}
	err = s.photos.Delete(ctx, viewer.OrganizationID, name)
	switch {
	case err == nil, errors.Is(err, photo.ErrNotFound) && had != nil:
		return name, had, nil
	case errors.Is(err, photo.ErrNotFound):
		k.noPhoto("fileName")
		return "", nil, k.err()
	default:
		return "", nil, err
	}
}

// takePhoto takes a photo from every lead that has it, and answers one of them;
// nil when none has.
func (c *change) takePhoto(ctx context.Context, name string) (*ent.Lead, error) {
	leads, err := c.db.Lead.Query().Where(lead.Photo(name)).Order(lead.ByID()).Modify(store.Lock).All(ctx)
	if err != nil || len(leads) == 0 {
		return nil, err
	}
	take := func(next *ent.Lead) { next.Photo = nil }
	write := c.db.Lead.Update().ClearPhoto()
	after, err := c.setLeads(ctx, leads, activity.ActionPHOTO_DELETED, take, write)
	if err != nil {
		return nil, err
	}
	return after[0], nil
}

// noPhoto says that there is no photo of the name in a field.
func (c *check) noPhoto(field string) {
	c.add(CodeNotFound, "exists", in(field), "Photo not found: uploadLeadPhoto answers the names of those that there are.")
}

// checkPhoto refuses the name of a photo that the viewer's organization does not have.
func (s *Sales) checkPhoto(ctx context.Context, k *check, name *string) error {
	exists, err := s.photoExists(ctx, name)
	if err == nil && !exists {
		k.noPhoto("photo")
	}
	return err
}

// photoExists tells whether the viewer's organization has a photo; true for no
// name at all.
func (s *Sales) photoExists(ctx context.Context, name *string) (bool, error) {
	if deref(name) == "" {
		return true, nil
	}
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return false, store.ErrNoViewer
	}
	return s.photos.Exists(ctx, viewer.OrganizationID, *name)
}

// droppedPhoto is the photo that a lead has no longer, if nobody else has it.
func (c *change) droppedPhoto(ctx context.Context, old, next *ent.Lead) ([]string, error) {
	if old.Photo == nil || equal(old.Photo, next.Photo) {
		return nil, nil
	}
	return c.unusedPhotos(ctx, []string{*old.Photo})
}

// unusedPhotos are those of some photos that no lead has.
func (c *change) unusedPhotos(ctx context.Context, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	used, err := c.db.Lead.Query().Where(lead.PhotoIn(names...)).Select(lead.FieldPhoto).Strings(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(used, name) }), nil
}

// deletePhotos deletes photos that no lead has any more. The change is made: a
// file that stays is for the log, not for the caller, who may even have left.
func (s *Sales) deletePhotos(ctx context.Context, organization uuid.UUID, names []string) {
	ctx = context.WithoutCancel(ctx)
	for _, name := range names {
		if err := s.photos.Delete(ctx, organization, name); err != nil && !errors.Is(err, photo.ErrNotFound) {
			slog.WarnContext(ctx, "could not delete a photo that no lead has any more", "name", name, "error", err)
		}
	}
}
