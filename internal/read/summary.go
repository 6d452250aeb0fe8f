package read

import (
	"context"
	stdsql "database/sql"
	"math"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent/deal"
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

	totals []total // of what has been read so far
}

// Sum is an amount of money that may be more than a single value can be.
type Sum struct {
	Amount   string
	Currency string
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

// Write writes the statement, for parents of Like.
func (t Tally) Write(db *store.Store, parents []uuid.UUID) (*Statement, error) {
	return Write(db, deal.Table, parents, func(s *sql.Selector) { t.summarize(s, parents) })
}

// Read counts and sums the deals of each stage or pipeline, as one grouped statement.
func (t Tally) Read(ctx context.Context, db *store.Store, written *Statement, parents []uuid.UUID) (map[uuid.UUID]*BoardSummary, error) {
	summaries := make(map[uuid.UUID]*BoardSummary, len(parents))
	all := make([]BoardSummary, len(parents))
	for i, parent := range parents {
		all[i] = BoardSummary{Parent: parent, Of: t.Of}
		summaries[parent] = &all[i]
	}
	var parent uuid.UUID
	var one sums
	places := []stdsql.Scanner{&parent, &one.currency, &one.deals, &one.value, &one.weighted}
	if !t.Weighted {
		places = places[:4]
	}
	err := written.each(ctx, db, parents, func() { summaries[parent].add(one) }, places...)
	for i := range all {
		all[i].finish(t.Weighted)
	}
	return summaries, err
}

// Summaries is Read of a statement that is written for once.
func (t Tally) Summaries(ctx context.Context, db *store.Store, parents []uuid.UUID) (map[uuid.UUID]*BoardSummary, error) {
	written, err := t.Write(db, Like(parents))
	if err != nil {
		return nil, err
	}
	return t.Read(ctx, db, written, parents)
}

// summarize is the shape of the statement.
func (t Tally) summarize(s *sql.Selector, parents []uuid.UUID) {
	parent, value, currency := s.C(t.Of), s.C(deal.FieldValueAmount), s.C(deal.FieldValueCurrency)
	total := sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("CAST(SUM(").Ident(value).WriteString(") AS BIGINT)")
	})
	SelectKey(s, parent)
	s.AppendSelect(currency, sql.Count("*")).
		AppendSelectExpr(total).
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
// it, so that of deals no more is read than an index has. It is of the deals' own
// organization, as the rules of moves see to.
func weigh(s *sql.Selector, value string) {
	status, probability, own := s.C(deal.FieldStatus), s.C(deal.FieldProbability), s.C(deal.FieldStageID)
	s.GroupBy(own)
	s.AppendSelectExpr(sql.ExprFunc(func(b *sql.Builder) {
		b.WriteString("COALESCE(SUM(CASE ").Ident(status).WriteString(" WHEN 'WON' THEN ").Ident(value).
			WriteString(" WHEN 'OPEN' THEN ").Ident(value).WriteString(" * ").Ident(probability).
			WriteString(" END), 0) + COALESCE(SUM(CASE WHEN ").Ident(status).WriteString(" = 'OPEN' AND ").
			Ident(probability).WriteString(" IS NULL THEN ").Ident(value).
			WriteString(" END), 0) * (SELECT ").Ident(stage.FieldProbability).WriteString(" FROM ").Ident(stage.Table).
			WriteString(" WHERE ").Ident(stage.FieldID).WriteString(" = ").Ident(own).WriteString(")")
	}))
}

// sums is one row: some deals of a parent, in one currency.
type sums struct {
	currency sql.NullString
	deals    sql.NullInt64
	value    sql.NullInt64
	weighted sql.NullFloat64
}

// total is what the deals of a parent come to in one currency.
type total struct {
	currency string
	value    int64
	weighted float64
}

// add adds a row.
func (b *BoardSummary) add(row sums) {
	b.DealCount += int(row.deals.Int64)
	if !row.currency.Valid || !row.value.Valid {
		return
	}
	at := slices.IndexFunc(b.totals, func(t total) bool { return t.currency == row.currency.String })
	if at < 0 {
		at = len(b.totals)
		b.totals = append(b.totals, total{currency: row.currency.String})
	}
	b.totals[at].value += row.value.Int64
	b.totals[at].weighted += row.weighted.Float64
}

// finish writes what has been added up.
func (b *BoardSummary) finish(weighted bool) {
	slices.SortFunc(b.totals, func(a, b total) int { return strings.Compare(a.currency, b.currency) })
	b.Value, b.WeightedValue = make([]*Sum, len(b.totals)), []*Sum{}
	for i, t := range b.totals {
		b.Value[i] = &Sum{money.Format(t.value, t.currency), t.currency}
		if weighted {
			// A sum of products of floating numbers: 0.45 times 0.7 is a hair below 0.315.
			amount := int64(math.Round(math.Round(t.weighted*1e4) / 1e4))
			b.WeightedValue = append(b.WeightedValue, &Sum{money.Format(amount, t.currency), t.currency})
		}
	}
}
