package sales

import (
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/internal/id"
	"dealflow/internal/money"
)

// The bounds of what a request may hold. Those of texts are in characters.
const (
	maxName    = 200
	maxTitle   = 300
	maxText    = 10_000
	maxEmail   = 320
	maxPhone   = 50
	maxTags    = 50
	maxPhones  = 20
	maxIDs     = 500
	maxStages  = 100
	maxRotten  = 36_500
	maxPartner = 100
	maxBudget  = 1_000_000
)

// check reads a request and gathers all that is wrong with it, so that its
// sender mends everything at once. Fields are named as in the input.
type check struct{ errs Errors }

func in(field string) []string { return []string{"input", field} }

func (c *check) add(code UserErrorCode, rule string, path []string, format string, args ...any) {
	c.errs = append(c.errs, InputError{fmt.Sprintf(format, args...), code, path, rule})
}

// err is everything that was wrong, or nil.
func (c *check) err() error {
	if len(c.errs) == 0 {
		return nil
	}
	return c.errs
}

func (c *check) required(field string) { c.requiredAt(in(field)) }

func (c *check) requiredAt(path []string) {
	c.add(CodeRequired, "required", path, "The %s field is mandatory.", path[len(path)-1])
}

// text reads a text that must say something.
func (c *check) text(field, value string, most int) string {
	return c.textAt(in(field), value, most)
}

func (c *check) textAt(path []string, value string, most int) string {
	value = strings.TrimSpace(value)
	if value == "" {
		c.requiredAt(path)
	}
	c.length(path, value, most)
	return value
}

// optional reads a text that may be left out; blank is the same as none.
func (c *check) optional(field string, value *string, most int) *string {
	return c.optionalAt(in(field), value, most)
}

func (c *check) optionalAt(path []string, value *string, most int) *string {
	trimmed := strings.TrimSpace(deref(value))
	if trimmed == "" {
		return nil
	}
	c.length(path, trimmed, most)
	return &trimmed
}

func (c *check) length(path []string, value string, most int) {
	name := path[len(path)-1]
	switch {
	case utf8.RuneCountInString(value) > most:
		c.add(CodeInvalid, "max", path, "The %s field has %d characters; at most %d are allowed.",
			name, utf8.RuneCountInString(value), most)
	case strings.ContainsRune(value, 0) || !utf8.ValidString(value):
		c.add(CodeInvalid, "text", path, "The %s field holds bytes that are not text.", name)
	}
}

// email reads an email address, in lower case.
func (c *check) email(path []string, value *string) *string {
	if value == nil || strings.TrimSpace(*value) == "" {
		return nil
	}
	email := strings.ToLower(strings.TrimSpace(*value))
	c.length(path, email, maxEmail)
	if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email {
		c.add(CodeInvalid, "email", path, "The email field is not an email address, such as ada@example.com.")
	}
	return &email
}

// probability reads a likelihood from 0 to 1.
func (c *check) probability(path []string, value *float64) *float64 {
	if value == nil || (*value >= 0 && *value <= 1) {
		return value
	}
	hint := "."
	if *value > 1 && *value <= 100 {
		hint = ": write " + strconv.FormatFloat(*value/100, 'g', -1, 64) + " for " +
			strconv.FormatFloat(*value, 'g', -1, 64) + " per cent."
	}
	c.add(CodeInvalid, "range", path, "A probability goes from 0 to 1%s", hint)
	return value
}

// whole reads a whole number between two bounds.
func (c *check) whole(field string, value *int, least, most int) *int {
	return c.wholeAt(in(field), value, least, most)
}

func (c *check) wholeAt(path []string, value *int, least, most int) *int {
	if value != nil && (*value < least || *value > most) {
		c.add(CodeInvalid, "range", path, "The %s field must be from %d to %d.", path[len(path)-1], least, most)
	}
	return value
}

// id reads an id of one kind.
func (c *check) id(kind id.Kind, field, value string) uuid.UUID {
	return c.idAt(kind, in(field), value)
}

