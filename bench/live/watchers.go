package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dealflow/bench/process"
	"dealflow/internal/event"
)

const watchMoves = `subscription ($board: ID!, $after: String) { stageMoved(pipelineId: $board, after: $after) {
	... on Event { cursor at actor { name } }
	... on CardMoved {
		cardId card { ... on Deal { title value { amount currency } } }
		from { id summary { dealCount value { amount currency } weightedValue { amount currency } } }
		to { id summary { dealCount value { amount currency } weightedValue { amount currency } } }
	}
} }`

// watchers are all that watch the board. They share the processor with the
// server, so they do little: they read frames, and look for the cursor in them.
type watchers struct {
	all      []*watcher
	arrived  atomic.Int64
	reading  sync.WaitGroup
	finished atomic.Bool
}

// watcher is one that watches, over a socket of its own.
type watcher struct {
	of     *watchers
	conn   net.Conn
	in     *bufio.Reader
	seen   []arrival
	failed error // why its socket has ended
}

// arrival is when a watcher got an event.
type arrival struct {
	seq int64
	at  time.Time
}

// watchAll opens the sockets, some at a time, and begins to watch.
func watchAll(ctx context.Context, s *server, board, after string, count int) (*watchers, error) {
	w := &watchers{all: make([]*watcher, count)}
	next, opened := make(chan int), make(chan error, count)
	for range 32 {
		go func() {
			for i := range next {
				one, err := w.open(ctx, s, board, after)
				w.all[i] = one
				opened <- err
			}
		}()
	}
	go func() {
		defer close(next)
		for i := range count {
			next <- i
		}
	}()
	var failed error
	for done := range count {
		failed = errors.Join(failed, <-opened)
		if done%100 == 0 {
			process.Show("%d of %d watch", done, count)
		}
		if failed != nil || ctx.Err() != nil {
			return nil, errors.Join(failed, ctx.Err())
		}
	}
	return w, nil
}

// open opens a socket and subscribes.
func (w *watchers) open(ctx context.Context, s *server, board, after string) (*watcher, error) {
	address := strings.TrimPrefix(s.Base, "http://")
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	one := &watcher{of: w, conn: conn, in: bufio.NewReaderSize(conn, 2048)}
	_, err = fmt.Fprintf(conn, "GET /graphql HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n", address)
	if err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(one.in, nil)
	if err != nil {
		return nil, err
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the server answers %s to a WebSocket: %w", response.Status, err)
	}
	if err := one.send(map[string]any{"type": "connection_init", "payload": map[string]any{"token": s.token}}); err != nil {
		return nil, err
	}
	if text, err := one.next(); err != nil || !bytes.Contains(text, []byte("connection_ack")) {
		return nil, fmt.Errorf("instead of an acknowledgement: %s %w", text, err)
	}
	w.reading.Go(one.read)
	return one, one.send(map[string]any{"type": "subscribe", "id": uuid.NewString(), "payload": map[string]any{
		"query": watchMoves, "variables": map[string]any{"board": board, "after": after},
	}})
}

// send sends a message.
func (w *watcher) send(message map[string]any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	frame := []byte{0x81, 0x80 | 126} // text, masked, with a length of two bytes
	frame = binary.BigEndian.AppendUint16(frame, uint16(len(text)))
	frame = append(frame, 0, 0, 0, 0) // a mask that changes nothing
	_, err = w.conn.Write(append(frame, text...))
	return err
}

// next is the next frame's payload, until the one after it is asked for.
func (w *watcher) next() ([]byte, error) {
	head, err := w.in.Peek(2)
	if err != nil {
		return nil, err
	}
	kind, length := head[0]&0x0f, int(head[1])
	if _, err := w.in.Discard(2); err != nil {
		return nil, err
	}
	if length == 126 {
		long, err := w.in.Peek(2)
		if err != nil {
			return nil, err
		}
		length = int(binary.BigEndian.Uint16(long))
		if _, err := w.in.Discard(2); err != nil {
			return nil, err
		}
	}
	text, err := w.payload(length)
	if err == nil && kind != 1 {
		err = fmt.Errorf("the server sent a frame of kind %d: %q", kind, text)
	}
	return text, err
}

// payload is what comes next, without a copy where it fits.
func (w *watcher) payload(length int) ([]byte, error) {
	if length <= w.in.Size() {
		text, err := w.in.Peek(length)
		if err != nil {
			return nil, err
		}
		_, err = w.in.Discard(length) // which leaves text alone until the next read
		return text, err
	}
	text := make([]byte, length)
	_, err := io.ReadFull(w.in, text)
	return text, err
}

// read notes what arrives, until the socket is closed.
func (w *watcher) read() {
	for {
		text, err := w.next()
		if err == nil {
			err = w.note(text)
		}
		if err != nil {
			if !w.of.finished.Load() {
				w.failed = err
			}
			return
		}
	}
}

var cursorField = []byte(`"cursor":"`)

// note notes a message.
func (w *watcher) note(text []byte) error {
	at := time.Now()
	_, rest, found := bytes.Cut(text, cursorField)
	cursor, _, _ := bytes.Cut(rest, []byte{'"'})
	if !found {
		if bytes.Contains(text, []byte(`"type":"ping"`)) {
			return w.send(map[string]any{"type": "pong"})
		}
		return fmt.Errorf("the server sent %s", text)
	}
	position, err := event.ParsePosition(string(cursor))
	if err != nil {
		return err
	}
	w.seen = append(w.seen, arrival{position.Seq, at})
	w.of.arrived.Add(1)
	return nil
}

// wait waits until so many events have arrived, or for a while.
func (w *watchers) wait(expected int) {
	for end := time.Now().Add(patience); time.Now().Before(end) && w.arrived.Load() < int64(expected); {
		process.Show("%d of %d have arrived", w.arrived.Load(), expected)
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(500 * time.Millisecond) // for those that should not come
}

// close ends the watching.
func (w *watchers) close() {
	w.finished.Store(true)
	for _, one := range w.all {
		_ = one.conn.Close()
	}
	w.reading.Wait()
}
