package docs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPartners runs the commands of partners.md in their order, beside a server, and
// compares what they print with what the page shows.
func TestPartners(t *testing.T) {
	needs(t, "curl")
	p := newPlace(t)
	s := p.serve(t)
	here := func(text string) string { return strings.ReplaceAll(text, "http://localhost:8080", s.url) }
	var printed string
	for _, b := range blocks(t, "partners.md") {
		switch {
		case b.notes["file"] != "":
			if err := os.WriteFile(filepath.Join(p.dir, b.notes["file"]), []byte(b.text), 0o644); err != nil {
				t.Fatal(err)
			}
		case b.language == "bash":
			printed = p.bash(t, here(b.text))
			if strings.Contains(b.text, "curl") && strings.Contains(printed, `"errors":[{"message"`) {
				t.Errorf("partners.md:%d prints %s", b.line, printed)
			}
		case b.language == "json":
			if differences := unlike("", decode(t, b.text), decode(t, printed)); len(differences) > 0 {
				t.Errorf("partners.md:%d: %s\nThe answer is %s", b.line, strings.Join(differences, "\n"), printed)
			}
		case b.language == "text":
			if strings.TrimSpace(printed) != strings.TrimSpace(b.text) {
				t.Errorf("partners.md:%d: it prints %q", b.line, printed)
			}
		}
		p.checkPartner(t, b, printed)
	}
}

// checkPartner looks at what the page tells of commands without showing it.
func (p *place) checkPartner(t *testing.T, b block, printed string) {
	t.Helper()
	if b.language != "bash" {
		return
	}
	for part, want := range map[string][]string{
		"documents check":        {"OpenDeals", "WinDeal", "good"},
		"documents publish":      {"OpenDeals", "WinDeal", "new"},
		"--get":                  {`"data":{"deals":{"totalCount":`},
		"OpenDeals?first=1\" -H": {`deal`},
		"openapi.json":           {`"openapi":"3.1.0"`, `"/OpenDeals"`, `"/WinDeal"`},
		"for try in":             {`"status":"WON"`, "replayed: \n", "replayed: true\n"},
		"documents retire":       {"open-deals-1", "retired Deal deal-1"},
		"keys revoke":            {"is revoked"},
	} {
		for _, text := range want {
			if strings.Contains(b.text, part) && !strings.Contains(printed, text) {
				t.Errorf("partners.md:%d prints nothing of %q:\n%s", b.line, text, printed)
			}
		}
	}
	if strings.Contains(b.text, "openapi.json") && !json.Valid([]byte(printed)) {
		t.Error("the description is no JSON")
	}
}
