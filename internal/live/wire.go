package live

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How messages leave a socket: they are queued, and written past coder/websocket,
// many at a time and from buffers that all sockets share.

// lean is a response that gives its connection away with small buffers instead of
// net/http's, 4 KB each way for as long as it is open: what clients send is short
// and rare, and messages to them are written past the buffer.
type lean struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker.
func (l *lean) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, large, err := http.NewResponseController(l.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	l.conn = conn
	// What a hasty client has sent already has to be in the new buffer, too.
	early, _ := large.Peek(large.Reader.Buffered())
	in := bufio.NewReaderSize(io.MultiReader(bytes.NewReader(early), conn), max(512, len(early)))
	_, _ = in.Peek(len(early))
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, 256)), nil
}

// frame is a message on its way out: a head and, for a response, what is shared.
type frame struct {
	head []byte
	next *message
}

// appendTo appends it to text, as a WebSocket's frame.
func (f frame) appendTo(text []byte) []byte {
	length := len(f.head)
	if f.next != nil {
		length += len(f.next.payload) + 1
	}
	const whole = 0x81 // a message of text in one frame
	switch {
	case length < 126:
		text = append(text, whole, byte(length))
	case length <= math.MaxUint16:
		text = binary.BigEndian.AppendUint16(append(text, whole, 126), uint16(length))
	default:
		text = binary.BigEndian.AppendUint64(append(text, whole, 127), uint64(length))
	}
	text = append(text, f.head...)
	if f.next != nil {
		text = append(append(text, f.next.payload...), '}')
	}
	return text
}

const (
	// burst is how many bytes of messages leave together, if one has not more.
	burst = 16 << 10
	// lastWrite is how long what is being written may take once the socket is to
	// be closed.
	lastWrite = 5 * time.Second
)

// buffers are for messages on their way out, of those sockets that write just now.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// send queues a message that is none of a subscription's.
func (s *socket) send(f frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.enqueue(f)
}

// enqueue queues a message and sees to it that it is written; s is locked.
func (s *socket) enqueue(f frame) {
	if s.closed || s.overrun {
		return
	}
	if len(s.queue) >= s.hub.config.Buffer {
		// What is lost stays the last: nothing that came after it may be seen.
		s.overrun = true
		// Not here: whoever sends may be a group, which is locked, and closing leaves it.
		go s.close(closeSlow)
		return
	}
	s.queue = append(s.queue, f)
	if !s.writing {
		s.writing = true
		go s.write()
	}
}

// write writes what is queued until there is nothing left. There is no goroutine
// for this while a socket is quiet.
func (s *socket) write() {
	text := buffers.Get().(*[]byte)
	defer buffers.Put(text)
	for s.writeSome(text) {
	}
}

// writeSome writes some of what is queued, and tells whether there was any.
func (s *socket) writeSome(text *[]byte) bool {
	s.out.Lock()
	defer s.out.Unlock()
	*text = s.take((*text)[:0])
	if len(*text) == 0 {
		return false
	}
	// One write, which so comes whole between the frames that conn itself writes.
	if _, err := s.line.Write(*text); err != nil {
		_ = s.conn.CloseNow()
		s.drop()
		return false
	}
	return true
}

// take appends frames of what is queued to text; when nothing is, the writing ends.
func (s *socket) take(text []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return text
	case len(s.queue) == 0:
		s.writing = false
		if cap(s.queue) > 8 {
			s.queue = nil // it was busy once, and need not take the memory for ever
		}
		_ = s.line.SetWriteDeadline(time.Time{}) // it fails when the line is closed, as writing does
		return text
	}
	taken := 0
	for taken < len(s.queue) && len(text) < burst {
		text = s.queue[taken].appendTo(text)
		taken++
	}
	s.queue = slices.Delete(s.queue, 0, taken)
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
	_ = s.line.SetWriteDeadline(time.Now().Add(s.hub.config.WriteTimeout))
	return text
}
