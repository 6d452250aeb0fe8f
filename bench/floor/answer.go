package main

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/id"
)

// handler serves the five requests: GET /floor/w1?id=…, and POST /floor/w5?id=…&stageId=….
func (f *floor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /floor/w1", answering(f.board(50)))
	mux.Handle("GET /floor/w2", answering(f.board(500)))
	mux.Handle("GET /floor/w3", answering(f.allBoards))
	mux.Handle("GET /floor/w4", answering(f.oneLead))
	mux.Handle("POST /floor/w5", answering(f.moveDeal))
	return mux
}

// answer appends an answer to a buffer.
type answer func(ctx context.Context, b buffer, query url.Values) (buffer, error)

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// answering answers over HTTP.
func answering(fn answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		room := buffers.Get().(*buffer)
		defer buffers.Put(room)
		b, err := fn(r.Context(), (*room)[:0], r.URL.Query())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		*room = b
		header := w.Header()
		header.Set("Content-Type", "application/json")
		header.Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b) // who has gone away reads no error
	}
}

// buffer is an answer on its way.
type buffer []byte

// raw appends what is JSON already.
func (b *buffer) raw(text string) { *b = append(*b, text...) }

// comma separates an entry from the one before it.
func (b *buffer) comma(entry int) {
	if entry > 0 {
		*b = append(*b, ',')
	}
}

func (b *buffer) id(kind id.Kind, k key) {
	*b = append(kind.Append(append(*b, '"'), uuid.UUID(k)), '"')
}

func (b *buffer) int(n int64) { *b = strconv.AppendInt(*b, n, 10) }

func (b *buffer) float(n float64) { *b = strconv.AppendFloat(*b, n, 'g', -1, 64) }

func (b *buffer) time(at time.Time) {
	*b = append(at.UTC().AppendFormat(append(*b, '"'), time.RFC3339Nano), '"')
}

func (b *buffer) nullable(s sql.NullString) {
	if !s.Valid {
		b.raw("null")
		return
	}
	b.string(s.String)
}

const digits = "0123456789abcdef"

func (b *buffer) string(s string) {
	out := append(*b, '"')
	plain := 0 // where what was not written yet begins
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[plain:i]...)
		plain = i + 1
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	*b = append(append(out, s[plain:]...), '"')
}
