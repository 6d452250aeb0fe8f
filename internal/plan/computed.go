package plan

import (
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent/deal"
	"dealflow/internal/money"
	"dealflow/internal/read"
)

// computation plans a field of a row that is not just a column of it.
type computation func(*compiler, graphql.CollectedField, *level) (writer, error)

// computed are the fields that are made of several columns, or of many rows.
func computed(where string) computation {
	switch where {
	case "Deal.value":
		return value
	case "Stage.summary":
		return summaryBy(deal.FieldStageID)
	case "Pipeline.summary":
		return summaryBy(deal.FieldPipelineID)
	case "Deal.isRotten":
		return isRotten
	case "Deal.effectiveProbability":
		return effectiveProbability
	case "StageStay.durationSeconds":
		return durationSeconds
	case "Lead.photoUrl":
		return photoURL
	case "Lead.socialMedia":
		return socialMedia
	case "LeadStatus.secondaryColor":
		return secondaryColor
	case "Comment.subjectId":
		return subjectID
	case "Activity.entityId":
		return entityID
	case "Activity.changes":
		return changes
	case "Lead.businesses":
		return businesses
	case "LeadStatus.leadCount":
		return leadCount
	}
	return nil
}

// member is a field of an object that is a Go value.
type member[T any] struct {
	name  string
	write func(b []byte, value T) []byte
}

// members plans a selection of such an object, whose fields known tells how to write.
func members[T any](c *compiler, of string, selected graphql.CollectedField, known func(graphql.CollectedField) (func([]byte, T) []byte, error)) ([]member[T], error) {
	var planned []member[T]
	for _, inner := range c.collect(c.schema.Types[of], selected.Selections) {
		c.require(inner.Definition)
		write := func(b []byte, _ T) []byte { return append(b, strconv.Quote(of)...) }
		if inner.Name != "__typename" {
			var err error
			if write, err = known(inner); err != nil {
				return nil, err
			}
		}
		planned = append(planned, member[T]{memberName(len(planned), inner.Alias), write})
	}
	return planned, nil
}

func writeMembers[T any](b []byte, all []member[T], value T) []byte {
	b = append(b, '{')
	for _, m := range all {
		b = append(b, m.name...)
		b = m.write(b, value)
	}
	return append(b, '}')
}

// money plans the fields of an amount of money.
func (c *compiler) money(selected graphql.CollectedField) ([]member[*read.Sum], error) {
	return members(c, "Money", selected, func(inner graphql.CollectedField) (func([]byte, *read.Sum) []byte, error) {
		switch inner.Name {
		case "amount":
			return func(b []byte, s *read.Sum) []byte { return quote(b, s.Amount) }, nil
		case "currency":
			return func(b []byte, s *read.Sum) []byte { return quote(b, s.Currency) }, nil
		}
		return nil, unplanned("Money.%s", inner.Name)
	})
}

// value plans what a deal is worth.
func value(c *compiler, selected graphql.CollectedField, rows *level) (writer, error) {
	amount, currency := rows.keep(deal.FieldValueAmount, encodePlain), rows.keep(deal.FieldValueCurrency, encodePlain)
	fields, err := c.money(selected)
	return func(r *run, b []byte, row int32) ([]byte, error) {
		units, has := r.rows[rows.index].cell(row, amount)
		code, coded := r.rows[rows.index].cell(row, currency)
		if !has || !coded {
			return append(b, "null"...), nil
		}
		minor, err := strconv.ParseInt(string(units), 10, 64)
		worth := read.Sum{Amount: money.Format(minor, string(code)), Currency: string(code)}
		return writeMembers(b, fields, &worth), err
	}, err
}

// summary is what the deals of each row come to.
type summary struct {
	of       string // the column of deals that names the row
	selected graphql.CollectedField
	rows     *level
	on       int
	index    int // among the plan's values
	weighted bool
	leads    bool // whether they are counted

	forms, leadForms forms // of the statements that sum deals, and count leads
}

// sums is what was read for a summary.
type sums struct {
	deals map[uuid.UUID]*read.BoardSummary
	leads map[uuid.UUID]int
}

