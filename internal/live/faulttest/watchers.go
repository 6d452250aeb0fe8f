package faulttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/event"
	log "dealflow/internal/event"
)

// watcher is a client with one subscription, which it takes up again after the
// last cursor that it saw, at the next server, whenever it is cut off.
type watcher struct {
	trial     *trial
	server    int // where it is, or is about to be
	field     string
	argument  string
	of        string
	wanted    func(*ent.Event) bool
	mu        sync.Mutex
	start     log.Position
	seen      []log.Position
	cursor    string
	wrong     string // what must never happen, and did
	connected int
	why       error // it was cut off last
}

// startWatchers has each kind of subscription watched at each server.
func (t *trial) startWatchers() {
	ctx, stop := context.WithCancel(context.Background())
	t.stop = stop
	t.Cleanup(func() { stop(); t.watching.Wait() })
	for i := range t.servers {
		for _, p := range t.shop.pipelines {
			onBoard := func(e *ent.Event) bool { return is(e.FromPipelineID, p.ID) || is(e.ToPipelineID, p.ID) }
			t.watch(ctx, i, "boardChanged", "pipelineId", p.GlobalID(), func(e *ent.Event) bool {
				return onBoard(e) && e.CommentID == nil
			})
			t.watch(ctx, i, "stageMoved", "pipelineId", p.GlobalID(), func(e *ent.Event) bool {
				return onBoard(e) && e.Kind == event.KindCARD_MOVED && (e.FromStageID == nil || !is(e.ToStageID, *e.FromStageID))
			})
		}
		lead := t.shop.leads[i%len(t.shop.leads)]
		t.watch(ctx, i, "leadChanged", "leadId", lead.GlobalID(), func(e *ent.Event) bool { return e.EntityID == lead.ID })
	}
}

func is(key *uuid.UUID, other uuid.UUID) bool { return key != nil && *key == other }

// watch adds a watcher, which begins where the log ends now.
func (t *trial) watch(ctx context.Context, server int, field, argument, of string, wanted func(*ent.Event) bool) {
	data, err := t.ask(t.servers[server].where(), "{ eventCursor }", nil)
	t.must(err)
	var answer struct{ EventCursor string }
	t.must(json.Unmarshal(data, &answer))
	w := &watcher{trial: t, server: server, field: field, argument: argument, of: of, wanted: wanted, cursor: answer.EventCursor}
	w.start, err = log.ParsePosition(answer.EventCursor)
	t.must(err)
	t.watchers = append(t.watchers, w)
	t.watching.Go(func() { w.run(ctx) })
}

// run watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.follow(ctx)
		w.mu.Lock()
		w.server, w.why = (w.server+1)%serverCount, err
		w.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
}

// document asks for more than the table of events has, as boards do.
const document = `subscription ($of: ID!, $after: String) {
	%s(%s: $of, after: $after) {
		__typename
		... on Event { cursor actor { name } }
		... on CardMoved { card { ... on Deal { title } ... on Lead { firstName } }
			from { name summary { dealCount } } to { name summary { dealCount value { amount } } } }
	}
}`

type frame struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
}

// follow watches over one connection until that ends.
func (w *watcher) follow(ctx context.Context) error {
	w.mu.Lock()
	url, after := w.trial.servers[w.server].where(), w.cursor
	w.mu.Unlock()
	conn, _, err := websocket.Dial(ctx, strings.Replace(url, "http", "ws", 1), //nolint:bodyclose // of a WebSocket there is none
		&websocket.DialOptions{HTTPClient: w.trial.client, Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(1 << 20)
	for _, message := range []frame{
		{Type: "connection_init", Payload: map[string]any{"Authorization": "Bearer " + w.trial.shop.token}},
		{Type: "subscribe", ID: "1", Payload: map[string]any{
			"query": fmt.Sprintf(document, w.field, w.argument), "variables": map[string]any{"of": w.of, "after": after}}},
	} {
		if message.ID != "" {
			if err := acknowledged(ctx, conn); err != nil {
				return err
			}
		}
		if err := send(ctx, conn, message); err != nil {
			return err
		}
	}
	w.mu.Lock()
	w.connected++
	w.mu.Unlock()
	for {
		if err := w.receive(ctx, conn); err != nil {
			return err
		}
	}
}

func send(ctx context.Context, conn *websocket.Conn, message frame) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return conn.Write(ctx, websocket.MessageText, text)
}

func acknowledged(ctx context.Context, conn *websocket.Conn) error {
	_, text, err := conn.Read(ctx)
	if err == nil && !strings.Contains(string(text), `"connection_ack"`) {
		err = fmt.Errorf("instead of the acknowledgement: %s", text)
	}
	return err
}

// receive handles a message.
func (w *watcher) receive(ctx context.Context, conn *websocket.Conn) error {
	_, text, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	var message struct {
		Type    string
		Payload json.RawMessage
	}
	if err := json.Unmarshal(text, &message); err != nil {
		return err
	}
	switch message.Type {
	case "ping":
		return send(ctx, conn, frame{Type: "pong"})
	case "next":
		return w.take(message.Payload)
	}
	return fmt.Errorf("the subscription has ended: %s", text)
}

// take notes an event. One that could not be told whole is as good as a cut: it
// is asked for again.
func (w *watcher) take(payload json.RawMessage) error {
	var response struct {
		Data map[string]*struct {
			Typename string `json:"__typename"`
			Cursor   string
		}
		Errors json.RawMessage
	}
	if err := json.Unmarshal(payload, &response); err != nil {
		return err
	}
	e := response.Data[w.field]
	if e == nil || response.Errors != nil {
		return fmt.Errorf("an event with errors: %s", payload)
	}
	at, err := log.ParsePosition(e.Cursor)
	if err != nil {
		return errors.Join(err, fmt.Errorf("cursor %q", e.Cursor))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Typename == "Gap" {
		w.wrong = fmt.Sprintf("a Gap at %d, after %v", at.Seq, w.last())
	}
	w.seen, w.cursor = append(w.seen, at), e.Cursor
	return nil
}

// last is the number of the last event that it saw, or where it began; w is locked.
func (w *watcher) last() int64 {
	if len(w.seen) == 0 {
		return w.start.Seq
	}
	return w.seen[len(w.seen)-1].Seq
}

// String tells what became of it, for people.
func (w *watcher) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("%s of %s at server %d: %d events, the last %d, %d connections, cut off by: %v",
		w.field, w.of, w.server, len(w.seen), w.last(), w.connected, w.why)
}