func (c *check) idAt(kind id.Kind, path []string, value string) uuid.UUID {
	if value == "" {
		c.requiredAt(path)
		return uuid.Nil
	}
	parsed, err := kind.Decode(value)
	if err != nil {
		c.add(CodeInvalidID, "invalid", path, "Invalid %s ID: %s.", kind.Noun(), err)
	}
	return parsed
}

// optionalID reads an id that may be left out.
func (c *check) optionalID(kind id.Kind, field string, value *string) *uuid.UUID {
	if value == nil {
		return nil
	}
	parsed := c.id(kind, field, *value)
	return &parsed
}

// ids reads a list of ids of one kind, each of which may stand there once.
func (c *check) ids(kind id.Kind, field string, values []string, most int) []uuid.UUID {
	if len(values) > most {
		c.add(CodeInvalid, "max", in(field), "The %s field has %d entries; at most %d are allowed.", field, len(values), most)
		return nil
	}
	seen := make(map[string]bool, len(values))
	parsed := make([]uuid.UUID, len(values))
	for i, value := range values {
		path := append(in(field), strconv.Itoa(i))
		if seen[value] {
			c.add(CodeInvalid, "distinct", path, "%s stands in the list twice.", value)
		}
		seen[value] = true
		parsed[i] = c.idAt(kind, path, value)
	}
	return parsed
}

// labels reads a list of short texts; blank ones and repetitions fall out.
func (c *check) labels(path []string, values []string, most int) []string {
	name := path[len(path)-1]
	if len(values) > most {
		c.add(CodeInvalid, "max", path, "The %s field has %d entries; at most %d are allowed.", name, len(values), most)
		return nil
	}
	kept := []string{}
	seen := map[string]bool{}
	for _, value := range values {
		value = strings.TrimSpace(value)
		if value == "" || seen[value] {
			continue
		}
		seen[value] = true
		c.length(path, value, maxName)
		kept = append(kept, value)
	}
	return kept
}

// money reads an amount, in the organization's currency unless it names one.
func (c *check) money(field string, value *MoneyInput, currency string) *money.Money {
	if value == nil {
		return nil
	}
	if value.Currency != nil {
		currency = *value.Currency
	}
	parsed, err := money.Parse(value.Amount, currency)
	var wrong *money.Error
	if errors.As(err, &wrong) {
		path := append(in(field), "amount")
		if wrong.Rule == money.RuleCurrency {
			path = append(in(field), "currency")
		}
		c.add(CodeInvalid, wrong.Rule, path, "%s", wrong.Message)
	}
	return &parsed
}

// given is the new value of a field in an update: what was sent, or, when
// nothing was, the old one.
func given[T any](sent graphql.Omittable[T], old T) T {
	if value, ok := sent.ValueOK(); ok {
		return value
	}
	return old
}

// mandatory is the new value of a field that null cannot clear.
func mandatory[T any](c *check, field string, sent graphql.Omittable[*T], old T) T {
	value, ok := sent.ValueOK()
	if !ok {
		return old
	}
	if value == nil {
		c.add(CodeRequired, "required", in(field), "The %s field is mandatory: leave it out to keep it, null does not clear it.", field)
		return old
	}
	return *value
}

// patchText is the new value of a text that must say something.
func (c *check) patchText(field string, sent graphql.Omittable[*string], old string, most int) string {
	value := mandatory(c, field, sent, old)
	if value == old {
		return old
	}
	return c.text(field, value, most)
}

// patchID is the new value of an id that null clears.
func (c *check) patchID(kind id.Kind, field string, sent graphql.Omittable[*string], old *uuid.UUID) *uuid.UUID {
	value, ok := sent.ValueOK()
	if !ok {
		return old
	}
	return c.optionalID(kind, field, value)
}

// sentID is an id that an update may send and null cannot clear; nil when it is left out.
func (c *check) sentID(kind id.Kind, field string, sent graphql.Omittable[*string]) *uuid.UUID {
	value, ok := sent.ValueOK()
	if ok && value == nil {
		c.required(field)
	}
	return c.optionalID(kind, field, value)
}
