package read

import (
	"strings"
	"time"
	"unicode/utf8"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/internal/id"
	"dealflow/internal/money"
)

// The bounds of a filter: entries of a list, and conditions in all.
const (
	maxIn         = 500
	maxTags       = 50
	maxText       = 1_000 // no column that is compared holds more, and SQLite's LIKE takes little more
	maxConditions = 200
	maxValues     = 5_000
)

// Range describes a value that has an order.
type Range[T any] struct {
	Eq, Gt, Gte, Lt, Lte *T
	In                   []T
	IsNull               *bool
}

// The filters of single fields, as the schema names them.
type (
	// IntFilter describes a whole number.
	IntFilter = Range[int]
	// FloatFilter describes a number.
	FloatFilter = Range[float64]
	// DecimalFilter describes an amount of money.
	DecimalFilter = Range[string]
	// DateFilter describes a day.
	DateFilter = Range[time.Time]
	// DateTimeFilter describes a point in time.
	DateTimeFilter = Range[time.Time]

	// StringFilter describes a text.
	StringFilter struct {
		Eq       *string
		In       []string
		Contains *string
		IsNull   *bool
	}
	// IDFilter describes an id.
	IDFilter struct {
		Eq     *string
		In     []string
		IsNull *bool
	}
	// BooleanFilter describes whether something is so.
	BooleanFilter struct{ Eq *bool }
	// TagsFilter describes labels.
	TagsFilter struct {
		Has    *string
		HasAll []string
		HasAny []string
	}
	// EnumFilter describes one of a few values.
	EnumFilter[T ~string] struct {
		Eq *T
		In []T
	}
)

// clause is a condition on the rows of a statement.
type clause func(*sql.Selector) *sql.Predicate

// conditions gathers what a filter asks for. It keeps the first thing that is
// wrong with the filter, and bounds how much a filter can ask for.
type conditions struct {
	clauses []clause
	*budget
}

// budget is what a filter has asked for so far, in all of its parts.
type budget struct {
	conditions, values int
	err                error
}

// compile makes a filter's conditions.
func compile(gather func(*conditions)) ([]Shape, error) {
	c := &conditions{budget: &budget{}}
	gather(c)
	if c.err != nil {
		return nil, c.err
	}
	shapes := make([]Shape, len(c.clauses))
	for i, one := range c.clauses {
		shapes[i] = func(s *sql.Selector) { s.Where(one(s)) }
	}
	return shapes, nil
}

func (c *conditions) fail(format string, args ...any) {
	if c.err == nil {
		c.err = Wrong("filter", format, args...)
	}
}

func (c *conditions) add(one clause) {
	if c.count() {
		c.clauses = append(c.clauses, one)
	}
}

// count notes one condition more, and tells whether there may be one.
func (c *conditions) count() bool {
	c.conditions++
	if c.conditions > maxConditions {
		c.fail("A filter may have at most %d conditions.", maxConditions)
	}
	return c.conditions <= maxConditions
}

// column adds a condition on one column.
func (c *conditions) column(name string, holds func(column string) *sql.Predicate) {
	c.add(func(s *sql.Selector) *sql.Predicate { return holds(s.C(name)) })
}

// sub gathers the conditions of a part of the filter, all of which must hold.
func (c *conditions) sub(gather func(*conditions)) clause {
	part := &conditions{budget: c.budget}
	gather(part)
	return part.all
}

// said is sub, and nil for a part that says nothing: so {contact: {}} is not only for
// deals that have a contact.
func (c *conditions) said(gather func(*conditions)) clause {
	part := &conditions{budget: c.budget}
	if gather(part); len(part.clauses) == 0 {
		return nil
	}
	return part.all
}

func (c *conditions) all(s *sql.Selector) *sql.Predicate {
	if len(c.clauses) == 0 {
		return sql.ExprP("1 = 1")
	}
	held := make([]*sql.Predicate, len(c.clauses))
	for i, one := range c.clauses {
		held[i] = one(s)
	}
	return sql.And(held...)
}

