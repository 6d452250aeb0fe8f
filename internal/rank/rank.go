// Package rank makes the keys that order the cards of a column.
//
// A rank is an opaque string of 0-9, A-Z and a-z. Ranks order as their bytes
// do: compare them with < in Go, with COLLATE "C" in Postgres and BINARY in
// SQLite, never with a language's rules. Between any two ranks there is
// another, so a card moves by changing its own row and no other.
//
// # How a rank is built
//
// A rank is a number in base 62, an integer and then a fraction. The integer's
// first character tells how many digits follow, from "a" for one to "z" for
// twenty-six, and "Z" down to "A" for those below zero, so that longer integers
// sort where they should. Adding at either end steps the integer and stays
// short: a million cards added at the bottom one by one reach five characters.
// Adding between two neighbours extends the fraction by about one character
// for every five or six cards dropped into the same gap.
//
// The scheme is David Greenspan's, "Implementing Fractional Indexing",
// https://observablehq.com/@dgreensp/implementing-fractional-indexing.
//
// # What a caller has to do
//
// Two cards put into one gap at the same time get the same rank. Order by rank
// and then id, and re-rank the column with [Spread] when [Between] answers
// [ErrOrder] for two neighbours that tie, or a rank is longer than [MaxLen].
package rank

import (
	"errors"
	"fmt"
	"strings"
)

// MaxLen is the length in bytes past which a column is due for new ranks.
//
// Nothing here enforces it: longer ranks stay correct. But every card carries
// its rank in its row and in the index a column is read by, so ranks must not
// grow for ever. It takes more than two hundred cards, each dropped right
// beside the last into one ever narrower gap, to get past 48, so that writing a
// whole column anew stays a rare event.
const MaxLen = 48

var (
	// ErrInvalid is the error for a text that is no rank. See [Valid].
	ErrInvalid = errors.New("not a rank")

	// ErrOrder is the error for two bounds of which the first is not below
	// the second.
	ErrOrder = errors.New("ranks out of order")
)

// First returns the rank of the only card in a column: zero, from which there
// is as much room above as below.
func First() string {
	return "a0"
}

// Valid reports whether s is a rank: a whole integer part and a fraction that
// does not end in a zero. A fraction that does names the same number as the
// one without, and nothing fits between the two.
//
// The least integer alone is no rank, for nothing fits before it.
func Valid(s string) bool {
	n := integerLen(s)
	if n == 0 || n > len(s) || s == least {
		return false
	}
	for i := range len(s) {
		if strings.IndexByte(digits, s[i]) < 0 {
			return false
		}
	}
	return n == len(s) || s[len(s)-1] != digits[0]
}

// Between returns a rank above a and below b. An empty a stands for the start
// of the column and an empty b for its end, so Between(last, "") appends.
//
// The error wraps [ErrInvalid] if a or b is not a rank, and [ErrOrder] if a is
// not below b.
func Between(a, b string) (string, error) {
	if err := checkBounds(a, b); err != nil {
		return "", err
	}
	return between(a, b), nil
}

// checkBounds reports why there can be no rank between a and b.
func checkBounds(a, b string) error {
	for _, bound := range []string{a, b} {
		if bound != "" && !Valid(bound) {
			return fmt.Errorf("%w: %q", ErrInvalid, bound)
		}
	}
	if a != "" && b != "" && a >= b {
		return fmt.Errorf("%w: %q is not below %q", ErrOrder, a, b)
	}
	return nil
}

// between is Between for bounds that have been checked.
func between(a, b string) string {
	switch {
	case a == "" && b == "":
		return First()
	case a == "":
		return before(b)
	case b == "":
		return after(a)
	}
	intA, fracA := split(a)
	intB, fracB := split(b)
	if intA == intB {
		return intA + midpoint(fracA, fracB)
	}
	// An integer between the two is shorter than any fraction would be.
	if next, ok := increment(intA); ok && next < b {
		return next
	}
	return intA + midpoint(fracA, "")
}

// before returns the shortest rank a step below b.
func before(b string) string {
	integer, frac := split(b)
	if frac == "" {
		// b is a rank, so not the least integer, and can be stepped down.
		integer, _ = decrement(integer)
	}
	if integer == least {
		return least + midpoint("", frac)
	}
	return integer
}

// after returns the shortest rank a step above a.
func after(a string) string {
	integer, frac := split(a)
	if next, ok := increment(integer); ok {
		return next
	}
	return integer + midpoint(frac, "")
}
