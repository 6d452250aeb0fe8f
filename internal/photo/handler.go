package photo

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"gocloud.dev/gcerrors"
)

// Handler serves GET and HEAD of Path and a photo's name, to those who have a
// signed link or whose organization, as the viewer function tells it, owns the
// photo. All else is a 404 that says nothing of what exists. The log hears when
// the bucket fails.
func (s *Store) Handler(links Links, viewer func(*http.Request) (uuid.UUID, bool), log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, Path)
		organization, allowed := links.organization(name, r.URL.Query())
		if !allowed {
			organization, allowed = viewer(r)
		}
		if !allowed {
			notFound(w)
			return
		}
		switch err := s.serve(w, r, organization, name); {
		case errors.Is(err, ErrNotFound):
			notFound(w)
		case err != nil:
			log.ErrorContext(r.Context(), "could not read a photo", "name", name, "error", err)
			http.Error(w, "the photo cannot be read just now; try again", http.StatusInternalServerError)
		}
	})
}

// serve writes the photo, or the part or the headers of it that r asks for. After
// an error nothing is written.
func (s *Store) serve(w http.ResponseWriter, r *http.Request, organizationID uuid.UUID, name string) error {
	f, ok := formatOf(name)
	if !ok {
		return ErrNotFound
	}
	reader, err := s.bucket.NewReader(r.Context(), key(organizationID, name), nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	defer reader.Close()
	setHeaders(w.Header(), name, f)
	// Ranges and conditions are the standard library's to honour.
	http.ServeContent(w, r, name, reader.ModTime(), reader)
	return nil
}

// setHeaders makes the browser treat a photo as an image and nothing else.
func setHeaders(h http.Header, name string, f format) {
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Disposition", "inline; filename="+name)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	// A name is never used twice, so what it names never changes.
	h.Set("ETag", `"`+name+`"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	// An app on another origin may show the photo in an <img>: the signature or the
	// token guards it, not the origin.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// notFound is the one answer to everything that is not to be had.
func notFound(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "no such photo, or its link has expired: ask for the photo's url again", http.StatusNotFound)
}
