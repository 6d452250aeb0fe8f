package live_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"dealflow/internal/apitest"
)

// wire is a client of the protocol, message by message.
type wire struct {
	t    *testing.T
	conn *websocket.Conn
}

// dial opens a socket.
func dial(t *testing.T, api *apitest.API) *wire {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), //nolint:bodyclose // an upgrade leaves none
		strings.Replace(api.URL, "http", "ws", 1)+"/graphql",
		&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &wire{t, conn}
}

// connect opens a socket and signs in.
func connect(t *testing.T, api *apitest.API, as *apitest.Client) *wire {
	t.Helper()
	w := dial(t, api)
	w.send(map[string]any{"type": "connection_init", "payload": map[string]any{"Authorization": "Bearer " + as.Token}})
	if got := w.receive(); got["type"] != "connection_ack" {
		t.Fatalf("instead of the acknowledgement: %v", got)
	}
	return w
}

func (w *wire) send(message map[string]any) {
	w.t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		w.t.Fatal(err)
	}
	w.raw(string(text))
}

func (w *wire) raw(text string) {
	w.t.Helper()
	if err := w.conn.Write(w.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) subscribe(id, query string, variables map[string]any) {
	w.t.Helper()
	w.send(map[string]any{"id": id, "type": "subscribe", "payload": map[string]any{"query": query, "variables": variables}})
}

// receive is the next message.
func (w *wire) receive() map[string]any {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	_, text, err := w.conn.Read(ctx)
	if err != nil {
		w.t.Fatalf("no message: %v", err)
	}
	var message map[string]any
	if err := json.Unmarshal(text, &message); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
	return message
}

// next is the field of the next message's data.
func (w *wire) next(field string) map[string]any {
	w.t.Helper()
	message := w.receive()
	payload, _ := message["payload"].(map[string]any)
	data, _ := payload["data"].(map[string]any)
	value, ok := data[field].(map[string]any)
	if !ok {
		w.t.Fatalf("no %s in %v", field, message)
	}
	return value
}

// closed is why the server closes the socket.
func (w *wire) closed() websocket.CloseError {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	for {
		_, _, err := w.conn.Read(ctx)
		if err == nil {
			continue
		}
		var why websocket.CloseError
		if !asClose(err, &why) {
			w.t.Fatalf("not closed: %v", err)
		}
		return why
	}
}
