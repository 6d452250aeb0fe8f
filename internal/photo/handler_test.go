package photo_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"dealflow/internal/photo"
)

var secret = bytes.Repeat([]byte("k"), 32)

// clock is a time that tests set.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func mustLinks(tb testing.TB, secret []byte, c *clock) photo.Links {
	tb.Helper()
	links, err := photo.NewLinks(secret, c.now)
	if err != nil {
		tb.Fatal(err)
	}
	return links
}

// noon is half an hour before the links of its hour change.
func noon() *clock { return &clock{time.Date(2026, 11, 5, 12, 30, 0, 0, time.UTC)} }

// as is the viewer function of a request from an organization.
func as(organization uuid.UUID) func(*http.Request) (uuid.UUID, bool) {
	return func(*http.Request) (uuid.UUID, bool) { return organization, true }
}

// stranger is the viewer function of a request with no token.
func stranger(*http.Request) (uuid.UUID, bool) { return uuid.Nil, false }

func do(h http.Handler, method, target string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/", nil)
	r.URL = mustURL(target)
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// mustURL keeps a path as it is, where a client would clean it.
func mustURL(target string) *url.URL {
	u, err := url.Parse(target)
	if err != nil {
		panic(err)
	}
	return u
}

func TestHandlerServes(t *testing.T) {
	s, _ := mustOpen(t)
	h := s.Handler(photo.Links{}, as(ours), slog.New(slog.DiscardHandler))
	for contentType, data := range map[string][]byte{
		"image/png":  mustPNG(t),
		"image/jpeg": mustJPEG(t),
		"image/webp": mustBase64(t, webpLossless),
	} {
		t.Run(contentType, func(t *testing.T) {
			name := mustSave(t, s, ours, data)
			got := do(h, "GET", photo.Path+name, nil)
			if got.Code != http.StatusOK || !bytes.Equal(got.Body.Bytes(), data) {
				t.Errorf("status %d, or another body", got.Code)
			}
			got.Header().Del("Last-Modified")
			got.Header().Del("Content-Length")
			want := http.Header{
				"Accept-Ranges":                {"bytes"},
				"Cache-Control":                {"private, max-age=31536000, immutable"},
				"Content-Disposition":          {"inline; filename=" + name},
				"Content-Security-Policy":      {"default-src 'none'; sandbox"},
				"Content-Type":                 {contentType},
				"Cross-Origin-Resource-Policy": {"cross-origin"},
				"Etag":                         {`"` + name + `"`},
				"X-Content-Type-Options":       {"nosniff"},
			}
			if diff := cmp.Diff(want, got.Header()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHandlerMethodsAndConditions(t *testing.T) {
	s, _ := mustOpen(t)
	data := mustPNG(t)
	name := mustSave(t, s, ours, data)
	h := s.Handler(photo.Links{}, as(ours), slog.New(slog.DiscardHandler))
	tests := map[string]struct {
		method string
		header http.Header
		status int
		body   []byte // not compared where nil
	}{
		"HEAD":           {"HEAD", nil, http.StatusOK, []byte{}},
		"POST":           {"POST", nil, http.StatusMethodNotAllowed, nil},
		"DELETE":         {"DELETE", nil, http.StatusMethodNotAllowed, nil},
		"known":          {"GET", http.Header{"If-None-Match": {`"` + name + `"`}}, http.StatusNotModified, []byte{}},
		"range":          {"GET", http.Header{"Range": {"bytes=8-15"}}, http.StatusPartialContent, data[8:16]},
		"range past end": {"GET", http.Header{"Range": {"bytes=99999-"}}, http.StatusRequestedRangeNotSatisfiable, nil},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			got := do(h, test.method, photo.Path+name, test.header)
			if got.Code != test.status {
				t.Errorf("status = %d", got.Code)
			}
			if b := got.Body.Bytes(); test.body != nil && !bytes.Equal(b, test.body) {
				t.Errorf("body = %x", b)
			}
		})
	}
}

func TestHandlerNotFound(t *testing.T) {
	s, dir := mustOpen(t)
	name := mustSave(t, s, ours, mustPNG(t))
	other := mustSave(t, s, theirs, mustPNG(t))
	if err := os.WriteFile(filepath.Join(dir, "secret.png"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	random := strings.TrimSuffix(name, ".png")
	tests := map[string]string{
		"no name":                photo.Path,
		"another organization's": photo.Path + other,
		"nobody's":               photo.Path + uuid.NewString() + ".png",
		"another extension":      photo.Path + random + ".jpg",
		"no extension":           photo.Path + random,
		"two extensions":         photo.Path + name + ".png",
		"upper case":             photo.Path + strings.ToUpper(random) + ".png",
		"another spelling":       photo.Path + "%7B" + random + "%7D.png",
		"up":                     photo.Path + "../secret.png",
		"up, escaped":            photo.Path + "..%2Fsecret.png",
		"up to another's":        photo.Path + "../" + theirs.String() + "/" + other,
		"another's path":         photo.Path + theirs.String() + "/" + other,
		"a backslash":            photo.Path + `..%5Csecret.png`,
		"a zero byte":            photo.Path + name + "%00",
		"a line break":           photo.Path + name + "%0A",
	}
	h := s.Handler(mustLinks(t, secret, noon()), as(ours), slog.New(slog.DiscardHandler))
	want := do(h, "GET", photo.Path+"nothing", nil).Body.Bytes()
	for title, target := range tests {
		t.Run(title, func(t *testing.T) {
			got := do(h, "GET", target, nil)
			if got.Code != http.StatusNotFound || !bytes.Equal(got.Body.Bytes(), want) {
				t.Errorf("status = %d, or another body", got.Code)
			}
		})
	}
	t.Run("a stranger", func(t *testing.T) {
		h := s.Handler(mustLinks(t, secret, noon()), stranger, slog.New(slog.DiscardHandler))
		got := do(h, "GET", photo.Path+name, nil)
		if got.Code != http.StatusNotFound || !bytes.Equal(got.Body.Bytes(), want) {
			t.Errorf("status = %d, or another body", got.Code)
		}
	})
}

func TestHandlerBucketFails(t *testing.T) {
	s, dir := mustOpen(t)
	name := mustSave(t, s, ours, mustPNG(t))
	path := filepath.Join(dir, ours.String(), name)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(name, path); err != nil { // to itself: it cannot be opened
		t.Fatal(err)
	}
	var log bytes.Buffer
	h := s.Handler(photo.Links{}, as(ours), slog.New(slog.NewTextHandler(&log, nil)))
	got := do(h, "GET", photo.Path+name, nil)
	if got.Code != http.StatusInternalServerError {
		t.Errorf("status = %d", got.Code)
	}
	if b := got.Body.Bytes(); bytes.Contains(b, []byte(dir)) {
		t.Errorf("the answer tells the directory: %s", b)
	}
	if !strings.Contains(log.String(), dir) {
		t.Errorf("the log does not tell the cause: %s", log.String())
	}
}

func TestLinks(t *testing.T) {
	s, _ := mustOpen(t)
	name, other := mustSave(t, s, ours, mustPNG(t)), mustSave(t, s, ours, mustPNG(t))
	c := noon()
	good := mustLinks(t, secret, c).URL(ours, name)
	change := func(parameter, value string) string {
		u := mustURL(good)
		query := u.Query()
		query.Set(parameter, value)
		u.RawQuery = query.Encode()
		return u.String()
	}
	signature := mustURL(good).Query().Get("signature")
	flipped := "A"
	if signature[0] == 'A' {
		flipped = "B"
	}
	tests := map[string]struct {
		target string
		after  time.Duration
		status int
	}{
		"good":                 {good, 0, http.StatusOK},
		"good to the last":     {good, 90*time.Minute - time.Second, http.StatusOK},
		"expired":              {good, 90 * time.Minute, http.StatusNotFound},
		"another photo":        {strings.Replace(good, name, other, 1), 0, http.StatusNotFound},
		"another organization": {change("org", theirs.String()), 0, http.StatusNotFound},
		"a later end":          {change("expires", "9999999999"), 0, http.StatusNotFound},
		"another signature":    {change("signature", flipped+signature[1:]), 0, http.StatusNotFound},
		"a cut signature":      {change("signature", signature[:20]), 0, http.StatusNotFound},
		"no signature":         {change("signature", ""), 0, http.StatusNotFound},
		"another secret":       {mustLinks(t, bytes.Repeat([]byte("x"), 32), c).URL(ours, name), 0, http.StatusNotFound},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			now := &clock{c.Add(test.after)}
			h := s.Handler(mustLinks(t, secret, now), stranger, slog.New(slog.DiscardHandler))
			if got := do(h, "GET", test.target, nil); got.Code != test.status {
				t.Errorf("status = %d, want %d", got.Code, test.status)
			}
		})
	}
	t.Run("no links in use", func(t *testing.T) {
		h := s.Handler(photo.Links{}, stranger, slog.New(slog.DiscardHandler))
		if got := do(h, "GET", good, nil); got.Code != http.StatusNotFound {
			t.Errorf("status = %d", got.Code)
		}
	})
}

func TestLinksURL(t *testing.T) {
	const name = "a.png"
	c := noon()
	links := mustLinks(t, secret, c)
	first := links.URL(ours, name)
	c.Time = c.Add(29 * time.Minute)
	if again := links.URL(ours, name); again != first {
		t.Errorf("within the hour %s became %s", first, again)
	}
	c.Time = c.Add(time.Minute)
	if links.URL(ours, name) == first {
		t.Error("the next hour has the same URL")
	}
	if got := (photo.Links{}).URL(ours, name); got != "/photos/a.png" {
		t.Errorf("with no secret: %s", got)
	}
	if _, err := photo.NewLinks(secret[1:], c.now); err == nil {
		t.Error("a short secret is accepted")
	}
}
