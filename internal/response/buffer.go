package response

import (
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
)

// Buffer is where the one answer to a request is written, data and all, without a copy
// of it: who reads the data appends them to how every good answer begins, and Encode
// appends the end.
type Buffer struct {
	text []byte
	lent bool // and so freed again
}

// begin is how an answer without errors begins.
const begin = `{"data":`

// maxKept bounds a buffer that the next answer gets, in bytes: long answers are few.
const maxKept = 1 << 20

// texts are buffers that were given back.
var texts = sync.Pool{New: func() any { return new([]byte) }}

type bufferKey struct{}

// Lend returns a context whose answer is written into a buffer. It is for who sends the
// answer and then frees the buffer: what is kept any longer must not be in one.
func Lend(ctx context.Context) (context.Context, *Buffer) {
	b := &Buffer{lent: true}
	return context.WithValue(ctx, bufferKey{}, b), b
}

// Into is the buffer that ctx was lent, or one that nobody frees.
func Into(ctx context.Context) *Buffer {
	if b, ok := ctx.Value(bufferKey{}).(*Buffer); ok && b.text == nil {
		return b
	}
	return new(Buffer)
}

// Begin is what the data are to be appended to, with room for so many bytes of them.
func (b *Buffer) Begin(size int) []byte {
	if b.lent {
		b.text = (*texts.Get().(*[]byte))[:0]
	}
	if cap(b.text) < len(begin)+size {
		b.text = make([]byte, 0, len(begin)+size)
	}
	b.text = append(b.text, begin...)
	return b.text
}

// Data are what was appended to Begin, for a response.
func (b *Buffer) Data(text []byte) []byte {
	b.text = text
	return text[len(begin):]
}

// Encode is Encode for a response whose data may be in the buffer, which then has all
// of it.
func (b *Buffer) Encode(r *graphql.Response) []byte {
	if len(r.Errors) > 0 || !b.has(r.Data) {
		return Encode(r)
	}
	b.text = end(b.text, r.Extensions)
	return b.text
}

// has tells whether data are those in the buffer: an answer's may be others, that were
// made when these came to an error.
func (b *Buffer) has(data []byte) bool {
	return len(data) > 0 && len(b.text) == len(begin)+len(data) && &b.text[len(begin)] == &data[0]
}

// Free gives the buffer to other answers. Nothing may look into it after that. One that
// is not freed is garbage like anything else.
func (b *Buffer) Free() {
	if text := b.text; text != nil && cap(text) <= maxKept {
		texts.Put(&text)
	}
	b.text = nil
}