// combine adds the and, or and not of a filter.
func combine[F any](c *conditions, and, or []*F, not *F, gather func(*F, *conditions)) {
	for _, part := range and {
		c.add(c.sub(func(sub *conditions) { gather(part, sub) }))
	}
	if len(or) > 0 {
		parts := make([]clause, len(or))
		for i, part := range or {
			if !c.count() { // also those that say nothing: a statement can be too deep
				return
			}
			parts[i] = c.sub(func(sub *conditions) { gather(part, sub) })
		}
		c.add(anyOf(parts))
	}
	if not != nil {
		part := c.sub(func(sub *conditions) { gather(not, sub) })
		c.add(func(s *sql.Selector) *sql.Predicate { return isNotTrue(part(s)) })
	}
}

func anyOf(parts []clause) clause {
	return func(s *sql.Selector) *sql.Predicate {
		held := make([]*sql.Predicate, len(parts))
		for i, part := range parts {
			held[i] = part(s)
		}
		return sql.Or(held...)
	}
}

// isNotTrue holds where a condition does not, also where it is unknown since a
// value is missing: "not from the web" holds for a deal from nowhere.
func isNotTrue(p *sql.Predicate) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		b.Wrap(func(b *sql.Builder) { b.Join(p) })
		b.WriteString(" IS NOT TRUE")
	})
}

// text adds a StringFilter's conditions.
func (c *conditions) text(name string, f *StringFilter) {
	if f == nil {
		return
	}
	if f.Eq != nil && c.readable(*f.Eq) {
		c.column(name, func(column string) *sql.Predicate { return sql.EQ(column, *f.Eq) })
	}
	oneOf(c, name, f.In)
	if f.Contains != nil && c.readable(*f.Contains) {
		c.column(name, func(column string) *sql.Predicate { return contains(column, *f.Contains) })
	}
	c.empty(name, f.IsNull)
}

// email adds a StringFilter's conditions on an email address, which is stored in
// lower case.
func (c *conditions) email(name string, f *StringFilter) {
	if f == nil {
		return
	}
	lower := *f
	if f.Eq != nil {
		eq := strings.ToLower(*f.Eq)
		lower.Eq = &eq
	}
	if f.In != nil {
		lower.In = make([]string, len(f.In))
		for i, one := range f.In {
			lower.In[i] = strings.ToLower(one)
		}
	}
	c.text(name, &lower)
}

// empty tells whether a text is missing or says nothing.
func (c *conditions) empty(name string, is *bool) {
	if is == nil {
		return
	}
	c.column(name, func(column string) *sql.Predicate {
		if *is {
			return sql.Or(sql.IsNull(column), sql.EQ(column, ""))
		}
		return sql.NEQ(column, "") // which NULL is not
	})
}

// readable refuses what is not text: Postgres takes no zero byte.
func (c *conditions) readable(text string) bool {
	switch {
	case strings.ContainsRune(text, 0) || !utf8.ValidString(text):
		c.fail("A text in the filter holds bytes that are not text.")
		return false
	case utf8.RuneCountInString(text) > maxText:
		c.fail("A text in a filter may have at most %d characters.", maxText)
		return false
	}
	return true
}

// key adds an IDFilter's conditions.
func (c *conditions) key(kind id.Kind, name string, f *IDFilter) {
	if f == nil {
		return
	}
	if f.Eq != nil {
		key := c.decode(kind, *f.Eq)
		c.column(name, func(column string) *sql.Predicate { return sql.EQ(column, key) })
	}
	if f.In != nil {
		keys := c.decodeAll(kind, f.In)
		c.column(name, func(column string) *sql.Predicate { return among(column, keys) })
	}
	c.null(name, f.IsNull)
}

func (c *conditions) decode(kind id.Kind, text string) uuid.UUID {
	key, err := kind.Decode(text)
	if err != nil {
		c.fail("%s", err)
	}
	return key
}

func (c *conditions) decodeAll(kind id.Kind, texts []string) []uuid.UUID {
	keys := make([]uuid.UUID, 0, len(texts))
	if c.listed(len(texts), maxIn) {
		for _, text := range texts {
			keys = append(keys, c.decode(kind, text))
		}
	}
	return keys
}

// listed bounds a list inside of a filter.
func (c *conditions) listed(n, most int) bool {
	c.values += n
	switch {
	case n > most:
		c.fail("A list in a filter may have at most %d entries, not %d.", most, n)
	case c.values > maxValues:
		c.fail("The lists in a filter may have at most %d entries in all.", maxValues)
	}
	return c.err == nil
}

func (c *conditions) null(name string, is *bool) {
	if is == nil {
		return
	}
	c.column(name, func(column string) *sql.Predicate {
		if *is {
			return sql.IsNull(column)
		}
		return sql.NotNull(column)
	})
}

