// Package docs_test runs what the pages of the documentation show.
package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// A page's examples are its fenced blocks, in order:
//
//	```graphql   an operation, which must be followed by its answer
//	```bash      commands; those that print JSON are followed by it
//	```js        a script, followed by what it prints
//	```json      the variables of the operation before it, or an answer
//
// A comment before a block says more about it, such as who asks:
//
//	<!-- as: VIEWER -->

// block is a fenced block of a page.
type block struct {
	language string
	text     string
	line     int
	heading  string
	// notes are what comments before the block say, by what they say it of.
	notes map[string]string
}

var (
	noteLine    = regexp.MustCompile(`^<!-- (\w+): (.*) -->$`)
	headingLine = regexp.MustCompile(`^#+ (.*)$`)
	fenceLine   = regexp.MustCompile("^```(\\w*)$")
)

// blocks are the fenced blocks of a page.
func blocks(t *testing.T, path string) []block {
	t.Helper()
	var (
		list    []block
		current *block
		heading string
		notes   = map[string]string{}
	)
	for i, line := range strings.Split(mustRead(t, path), "\n") {
		fence := fenceLine.FindStringSubmatch(line)
		switch {
		case current != nil && fence == nil:
			current.text += line + "\n"
		case current != nil:
			list = append(list, *current)
			current = nil
		case fence != nil:
			current = &block{language: fence[1], line: i + 1, heading: heading, notes: notes}
			notes = map[string]string{}
		case headingLine.MatchString(line):
			heading = headingLine.FindStringSubmatch(line)[1]
		case noteLine.MatchString(line):
			note := noteLine.FindStringSubmatch(line)
			notes[note[1]] = note[2]
		}
	}
	if current != nil {
		t.Fatalf("%s:%d: the block does not end", path, current.line)
	}
	return list
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
