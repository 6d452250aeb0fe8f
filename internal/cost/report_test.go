package cost_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"dealflow/internal/cost"
)

// TestReport has a report write itself as encoding/json does, whatever fields it has.
func TestReport(t *testing.T) {
	var full cost.Report
	fields := reflect.ValueOf(&full).Elem()
	for i := range fields.NumField() {
		if field := fields.Field(i); field.CanInt() {
			field.SetInt(int64(-7 * (i + 1)))
		}
	}
	full.Paths = []cost.Path{{}, {}}
	for _, report := range []cost.Report{{}, full} {
		want, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if got := report.AppendJSON([]byte("before ")); string(got) != "before "+string(want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