// ofRow is the summary of one row.
type ofRow struct {
	*read.BoardSummary
	leads int
}

func summaryBy(of string) computation {
	return func(c *compiler, selected graphql.CollectedField, rows *level) (writer, error) {
		s := &summary{of: of, selected: selected, rows: rows, on: rows.keep("id", encodeKey), index: c.plan.values}
		c.plan.values++
		c.plan.steps = append(c.plan.steps, s)
		fields, err := members(c, "BoardSummary", selected, s.field(c))
		return func(r *run, b []byte, row int32) ([]byte, error) {
			key := r.key(rows, row, s.on)
			found := r.values[s.index].(sums)
			return writeMembers(b, fields, ofRow{found.deals[key], found.leads[key]}), nil
		}, err
	}
}

// field plans a field of a summary.
func (s *summary) field(c *compiler) func(graphql.CollectedField) (func([]byte, ofRow) []byte, error) {
	return func(inner graphql.CollectedField) (func([]byte, ofRow) []byte, error) {
		switch inner.Name {
		case "dealCount":
			return func(b []byte, sum ofRow) []byte { return strconv.AppendInt(b, int64(sum.DealCount), 10) }, nil
		case "leadCount":
			s.leads = true
			return func(b []byte, sum ofRow) []byte { return strconv.AppendInt(b, int64(sum.leads), 10) }, nil
		case "value":
			return amounts(c, inner, func(sum ofRow) []*read.Sum { return sum.Value })
		case "weightedValue":
			s.weighted = true
			return amounts(c, inner, func(sum ofRow) []*read.Sum { return sum.WeightedValue })
		}
		return nil, unplanned("BoardSummary.%s", inner.Name)
	}
}

// amounts plans a list of sums of money.
func amounts(c *compiler, selected graphql.CollectedField, of func(ofRow) []*read.Sum) (func([]byte, ofRow) []byte, error) {
	fields, err := c.money(selected)
	return func(b []byte, sum ofRow) []byte {
		b = append(b, '[')
		for i, amount := range of(sum) {
			if i > 0 {
				b = append(b, ',')
			}
			b = writeMembers(b, fields, amount)
		}
		return append(b, ']')
	}, err
}

// ask implements step.
func (s *summary) ask(r *run) error {
	_, err := s.tally(r)
	return err
}

// tally is what the field's arguments ask for.
func (s *summary) tally(r *run) (read.Tally, error) {
	tally := read.Tally{Of: s.of, Weighted: s.weighted}
	given := s.selected.ArgumentMap(r.variables)["status"]
	if given == nil {
		return tally, nil
	}
	text, err := graphql.UnmarshalString(given)
	status := deal.Status(text)
	tally.Status = &status
	return tally, err
}

// read implements step.
func (s *summary) read(r *run) error {
	keys := r.keys(s.rows, s.on)
	if len(keys) == 0 {
		r.values[s.index] = sums{}
		return nil
	}
	tally, err := s.tally(r)
	if err != nil {
		return err
	}
	found := sums{}
	if found.deals, err = s.sum(r, tally, keys); err == nil && s.leads {
		found.leads, err = s.leadForms.count(r, s.of, read.LeadCount(s.of), keys)
	}
	r.values[s.index] = found
	return err
}

// sum reads what the deals come to.
func (s *summary) sum(r *run, tally read.Tally, keys []uuid.UUID) (map[uuid.UUID]*read.BoardSummary, error) {
	form := "all"
	if tally.Status != nil {
		form = string(*tally.Status)
	}
	db := r.planner.store
	written, err := s.forms.write(form, keys, func(keys []uuid.UUID) (*read.Statement, error) { return tally.Write(db, keys) })
	if err != nil {
		return nil, err
	}
	return tally.Read(r.ctx, db, written, keys)
}

// count counts the rows of these parents.
func (f *forms) count(r *run, form string, count read.Count, parents []uuid.UUID) (map[uuid.UUID]int, error) {
	db := r.planner.store
	written, err := f.write(form, parents, func(keys []uuid.UUID) (*read.Statement, error) { return count.Write(db, keys) })
	if err != nil {
		return nil, err
	}
	return count.Read(r.ctx, db, written, parents)
}
