package read

import (
	"fmt"
)

// The bounds of a page.
const (
	DefaultPage = 20
	MaxPage     = 500
	MaxOffset   = 10_000
)

// Error is something wrong with what a reader asked for.
type Error struct {
	// Argument is the argument that is wrong, as the schema names it.
	Argument string
	Message  string
}

func (e *Error) Error() string { return e.Message }

// Wrong is an Error.
func Wrong(argument, format string, args ...any) error {
	return &Error{argument, fmt.Sprintf(format, args...)}
}

// Window says which page of a list is asked for.
type Window struct {
	limit         int
	offset        int
	backward      bool
	after, before *cursor
}

// NewWindow reads the arguments of a connection, each nil when it is left out.
func NewWindow(first, last *int, after, before *string, offset *int) (Window, error) {
	w := Window{limit: DefaultPage}
	if first != nil && last != nil {
		return w, Wrong("last", "Give first or last, not both.")
	}
	argument, size := "first", first
	if last != nil {
		argument, size, w.backward = "last", last, true
	}
	if size != nil {
		w.limit = *size
	}
	if w.limit < 0 || w.limit > MaxPage {
		return w, Wrong(argument, "%s must be from 0 to %d.", argument, MaxPage)
	}
	if offset != nil {
		w.offset = *offset
	}
	switch {
	case w.offset < 0 || w.offset > MaxOffset:
		return w, Wrong("offset", "offset must be from 0 to %d; use after to go on further.", MaxOffset)
	case w.offset > 0 && w.backward:
		return w, Wrong("offset", "offset goes with first, not with last.")
	}
	var err error
	if w.after, err = parseCursor("after", after); err != nil {
		return w, err
	}
	w.before, err = parseCursor("before", before)
	return w, err
}
