package docs_test

import (
	"encoding/json"
	"errors"
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
	p.installClients(t)
	here := func(text string) string { return strings.ReplaceAll(text, "http://localhost:8080", s.url) }
	var printed string
	for _, b := range blocks(t, "partners.md") {
		switch {
		case b.notes["file"] != "":
			p.write(t, b.notes["file"], here(b.text))
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

// write writes a file of the page.
func (p *place) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// installClients gives the place the packages that its reader would install.
func (p *place) installClients(t *testing.T) {
	t.Helper()
	needs(t, "node", "npx")
	packages, err := filepath.Abs("../web/clients/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(packages); err != nil {
		t.Fatal("the clients that tests use are not installed: run `make clients`, then the test again")
	}
	if err := os.Symlink(packages, filepath.Join(p.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

// checkPartner looks at what the page tells of commands without showing it.
func (p *place) checkPartner(t *testing.T, b block, printed string) {
	t.Helper()
	if b.language != "bash" {
		return
	}
	for part, want := range map[string][]string{
		"documents check":                 {"OpenDeals", "WinDeal", "good"},
		"documents publish shipping.json": {"OpenDeals", "WinDeal", "new"},
		"--standard":                      {"ListOpportunities", "new"},
		"--get":                           {`"data":{"deals":{"totalCount":`},
		"OpenDeals?first=1\" -H":          {`deal`},
		"openapi.json":                    {`"openapi":"3.1.0"`, `"/OpenDeals"`, `"/WinDeal"`},
		"for try in":                      {`"status":"WON"`, "replayed: \n", "replayed: true\n"},
		"documents retire":                {"open-deals-1", "retired Deal deal-1"},
		"keys revoke":                     {"is revoked"},
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
