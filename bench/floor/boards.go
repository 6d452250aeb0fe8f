package main

import (
	"context"
	"database/sql"
	"net/url"

	"github.com/google/uuid"

	"dealflow/internal/id"
	"dealflow/internal/money"
)

type stage struct {
	id          key
	name        string
	position    int64
	probability float64
	leads       []leadRow
	count       int64
	sums        []sum
}

type leadRow struct {
	id, status     key
	first, last    string
	email, company sql.NullString
}

type status struct{ name, color string }

type sum struct {
	currency string
	amount   int64
}

// each scans rows to their end: into some places, after each of which it calls fn.
func each(rows *sql.Rows, err error, places []any, fn func()) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		fn()
	}
	return rows.Err()
}

// board answers W1 and W2: a pipeline with so many leads of each stage.
func (f *floor) board(limit int) answer {
	return func(ctx context.Context, b buffer, query url.Values) (buffer, error) {
		pipeline, err := id.Pipeline.Decode(query.Get("id"))
		if err != nil {
			return b, err
		}
		name, stages, err := f.boardStages(ctx, pipeline)
		if err != nil {
			return b, err
		}
		if err := f.boardLeads(ctx, stages, limit); err != nil {
			return b, err
		}
		statuses, err := f.leadStatuses(ctx, stages)
		if err != nil {
			return b, err
		}
		b.raw(`{"data":{"pipeline":{"id":`)
		b.id(id.Pipeline, key(pipeline))
		b.raw(`,"name":`)
		b.string(name)
		b.raw(`,"stages":[`)
		for i := range stages {
			b.comma(i)
			b.stage(&stages[i], statuses)
		}
		b.raw(`]}}}`)
		return b, nil
	}
}

func (f *floor) boardStages(ctx context.Context, pipeline uuid.UUID) (name string, stages []stage, err error) {
	var one stage
	rows, err := f.stages.QueryContext(ctx, pipeline.String())
	err = each(rows, err, []any{&name, &one.id, &one.name, &one.position, &one.probability}, func() { stages = append(stages, one) })
	if err == nil && stages == nil {
		err = sql.ErrNoRows
	}
	return name, stages, err
}

// boardLeads reads the leads of all stages: each stage's come in their order,
// whatever the order of the stages.
func (f *floor) boardLeads(ctx context.Context, stages []stage, limit int) error {
	var number int64
	var one leadRow
	places := []any{&number, &one.id, &one.first, &one.last, &one.email, &one.company, &one.status}
	keep := func() { stages[number-1].leads = append(stages[number-1].leads, one) }
	if f.sqlite {
		for i := range stages {
			number = int64(i + 1)
			rows, err := f.leads.QueryContext(ctx, uuid.UUID(stages[i].id).String(), limit)
			if err := each(rows, err, places[1:], keep); err != nil {
				return err
			}
		}
		return nil
	}
	keys, err := f.list(keysOf(stages))
	if err != nil {
		return err
	}
	rows, err := f.leads.QueryContext(ctx, keys, limit)
	return each(rows, err, places, keep)
}

func keysOf(stages []stage) []key {
	keys := make([]key, len(stages))
	for i := range stages {
		keys[i] = stages[i].id
	}
	return keys
}

// leadStatuses reads the statuses that leads have.
func (f *floor) leadStatuses(ctx context.Context, stages []stage) (map[key]status, error) {
	found := map[key]status{}
	for i := range stages {
		for j := range stages[i].leads {
			found[stages[i].leads[j].status] = status{}
		}
	}
	wanted := make([]key, 0, len(found))
	for one := range found {
		wanted = append(wanted, one)
	}
	keys, err := f.list(wanted)
	if err != nil {
		return nil, err
	}
	var k key
	var one status
	rows, err := f.statuses.QueryContext(ctx, keys)
	return found, each(rows, err, []any{&k, &one.name, &one.color}, func() { found[k] = one })
}

