package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"dealflow/ent/deal"
	"dealflow/ent/idempotentanswer"
	"dealflow/internal/once"
)

// RunOnce tries what a request with an Idempotency-Key is promised when its server
// is killed: on both sides of its commit, while others send the same request to
// another server, it runs once, and everybody has the same answer.
func RunOnce(tb testing.TB, program string) {
	tb.Helper()
	t := begin(tb, Config{Program: program})
	wire := newWire(t)
	victim := t.servers[0]
	victim.end(syscall.SIGTERM)
	victim.database = wire.url()
	victim.start()
	t.killBeforeCommit(victim, wire)
	t.killAfterCommit(victim, wire)
	t.stopServers()
}

// killBeforeCommit kills a server that has done all of a request but the commit.
func (t *trial) killBeforeCommit(victim *server, wire *wire) {
	const key = "before the commit"
	first, second := t.sendToBoth(key, victim, wire, false)
	if deals, answers := t.kept(key); deals != 0 || answers != nil {
		t.Errorf("%s there are %d deals and the answer %s", key, deals, answers)
	}
	victim.end(syscall.SIGKILL)
	if answer := <-first; answer.err == nil {
		t.Errorf("%s: the killed server answered %s", key, answer.text)
	}
	// The other server has waited, and found nothing.
	answer := <-second
	if answer.err != nil || answer.replayed {
		t.Errorf("%s: the other server answered %s, replayed %v: %v", key, answer.text, answer.replayed, answer.err)
	}
	victim.start()
	t.allAgree(key, answer.text)
}

// killAfterCommit kills a server whose request is committed, which it has not heard
// of yet.
func (t *trial) killAfterCommit(victim *server, wire *wire) {
	const key = "after the commit"
	first, second := t.sendToBoth(key, victim, wire, true)
	deals, stored := t.kept(key)
	if deals != 1 || len(stored) == 0 {
		t.Errorf("%s there are %d deals and the answer %s", key, deals, stored)
	}
	victim.end(syscall.SIGKILL)
	if answer := <-first; answer.err == nil {
		t.Errorf("%s: the killed server answered %s", key, answer.text)
	}
	answer := <-second
	if answer.err != nil || !answer.replayed || !bytes.Equal(answer.text, stored) {
		t.Errorf("%s: the other server answered %s, replayed %v: %v\nwant %s", key, answer.text, answer.replayed, answer.err, stored)
	}
	victim.start()
	t.allAgree(key, stored)
}

// sendToBoth sends a request to the victim, which gets as far as its commit, and to
// another server.
func (t *trial) sendToBoth(key string, victim *server, wire *wire, committed bool) (first, second chan answered) {
	wire.cutAtCommit(committed)
	first, second = make(chan answered, 1), make(chan answered, 1)
	go func() { first <- t.sendOnce(victim, key) }()
	t.await("the commit", wire.isCut)
	go func() { second <- t.sendOnce(t.servers[1], key) }()
	return first, second
}

// allAgree sends a request to every server once more: each replays the answer.
func (t *trial) allAgree(key string, want []byte) {
	for _, s := range t.servers {
		answer := t.sendOnce(s, key)
		if answer.err != nil || !answer.replayed || !bytes.Equal(answer.text, want) {
			t.Errorf("%s: server %d answers %s, replayed %v: %v\nwant %s", key, s.number, answer.text, answer.replayed, answer.err, want)
		}
	}
	if deals, stored := t.kept(key); deals != 1 || !bytes.Equal(stored, want) {
		t.Errorf("%s there are %d deals and the answer %s, want %s", key, deals, stored, want)
	}
}

// kept is what there is of a request: its deals, and its answer.
func (t *trial) kept(key string) (deals int, answer []byte) {
	deals, err := t.store.Client.Deal.Query().Where(deal.Title(key)).Count(t.shop.ctx)
	t.must(err)
	rows, err := t.store.Client.IdempotentAnswer.Query().Where(idempotentanswer.Key(key)).All(t.shop.ctx)
	t.must(err)
	for _, row := range rows { // there is one, if any: the index sees to it
		answer = row.Body
	}
	return deals, answer
}

