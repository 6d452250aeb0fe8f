// Package photo keeps the photos of leads: it checks that an upload is an image,
// stores it, and serves it to those of its own organization.
package photo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"gocloud.dev/blob"
	_ "gocloud.dev/blob/fileblob" // file:// buckets
	_ "gocloud.dev/blob/memblob"  // mem:// buckets, for tests
	"gocloud.dev/gcerrors"
)

// MaxBytes is the greatest size of a photo: 5 MB.
const MaxBytes = 5 << 20

// maxDecoding is how many uploads are decoded at once. One takes up to 600 MB, for
// 40 megapixels of progressive JPEG, though a usual photo takes little.
const maxDecoding = 1

// ErrNotFound is the answer for a photo that the organization does not have,
// whether or not another one does.
var ErrNotFound = errors.New("no such photo")

// Store keeps photos in a bucket, each under its organization's id and a name
// that nobody can guess. It is safe for concurrent use.
type Store struct {
	bucket   *blob.Bucket
	listings int           // how often a page is listed at most
	decoding chan struct{} // holds one value for each upload being decoded
}

// Open opens the bucket at a URL: file:///var/lib/dealflow/photos, or
// file://./photos for a path relative to the working directory. The directory is
// made if it is not there.
func Open(ctx context.Context, bucketURL string) (*Store, error) {
	u, err := parse(bucketURL)
	if err != nil {
		return nil, err
	}
	return open(ctx, u)
}

// OpenExisting is Open for those who have nothing to do in a new directory: it
// refuses one that is not there, or that cannot be read, whose files the driver
// would pass over without a word.
func OpenExisting(ctx context.Context, bucketURL string) (*Store, error) {
	u, err := parse(bucketURL)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		if _, err := os.ReadDir(directory(u)); err != nil {
			return nil, fmt.Errorf("photo: read the directory: %w", err)
		}
	}
	return open(ctx, u)
}

func open(ctx context.Context, u *url.URL) (*Store, error) {
	s := &Store{listings: 1, decoding: make(chan struct{}, maxDecoding)}
	if u.Scheme == "file" {
		s.listings = listings
	}
	var err error
	if s.bucket, err = blob.OpenBucket(ctx, prepare(u)); err != nil {
		return nil, fmt.Errorf("photo: open the bucket: %w", err)
	}
	return s, nil
}

// parse reads the URL of a bucket.
func parse(bucketURL string) (*url.URL, error) {
	u, err := url.Parse(bucketURL)
	if err != nil {
		return nil, fmt.Errorf("photo: bucket URL: %w", err)
	}
	if u.Scheme == "file" && (u.Path == "" || (u.Host != "" && u.Host != "." && u.Host != "localhost")) {
		// The driver would take file://photos for the root directory.
		return nil, fmt.Errorf("photo: bucket URL %q: write file:///a/directory, or file://./directory for a relative one", bucketURL)
	}
	return u, nil
}

// directory is that of a file:// bucket.
func directory(u *url.URL) string {
	if u.Host == "." {
		return filepath.FromSlash("." + u.Path)
	}
	return filepath.FromSlash(u.Path)
}

// prepare is a bucket's URL with what a file:// bucket needs filled in where the
// URL leaves it open.
func prepare(u *url.URL) string {
	if u.Scheme != "file" {
		return u.String()
	}
	query := u.Query()
	for name, value := range map[string]string{
		"create_dir":    "true",
		"dir_file_mode": "0700", // photos are nobody else's on the machine
		"metadata":      "skip", // names say all there is to know; no .attrs files
		"no_tmp_dir":    "true", // TMPDIR may be another disk, whence a file cannot be renamed
	} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	filled := *u
	filled.RawQuery = query.Encode()
	return filled.String()
}

// Close closes the bucket.
func (s *Store) Close() error { return s.bucket.Close() }

// Save checks that r is a whole PNG, JPEG or WebP image, stores it as the
// organization's, and returns the name it made for it. What is wrong with the
// image is an *Error.
func (s *Store) Save(ctx context.Context, organizationID uuid.UUID, r io.Reader) (string, error) {
	data, err := read(r)
	if err != nil {
		return "", err
	}
	f, err := s.check(ctx, data)
	if err != nil {
		return "", err
	}
	random, err := uuid.NewRandom()
	if err != nil {
		return "", fmt.Errorf("photo: make a name: %w", err)
	}
	name := random.String() + "." + f.extension
	options := &blob.WriterOptions{ContentType: f.contentType}
	if err := s.bucket.WriteAll(ctx, key(organizationID, name), data, options); err != nil {
		return "", fmt.Errorf("photo: store %s: %w", name, err)
	}
	return name, nil
}

// read is all of r, which must not be over MaxBytes.
func read(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("photo: read the upload: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, &Error{Rule: RuleMax, Message: "Invalid file: the photo is over 5 MB; send a smaller one"}
	}
	return data, nil
}

// check decodes data, in its turn.
func (s *Store) check(ctx context.Context, data []byte) (format, error) {
	select {
	case s.decoding <- struct{}{}:
		defer func() { <-s.decoding }()
	case <-ctx.Done():
		return format{}, ctx.Err()
	}
	return decode(ctx, data)
}

// Delete removes a photo of the organization's; ErrNotFound if it has none of
// that name.
func (s *Store) Delete(ctx context.Context, organizationID uuid.UUID, name string) error {
	if !IsName(name) {
		return ErrNotFound
	}
	err := s.bucket.Delete(ctx, key(organizationID, name))
	if gcerrors.Code(err) == gcerrors.NotFound {
		return ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("photo: delete %s: %w", name, err)
	}
	return nil
}

// key is where a photo lies in the bucket.
func key(organizationID uuid.UUID, name string) string {
	return organizationID.String() + "/" + name
}

// IsName tells whether a photo may have such a name, whether or not there is one.
func IsName(name string) bool {
	_, ok := formatOf(name)
	return ok
}

// formatOf is the format that a photo's name tells. It is false for any name that
// Save does not make: a name comes from a URL, and becomes part of a path.
func formatOf(name string) (format, bool) {
	random, extension, _ := strings.Cut(name, ".")
	// Parse takes other spellings of a UUID, such as one in braces.
	if u, err := uuid.Parse(random); err != nil || u.String() != random {
		return format{}, false
	}
	for _, f := range formats() {
		if f.extension == extension {
			return f, true
		}
	}
	return format{}, false
}
