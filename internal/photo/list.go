package photo

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// pageSize is how many files are listed at a time: as many as S3 lists.
const pageSize = 1000

// listings bounds how often a page of a directory is listed while files go away.
const listings = 100

// File is a photo as it lies in the bucket.
type File struct {
	Name   string
	Stored time.Time
}

// Pages lists the organization's photos, some at a time. Files that Save did not
// store are not among them. After an error nothing more comes.
func (s *Store) Pages(ctx context.Context, organizationID uuid.UUID) iter.Seq2[[]File, error] {
	options := &blob.ListOptions{Prefix: key(organizationID, "")}
	return func(yield func([]File, error) bool) {
		for token := blob.FirstPageToken; len(token) > 0; {
			objects, next, err := s.page(ctx, token, options)
			if err != nil {
				yield(nil, fmt.Errorf("photo: list the files of %s: %w", organizationID, err))
				return
			}
			if !yield(filesOf(objects, options.Prefix), nil) {
				return
			}
			token = next
		}
	}
}

// page is the page of a list that a token is for, and the token of the next. In a
// directory a file that is deleted meanwhile is an error, and not there the next
// time. Elsewhere the same error says that there is no such bucket.
func (s *Store) page(ctx context.Context, token []byte, options *blob.ListOptions) (objects []*blob.ListObject, next []byte, err error) {
	for range s.listings {
		objects, next, err = s.bucket.ListPage(ctx, token, pageSize, options)
		if gcerrors.Code(err) != gcerrors.NotFound {
			break
		}
	}
	return objects, next, err
}

// filesOf are the photos among the objects below a prefix.
func filesOf(objects []*blob.ListObject, prefix string) []File {
	var files []File
	for _, object := range objects {
		if name := strings.TrimPrefix(object.Key, prefix); IsName(name) {
			files = append(files, File{name, object.ModTime})
		}
	}
	return files
}