// answered is what came of a request.
type answered struct {
	text     []byte
	replayed bool
	err      error
}

// sendOnce makes a deal with the name of the key.
func (t *trial) sendOnce(s *server, key string) (got answered) {
	body, err := json.Marshal(map[string]any{
		"query": `mutation ($input: CreateDealInput!) { createDeal(input: $input) { deal { id title stage { name } } userErrors { message } } }`,
		"variables": map[string]any{"input": map[string]any{
			"title": key, "stageId": t.shop.stages[0].GlobalID(), "contact": map[string]any{"email": strings.ReplaceAll(key, " ", ".") + "@example.com"},
		}},
	})
	t.must(err)
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.where(), bytes.NewReader(body))
	t.must(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+t.shop.token)
	request.Header.Set(once.Header, key)
	response, err := t.client.Do(request)
	if err != nil {
		return answered{err: err}
	}
	defer response.Body.Close()
	got.text, got.err = io.ReadAll(response.Body)
	got.replayed = response.Header.Get("Idempotency-Replayed") == "true"
	if response.StatusCode != http.StatusOK {
		got.err = errors.Join(got.err, fmt.Errorf("status %d", response.StatusCode))
	}
	return got
}

// wire leads from a server to Postgres, and can be cut at a commit.
type wire struct {
	trial *trial
	dir   string
	to    string // Postgres's own socket

	mu    sync.Mutex
	armed bool
	after bool // the commit is let through, its answer is not
	cut   bool
}

// socketName is the name of Postgres's socket in its directory.
const socketName = ".s.PGSQL.5432"

func newWire(t *trial) *wire {
	real, err := url.Parse(t.postgres.URL("postgres"))
	t.must(err)
	dir, err := os.MkdirTemp("", "wire") // with a short name, as a socket's has to be
	t.must(err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", filepath.Join(dir, socketName))
	t.must(err)
	w := &wire{trial: t, dir: dir, to: filepath.Join(real.Query().Get("host"), socketName)}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			carrying.Go(func() { w.carry(conn) })
		}
	})
	t.Cleanup(func() {
		t.must(listener.Close())
		carrying.Wait() // the servers, at the ends of all connections, are gone
		t.must(os.RemoveAll(dir))
	})
	return w
}

// url is the database at the end of the wire.
func (w *wire) url() string {
	u, err := url.Parse(w.trial.postgres.URL("postgres"))
	w.trial.must(err)
	query := u.Query()
	query.Set("host", w.dir)
	u.RawQuery = query.Encode()
	return u.String()
}

// carry connects a server to Postgres until one of them hangs up.
func (w *wire) carry(server net.Conn) {
	defer server.Close()
	postgres, err := new(net.Dialer).DialContext(context.Background(), "unix", w.to)
	if err != nil {
		return
	}
	defer postgres.Close()
	held := make(chan struct{}) // closed when what Postgres says is not to be passed on
	var both sync.WaitGroup
	both.Go(func() {
		defer postgres.Close()
		w.pass(server, postgres, held)
	})
	both.Go(func() {
		defer server.Close()
		buffer := make([]byte, 32<<10)
		for {
			n, err := postgres.Read(buffer)
			select {
			case <-held:
				if err == nil {
					w.setCut()
					continue
				}
			default:
			}
			if err == nil {
				_, err = server.Write(buffer[:n])
			}
			if err != nil {
				return
			}
		}
	})
	both.Wait()
}

// pass carries what a server says, up to a commit where the wire is to be cut.
func (w *wire) pass(server, postgres net.Conn, held chan struct{}) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("COMMIT\x00")) && w.disarm() {
			close(held)
			if !w.after {
				w.setCut()
				continue
			}
		}
		if _, err := postgres.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// cutAtCommit has the wire cut at the next commit: when Postgres has done it, or
// before Postgres hears of it.
func (w *wire) cutAtCommit(after bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.armed, w.after, w.cut = true, after, false
}

// disarm tells whether this is the commit.
func (w *wire) disarm() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	armed := w.armed
	w.armed = false
	return armed
}

func (w *wire) setCut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = true
}

func (w *wire) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}
