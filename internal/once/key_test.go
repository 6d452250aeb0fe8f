package once

import (
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   string
	}{
		{[]string{"8e03978e-40d5-43e8-bc93-6894a57f9324"}, "8e03978e-40d5-43e8-bc93-6894a57f9324"},
		{[]string{`"8e03978e-40d5-43e8-bc93-6894a57f9324"`}, "8e03978e-40d5-43e8-bc93-6894a57f9324"},
		{[]string{`"a \"b\" \\ c"`}, `a "b" \ c`},
		{[]string{`a"b\`}, `a"b\`},
		{[]string{"a b"}, "a b"},
		{[]string{strings.Repeat("k", 255)}, strings.Repeat("k", 255)},
		{[]string{`"` + strings.Repeat("k", 255) + `"`}, strings.Repeat("k", 255)},
		{[]string{strings.Repeat("k", 256)}, ""},
		{[]string{`"` + strings.Repeat("k", 256) + `"`}, ""},
		{[]string{"a", "a"}, ""},
		{nil, ""},
		{[]string{""}, ""},
		{[]string{`"`}, ""},
		{[]string{`""`}, ""},
		{[]string{`"a`}, ""},
		{[]string{`"a\"`}, ""},
		{[]string{`"a\n"`}, ""},
		{[]string{`"a";b=1`}, ""},
		{[]string{`"a" "b"`}, ""},
		{[]string{"a\x7f"}, ""},
		{[]string{"ä"}, ""},
	} {
		got, err := ParseKey(test.values)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q: %q, %v, want %q", test.values, got, err, test.want)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"key", `"key"`, `"a\"b\\"`, `"`, "\x00", "ä"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := ParseKey([]string{text})
		if (err == nil) != (key != "" && len(key) <= maxKey && isPrintable(key)) {
			t.Fatalf("%q is read as %q, %v", text, key, err)
		}
		if err != nil {
			return
		}
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key) + `"`
		if again, err := ParseKey([]string{quoted}); again != key || err != nil {
			t.Errorf("%s is read as %q, %v, and %q as %q", quoted, again, err, text, key)
		}
	})
}
