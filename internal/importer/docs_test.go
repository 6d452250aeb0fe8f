package importer_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"dealflow/internal/importer"
	"dealflow/internal/store/storetest"
)

// page is what tells people of all this.
const page = "../../docs/import.md"

// TestDocsExamples imports the page's first file with its first mapping, and
// reads the other one.
func TestDocsExamples(t *testing.T) {
	text := mustRead(t, page)
	file := regexp.MustCompile(`(?m)(^    no,.*\n(    .*\n)+)`).FindString(text)
	found := regexp.MustCompile("(?s)```yaml\n# (deals|leads)\n(.*?)```").FindAllStringSubmatch(text, -1)
	want(t, "mappings", len(found), 2)
	o := newOffice(t, storetest.SQLite(t), "demo")
	result, r := o.deals(found[0][2], strings.ReplaceAll(file, "    ", ""), into("Services"), dry)
	wantLines(t, r.told, nil)
	want(t, "result", result, importer.Result{Rows: 2, New: 2, Undone: true})
	_, err := importer.ReadLeadMapping(strings.NewReader(found[1][2]))
	check(t, err)
}

// TestDocsKeys finds every key of a mapping in the page.
func TestDocsKeys(t *testing.T) {
	text := mustRead(t, page)
	for _, mapping := range []any{importer.DealMapping{}, importer.LeadMapping{}} {
		for _, key := range keys(reflect.TypeOf(mapping)) {
			if !strings.Contains(text, "`"+key+"`") {
				t.Errorf("%s does not speak of `%s`", page, key)
			}
		}
	}
}

// keys are the keys of a mapping, and of those inside.
func keys(t reflect.Type) []string {
	if t.Kind() == reflect.Slice {
		return keys(t.Elem())
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var all []string
	for field := range t.Fields() {
		tag, written := field.Tag.Lookup("yaml")
		if !written {
			continue
		}
		if name, _, _ := strings.Cut(tag, ","); name != "" {
			all = append(all, name)
		}
		all = append(all, keys(field.Type)...)
	}
	return all
}
