package once

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/auth"
	"dealflow/internal/store"
)

// Fingerprint is that of an operation of the viewer: of everything that decides its
// answer but the data and the time. A document counts by its text, however the
// client names it, and variables by their values, however they are written. A
// viewer with another user or other permissions is another sender; a newer token
// of the same one is not.
func Fingerprint(ctx context.Context, operation *graphql.OperationContext) ([]byte, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok {
		return nil, store.ErrNoViewer
	}
	viewer.Name, viewer.Email, viewer.ExpiresAt = "", "", time.Time{}
	variables, err := contents(reflect.ValueOf(operation.Variables))
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	parts := json.NewEncoder(hash) // one on a line, so that none runs into the next
	for _, part := range []any{viewer, operation.RawQuery, operation.OperationName, variables} {
		if err := parts.Encode(part); err != nil {
			return nil, fmt.Errorf("take the fingerprint of the operation: %w", err)
		}
	}
	return hash.Sum(nil), nil
}

// contents is a variable with what is in its files in place of them. A list of one,
// which the client may leave the brackets out of, has a type of its own.
func contents(value reflect.Value) (any, error) {
	for value.Kind() == reflect.Interface {
		value = value.Elem()
	}
	if !value.IsValid() {
		return nil, nil //nolint:nilnil // it is JSON's null
	}
	if file, ok := value.Interface().(graphql.Upload); ok {
		return fileOf(file)
	}
	switch value.Kind() {
	case reflect.Map:
		object := make(map[string]any, value.Len())
		for entries := value.MapRange(); entries.Next(); {
			entry, err := contents(entries.Value())
			if err != nil {
				return nil, err
			}
			object[entries.Key().String()] = entry
		}
		return object, nil
	case reflect.Slice:
		list := make([]any, value.Len())
		for i := range list {
			entry, err := contents(value.Index(i))
			if err != nil {
				return nil, err
			}
			list[i] = entry
		}
		return list, nil
	default:
		return value.Interface(), nil
	}
}

// file is what counts of a file.
type file struct {
	Name, Type string
	Hash       []byte
}

// fileOf reads a file, which is then at its beginning again.
func fileOf(upload graphql.Upload) (any, error) {
	hash := sha256.New()
	_, err := io.Copy(hash, upload.File)
	if err == nil {
		_, err = upload.File.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("read the file of a request: %w", err)
	}
	return file{upload.Filename, upload.ContentType, hash.Sum(nil)}, nil
}
