package sales

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"dealflow/ent/organization"
	"dealflow/internal/auth"
	"dealflow/internal/photo"
	"dealflow/internal/store"
)

// What is here serves an operator's command. It works through all organizations,
// one after the other, and each file is a transaction of its own.

// organizationsAtOnce is how many ids of organizations are read at a time.
const organizationsAtOnce = 500

// PrunePhotosInput says which photos to delete.
type PrunePhotosInput struct {
	// OlderThan spares the photos that were uploaded since: a lead may be about to
	// get them.
	OlderThan time.Duration
	// DryRun deletes nothing.
	DryRun bool
	// Progress hears how many photos have been looked at.
	Progress func(photos int)
	// Report hears of each photo that is deleted, or in a dry run would be, and of
	// each that could not be, with the error.
	Report func(organization uuid.UUID, name string, err error)
}

// PrunedPhotos counts photos by what became of them.
type PrunedPhotos struct {
	Used    int // by leads
	Young   int
	Deleted int // or, in a dry run, to be deleted
	Failed  int
}

// All is how many photos there were.
func (p PrunedPhotos) All() int { return p.Used + p.Young + p.Deleted + p.Failed }

// PrunePhotos deletes the photos that no lead has: those that were uploaded and
// never given to one, and those whose deletion failed. Files of organizations
// that this database does not know are not looked at, so that the bucket of
// another one is safe. After an error it answers what was done before; one is that
// the bucket looks ill.
func (s *Sales) PrunePhotos(ctx context.Context, input PrunePhotosInput) (PrunedPhotos, error) {
	p := pruning{Sales: s, PrunePhotosInput: input, before: s.now().Add(-input.OlderThan)}
	for last := uuid.Nil; ; {
		organizations, err := s.store.Client.Organization.Query().
			Where(organization.IDGT(last)).
			Order(organization.ByID()).
			Limit(organizationsAtOnce).
			IDs(store.System(ctx))
		if err != nil || len(organizations) == 0 {
			return p.done, err
		}
		for _, last = range organizations {
			if err := p.organization(ctx, last); err != nil {
				return p.done, err
			}
		}
	}
}

// pruning is PrunePhotos at work.
type pruning struct {
	*Sales
	PrunePhotosInput
	before time.Time
	done   PrunedPhotos
	bucket patience
}

// organization prunes the photos of one organization, within its wall.
func (p *pruning) organization(ctx context.Context, key uuid.UUID) error {
	ctx = auth.WithViewer(ctx, auth.Viewer{OrganizationID: key})
	for page, err := range p.photos.Pages(ctx, key) {
		if err != nil {
			return err
		}
		if err := p.page(ctx, key, page); err != nil {
			return err
		}
		p.Progress(p.done.All())
	}
	return nil
}

// page prunes some photos of an organization.
func (p *pruning) page(ctx context.Context, organization uuid.UUID, page []photo.File) error {
	var old []string
	for _, file := range page {
		if file.Stored.Before(p.before) {
			old = append(old, file.Name)
		}
	}
	unused, err := unusedPhotos(ctx, p.store.Client, old)
	if err != nil {
		return err
	}
	p.done.Young += len(page) - len(old)
	p.done.Used += len(old) - len(unused)
	for _, name := range unused {
		if err := p.prune(ctx, organization, name); err != nil {
			return err
		}
	}
	return nil
}

// prune deletes a photo that no lead had a moment ago. That one file cannot be
// deleted does not keep the others from it; that many cannot does, and that the
// command is to end.
func (p *pruning) prune(ctx context.Context, organization uuid.UUID, name string) error {
	done, err := swept{gone: 1}, error(nil)
	if !p.DryRun {
		done, err = p.deleteUnused(ctx, &p.bucket, name)
	}
	switch {
	case done.gone > 0:
		p.done.Deleted++
		err = nil // of the end of the transaction, which changed nothing
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p.done.Failed++
	default: // a lead got it meanwhile
		p.done.Used++
		return nil
	}
	p.Report(organization, name, err)
	if err != nil && p.bucket.lost() {
		return fmt.Errorf("the photos that are left were not tried: too many could not be deleted, or one took too long: %w", err)
	}
	return nil
}
