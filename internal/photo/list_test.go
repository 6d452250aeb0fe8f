package photo_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"

	"dealflow/internal/photo"
)

// list is the names of an organization's photos, page by page.
func list(tb testing.TB, s *photo.Store, organization uuid.UUID) [][]string {
	tb.Helper()
	var pages [][]string
	for page, err := range s.Pages(tb.Context(), organization) {
		if err != nil {
			tb.Fatal(err)
		}
		var names []string
		for _, file := range page {
			if time.Since(file.Stored).Abs() > time.Hour {
				tb.Errorf("%s was stored at %v", file.Name, file.Stored)
			}
			names = append(names, file.Name)
		}
		pages = append(pages, names)
	}
	return pages
}

func TestPages(t *testing.T) {
	s, dir := mustOpen(t)
	if got := slices.Concat(list(t, s, ours)...); len(got) != 0 {
		t.Errorf("before all uploads: %q", got)
	}
	name := mustSave(t, s, ours, mustPNG(t))
	mustSave(t, s, theirs, mustPNG(t))
	for _, other := range []string{"notes.txt", "photo.png", "fileblob123"} {
		if err := os.WriteFile(filepath.Join(dir, ours.String(), other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := slices.Concat(list(t, s, ours)...); !slices.Equal(got, []string{name}) {
		t.Errorf("photos = %q, want %q", got, name)
	}
}

func TestPagesOfMany(t *testing.T) {
	s, dir := mustOpen(t)
	want := []string{mustSave(t, s, ours, mustPNG(t))}
	for range 2499 {
		name := uuid.NewString() + ".png"
		if err := os.WriteFile(filepath.Join(dir, ours.String(), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	pages := list(t, s, ours)
	if len(pages) != 3 {
		t.Errorf("%d pages", len(pages))
	}
	got := slices.Concat(pages...)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d photos are listed of %d, or others", len(got), len(want))
	}
}

// TestPagesWhileFilesGo lists photos that others delete.
func TestPagesWhileFilesGo(t *testing.T) {
	s, _ := mustOpen(t)
	stays := mustSave(t, s, ours, mustPNG(t))
	for range 4 {
		var gone []string
		for range 50 {
			gone = append(gone, mustSave(t, s, ours, mustPNG(t)))
		}
		var deleting sync.WaitGroup
		deleting.Go(func() {
			for _, name := range gone {
				if err := s.Delete(t.Context(), ours, name); err != nil {
					t.Error(err)
				}
			}
		})
		for range 10 {
			if got := slices.Concat(list(t, s, ours)...); !slices.Contains(got, stays) {
				t.Errorf("photos = %q, without %s", got, stays)
			}
		}
		deleting.Wait()
	}
}

func TestPagesFail(t *testing.T) {
	closed, err := photo.Open(t.Context(), "mem://")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	var got []error
	for _, err := range closed.Pages(t.Context(), ours) {
		got = append(got, err)
	}
	if len(got) != 1 || got[0] == nil {
		t.Errorf("errors = %v, want one", got)
	}
}

// noBucket is how S3 answers for a bucket that it does not have.
type noBucket struct {
	driver.Bucket // what is not below is not asked for

	asked int
}

func (*noBucket) Close() error                       { return nil }
func (*noBucket) ErrorCode(error) gcerrors.ErrorCode { return gcerrors.NotFound }

func (b *noBucket) ListPaged(context.Context, *driver.ListOptions) (*driver.ListPage, error) {
	b.asked++
	return nil, errors.New("NoSuchBucket")
}

func (b *noBucket) OpenBucketURL(context.Context, *url.URL) (*blob.Bucket, error) {
	return blob.NewBucket(b), nil
}

// TestPagesOfNoBucket expects the question to be asked once where no file can go
// while it is answered.
func TestPagesOfNoBucket(t *testing.T) {
	var bucket noBucket
	blob.DefaultURLMux().RegisterBucket("none", &bucket)
	s := mustOpenURL(t, "none://photos")
	for _, err := range s.Pages(t.Context(), ours) {
		if err == nil || !strings.Contains(err.Error(), "NoSuchBucket") {
			t.Errorf("error = %v", err)
		}
	}
	if bucket.asked != 1 {
		t.Errorf("asked %d times", bucket.asked)
	}
}