// head is what all answers have of a stage, without its end.
func (b *buffer) head(s *stage) {
	b.raw(`{"id":`)
	b.id(id.Stage, s.id)
	b.raw(`,"name":`)
	b.string(s.name)
	b.raw(`,"order":`)
	b.int(s.position)
}

// stage is a stage with its leads.
func (b *buffer) stage(s *stage, statuses map[key]status) {
	b.head(s)
	b.raw(`,"probability":`)
	b.float(s.probability)
	b.raw(`,"leads":{"nodes":[`)
	for i := range s.leads {
		b.comma(i)
		l := &s.leads[i]
		b.raw(`{"id":`)
		b.id(id.Lead, l.id)
		b.raw(`,"firstName":`)
		b.string(l.first)
		b.raw(`,"lastName":`)
		b.string(l.last)
		b.raw(`,"email":`)
		b.nullable(l.email)
		b.raw(`,"company":`)
		b.nullable(l.company)
		b.status(statuses[l.status])
		b.raw(`}`)
	}
	b.raw(`]}}`)
}

// status is the status of a lead, after its other fields.
func (b *buffer) status(s status) {
	b.raw(`,"status":{"name":`)
	b.string(s.name)
	b.raw(`,"primaryColor":`)
	b.string(s.color)
	b.raw(`}`)
}

type board struct {
	id     key
	name   string
	stages []*stage
}

// allBoards answers W3: the pipelines of an organization, with what is in their
// stages.
func (f *floor) allBoards(ctx context.Context, b buffer, query url.Values) (buffer, error) {
	organization, err := id.Organization.Decode(query.Get("id"))
	if err != nil {
		return b, err
	}
	var boards []board
	stages := map[key]*stage{}
	var keys []key
	var on board
	var one stage
	rows, err := f.boards.QueryContext(ctx, organization.String())
	err = each(rows, err, []any{&on.id, &on.name, &one.id, &one.name, &one.position}, func() {
		if n := len(boards); n == 0 || boards[n-1].id != on.id {
			boards = append(boards, on)
		}
		next, last := one, &boards[len(boards)-1]
		last.stages = append(last.stages, &next)
		stages[one.id], keys = &next, append(keys, one.id)
	})
	if err != nil {
		return b, err
	}
	if err := f.totals(ctx, stages, keys); err != nil {
		return b, err
	}
	b.raw(`{"data":{"pipelines":{"nodes":[`)
	for i, one := range boards {
		b.comma(i)
		b.board(one)
	}
	b.raw(`]}}}`)
	return b, nil
}

// totals counts the leads and sums up the deals of stages.
func (f *floor) totals(ctx context.Context, stages map[key]*stage, keys []key) error {
	list, err := f.list(keys)
	if err != nil {
		return err
	}
	var at key
	var count int64
	rows, err := f.counts.QueryContext(ctx, list)
	if err := each(rows, err, []any{&at, &count}, func() { stages[at].count = count }); err != nil {
		return err
	}
	var currency sql.NullString
	var amount sql.NullInt64
	rows, err = f.sums.QueryContext(ctx, list)
	return each(rows, err, []any{&at, &currency, &amount}, func() {
		if currency.Valid && amount.Valid {
			stages[at].sums = append(stages[at].sums, sum{currency.String, amount.Int64})
		}
	})
}

// board is a pipeline with the totals of its stages.
func (b *buffer) board(one board) {
	b.raw(`{"id":`)
	b.id(id.Pipeline, one.id)
	b.raw(`,"name":`)
	b.string(one.name)
	b.raw(`,"stages":[`)
	for i, s := range one.stages {
		b.comma(i)
		b.head(s)
		b.raw(`,"summary":{"leadCount":`)
		b.int(s.count)
		b.raw(`,"dealsSum":[`)
		for j, total := range s.sums {
			b.comma(j)
			b.raw(`{"amount":`)
			b.string(money.Format(total.amount, total.currency))
			b.raw(`,"currency":`)
			b.string(total.currency)
			b.raw(`}`)
		}
		b.raw(`]}}`)
	}
	b.raw(`]}`)
}
