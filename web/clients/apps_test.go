package clients_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"entgo.io/ent/dialect/sql"

	"dealflow/ent/deal"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/store/storetest"
)

// The tests of this file run what people build their apps with: the tools that
// write manifests, and the clients that ask for what is in them. The apps are in
// the directory apps; their builds write into a directory of the test.

// app copies an app, and puts the server's schema and the packages beside it.
func app(t *testing.T, api *apitest.API, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("apps", name))); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(absolute(t, "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "schema.graphql"), served(t, api, "/schema.graphql"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// served is what the server has at a path, for anyone.
func served(t *testing.T, api *apitest.API, path string) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", path, answer.StatusCode, err)
	}
	return text
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// tool runs a program of a package in an app's directory, and returns what it
// printed. Whether it failed is for the caller.
func tool(t *testing.T, dir, program string, args ...string) (string, error) {
	t.Helper()
	if !filepath.IsAbs(program) {
		program = absolute(t, filepath.Join("node_modules", program))
	}
	command := apitest.Node(t, "..", append([]string{program}, args...)...)
	command.Dir, command.Stderr = dir, nil
	printed, err := command.CombinedOutput()
	return string(printed), err
}

// build runs a program that is to succeed.
func build(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	if printed, err := tool(t, dir, program, args...); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, printed)
	}
}

// testClient runs a script with a token of an organization that has published
// nothing, and with a partner's key of one that has published the manifest: there,
// people could leave out its texts from the start.
func testClient(t *testing.T, api *apitest.API, name, manifest string) {
	t.Helper()
	page, publisher := api.Organization(t, "page"), api.Organization(t, "publisher")
	publisher.PublishManifest(t, "partner", manifest)
	key, _ := publisher.Key(t, "partner", auth.ViewSalesPipelines, auth.EditSalesPipelines)
	script(t, name, map[string]any{
		"url": api.URL, "manifest": manifest,
		"page":    map[string]any{"token": page.Token, "board": newBoard(t, page)},
		"partner": map[string]any{"token": key.Token, "board": newBoard(t, publisher)},
	})
}

func TestApollo(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		dir := app(t, api, "apollo")
		build(t, dir, "@apollo/generate-persisted-query-manifest/cli.js")
		testClient(t, api, "apollo.mjs", filepath.Join(dir, "persisted-query-manifest.json"))
	})
}

func TestUrql(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		dir := app(t, api, "urql")
		build(t, dir, filepath.Join(dir, "build.mjs"))
		testClient(t, api, "urql.mjs", filepath.Join(dir, "persisted-documents.json"))
	})
}

func TestRelay(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada, dir := api.Organization(t, "acme"), app(t, api, "relay")
		b := newBoard(t, ada)
		for _, name := range []string{"one", "two", "three", "four"} {
			ada.Must(t, `mutation ($stage: ID!, $email: String!) {
				createDeal(input: {title: "Small", stageId: $stage, contact: {email: $email}}) { deal { id } userErrors { message } } }`,
				apitest.Vars{"stage": b.Here, "email": name + "@example.com"})
		}
		build(t, dir, "relay-compiler/cli.js")
		ada.PublishManifest(t, "partner", filepath.Join(dir, "persisted.json"))
		key, _ := ada.Key(t, "partner", auth.ViewSalesPipelines, auth.EditSalesPipelines)
		script(t, "relay.mjs", map[string]any{
			"url": api.URL, "key": key.Token, "app": dir, "pipeline": b.Pipeline, "deals": newest(t, api, ada),
		})
	})
}

// newest are the ids of an organization's deals as the database has them, the
// newest first.
func newest(t *testing.T, api *apitest.API, as *apitest.Client) []string {
	t.Helper()
	rows, err := api.Store.Client.Deal.Query().Order(deal.ByCreatedAt(sql.OrderDesc()), deal.ByID(sql.OrderDesc())).All(as.Context)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = id.Deal.Encode(row.ID)
	}
	return ids
}

func TestCodegen(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	ada, dir := api.Organization(t, "acme"), app(t, api, "codegen")
	build(t, dir, "@graphql-codegen/cli/cjs/bin.js", "--config", "codegen.json")
	build(t, dir, "typescript/bin/tsc")
	testWrongTypes(t, dir)
	manifest := filepath.Join(dir, "src", "gql", "persisted-documents.json")
	ada.PublishManifest(t, "partner", manifest)
	key, _ := ada.Key(t, "partner", auth.ViewSalesPipelines, auth.EditSalesPipelines)
	script(t, "codegen.mjs", map[string]any{
		"url": api.URL, "key": key.Token, "app": dir, "manifest": manifest, "board": newBoard(t, ada),
	})
}

// testWrongTypes shows that the types are of the schema: who takes them for others
// is told so, file by file.
func testWrongTypes(t *testing.T, dir string) {
	t.Helper()
	printed, err := tool(t, dir, "typescript/bin/tsc", "--noEmit", "--pretty", "false", "--project", "wrong")
	if err == nil {
		t.Error("wrong types pass")
	}
	var got []string
	for _, found := range regexp.MustCompile(`(?m)^(\S+)\(\d+,\d+\): error (TS\d+)`).FindAllStringSubmatch(printed, -1) {
		got = append(got, found[1]+" "+found[2])
	}
	if want := []string{"wrong/field.ts TS2339", "wrong/variable.ts TS2322"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q\n%s", got, want, printed)
	}
}
