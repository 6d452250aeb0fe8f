package id

import (
	"fmt"
	"strings"
)

// Error says that a text is not the id that belongs in its place. Its message
// is meant for the API's clients: it tells them what to send instead.
type Error struct {
	Text string // what was given, unshortened
	Want Kind   // the kind that belongs there; "" if any does
	Got  Kind   // the kind Text is an id of; "" if it is no id at all
}

// Error describes e for a client. Of Text it repeats at most 40 characters,
// quoted, so that a stray document does not come back whole and control
// characters do not reach a log or a terminal.
func (e *Error) Error() string {
	if e.Got != "" {
		return fmt.Sprintf("%s is %s id; %s id (%s_…) belongs here",
			quote(e.Text), withArticle(e.Got.Noun()), withArticle(e.Want.Noun()), e.Want)
	}
	if e.Want == "" {
		return fmt.Sprintf("%s is not an id; an id looks like %s_01j…", quote(e.Text), Lead)
	}
	return fmt.Sprintf("%s is not an id; %s id looks like %s_01j…",
		quote(e.Text), withArticle(e.Want.Noun()), e.Want)
}

// quote returns s in quotes, cut to 40 runes. Every valid id fits.
func quote(s string) string {
	const maxRunes = 40
	runes := 0
	for i := range s {
		if runes == maxRunes {
			return fmt.Sprintf("%q", s[:i]+"…")
		}
		runes++
	}
	return fmt.Sprintf("%q", s)
}

// withArticle puts "a" or "an" before a kind's noun. It goes by the letter,
// except that u, as in user, is spoken like a consonant.
func withArticle(noun string) string {
	if strings.IndexAny(noun, "aeio") == 0 {
		return "an " + noun
	}
	return "a " + noun
}
