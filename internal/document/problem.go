package document

import (
	"fmt"
	"strings"
)

// Problem is something that is wrong with a document of a manifest.
type Problem struct {
	// Entry names the document: its id, and what it is called; "" for the manifest
	// itself.
	Entry string
	// Text says what is wrong, and how to mend it.
	Text string
}

func (p Problem) String() string {
	if p.Entry == "" {
		return p.Text
	}
	return p.Entry + ": " + p.Text
}

// Problems is all that is wrong with a manifest. As an error it is never empty.
type Problems []Problem

func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, one := range p {
		texts[i] = one.String()
	}
	return strings.Join(texts, "\n")
}

func (p *Problems) add(entry, format string, args ...any) {
	*p = append(*p, Problem{entry, fmt.Sprintf(format, args...)})
}

// err is the problems as an error, if there are any.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// wrong is the error of a manifest that cannot be read.
func wrong(format string, args ...any) error {
	return Problems{{Text: fmt.Sprintf(format, args...)}}
}

// shorten cuts a name that others wrote to a length that a message can have.
func shorten(name string) string { return cut(name, 80) }

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
