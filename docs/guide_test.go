package docs_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// TestGuide runs the examples of guide.md in their order, on both databases, and
// compares the answers.
func TestGuide(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		api := apitest.NewCosting(t, s, cost.Limits{})
		r := &reader{
			api:    api,
			demo:   api.Organization(t, "demo"),
			globex: api.Organization(t, "globex"),
			known:  standIns{},
			dir:    t.TempDir(),
		}
		list := slices.DeleteFunc(blocks(t, "guide.md"), func(b block) bool { return b.notes["with"] != "" })
		for len(list) > 0 {
			list = r.try(t, list)
			if t.Failed() {
				t.Fatal("the examples after that depend on it")
			}
		}
	})
}

// reader follows a page.
type reader struct {
	api          *apitest.API
	demo, globex *apitest.Client
	known        standIns
	dir          string // where the commands run
}

// try runs the first of the examples, and returns those that are left.
func (r *reader) try(t *testing.T, list []block) []block {
	t.Helper()
	example, list := list[0], list[1:]
	variables := "null"
	if example.language == "graphql" && len(list) > 0 && isVariables(t, list[0]) {
		variables, list = list[0].text, list[1:]
	}
	if len(list) == 0 || list[0].language != "json" {
		t.Fatalf("line %d: the example has no answer", example.line)
	}
	t.Run(fmt.Sprintf("line %d: %s", example.line, example.heading), func(t *testing.T) {
		r.prepare(t, example)
		r.known.check(t, list[0].text, r.run(t, example, r.known.put(t, variables)))
	})
	return list[1:]
}

// isVariables tells whether a block is an operation's variables, and not its answer.
func isVariables(t *testing.T, b block) bool {
	if b.language != "json" {
		return false
	}
	object, ok := decode(t, b.text).(map[string]any)
	return ok && object["data"] == nil && object["errors"] == nil
}

// prepare does what the comments before an example ask for.
func (r *reader) prepare(t *testing.T, b block) {
	t.Helper()
	if wait := b.notes["wait"]; wait != "" {
		d, err := time.ParseDuration(wait)
		if err != nil {
			t.Fatal(err)
		}
		r.api.Clock.Advance(d)
	}
	if name := b.notes["file"]; name != "" {
		if err := os.WriteFile(filepath.Join(r.dir, name), picture(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// client is who asks: Ada of the sales team, unless a comment says otherwise.
func (r *reader) client(t *testing.T, b block) *apitest.Client {
	t.Helper()
	switch who := b.notes["as"]; who {
	case "":
		return r.demo.As(t, "Ada", auth.RoleSales)
	case "nobody":
		return &apitest.Client{}
	case "globex":
		return r.globex.As(t, "Eve", auth.RoleSales)
	default:
		return r.demo.As(t, "Grace", auth.Role(who))
	}
}

// run runs an example and returns what it answers.
func (r *reader) run(t *testing.T, b block, variables string) string {
	t.Helper()
	client := r.client(t, b)
	text := strings.NewReplacer(
		"http://localhost:8080", r.api.URL,
		"ws://localhost:8080", strings.Replace(r.api.URL, "http", "ws", 1),
	).Replace(r.known.put(t, b.text))
	switch b.language {
	case "graphql":
		return r.ask(t, client, text, variables)
	case "bash":
		needs(t, "curl")
		command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", text)
		command.Dir, command.Stderr = r.dir, t.Output()
		return output(t, command, client)
	case "js":
		return output(t, apitest.Node(t, "../web", "--import", "./clients/browser.mjs", "--input-type=module",
			"--eval", "const token = process.env.TOKEN;\n"+text), client)
	default:
		t.Fatalf("what is %s?", b.language)
		return ""
	}
}

// ask is Client.Do for clients without a token, too.
func (r *reader) ask(t *testing.T, client *apitest.Client, document, variables string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": document, "variables": json.RawMessage(variables)})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.api.URL+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	return client.Send(t, request).Raw
}

// output runs a command with a token, and returns what it prints.
func output(t *testing.T, command *exec.Cmd, client *apitest.Client) string {
	t.Helper()
	command.Env = append(os.Environ(), "TOKEN="+client.Token)
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command.Path, err, text)
	}
	return string(text)
}
