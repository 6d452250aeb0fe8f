package sales_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/id"
	"dealflow/internal/sales"
)

// file is where a photo lies.
func (o *office) file(name string) string {
	return filepath.Join(o.dir, o.viewer.OrganizationID.String(), name)
}

// mustAge dates a photo back by the clock of the office.
func (o *office) mustAge(tb testing.TB, name string, age time.Duration) string {
	tb.Helper()
	at := o.clock.Add(-age)
	if err := os.Chtimes(o.file(name), at, at); err != nil {
		tb.Fatal(err)
	}
	return name
}

// prune prunes photos of more than a day, and answers what it reports.
func (o *office) prune(tb testing.TB, dry bool) (sales.PrunedPhotos, []string) {
	tb.Helper()
	var reported []string
	seen := 0
	done, err := o.PrunePhotos(context.Background(), sales.PrunePhotosInput{
		OlderThan: 24 * time.Hour, DryRun: dry,
		Progress: func(photos int) { seen = photos },
		Report: func(organization uuid.UUID, name string, err error) {
			if err != nil {
				name = "failed " + name
			}
			reported = append(reported, fmt.Sprint(organization, "/", name))
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	if seen != done.All() {
		tb.Errorf("the progress ends at %d of %d", seen, done.All())
	}
	slices.Sort(reported)
	return done, reported
}

func TestPrunePhotos(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		other := o.mustOther(t, "Rival")
		old, used := o.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName
		theirs, young := other.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName
		o.mustLead(t, withPhoto(o.mustAge(t, used, 48*time.Hour)))
		o.mustAge(t, old, 24*time.Hour+time.Second)
		other.mustAge(t, theirs, 240*time.Hour)
		o.mustAge(t, young, 24*time.Hour-time.Second)
		// A file of an organization that the database does not know, and one that is
		// no photo.
		stranger := &office{dir: o.dir, clock: o.clock}
		stranger.viewer.OrganizationID = id.New()
		for _, path := range []string{stranger.file(old), o.file("notes.txt")} {
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600), os.Chtimes(path, start.AddDate(-1, 0, 0), start.AddDate(-1, 0, 0))); err != nil {
				t.Fatal(err)
			}
		}
		unused := []string{
			fmt.Sprint(o.viewer.OrganizationID, "/", old),
			fmt.Sprint(other.viewer.OrganizationID, "/", theirs),
		}
		slices.Sort(unused)
		want := sales.PrunedPhotos{Used: 1, Young: 1, Deleted: 2}
		for _, dry := range []bool{true, false} {
			done, reported := o.prune(t, dry)
			if done != want {
				t.Errorf("dry run %v: %+v, want %+v", dry, done, want)
			}
			wantList(t, reported, unused...)
			if o.hasPhoto(t, old) != dry || other.hasPhoto(t, theirs) != dry || !o.hasPhoto(t, used) || !o.hasPhoto(t, young) {
				t.Errorf("dry run %v: the wrong files are left", dry)
			}
		}
		if n := o.files(t); n != 4 {
			t.Errorf("%d files are left", n)
		}
		if done, _ := o.prune(t, false); done != (sales.PrunedPhotos{Used: 1, Young: 1}) {
			t.Errorf("the second time: %+v", done)
		}
	})
}

func TestPrunePhotosFails(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		bad, good := o.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName
		for _, name := range []string{bad, good} {
			o.mustAge(t, name, 48*time.Hour)
		}
		// The bucket deletes the attributes beside a file, too: these it cannot.
		if err := os.MkdirAll(o.file(bad+".attrs/inside"), 0o700); err != nil {
			t.Fatal(err)
		}
		done, reported := o.prune(t, false)
		if done != (sales.PrunedPhotos{Deleted: 1, Failed: 1}) || !slices.Contains(reported, fmt.Sprint(o.viewer.OrganizationID, "/failed ", bad)) {
			t.Errorf("%+v, %q", done, reported)
		}
		if o.hasPhoto(t, good) {
			t.Error("one file that cannot be deleted keeps another")
		}
	})
}

func TestPrunePhotosInterrupted(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		for range 3 {
			o.mustAge(t, o.mustPhoto(t, nil).FileName, 48*time.Hour)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done, err := o.PrunePhotos(ctx, sales.PrunePhotosInput{
			Progress: func(int) {},
			Report:   func(uuid.UUID, string, error) { cancel() },
		})
		if !errors.Is(err, context.Canceled) || done != (sales.PrunedPhotos{Deleted: 1}) || o.files(t) != 2 {
			t.Errorf("%+v, %v, %d files", done, err, o.files(t))
		}
	})
}
