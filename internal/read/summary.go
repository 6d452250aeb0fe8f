package read

import (
	"context"
	"maps"
	"math"
	"slices"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/ent/stage"
	"dealflow/internal/money"
	"dealflow/internal/store"
)

// BoardSummary is what the deals of a stage, or of a pipeline, come to.
type BoardSummary struct {
	// Parent is the stage or pipeline.
	Parent uuid.UUID
	// Of is the column of deals that names it: stage_id or pipeline_id.
	Of            string
	DealCount     int
	Value         []*Sum
	WeightedValue []*Sum
}

// Sum is an amount of money that may be more than a single value can be.
type Sum struct {
	Amount   string
	Currency string
}

// sums is one row of a summary: the deals of one stage in one currency.
type sums struct {
	Parent   uuid.UUID `sql:"parent"`
	Currency *string   `sql:"currency"`
	Deals    int       `sql:"deals"`
	Value    *int64    `sql:"value"`
	Weighted *float64  `sql:"weighted"`
}

// Tally says which deals to sum up.
type Tally struct {
	// Of is the column that names the stage or the pipeline they are in.
	Of string
	// Status, if any, is theirs.
	Status *deal.Status
	// Weighted asks for the weighted value as well, which takes a look at each deal's
	// probability, or its stage's.
	Weighted bool
}

// Summaries counts and sums the deals of each stage or pipeline, as one grouped
// statement.
func Summaries(ctx context.Context, db *ent.Client, t Tally, parents []uuid.UUID) (map[uuid.UUID]*BoardSummary, error) {
	var rows []sums
	err := Deals.scan(ctx, db, func(s *sql.Selector) { t.summarize(s, parents) }, &rows)
	if err != nil {
		return nil, err
	}
	groups := make(map[uuid.UUID][]sums, len(parents))
	for _, row := range rows {
		groups[row.Parent] = append(groups[row.Parent], row)
	}
	summaries := make(map[uuid.UUID]*BoardSummary, len(parents))
	for _, parent := range parents {
		summaries[parent] = summary(parent, t, groups[parent])
	}
	return summaries, nil
}

// summarize is the statement of Summaries.
func (t Tally) summarize(s *sql.Selector, parents []uuid.UUID) {
	parent, value, currency := s.C(t.Of), s.C(deal.FieldValueAmount), s.C(deal.FieldValueCurrency)
	total := sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("CAST(SUM(").Ident(value).WriteString(") AS BIGINT)")
	})
	s.Select(sql.As(parent, "parent"), sql.As(currency, "currency"), sql.As(sql.Count("*"), "deals")).
		AppendSelectExprAs(total, "value").
		Where(among(parent, parents)).
		GroupBy(parent, currency)
	if t.Weighted {
		weigh(s, value)
	}
	if t.Status != nil {
		s.Where(sql.EQ(s.C(deal.FieldStatus), string(*t.Status)))
	}
	if t.Of == deal.FieldPipelineID {
		store.PlanEachTime(s) // boards differ in size
	}
}

// weigh adds the weighted value, stage by stage. A deal weighs as much as it is likely
// to be won: what is won weighs all, what is lost or given up nothing. The stage's own
// probability is not joined to each deal, but looked up for the sum of those that go by
// it, so that of deals no more is read than an index has.
func weigh(s *sql.Selector, value string) {
	status, probability, own := s.C(deal.FieldStatus), s.C(deal.FieldProbability), s.C(deal.FieldStageID)
	s.GroupBy(own)
	s.AppendSelectExprAs(sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("COALESCE(SUM(CASE ").Ident(status).WriteString(" WHEN 'WON' THEN ").Ident(value).
			WriteString(" WHEN 'OPEN' THEN ").Ident(value).WriteString(" * ").Ident(probability).
			WriteString(" END), 0) + COALESCE(SUM(CASE WHEN ").Ident(status).WriteString(" = 'OPEN' AND ").
			Ident(probability).WriteString(" IS NULL THEN ").Ident(value).
			WriteString(" END), 0) * (SELECT ").Ident(stage.FieldProbability).WriteString(" FROM ").Ident(stage.Table).
			WriteString(" WHERE ").Ident(stage.FieldID).WriteString(" = ").Ident(own).WriteString(")")
	}), "weighted")
}

// summary adds up what the deals of the stages of a parent come to.
func summary(parent uuid.UUID, t Tally, rows []sums) *BoardSummary {
	b := &BoardSummary{Parent: parent, Of: t.Of, Value: []*Sum{}, WeightedValue: []*Sum{}}
	values, weights := map[string]int64{}, map[string]float64{}
	for _, row := range rows {
		b.DealCount += row.Deals
		if row.Currency == nil || row.Value == nil {
			continue
		}
		values[*row.Currency] += *row.Value
		if row.Weighted != nil {
			weights[*row.Currency] += *row.Weighted
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(values)) {
		b.Value = append(b.Value, &Sum{money.Format(values[currency], currency), currency})
		if !t.Weighted {
			continue
		}
		// A sum of products of floating numbers: 0.45 times 0.7 is a hair below 0.315.
		weighted := int64(math.Round(math.Round(weights[currency]*1e4) / 1e4))
		b.WeightedValue = append(b.WeightedValue, &Sum{money.Format(weighted, currency), currency})
	}
	return b
}

// LeadCounts counts the leads on the boards of stages or pipelines, without
// archived ones.
func LeadCounts(ctx context.Context, db *ent.Client, of string, parents []uuid.UUID) (map[uuid.UUID]int, error) {
	var rows []struct {
		Parent uuid.UUID `sql:"parent"`
		Leads  int       `sql:"leads"`
	}
	err := Leads.scan(ctx, db, func(s *sql.Selector) {
		parent := s.C(lead.FieldStageID)
		if of == deal.FieldPipelineID {
			stages := sql.Table(stage.Table)
			s.Join(stages).On(parent, stages.C(stage.FieldID))
			parent = stages.C(stage.FieldPipelineID)
			store.PlanEachTime(s) // boards differ in size
		}
		s.Select(sql.As(parent, "parent"), sql.As(sql.Count("*"), "leads")).
			Where(sql.And(among(parent, parents), sql.IsNull(s.C(lead.FieldArchivedAt)))).
			GroupBy(parent)
	}, &rows)
	counts := make(map[uuid.UUID]int, len(rows))
	for _, row := range rows {
		counts[row.Parent] = row.Leads
	}
	return counts, err
}
