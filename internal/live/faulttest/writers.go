package faulttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// writer changes one thing after the other through a server. A change whose
// answer is lost may have been made or not: the table knows.
type writer struct {
	trial  *trial
	server *server
	done   atomic.Int64
	failed atomic.Int64
	over   atomic.Bool
}

func (t *trial) startWriters() {
	for _, s := range t.servers {
		for range writersEach {
			w := &writer{trial: t, server: s}
			t.writers = append(t.writers, w)
			t.writing.Go(w.run)
		}
	}
	t.Cleanup(t.stopWriters)
}

func (t *trial) stopWriters() {
	for _, w := range t.writers {
		w.over.Store(true)
	}
	t.writing.Wait()
}

func (w *writer) run() {
	for !w.over.Load() {
		pause := time.Duration(rand.N(40)) * time.Millisecond
		if err := w.change(); err != nil {
			w.failed.Add(1)
			pause += 50 * time.Millisecond
		} else {
			w.done.Add(1)
		}
		time.Sleep(pause)
	}
}

// change changes something at random.
func (w *writer) change() error {
	s := w.trial.shop
	deal, lead := one(s.deals).GlobalID(), one(s.leads).GlobalID()
	stage, word := one(s.stages).GlobalID(), fmt.Sprint(rand.N(1000))
	place := one([]string{"FIRST", "LAST"})
	switch n := rand.N(20); {
	case n < 11:
		return w.mutate("moveDeal", map[string]any{"id": deal, "stageId": stage, "at": place, "allowDuplicate": true})
	case n < 12:
		return w.mutate("createDeal", map[string]any{"title": word, "stageId": stage, "contact": map[string]any{"email": word + "@example.com"}})
	case n < 14:
		return w.mutate("updateDeal", map[string]any{"id": deal, "title": word})
	case n < 16:
		return w.mutate("moveLead", map[string]any{"id": lead, "stageId": stage, "at": place})
	case n < 18:
		return w.mutate("updateLead", map[string]any{"id": lead, "lastName": word})
	default:
		return w.mutate("addComment", map[string]any{"subjectId": lead, "content": word})
	}
}

// one is one of a list, at random.
func one[T any](list []T) T { return list[rand.N(len(list))] }

// mutate runs a mutation. What the rules refuse has been answered well.
func (w *writer) mutate(name string, input map[string]any) error {
	document := fmt.Sprintf("mutation ($input: %s%sInput!) { %s(input: $input) { userErrors { message } } }", string(name[0]-32), name[1:], name)
	_, err := w.trial.ask(w.server.where(), document, map[string]any{"input": input})
	return err
}

// ask runs an operation and returns its data.
func (t *trial) ask(url, document string, variables map[string]any) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]any{"query": document, "variables": variables})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+t.shop.token)
	response, err := t.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if len(answer.Errors) > 0 {
		return nil, fmt.Errorf("%d: %s", response.StatusCode, answer.Errors[0].Message)
	}
	return answer.Data, nil
}
