package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"net/url"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/id"
)

// oneLead answers W4: a lead with its status and its comments.
func (f *floor) oneLead(ctx context.Context, b buffer, query url.Values) (buffer, error) {
	lead, err := id.Lead.Decode(query.Get("id"))
	if err != nil {
		return b, err
	}
	var first, last, state string
	var phones []byte
	var email, company, position, source, description, location sql.NullString
	var made time.Time
	var label key
	err = f.lead.QueryRowContext(ctx, lead.String()).Scan(&first, &last, &email, &phones, &company, &position, &source,
		&state, &description, &location, &made, &label)
	if err != nil {
		return b, err
	}
	var of status
	if err := f.status.QueryRowContext(ctx, uuid.UUID(label).String()).Scan(&of.name, &of.color); err != nil {
		return b, err
	}
	b.raw(`{"data":{"lead":{"id":`)
	b.id(id.Lead, key(lead))
	b.raw(`,"firstName":`)
	b.string(first)
	b.raw(`,"lastName":`)
	b.string(last)
	b.raw(`,"email":`)
	b.nullable(email)
	b.raw(`,"phoneNumbers":`)
	if err := b.strings(phones); err != nil {
		return b, err
	}
	for _, one := range [...]struct {
		field string
		value sql.NullString
	}{
		{`,"company":`, company}, {`,"position":`, position}, {`,"source":`, source}, {`,"state":`, sql.NullString{String: state, Valid: true}},
		{`,"description":`, description}, {`,"location":`, location},
	} {
		b.raw(one.field)
		b.nullable(one.value)
	}
	b.raw(`,"createdAt":`)
	b.time(made)
	b.status(of)
	err = f.leadComments(ctx, &b, lead)
	b.raw(`}}}`)
	return b, err
}

// leadComments appends a lead's first comments.
func (f *floor) leadComments(ctx context.Context, b *buffer, lead uuid.UUID) error {
	b.raw(`,"comments":{"nodes":[`)
	var k key
	var content string
	var at time.Time
	n := 0
	rows, err := f.comments.QueryContext(ctx, lead.String())
	err = each(rows, err, []any{&k, &content, &at}, func() {
		b.comma(n)
		n++
		b.raw(`{"id":`)
		b.id(id.Comment, k)
		b.raw(`,"body":`)
		b.string(content)
		b.raw(`,"createdAt":`)
		b.time(at)
		b.raw(`}`)
	})
	b.raw(`]}`)
	return err
}

// strings is a list of texts that a column has as JSON, each as we write it.
func (b *buffer) strings(column []byte) error {
	var texts []string
	if err := json.Unmarshal(column, &texts); err != nil {
		return err
	}
	b.raw(`[`)
	for i, one := range texts {
		b.comma(i)
		b.string(one)
	}
	b.raw(`]`)
	return nil
}

// moveDeal answers W5: a deal is put into another stage. Nothing else happens, unless all
// rows are asked for.
func (f *floor) moveDeal(ctx context.Context, b buffer, query url.Values) (buffer, error) {
	deal, err := id.Deal.Decode(query.Get("id"))
	if err != nil {
		return b, err
	}
	to, err := id.Stage.Decode(query.Get("stageId"))
	if err != nil {
		return b, err
	}
	write := f.write
	if query.Get("rows") == "all" && !f.sqlite {
		write = f.writeAll
	}
	name, err := write(ctx, deal, to, time.Now().UTC())
	if err != nil {
		return b, err
	}
	b.raw(`{"data":{"moveDeal":{"deal":{"id":`)
	b.id(id.Deal, key(deal))
	b.raw(`,"stage":{"id":`)
	b.id(id.Stage, key(to))
	b.raw(`,"name":`)
	b.string(name)
	b.raw(`}}}}}`)
	return b, nil
}

// write writes the deal's row, and returns the stage's name.
func (f *floor) write(ctx context.Context, deal, to uuid.UUID, now time.Time) (name string, err error) {
	result, err := f.move.ExecContext(ctx, deal.String(), to.String(), now)
	if err != nil {
		return "", err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return "", sql.ErrNoRows
	}
	err = f.stage.QueryRowContext(ctx, to.String()).Scan(&name)
	return name, err
}

// writeAll is write with a row wherever Dealflow writes one.
func (f *floor) writeAll(ctx context.Context, deal, to uuid.UUID, now time.Time) (name string, err error) {
	changes := `[{"field":"stageId","from":null,"to":"` + id.Stage.Encode(to) + `"}]`
	err = f.moveAll.QueryRowContext(ctx, deal.String(), to.String(), now,
		id.New().String(), id.New().String(), id.New().String(), id.New().String(), changes).Scan(&name)
	return name, err
}
