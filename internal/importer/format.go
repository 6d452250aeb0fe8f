package importer

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// delimiter is what stands between the columns.
type delimiter rune

// UnmarshalYAML reads a character, or the word tab.
func (d *delimiter) UnmarshalYAML(node *yaml.Node) error {
	if node.Value == "tab" {
		*d = '\t'
		return nil
	}
	r, n := utf8.DecodeRuneInString(node.Value)
	if n == 0 || n < len(node.Value) || strings.ContainsRune("\"\r\n\ufffd", r) {
		return fmt.Errorf("line %d: the delimiter is one character, such as \";\", or the word tab", node.Line)
	}
	*d = delimiter(r)
	return nil
}

func (d delimiter) orComma() rune {
	if d == 0 {
		return ','
	}
	return rune(d)
}

// layout is the form of a date.
type layout struct{ written, parsed string }

type layouts []layout

// UnmarshalYAML reads a form such as M/D/YYYY, or a list of them.
func (l *layouts) UnmarshalYAML(node *yaml.Node) error {
	entries := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		entries = node.Content
	}
	for _, entry := range entries {
		parsed := layoutParts.Replace(entry.Value)
		if !strings.Contains(parsed, "2006") || strings.ContainsAny(parsed, "YMDHms") {
			return fmt.Errorf("line %d: a date's form is made of YYYY, MM or M, DD or D, HH, mm and ss, such as M/D/YYYY", entry.Line)
		}
		*l = append(*l, layout{entry.Value, parsed})
	}
	return nil
}

// layoutParts turns a form into the layout that Go's time package knows.
var layoutParts = strings.NewReplacer(
	"YYYY", "2006", "MM", "01", "M", "1", "DD", "02", "D", "2", "HH", "15", "mm", "04", "ss", "05",
)

// isoLayouts are always read. A time without a zone is UTC's.
var isoLayouts = []layout{
	{"YYYY-MM-DD", time.DateOnly},
	{"YYYY-MM-DDTHH:mm:ssZ", time.RFC3339},
	{"YYYY-MM-DD HH:mm:ss", time.DateTime},
}

// parse reads a date.
func (l layouts) parse(s string) (time.Time, error) {
	for _, one := range append(l[:len(l):len(l)], isoLayouts...) {
		if at, err := time.Parse(one.parsed, s); err == nil {
			return at, nil
		}
	}
	wanted := isoLayouts[0].written
	if len(l) > 0 {
		wanted = l[0].written
	}
	return time.Time{}, fmt.Errorf("%.40q is no date of the form %s", s, wanted)
}

// checkFormat checks what the keys of a mapping do not check by themselves.
func (m *format) checkFormat() error {
	if m.Decimal == "" {
		m.Decimal = "."
	}
	if m.Decimal != "." && m.Decimal != "," || m.Decimal == m.Thousands {
		return errors.New("the mapping's decimal is \".\" or \",\", and its thousands something else")
	}
	return nil
}

// number is a number in the form that all numbers here have: with a point
// before the decimals, and nothing between the thousands. What is no number
// stays none, for others to refuse.
func (m *format) number(s string) string {
	if m.Thousands != "" {
		s = strings.ReplaceAll(s, m.Thousands, "")
	}
	if m.Decimal == "." || strings.Contains(s, ".") {
		return s
	}
	return strings.Replace(s, ",", ".", 1)
}
