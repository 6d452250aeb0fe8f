package importer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// cells is a row of a file, as a mapping reads it, and what is wrong with it.
type cells struct {
	columns columns
	values  []string
	format  *format
	wrong   []string
}

func (c *cells) fail(message string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(message, args...))
}

// value is what a column says.
func (c *cells) value(column string) string {
	value := c.values[c.columns[column]]
	if c.format.EscapedFormulas {
		value = unescapeFormula(value)
	}
	return strings.TrimSpace(value)
}

// must is a text that has to say something.
func (c *cells) must(key string, t text) string {
	made := t.of(c)
	if made == "" {
		c.fail("%s is empty%s", key, named(t.columns()))
	}
	return made
}

// named tells which columns a text is made of.
func named(columns []column) string {
	names := make([]string, len(columns))
	for i, one := range columns {
		names[i] = one.name
	}
	if len(names) == 0 {
		return ""
	}
	return " (" + strings.Join(names, ", ") + ")"
}

// sent is a text as the rules take it: not there when the mapping does not have
// it, null when the row says nothing.
func (c *cells) sent(t text) graphql.Omittable[*string] {
	if !t.given() {
		return graphql.Omittable[*string]{}
	}
	return graphql.OmittableOf(optional(t.of(c)))
}

// list is sent for texts.
func (c *cells) list(t texts) graphql.Omittable[[]string] {
	if !t.given() {
		return graphql.Omittable[[]string]{}
	}
	return graphql.OmittableOf(t.of(c))
}

// number is sent for a number.
func (c *cells) number(key string, t text) graphql.Omittable[*float64] {
	if !t.given() {
		return graphql.Omittable[*float64]{}
	}
	said := t.of(c)
	if said == "" {
		return graphql.OmittableOf[*float64](nil)
	}
	value, err := strconv.ParseFloat(c.format.number(said), 64)
	if err != nil {
		c.fail("%s: %.40q is no number", key, said)
	}
	return graphql.OmittableOf(&value)
}

// time is when something was, nil when the row does not say.
func (c *cells) time(key string, t text) *time.Time {
	said := t.of(c)
	if said == "" {
		return nil
	}
	at, err := c.format.Dates.parse(said)
	if err != nil {
		c.fail("%s: %s", key, err)
	}
	return &at
}

// day is sent for a day.
func (c *cells) day(key string, t text) graphql.Omittable[*time.Time] {
	if !t.given() {
		return graphql.Omittable[*time.Time]{}
	}
	at := c.time(key, t)
	if at != nil {
		*at = at.UTC().Truncate(24 * time.Hour)
	}
	return graphql.OmittableOf(at)
}
