package sales_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/url"
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
	"dealflow/internal/sales"
)

// illBucket has files of one organization, and says what comes of deleting them.
type illBucket struct {
	driver.Bucket // what is not below is not asked for

	files   []string // their names
	prefix  string
	delete  func(tries int) error
	deleted []string      // or tried
	patient time.Duration // the longest that a deletion may take
}

func (*illBucket) Close() error                       { return nil }
func (*illBucket) ErrorCode(error) gcerrors.ErrorCode { return gcerrors.Unknown }

func (b *illBucket) ListPaged(_ context.Context, options *driver.ListOptions) (*driver.ListPage, error) {
	var page driver.ListPage
	if options.Prefix == b.prefix {
		for _, name := range b.files {
			page.Objects = append(page.Objects, &driver.ListObject{Key: b.prefix + name})
		}
	}
	return &page, nil
}

func (b *illBucket) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	deadline, _ := ctx.Deadline()
	b.patient = max(b.patient, time.Until(deadline))
	b.deleted = append(b.deleted, strings.TrimPrefix(key, b.prefix))
	return b.delete(len(b.deleted))
}

type illKey struct{}

// illOpener opens the bucket of its context.
type illOpener struct{}

func (illOpener) OpenBucketURL(ctx context.Context, _ *url.URL) (*blob.Bucket, error) {
	return blob.NewBucket(ctx.Value(illKey{}).(*illBucket)), nil
}

var illScheme = sync.OnceFunc(func() { blob.DefaultURLMux().RegisterBucket("ill", illOpener{}) })

// mustIll is the office with another bucket, of so many photos.
func (o *office) mustIll(tb testing.TB, photos int, deletion func(tries int) error) (*office, *illBucket) {
	tb.Helper()
	illScheme()
	b := &illBucket{prefix: o.viewer.OrganizationID.String() + "/", delete: deletion}
	for range photos {
		b.files = append(b.files, uuid.NewString()+".png")
	}
	bucket := must(photo.Open(context.WithValue(context.Background(), illKey{}, b), "ill://"))(tb)
	tb.Cleanup(func() { bucket.Close() })
	other := *o
	other.photos = bucket
	other.Sales = sales.New(o.store, bucket, func() time.Time { return *o.clock })
	return &other, b
}

var errBucket = errors.New("the bucket is ill")

func TestPruneIllBucket(t *testing.T) {
	tests := map[string]struct {
		deletion func(tries int) error
		want     sales.PrunedPhotos
		err      error
	}{
		"fails":          {func(int) error { return errBucket }, sales.PrunedPhotos{Failed: 5}, errBucket},
		"takes too long": {func(int) error { return context.DeadlineExceeded }, sales.PrunedPhotos{Failed: 1}, context.DeadlineExceeded},
		"fails in the end": {func(tries int) error {
			if tries > 4 {
				return errBucket
			}
			return nil
		}, sales.PrunedPhotos{Deleted: 4, Failed: 5}, errBucket},
		"fails now and then": {func(tries int) error {
			if tries%5 > 0 {
				return errBucket
			}
			return nil
		}, sales.PrunedPhotos{Deleted: 4, Failed: 16}, nil},
	}
	eachOffice(t, func(t *testing.T, o *office) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				o, bucket := o.mustIll(t, 20, test.deletion)
				reported := 0
				done, err := o.PrunePhotos(t.Context(), sales.PrunePhotosInput{
					Progress: func(int) {},
					Report:   func(uuid.UUID, string, error) { reported++ },
				})
				if done != test.want || !errors.Is(err, test.err) || reported != test.want.All() {
					t.Errorf("%+v, %v, %d reported", done, err, reported)
				}
				if bucket.patient > 5*time.Second {
					t.Errorf("a deletion may take %v, with the organization locked", bucket.patient)
				}
			})
		}
	})
}

// TestPruneCounts expects a file to be counted that went just before the command
// was to end.
func TestPruneCounts(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		ctx, cancel := context.WithCancel(t.Context())
		o, bucket := o.mustIll(t, 3, func(int) error {
			cancel()
			return nil
		})
		done, err := o.PrunePhotos(ctx, sales.PrunePhotosInput{
			Progress: func(int) {}, Report: func(uuid.UUID, string, error) {},
		})
		if !errors.Is(err, context.Canceled) || done != (sales.PrunedPhotos{Deleted: 1}) || len(bucket.deleted) != 1 {
			t.Errorf("%+v, %v, %q", done, err, bucket.deleted)
		}
	})
}

// TestDeleteLeadsIllBucket deletes leads whose photos the bucket keeps, or not.
func TestDeleteLeadsIllBucket(t *testing.T) {
	const photos = 60
	tests := map[string]struct {
		deletion func(tries int) error
		tried    int
		log      string // a part of its one line
	}{
		"well":           {func(int) error { return nil }, photos, ""},
		"fails":          {func(int) error { return errBucket }, 5, "photos=60 "},
		"takes too long": {func(int) error { return context.DeadlineExceeded }, 1, "photos=60 "},
		"fails once": {func(tries int) error {
			if tries == 7 {
				return errBucket
			}
			return nil
		}, photos, "photos=1 "},
	}
	eachOffice(t, func(t *testing.T, o *office) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				o, bucket := o.mustIll(t, photos, test.deletion)
				var ids []string
				for _, name := range append(bucket.files, bucket.files[0]) { // two leads share one
					one := o.mustLead(t)
					if err := o.store.Client.Lead.UpdateOneID(one.ID).SetPhoto(name).Exec(o.ctx); err != nil {
						t.Fatal(err)
					}
					ids = append(ids, one.GlobalID())
				}
				log := mustLog(t)
				must(o.DeleteLeads(o.ctx, sales.DeleteLeadsInput{IDs: ids}))(t)
				tried := slices.Compact(slices.Sorted(slices.Values(bucket.deleted)))
				if len(tried) != test.tried || len(bucket.deleted) != test.tried {
					t.Errorf("%d deletions, of %d photos", len(bucket.deleted), len(tried))
				}
				lines := strings.Count(log.String(), "\n")
				if test.log == "" && lines != 0 || test.log != "" && (lines != 1 || !strings.Contains(log.String(), test.log)) {
					t.Errorf("the log is\n%s", log)
				}
			})
		}
	})
}

// mustLog is what goes to the standard log until the test ends.
func mustLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var text bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &text
}
