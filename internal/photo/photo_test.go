package photo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"dealflow/internal/photo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	ours   = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	theirs = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8058")
)

// Images of one pixel each, as libwebp's own feature test has them.
const (
	webpLossless = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="
	webpLossy    = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"
	webpAnimated = "UklGRlIAAABXRUJQVlA4WAoAAAASAAAAAAAAAAAAQU5JTQYAAAD/////AABBTk1GJgAAAAAAAAAAAAAAAAAAAGQAAABWUDhMDQAAAC8AAAAQBxAREYiI/gcA"
)

func mustBase64(tb testing.TB, s string) []byte {
	tb.Helper()
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func mustPNG(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 60, 40))); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func mustJPEG(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 60, 40)), nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func mustGIF(tb testing.TB) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, image.NewRGBA(image.Rect(0, 0, 6, 4)), nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// claiming is a PNG whose header claims another size, with a good checksum.
func claiming(data []byte, width, height uint32) []byte {
	data = bytes.Clone(data)
	header := data[12:29] // "IHDR" and its 13 bytes
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(header))
	return data
}

// padded is data and as many zeros as make it size bytes; decoders stop before.
func padded(data []byte, size int) []byte {
	return append(bytes.Clone(data), make([]byte, size-len(data))...)
}

// mustOpen opens a store of files in a directory that is not there yet.
func mustOpen(tb testing.TB) (*photo.Store, string) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "photos of leads")
	return mustOpenURL(tb, (&url.URL{Scheme: "file", Path: dir}).String()), dir
}

func mustOpenURL(tb testing.TB, address string) *photo.Store {
	tb.Helper()
	s, err := photo.Open(context.Background(), address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func mustSave(tb testing.TB, s *photo.Store, organization uuid.UUID, data []byte) string {
	tb.Helper()
	name, err := s.Save(context.Background(), organization, bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	return name
}

// files lists the files under dir, relative to it.
func files(tb testing.TB, dir string) []string {
	tb.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return names
}

func TestOpenRefuses(t *testing.T) {
	for _, address := range []string{"", "photos", "file:photos", "file://photos", "file://photos/of/leads", "nfs://x/y", "file:///x?colour=red", ":"} {
		t.Run(address, func(t *testing.T) {
			if s, err := photo.Open(t.Context(), address); err == nil {
				s.Close()
				t.Error("opened")
			}
		})
	}
}

func TestOpenRelative(t *testing.T) {
	t.Chdir(t.TempDir())
	name := mustSave(t, mustOpenURL(t, "file://./photos"), ours, mustPNG(t))
	if _, err := os.Stat(filepath.Join("photos", ours.String(), name)); err != nil {
		t.Error(err)
	}
}

func TestOpenExisting(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, err := range []error{
		os.Mkdir("photos", 0o700), os.WriteFile("file", nil, 0o600), os.Mkdir("locked", 0o300),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for address, opens := range map[string]bool{
		"file://./photos":                  true,
		"file://./nowhere":                 false,
		"file://./nowhere?create_dir=true": false,
		"file:///nowhere/at/all":           false,
		"file://./file":                    false,
		"file://./locked":                  os.Geteuid() == 0, // who may read everything
		"file://photos":                    false,
		"mem://":                           true,
	} {
		t.Run(address, func(t *testing.T) {
			s, err := photo.OpenExisting(t.Context(), address)
			if (err == nil) != opens {
				t.Errorf("error = %v", err)
			}
			if err == nil {
				s.Close()
			}
		})
	}
	if _, err := os.Stat("nowhere"); !os.IsNotExist(err) {
		t.Errorf("a directory was made: %v", err)
	}
}

func TestSave(t *testing.T) {
	tests := map[string]struct {
		data      []byte
		extension string
	}{
		"PNG":           {mustPNG(t), ".png"},
		"JPEG":          {mustJPEG(t), ".jpg"},
		"WebP lossless": {mustBase64(t, webpLossless), ".webp"},
		"WebP lossy":    {mustBase64(t, webpLossy), ".webp"},
		"5 MB":          {padded(mustPNG(t), photo.MaxBytes), ".png"},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			s, dir := mustOpen(t)
			name := mustSave(t, s, ours, test.data)
			if filepath.Ext(name) != test.extension {
				t.Errorf("name = %s", name)
			}
			kept, err := os.ReadFile(filepath.Join(dir, ours.String(), name))
			if err != nil || !bytes.Equal(kept, test.data) {
				t.Errorf("%d bytes kept of %d: %v", len(kept), len(test.data), err)
			}
			if got := files(t, dir); len(got) != 1 {
				t.Errorf("files = %v", got)
			}
		})
	}
}

func TestSavePrivate(t *testing.T) {
	s, dir := mustOpen(t)
	mustSave(t, s, ours, mustPNG(t))
	for _, path := range []string{dir, filepath.Join(dir, ours.String())} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v", path, info.Mode())
		}
	}
}