// flag adds a BooleanFilter's conditions.
func (c *conditions) flag(name string, f *BooleanFilter) {
	if f != nil && f.Eq != nil {
		c.column(name, func(column string) *sql.Predicate { return sql.EQ(column, *f.Eq) })
	}
}

// tags adds a TagsFilter's conditions.
func (c *conditions) tags(name string, f *TagsFilter) {
	if f == nil || !c.listed(len(f.HasAll), maxTags) || !c.listed(len(f.HasAny), maxTags) {
		return
	}
	has := func(tag string) clause {
		c.readable(tag)
		return func(s *sql.Selector) *sql.Predicate { return hasTag(s.C(name), tag) }
	}
	if f.Has != nil {
		c.add(has(*f.Has))
	}
	for _, tag := range f.HasAll {
		c.add(has(tag))
	}
	if len(f.HasAny) > 0 {
		parts := make([]clause, len(f.HasAny))
		for i, tag := range f.HasAny {
			parts[i] = has(tag)
		}
		c.add(anyOf(parts))
	}
}

// span adds the conditions of a Range, whose values are stored as convert says.
func span[T any](c *conditions, name string, f *Range[T], convert func(T) any) {
	if f == nil {
		return
	}
	bounds := []struct {
		value *T
		holds func(string, any) *sql.Predicate
	}{{f.Eq, sql.EQ}, {f.Gt, sql.GT}, {f.Gte, sql.GTE}, {f.Lt, sql.LT}, {f.Lte, sql.LTE}}
	for _, bound := range bounds {
		if bound.value != nil {
			value := convert(*bound.value)
			c.column(name, func(column string) *sql.Predicate { return bound.holds(column, value) })
		}
	}
	if f.In != nil && c.listed(len(f.In), maxIn) {
		values := make([]any, len(f.In))
		for i, value := range f.In {
			values[i] = convert(value)
		}
		c.column(name, func(column string) *sql.Predicate { return sql.In(column, values...) })
	}
	c.null(name, f.IsNull)
}

func same[T any](value T) any { return value }

func instant(t time.Time) any { return t.UTC() }

// enum adds an EnumFilter's conditions.
func enum[T ~string](c *conditions, name string, f *EnumFilter[T]) {
	if f == nil {
		return
	}
	if f.Eq != nil {
		c.column(name, func(column string) *sql.Predicate { return sql.EQ(column, string(*f.Eq)) })
	}
	oneOf(c, name, f.In)
}

func oneOf[T ~string](c *conditions, name string, values []T) {
	if values == nil || !c.listed(len(values), maxIn) {
		return
	}
	texts := make([]any, len(values))
	for i, value := range values {
		c.readable(string(value))
		texts[i] = string(value)
	}
	c.column(name, func(column string) *sql.Predicate { return sql.In(column, texts...) })
}

// minorUnits reads an amount in a currency's units.
func (c *conditions) minorUnits(currency string) func(string) any {
	return func(amount string) any {
		value, err := money.Parse(amount, currency)
		if err != nil {
			c.fail("%s", err)
		}
		return value.Amount
	}
}

// contains tells whether a column holds a text, in any case. SQLite folds only
// ASCII by itself; internal/store gives it fold.
func contains(column, text string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		if b.Dialect() == dialect.Postgres {
			// Not by the column's own collation: "C" folds ASCII alone.
			b.WriteString("lower(").Ident(column).WriteString(` COLLATE "default")`)
		} else {
			b.WriteString("fold(").Ident(column).WriteString(")")
		}
		b.WriteString(" LIKE ").Arg(pattern(strings.ToLower(text))).WriteString(` ESCAPE '\'`)
	})
}

// pattern is a LIKE pattern for texts that hold this one.
func pattern(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

// hasTag tells whether a label is in a JSON list.
func hasTag(column, tag string) *sql.Predicate {
	return sql.P(func(b *sql.Builder) {
		if b.Dialect() == dialect.Postgres {
			b.WriteString("jsonb_exists(").Ident(column).WriteString("::jsonb, ").Arg(tag).WriteString(")")
		} else {
			b.WriteString("EXISTS (SELECT 1 FROM json_each(").Ident(column).
				WriteString(") AS tag WHERE tag.value = ").Arg(tag).WriteString(")")
		}
	})
}
