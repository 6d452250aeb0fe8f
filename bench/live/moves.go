package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"dealflow/bench/process"
	"dealflow/ent/event"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// mover moves deals of one board, each in its turn from stage to stage.
type mover struct {
	server *server
	board  string
	stages []string
	deals  []deal
	turn   int

	mu      sync.Mutex
	sent    map[uuid.UUID][]time.Time // when each move of a deal was asked for
	answers []time.Duration
	failed  error
}

type deal struct {
	id   string
	home int // the stage that it is in at first
}

// newMover looks for a board.
func newMover(ctx context.Context, s *server) (*mover, error) {
	type node struct{ ID string }
	var found struct {
		Pipelines struct {
			Nodes []struct {
				ID     string
				Stages []struct {
					ID    string
					Deals struct{ Nodes []node }
				}
			}
		}
	}
	err := s.ask(ctx, `{ pipelines(first: 1) { nodes { id stages { id deals(first: 500) { nodes { id } } } } } }`, nil, &found)
	if err != nil {
		return nil, err
	}
	m := &mover{server: s, board: found.Pipelines.Nodes[0].ID, sent: map[uuid.UUID][]time.Time{}}
	for home, stage := range found.Pipelines.Nodes[0].Stages {
		m.stages = append(m.stages, stage.ID)
		for _, one := range stage.Deals.Nodes {
			m.deals = append(m.deals, deal{one.ID, home})
		}
	}
	return m, nil
}

// cursor is the end of the event log.
func (m *mover) cursor(ctx context.Context) (string, error) {
	var found struct{ EventCursor string }
	err := m.server.ask(ctx, `{ eventCursor }`, nil, &found)
	// What was moved so far, nobody has watched.
	clear(m.sent)
	return found.EventCursor, err
}

// during moves so many deals a second for a while, and says what the server spent
// on it. A move does not wait for the one before it.
func (m *mover) during(ctx context.Context, rate float64, long time.Duration) (spent, error) {
	m.answers = nil
	total := max(1, int(rate*long.Seconds()))
	result, err := m.server.spending(ctx, func() error {
		var moving sync.WaitGroup
		tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
		defer tick.Stop()
		for i := range total {
			process.Show("move %d of %d", i+1, total)
			number := m.turn
			m.turn++
			moving.Go(func() { m.move(ctx, number) })
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		moving.Wait()
		return m.failed
	})
	result.moves = total
	return result, err
}

// move moves a deal to its next stage.
func (m *mover) move(ctx context.Context, number int) {
	one := m.deals[number%len(m.deals)]
	to := m.stages[(one.home+1+number/len(m.deals))%len(m.stages)]
	key, err := id.Deal.Decode(one.id)
	sent := time.Now()
	m.mu.Lock()
	m.sent[key] = append(m.sent[key], sent)
	m.mu.Unlock()
	var answer struct {
		MoveDeal struct{ UserErrors []struct{ Message string } }
	}
	if err == nil {
		err = m.server.ask(ctx, `mutation($deal: ID!, $stage: ID!) { moveDeal(input: {id: $deal, stageId: $stage}) {
			deal { id stage { id name } } userErrors { message } } }`, map[string]any{"deal": one.id, "stage": to}, &answer)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers = append(m.answers, time.Since(sent))
	if err == nil && len(answer.MoveDeal.UserErrors) > 0 {
		err = fmt.Errorf("%s: %s", one.id, answer.MoveDeal.UserErrors[0].Message)
	}
	if err != nil {
		m.failed = err
	}
}

// logged are the moves that the log has after a number, in its order, as the
// database has them.
func (m *mover) logged(db *store.Store, after int64) ([]move, error) {
	rows, err := db.Client.Event.Query().
		Where(event.KindEQ(event.KindCARD_MOVED), event.SeqGT(after)).
		Order(event.BySeq()).All(store.System(context.Background()))
	if err != nil {
		return nil, err
	}
	var log []move
	for _, row := range rows {
		times := m.sent[row.EntityID]
		if len(times) == 0 {
			return nil, fmt.Errorf("event %d is about a deal that was not moved", row.Seq)
		}
		log = append(log, move{row.Seq, times[0]})
		m.sent[row.EntityID] = times[1:]
	}
	return log, nil
}

// move is one that the log has.
type move struct {
	seq  int64
	sent time.Time
}

// ask makes a request.
func (s *server) ask(ctx context.Context, query string, variables map[string]any, into any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Base+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Errors) > 0 {
		return fmt.Errorf("the server answered %.300s", text)
	}
	return json.Unmarshal(answer.Data, into)
}

// spending does something, and says what the server spent meanwhile.
func (s *server) spending(ctx context.Context, do func() error) (spent, error) {
	var result spent
	var err error
	if result.before, err = s.metrics(ctx); err != nil {
		return result, err
	}
	began := time.Now()
	if err = do(); err != nil {
		return result, err
	}
	result.seconds = time.Since(began).Seconds()
	result.after, err = s.metrics(ctx)
	return result, err
}

// quantile is the time within which a part of all were done.
func quantile(times []time.Duration, part float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, int(part*float64(len(times))))]
}