func TestSaveRefuses(t *testing.T) {
	tests := map[string]struct {
		data []byte
		rule string
	}{
		"5 MB and a byte":    {padded(mustPNG(t), photo.MaxBytes+1), photo.RuleMax},
		"nothing":            {nil, photo.RuleFormat},
		"text":               {[]byte("hello"), photo.RuleFormat},
		"a page":             {[]byte("<html><script>alert(1)</script>"), photo.RuleFormat},
		"SVG":                {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), photo.RuleFormat},
		"GIF":                {mustGIF(t), photo.RuleFormat},
		"WebP animated":      {mustBase64(t, webpAnimated), photo.RuleFormat},
		"PNG's start alone":  {[]byte("\x89PNG\r\n\x1a\n<script>"), photo.RuleFormat},
		"PNG cut short":      {mustPNG(t)[:60], photo.RuleFormat},
		"JPEG cut short":     {mustJPEG(t)[:640], photo.RuleFormat},
		"WebP cut short":     {mustBase64(t, webpLossless)[:28], photo.RuleFormat},
		"PNG of gigapixels":  {claiming(mustPNG(t), 100_000, 100_000), photo.RulePixels},
		"PNG just too large": {claiming(mustPNG(t), 40_000_001, 1), photo.RulePixels},
		"PNG of no pixels":   {claiming(mustPNG(t), 0, 0), photo.RuleFormat},
		"PNG claiming more":  {claiming(mustPNG(t), 60, 41), photo.RuleFormat},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			s, dir := mustOpen(t)
			_, err := s.Save(t.Context(), ours, bytes.NewReader(test.data))
			var e *photo.Error
			if !errors.As(err, &e) {
				t.Fatalf("Save: %v; want a *photo.Error", err)
			}
			if e.Rule != test.rule || !strings.HasPrefix(e.Message, "Invalid file: ") {
				t.Errorf("rule = %q, message = %q", e.Rule, e.Message)
			}
			if got := files(t, dir); len(got) != 0 {
				t.Errorf("files = %v", got)
			}
		})
	}
}

func TestSaveInterrupted(t *testing.T) {
	s := mustOpenURL(t, "mem://")
	t.Run("the upload breaks off", func(t *testing.T) {
		broken := errors.New("connection reset")
		if _, err := s.Save(t.Context(), ours, iotest.ErrReader(broken)); !errors.Is(err, broken) {
			t.Errorf("Save: %v", err)
		}
	})
	t.Run("the caller gives up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Save(ctx, ours, bytes.NewReader(mustPNG(t))); !errors.Is(err, context.Canceled) {
			t.Errorf("Save: %v", err)
		}
	})
}

func TestDelete(t *testing.T) {
	s, dir := mustOpen(t)
	name := mustSave(t, s, ours, mustPNG(t))
	if err := s.Delete(t.Context(), theirs, name); !errors.Is(err, photo.ErrNotFound) {
		t.Errorf("another organization's: %v", err)
	}
	if err := s.Delete(t.Context(), ours, "../"+ours.String()+"/"+name); !errors.Is(err, photo.ErrNotFound) {
		t.Errorf("a path: %v", err)
	}
	if len(files(t, dir)) != 1 {
		t.Error("the photo is gone too early")
	}
	if err := s.Delete(t.Context(), ours, name); err != nil {
		t.Error(err)
	}
	if got := files(t, dir); len(got) != 0 {
		t.Errorf("files = %v", got)
	}
	if err := s.Delete(t.Context(), ours, name); !errors.Is(err, photo.ErrNotFound) {
		t.Errorf("the second time: %v", err)
	}
}

// FuzzSave expects any bytes to be stored or refused, without a panic.
func FuzzSave(f *testing.F) {
	f.Add(mustPNG(f))
	f.Add(mustJPEG(f))
	f.Add(mustBase64(f, webpLossless))
	f.Add(mustBase64(f, webpLossy))
	f.Add(mustBase64(f, webpAnimated))
	f.Add(claiming(mustPNG(f), 100_000, 100_000))
	s := mustOpenURL(f, "mem://")
	f.Fuzz(func(t *testing.T, data []byte) {
		name, err := s.Save(t.Context(), ours, bytes.NewReader(data))
		var e *photo.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatal(err)
		}
		if err == nil {
			if err := s.Delete(t.Context(), ours, name); err != nil {
				t.Error(err)
			}
		}
	})
}

// endless is a progressive JPEG of 40 megapixels that says, over and over, that
// all of its blocks are empty.
func endless() []byte {
	var b bytes.Buffer
	b.WriteString("\xff\xd8")                                             // start
	b.WriteString("\xff\xdb\x00\x43\x00" + strings.Repeat("\x01", 64))    // quantization
	b.WriteString("\xff\xc2\x00\x0b\x08\x18\xb4\x18\xb4\x01\x01\x11\x00") // progressive, 6324 × 6324, grey
	// One AC code, of one bit: as many as 32,767 empty blocks.
	b.WriteString("\xff\xc4\x00\x14\x10\x01" + strings.Repeat("\x00", 15) + "\xe0")
	pass := "\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00" + strings.Repeat("\x00", 74)
	b.WriteString(strings.Repeat(pass, (photo.MaxBytes-b.Len()-2)/len(pass)))
	b.WriteString("\xff\xd9") // end
	return b.Bytes()
}

func TestSaveEndless(t *testing.T) {
	s := mustOpenURL(t, "mem://")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Save(ctx, ours, bytes.NewReader(endless())); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Save: %v", err)
	}
}
