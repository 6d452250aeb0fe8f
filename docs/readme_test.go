package docs_test

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadme asks the demo organization what the README asks it. Its numbers and
// names are made up anew every day, so the answer need only look the same.
func TestReadme(t *testing.T) {
	list := blocks(t, "../README.md")
	if len(list) != 2 || list[0].language != "graphql" || list[1].language != "json" {
		t.Fatal("README.md does not show a query and its answer")
	}
	s := newPlace(t).serve(t)
	answer := s.ask(t, s.token, list[0].text)
	if differences := unlike("", decode(t, list[1].text), decode(t, answer)); len(differences) > 0 {
		t.Errorf("%s\nThe answer is %s", strings.Join(differences, "\n"), answer)
	}
}

// unlike tells where two pieces of JSON differ in their shape.
func unlike(path string, want, got any) []string {
	var differences []string
	switch want := want.(type) {
	case map[string]any:
		got, _ := got.(map[string]any)
		if !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))) {
			return []string{fmt.Sprintf("%s: %v", path, got)}
		}
		for key, value := range want {
			differences = append(differences, unlike(path+"."+key, value, got[key])...)
		}
	case []any:
		got, _ := got.([]any)
		if len(got) != len(want) {
			return []string{fmt.Sprintf("%s: %d entries, want %d", path, len(got), len(want))}
		}
		for i, value := range want {
			differences = append(differences, unlike(fmt.Sprintf("%s.%d", path, i), value, got[i])...)
		}
	default:
		if strings.HasSuffix(path, ".name") && got != want || fmt.Sprintf("%T", got) != fmt.Sprintf("%T", want) {
			differences = append(differences, fmt.Sprintf("%s: %v, want %v", path, got, want))
		}
	}
	return differences
}

var (
	linkPattern = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	notAnchor   = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks follows the links between the pages.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := filepath.Glob("decisions/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(append(pages, "../README.md", "../CHANGELOG.md"), decisions...) {
		for _, match := range linkPattern.FindAllStringSubmatch(mustRead(t, page), -1) {
			u, err := url.Parse(match[1])
			if err != nil || u.IsAbs() {
				continue
			}
			target := page
			if u.Path != "" {
				target = filepath.Join(filepath.Dir(page), u.Path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", page, match[1], err)
				continue
			}
			if u.Fragment != "" && !slices.Contains(anchors(t, target), u.Fragment) {
				t.Errorf("%s links to %s, which has no such heading", page, match[1])
			}
		}
	}
}

// anchors are those of a page's headings.
func anchors(t *testing.T, page string) []string {
	t.Helper()
	var list []string
	for line := range strings.Lines(mustRead(t, page)) {
		if heading := headingLine.FindStringSubmatch(strings.TrimSpace(line)); heading != nil {
			text := notAnchor.ReplaceAllString(strings.ToLower(heading[1]), "")
			list = append(list, strings.ReplaceAll(text, " ", "-"))
		}
	}
	return list
}
