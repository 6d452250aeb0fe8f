package sales

import (
	"context"
	"errors"
	"io"

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
	Labelled
	LeadID          *string
	ExpectedVersion *int
	File            graphql.Upload
}

// DeleteLeadPhotoInput names a photo to delete.
type DeleteLeadPhotoInput struct {
	Labelled
	FileName string
}

// UploadedPhoto is a photo that is kept, and the lead that got it, if any.
type UploadedPhoto struct {
	FileName string
	Lead     *ent.Lead
}

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
	// It has been read to its end when the transaction that this is a part of is run again.
	if _, err := input.File.File.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	name, err := s.photos.Save(ctx, viewer.OrganizationID, input.File.File)
	if err != nil {
		return nil, badPhoto(err)
	}
	if leadID == nil {
		return &UploadedPhoto{FileName: name}, nil
	}
	saved, had, err := s.givePhoto(ctx, *leadID, input.ExpectedVersion, name)
	if err != nil {
		// All the same the lead may have it: a connection that breaks in a commit
		// does not tell. Nothing is deleted that a lead has.
		s.deletePhotos(ctx, name)
		return nil, err
	}
	s.deletePhotos(ctx, had...)
	return &UploadedPhoto{FileName: name, Lead: saved}, nil
}

// badPhoto turns what is wrong with a file into what its sender can mend.
func badPhoto(err error) error {
	if wrong, ok := errors.AsType[*photo.Error](err); ok {
		return refuse(CodeInvalid, wrong.Rule, in("file"), "%s.", wrong.Message)
	}
	return err
}

// givePhoto makes a photo the one of a lead, and answers the one that it had
// before, if any.
func (s *Sales) givePhoto(ctx context.Context, leadID uuid.UUID, expected *int, name string) (saved *ent.Lead, had []string, err error) {
	saved, err = answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		if err := c.lockPhoto(ctx, &name); err != nil {
			return nil, err
		}
		old, err := c.lockLead(ctx, "leadId", leadID, expected)
		if err != nil {
			return nil, err
		}
		next := *old
		next.Photo = &name
		if err := c.adoptPhoto(ctx, "file", old, &next); err != nil {
			return nil, err
		}
		had = droppedPhoto(old, &next)
		return c.saveLead(ctx, old, &next, nil, activity.ActionPHOTO_CHANGED)
	})
	return saved, had, err
}

// DeleteLeadPhoto deletes a photo, and takes it from the lead that has it, if
// any. It answers the photo's name and that lead.
func (s *Sales) DeleteLeadPhoto(ctx context.Context, input DeleteLeadPhotoInput) (string, *ent.Lead, error) {
	var k check
	name := k.text("fileName", input.FileName, maxName)
	if err := k.err(); err != nil {
		return "", nil, err
	}
	deleted := false
	had, err := answer(ctx, s, func(ctx context.Context, c *change) (*ent.Lead, error) {
		if err := c.lockPhotos(ctx); err != nil {
			return nil, err
		}
		had, err := c.takePhoto(ctx, name)
		if err != nil || had != nil {
			return had, err
		}
		if s.store.InWhole(ctx) {
			return nil, c.findFile(ctx, name) // a lead that had it may have it back yet
		}
		err = c.deleteFile(ctx, name)
		deleted = deleted || err == nil
		return nil, err
	})
	if deleted {
		// However the transaction ended, which wrote nothing; and if it ran again,
		// it missed what it had deleted itself.
		return name, nil, nil
	}
	if errors.Is(err, photo.ErrNotFound) {
		k.noPhoto("fileName")
		return "", nil, k.err()
	}
	if err != nil {
		return "", nil, err
	}
	s.deletePhotos(ctx, name)
	return name, had, nil
}

// takePhoto takes a photo from every lead that has it, and answers one of them;
// nil when none has.
func (c *change) takePhoto(ctx context.Context, name string) (*ent.Lead, error) {
	leads, err := c.db.Lead.Query().Where(lead.Photo(name)).Order(lead.ByID()).Modify(store.Lock).All(ctx)
	c.locked()
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
