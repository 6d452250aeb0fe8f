package photo

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/image/webp"
)

// MaxPixels is the greatest area of a photo: 40 megapixels, as good phones take.
const MaxPixels = 40_000_000

// decodeTime bounds the decoding of one upload. A progressive JPEG of 5 MB may ask
// for 60,000 passes over all its pixels: many minutes of work.
const decodeTime = 10 * time.Second

// The rules that an upload can break.
const (
	RuleMax    = "max"    // over MaxBytes
	RuleFormat = "format" // not a whole PNG, JPEG or WebP image
	RulePixels = "pixels" // over MaxPixels
)

// Error says what is wrong with an upload. Rule and Message are for the client;
// the cause, for the log alone, is what it wraps.
type Error struct {
	Rule    string
	Message string
	cause   error
}

// Error is the message, and the cause when there is one: text for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.cause.Error()
}

// Unwrap is the cause, which may be nil.
func (e *Error) Unwrap() error { return e.cause }

// format is one of the image formats that a photo may have.
type format struct {
	extension, contentType string
	starts                 func(data []byte) bool
	config                 func(io.Reader) (image.Config, error)
	decode                 func(io.Reader) (image.Image, error)
}

// formats lists what is accepted. It stands in for image.RegisterFormat, by which
// a package that any other imports would add to the list.
func formats() []format {
	return []format{
		{"png", "image/png", isPNG, png.DecodeConfig, png.Decode},
		{"jpg", "image/jpeg", isJPEG, jpeg.DecodeConfig, jpeg.Decode},
		{"webp", "image/webp", isWebP, webp.DecodeConfig, webp.Decode},
	}
}

func isPNG(data []byte) bool  { return bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) }
func isJPEG(data []byte) bool { return bytes.HasPrefix(data, []byte("\xff\xd8\xff")) }
func isWebP(data []byte) bool {
	return len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP"
}

// sniff finds data's format from how it starts: a file's name and its declared
// type are only what the client says.
func sniff(data []byte) (format, bool) {
	for _, f := range formats() {
		if f.starts(data) {
			return f, true
		}
	}
	return format{}, false
}

// decode checks that data is a whole image, and is its format. The header comes
// first: a few kilobytes can claim gigabytes of pixels.
func decode(ctx context.Context, data []byte) (format, error) {
	f, ok := sniff(data)
	if !ok {
		return format{}, invalid(nil)
	}
	config, err := f.config(bytes.NewReader(data))
	if err != nil {
		return format{}, invalid(err)
	}
	if int64(config.Width)*int64(config.Height) > MaxPixels {
		return format{}, &Error{Rule: RulePixels, Message: "Invalid file: the photo is over 40 megapixels; send a smaller one"}
	}
	timed, cancel := context.WithTimeout(ctx, decodeTime)
	defer cancel()
	_, err = f.decode(contextReader{timed, bytes.NewReader(data)})
	switch {
	case ctx.Err() != nil: // the caller gave up: nothing is wrong with the image
		return format{}, ctx.Err()
	case timed.Err() != nil:
		return format{}, &Error{Rule: RulePixels, Message: "Invalid file: it takes too long to read the photo; send a smaller one"}
	case err != nil:
		return format{}, invalid(err)
	}
	return f, nil
}

// invalid is the Error of what is not an image, or not a whole one.
func invalid(cause error) *Error {
	return &Error{Rule: RuleFormat, Message: "Invalid file: it is not a whole image; send a PNG, JPEG or WebP", cause: cause}
}

// contextReader ends when its context does, and with it a decoder that reads it.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads, unless the context has ended.
func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
