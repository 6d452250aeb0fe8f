package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	_ "gocloud.dev/blob/s3blob" // s3:// buckets for --photos

	"dealflow/internal/photo"
	"dealflow/internal/sales"
)

// photosFlags say where the leads' photos are.
type photosFlags struct {
	Photos string `group:"Photos:" placeholder:"URL" help:"The bucket of the leads' photos: file:///DIRECTORY, file://./DIRECTORY or s3://BUCKET?region=REGION. Default: the directory photos beside the embedded database; with Postgres, in the working directory."`
}

// openPhotos opens the bucket.
func (f photosFlags) openPhotos(ctx context.Context, db databaseFlags) (*photo.Store, error) {
	bucket, err := f.bucket(db)
	if err != nil {
		return nil, err
	}
	return photo.Open(ctx, bucket)
}

// openExistingPhotos is openPhotos for commands that have nothing to do in a new
// directory: a wrong path makes none.
func (f photosFlags) openExistingPhotos(ctx context.Context, db databaseFlags) (*photo.Store, error) {
	bucket, err := f.bucket(db)
	if err != nil {
		return nil, err
	}
	photos, err := photo.OpenExisting(ctx, bucket)
	if err != nil {
		return nil, fmt.Errorf("%w: say where the photos are with --photos (DEALFLOW_PHOTOS)", err)
	}
	return photos, nil
}

// bucket is the URL of the photos' bucket. That of a directory is absolute.
func (f photosFlags) bucket(db databaseFlags) (string, error) {
	if f.Photos == "" {
		file, _ := db.file()
		directory, err := filepath.Abs(filepath.Join(filepath.Dir(file), "photos"))
		return (&url.URL{Scheme: "file", Path: directory}).String(), err
	}
	u, err := url.Parse(f.Photos)
	if err != nil || u.Scheme != "file" || u.Host != "." {
		return f.Photos, nil // what is wrong with it, photo.Open says
	}
	u.Host = ""
	u.Path, err = filepath.Abs("." + u.Path)
	return u.String(), err
}

// photosCmd is `dealflow photos`.
type photosCmd struct {
	Prune photosPruneCmd `cmd:"" help:"Delete the photos that no lead has."`
}

// photosPruneCmd is `dealflow photos prune`.
type photosPruneCmd struct {
	OlderThan time.Duration `default:"24h" min:"0s" max:"87600h" placeholder:"DURATION" help:"Leave photos alone that were uploaded since then: somebody may be about to give them to a lead. Default: ${default}"`
	DryRun    bool          `help:"Say what would happen, name by name, and delete nothing."`

	databaseFlags
	photosFlags
}

// Help implements kong.HelpProvider.
func (photosPruneCmd) Help() string {
	return `These are photos that somebody uploaded and then gave to no lead, and those of leads that are gone whose files could not be deleted then. Run it from time to time, such as once a night, with the server at work or not.

Only files of organizations in the database are looked at.

Examples:

    dealflow photos prune --dry-run
    dealflow photos prune --database postgres://dealflow@db.example.com/dealflow --photos 's3://acme-dealflow-photos?region=eu-central-1'`
}

// Run runs the command.
func (c *photosPruneCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	photos, err := c.openExistingPhotos(ctx, c.databaseFlags)
	if err != nil {
		return err
	}
	defer closing(photos, &err)
	bar := newProgress(std.Err, "looking at photos", -1)
	pruned, err := sales.New(s, photos, time.Now).PrunePhotos(ctx, sales.PrunePhotosInput{
		OlderThan: c.OlderThan, DryRun: c.DryRun,
		Progress: func(photos int) { bar.to(int64(photos)) },
		Report: func(organization uuid.UUID, name string, err error) {
			switch {
			case err != nil:
				bar.println(fmt.Sprintf("%s/%s: %v", organization, name, err))
			case c.DryRun:
				bar.done() // until the next page
				fmt.Fprintf(std.Out, "%s/%s\n", organization, name)
			}
		},
	})
	bar.done()
	c.summarize(std, pruned)
	if err != nil {
		return interrupted(err)
	}
	if pruned.Failed > 0 {
		return errors.New("some photos could not be deleted: mend what is told above, and run it again")
	}
	return nil
}

// summarize says what became of the photos.
func (c *photosPruneCmd) summarize(std streams, p sales.PrunedPhotos) {
	deleted := "deleted"
	if c.DryRun {
		deleted = "to delete"
	}
	fmt.Fprintf(std.Out, "%s photos: %s of leads, %s too young, %s %s, %s failed\n",
		grouped(p.All()), grouped(p.Used), grouped(p.Young), grouped(p.Deleted), deleted, grouped(p.Failed))
	if c.DryRun {
		fmt.Fprintln(std.Out, "This was a dry run: nothing was deleted.")
	}
}
