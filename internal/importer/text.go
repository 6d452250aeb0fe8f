package importer

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// template is a text with places for a row's columns: "{product} for {account}".
type template []part

// part is a piece of text, or a column's value.
type part struct {
	literal string
	column  *column
}

// column is a column's name, and the line of the mapping that speaks of it.
type column struct {
	name string
	line int
}

// text is templates, of which the first counts whose columns all say something.
// A text without templates is not in the mapping.
type text []template

// UnmarshalYAML reads a template, or a list of them.
func (t *text) UnmarshalYAML(node *yaml.Node) error {
	entries := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		entries = node.Content
	}
	for _, entry := range entries {
		if entry.Kind != yaml.ScalarNode || entry.Tag == "!!null" {
			return fmt.Errorf("line %d: a text is wanted here, such as \"{column}\"", entry.Line)
		}
		one, err := parseTemplate(entry.Value, entry.Line)
		if err != nil {
			return err
		}
		*t = append(*t, one)
	}
	return nil
}

// parseTemplate reads "{product} for {account}". A brace itself is written twice.
func parseTemplate(source string, line int) (template, error) {
	var parts template
	var literal strings.Builder
	for rest := source; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "{{"), strings.HasPrefix(rest, "}}"):
			literal.WriteByte(rest[0])
			rest = rest[2:]
		case rest[0] == '{':
			name, after, closed := strings.Cut(rest[1:], "}")
			if !closed || strings.TrimSpace(name) == "" {
				return nil, badTemplate(source, line)
			}
			parts = append(parts, part{literal: literal.String()}, part{column: &column{strings.TrimSpace(name), line}})
			literal.Reset()
			rest = after
		case rest[0] == '}':
			return nil, badTemplate(source, line)
		default:
			literal.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	return append(parts, part{literal: literal.String()}), nil
}

func badTemplate(source string, line int) error {
	return fmt.Errorf("line %d: %q names a column in braces, such as {account}; write {{ or }} for a brace itself", line, source)
}

// of is what the template makes of a row; "" when a column of it says nothing.
func (t template) of(c *cells) string {
	var made strings.Builder
	for _, one := range t {
		if one.column == nil {
			made.WriteString(one.literal)
			continue
		}
		value := c.value(one.column.name)
		if value == "" {
			return ""
		}
		made.WriteString(value)
	}
	return made.String()
}

func (t template) columns() []column {
	var named []column
	for _, one := range t {
		if one.column != nil {
			named = append(named, *one.column)
		}
	}
	return named
}

// given tells whether the mapping has the text.
func (t text) given() bool { return len(t) > 0 }

// of is what the text is in a row; "" when it says nothing.
func (t text) of(c *cells) string {
	for _, one := range t {
		if made := one.of(c); made != "" {
			return made
		}
	}
	return ""
}

func (t text) columns() []column { return texts(t).columns() }

// texts is templates that all count. What one makes of a row may be several
// texts, with semicolons between them.
type texts []template

// UnmarshalYAML reads a template, or a list of them.
func (t *texts) UnmarshalYAML(node *yaml.Node) error { return (*text)(t).UnmarshalYAML(node) }

func (t texts) given() bool { return len(t) > 0 }

// of is the texts in a row.
func (t texts) of(c *cells) []string {
	all := []string{}
	for _, one := range t {
		all = append(all, splitList(one.of(c))...)
	}
	return all
}

func (t texts) columns() []column {
	var named []column
	for _, one := range t {
		named = append(named, one.columns()...)
	}
	return named
}

// splitList takes texts apart that have semicolons between them. A backslash
// makes a semicolon, or another backslash, a part of its text.
func splitList(s string) []string {
	var all []string
	var one strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`;\`, s[i+1]) >= 0:
			i++
			one.WriteByte(s[i])
		case s[i] == ';':
			all = append(all, one.String())
			one.Reset()
		default:
			one.WriteByte(s[i])
		}
	}
	if s != "" {
		all = append(all, one.String())
	}
	return all
}

// joinList undoes splitList.
func joinList(texts []string) string {
	escaped := make([]string, len(texts))
	for i, one := range texts {
		escaped[i] = listEscapes.Replace(one)
	}
	return strings.Join(escaped, ";")
}

var listEscapes = strings.NewReplacer(`\`, `\\`, `;`, `\;`)
