package docs_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/lib/pq" // the driver

	"dealflow/internal/testdb"
)

const operations = "operations.md"

// noted are the blocks of operations.md with a note.
func noted(t *testing.T, with string) []block {
	t.Helper()
	list := slices.DeleteFunc(blocks(t, operations), func(b block) bool { return b.notes["with"] != with })
	if len(list) == 0 {
		t.Fatalf("%s has no block with %s", operations, with)
	}
	return list
}

// TestOperationsBlocks sees to it that no block of the page is left untested.
func TestOperationsBlocks(t *testing.T) {
	tested := []string{
		"roles", "grants", "sqlite-backup", "sqlite-restore", "postgres-backup", "postgres-restore",
		"token", "organization", "photos",
	}
	for _, b := range blocks(t, operations) {
		if !slices.Contains(tested, b.notes["with"]) {
			t.Errorf("%s:%d: no test runs this", operations, b.line)
		}
	}
}

// What a backup must bring back is asked for with these.
const (
	fill = `mutation {
		createPipeline(input: {name: "Kept", stages: [{name: "First"}]}) { pipeline { stages { id } } userErrors { message } }
	}`
	fillMore = `mutation {
		createDeal(input: {stageId: %[1]q, title: "Überseekisten", value: {amount: "12.50"}, contact: {email: "ada@example.com"}}) { userErrors { message } }
		createLead(input: {stageId: %[1]q, firstName: "Zoë", company: "Größe & Söhne", photo: %[2]q}) { userErrors { message } }
	}`
	everything = `{
		pipelines { nodes { id name version createdAt stages {
			id name
			deals { totalCount nodes { id title value { amount currency } contact { id email } stageHistory { enteredAt } } }
			leads { nodes { id firstName company photo status { name } activity { nodes { action createdAt changes { field to } } } } }
		} } }
		short: leads(search: "öß") { nodes { firstName } }
		deals(search: "seekist") { nodes { title } }
		leads(search: "GRÖSSE söhne ZO") { totalCount }
		found: leads(search: "größe söhne") { totalCount nodes { company } }
		users { nodes { id name } }
	}`
	change = `mutation { createPipeline(input: {name: "Lost", stages: [{name: "Second"}]}) { userErrors { message } } }`
)

// fillUp makes what is to be backed up, and returns all of it.
func fillUp(t *testing.T, s *service, token string) string {
	t.Helper()
	made := s.mutate(t, token, fill)
	stage := regexp.MustCompile(`stage_\w+`).FindString(made)
	s.mutate(t, token, fmt.Sprintf(fillMore, stage, s.uploadPhoto(t, token)))
	return mustHold(t, s.ask(t, token, everything))
}

// mustHold checks that there is something to compare.
func mustHold(t *testing.T, all string) string {
	t.Helper()
	for _, want := range []string{
		`"short":{"nodes":[{"firstName":"Zoë"}]}`, `"deals":{"nodes":[{"title":"Überseekisten"}]}`,
		`"found":{"totalCount":1,"nodes":[{"company":"Größe & Söhne"}]}`, `"amount":"12.50"`, `.png"`,
	} {
		if !strings.Contains(strings.ReplaceAll(all, `\u0026`, "&"), want) {
			t.Fatalf("%s is not in %s", want, all)
		}
	}
	return all
}

// mutate runs a mutation that must succeed.
func (s *service) mutate(t *testing.T, token, document string) string {
	t.Helper()
	answer := s.ask(t, token, document)
	if strings.Contains(answer, `"message"`) {
		t.Fatalf("%s\nanswers %s", document, answer)
	}
	return answer
}

// uploadPhoto uploads a photo and returns its name.
func (s *service) uploadPhoto(t *testing.T, token string) string {
	t.Helper()
	answer := s.upload(t, token, picture(t))
	name := regexp.MustCompile(`[\w-]+\.png`).FindString(answer)
	if name == "" {
		t.Fatalf("the upload answers %s", answer)
	}
	return name
}

// picture is a small PNG.
func picture(t *testing.T) []byte {
	t.Helper()
	var text bytes.Buffer
	if err := png.Encode(&text, image.NewRGBA(image.Rect(0, 0, 3, 3))); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

// upload uploads a file as a photo and returns the answer.
func (s *service) upload(t *testing.T, token string, file []byte) string {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("operations", `{"query":"mutation ($f: Upload!) { uploadLeadPhoto(input: {file: $f}) { fileName userErrors { code rule } } }","variables":{"f":null}}`)
	_ = form.WriteField("map", `{"0":["variables.f"]}`)
	part, err := form.CreateFormFile("0", "photo.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	_ = form.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/graphql", &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("GraphQL-Require-Preflight", "1")
	_, answer := s.send(t, request)
	return answer
}

// photoOf fetches the photo of the lead that fillUp made.
func (s *service) photoOf(t *testing.T, token string) string {
	t.Helper()
	var answer struct {
		Data struct {
			Leads struct{ Nodes []struct{ PhotoURL string } }
		}
	}
	if err := json.Unmarshal([]byte(s.ask(t, token, `{ leads(search: "Zoë") { nodes { photoUrl } } }`)), &answer); err != nil {
		t.Fatal(err)
	}
	status, photo := s.get(t, answer.Data.Leads.Nodes[0].PhotoURL)
	if status != http.StatusOK {
		t.Fatalf("the photo: status %d, %s", status, photo)
	}
	return photo
}

func TestBackupSQLite(t *testing.T) {
	needs(t, "sqlite3")
	restore := noted(t, "sqlite-restore")[0]
	for _, backup := range noted(t, "sqlite-backup") {
		t.Run(fmt.Sprintf("line %d", backup.line), func(t *testing.T) {
			p := newPlace(t)
			s := p.serve(t)
			before, photo := fillUp(t, s, s.token), s.photoOf(t, s.token)
			p.bash(t, backup.text)
			s.mutate(t, s.token, change)
			if s.ask(t, s.token, everything) == before {
				t.Fatal("the change does not show")
			}
			s.stop(t)
			if err := os.RemoveAll(p.dir + "/photos"); err != nil {
				t.Fatal(err)
			}
			p.bash(t, restore.text)

			// The token of before is good as well, since its key came back.
			again := p.serve(t)
			if after := again.ask(t, s.token, everything); after != before {
				t.Errorf("after: %s\nbefore: %s", after, before)
			}
			if again.photoOf(t, s.token) != photo {
				t.Error("the photo is another one")
			}
			// What comes later is found, too.
			again.mutate(t, s.token, `mutation { createLead(input: {firstName: "Newcomer"}) { userErrors { message } } }`)
			if got := again.ask(t, s.token, `{ leads(search: "newcom") { totalCount } }`); got != `{"data":{"leads":{"totalCount":1}}}` {
				t.Errorf("the answer is %s", got)
			}
		})
	}
}

// onPostgres is a place whose database is on Postgres, with that one's programs.
func onPostgres(t *testing.T, database string) *place {
	t.Helper()
	binaries, err := testdb.Binaries()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t, "DEALFLOW_DATABASE="+database, "DEALFLOW_JWT_SECRET=a secret for tests, 32 bytes long")
	p.env[0] = strings.Replace(p.env[0], "PATH=", "PATH="+binaries+string(os.PathListSeparator), 1)
	return p
}

func TestBackupPostgres(t *testing.T) {
	database, restored := testdb.Postgres(t), testdb.Postgres(t)
	p := onPostgres(t, database)
	urls := strings.NewReplacer(
		"postgres://dealflow_owner@db.example.com/dealflow", "'"+database+"'",
		"postgres://dealflow_owner@db.example.com/restored", "'"+restored+"'",
	)
	p.run(t, "dealflow", "migrate", "up")
	p.run(t, "dealflow", "organization", "create", "demo")
	token := strings.TrimSpace(p.run(t, "dealflow", "token", "--org", "demo", "--user", "ada", "--role", "ADMIN"))
	s := p.serve(t)
	before := fillUp(t, s, token)
	p.bash(t, urls.Replace(noted(t, "postgres-backup")[0].text))
	s.mutate(t, token, change)
	if s.ask(t, token, everything) == before {
		t.Fatal("the change does not show")
	}
	s.stop(t)
	p.bash(t, urls.Replace(noted(t, "postgres-restore")[0].text))
	again := p.serve(t, "--database", restored)
	if after := again.ask(t, token, everything); after != before {
		t.Errorf("after: %s\nbefore: %s", after, before)
	}
	again.mutate(t, token, fill)
}

// TestPostgresRoles sets a database up as the page says, with a server that
// cannot change its schema.
func TestPostgresRoles(t *testing.T) {
	admin := testdb.Postgres(t)
	p := onPostgres(t, admin)
	// Roles belong to the whole cluster: no other test must have these.
	parsed, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	unique := strings.ToLower(strings.TrimPrefix(parsed.Path, "/"))
	owner, user, database := unique+"_owner", unique+"_user", unique+"_database"
	names := strings.NewReplacer(
		"DATABASE dealflow ", "DATABASE "+database+" ", "dealflow_owner", owner, "dealflow", user,
	)
	t.Cleanup(func() { drop(t, admin, "DATABASE "+database, "ROLE "+user, "ROLE "+owner) })
	as := func(role, password string) string {
		u := *parsed
		u.User, u.Path = url.UserPassword(role, password), "/"+database
		return u.String()
	}
	psql := func(database, script string) {
		t.Helper()
		p.run(t, "psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", script, database)
	}
	for _, statement := range strings.SplitAfter(names.Replace(noted(t, "roles")[0].text), ";\n") {
		psql(admin, statement)
	}
	psql(as(owner, "one of your own"), names.Replace(noted(t, "grants")[0].text))

	p.run(t, "dealflow", "migrate", "up", "--database", as(owner, "one of your own"))
	p.env = append(p.env, "DEALFLOW_DATABASE="+as(user, "and another"))
	p.run(t, "dealflow", "organization", "create", "demo")
	token := strings.TrimSpace(p.run(t, "dealflow", "token", "--org", "demo", "--user", "ada", "--role", "ADMIN"))
	s := p.serve(t)
	fillUp(t, s, token)
	if status, body := s.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: status %d, %s", status, body)
	}
	db, err := sql.Open("postgres", as(user, "and another"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "DROP TABLE leads"); err == nil {
		t.Error("the server's role can change the schema")
	}
}

// TestNewerSchema starts a server of the old version beside the new ones.
func TestNewerSchema(t *testing.T) {
	database := testdb.Postgres(t)
	p := onPostgres(t, database)
	p.run(t, "dealflow", "migrate", "up")
	db, err := sql.Open("postgres", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)"); err != nil {
		t.Fatal(err)
	}
	if status, body := p.serve(t).get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: status %d, %s", status, body)
	}
}

// drop removes what a test has made beside its database.
func drop(t *testing.T, admin string, things ...string) {
	db, err := sql.Open("postgres", admin)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, thing := range things {
		statement := "DROP " + thing
		if strings.HasPrefix(thing, "DATABASE") {
			statement += " WITH (FORCE)"
		}
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
}

func TestTokens(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t)
	tokens := strings.Fields(p.bash(t, noted(t, "token")[0].text))
	if len(tokens) != 2 {
		t.Fatalf("%d tokens: %q", len(tokens), tokens)
	}
	for i, want := range []string{
		`{"data":{"viewer":{"role":"ADMIN","permissions":["EDIT_LEADS","EDIT_SALES_PIPELINES","MANAGE_ORGANIZATION","VIEW_LEADS","VIEW_SALES_PIPELINES"]}}}`,
		`{"data":{"viewer":{"role":"PARTNER","permissions":["VIEW_LEADS"]}}}`,
	} {
		if got := s.ask(t, tokens[i], `{ viewer { role permissions } }`); got != want {
			t.Errorf("the answer is %s, want %s", got, want)
		}
	}

	// Every claim that the program writes is on the page.
	token := p.run(t, "dealflow", "token", "--org", "demo", "--user", "x", "--permission", "EDIT_LEADS",
		"--name", "X", "--email", "x@example.com", "--jwt-issuer", "i", "--jwt-audience", "a")
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range table(t, operations, "claim", "must be there", "holds") {
		listed = append(listed, strings.Split(row[0], ", ")...)
	}
	for claim := range claims {
		if !slices.Contains(listed, claim) {
			t.Errorf("the page says nothing of the claim %s", claim)
		}
	}
}

func TestOrganizations(t *testing.T) {
	p := newPlace(t)
	output := p.bash(t, noted(t, "organization")[0].text)
	if !regexp.MustCompile(`(?m)^org_\w{26}$`).MatchString(output) || !regexp.MustCompile(`org_\w{26} +Acme Ltd +EUR`).MatchString(output) {
		t.Errorf("it prints %s", output)
	}
}

func TestPhotos(t *testing.T) {
	p := newPlace(t)
	s := p.serve(t)
	s.uploadPhoto(t, s.token)
	const want = "1 photos: 0 of leads, 1 too young, 0 %s, 0 failed\n"
	if got := p.bash(t, noted(t, "photos")[0].text); got != fmt.Sprintf(want, "to delete")+"This was a dry run: nothing was deleted.\n"+fmt.Sprintf(want, "deleted") {
		t.Errorf("it prints %s", got)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	s := newPlace(t).serve(t)
	s.ask(t, s.token, "{ pipelines { nodes { id } } }")
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if status, body := s.get(t, path); status != http.StatusOK || body != want {
			t.Errorf("%s: status %d, %q", path, status, body)
		}
	}
	_, metrics := s.get(t, "/metrics")
	there := map[string]bool{
		"dealflow_sql_statement_errors_total": true, // from the first one on
	}
	for _, match := range regexp.MustCompile(`(?m)^# HELP (dealflow_\w+)`).FindAllStringSubmatch(metrics, -1) {
		there[match[1]] = true
	}
	rows := table(t, operations, "metric", "labels", "counts")
	if got, want := first(rows), slices.Sorted(maps.Keys(there)); !slices.Equal(got, want) {
		t.Errorf("the page has %q, the server %q", got, want)
	}
	for _, row := range rows {
		for label := range strings.SplitSeq(row[1], ", ") {
			if label != "" && !regexp.MustCompile(`(?m)^`+row[0]+`(_\w+)?\{.*\b`+label+`="`).MatchString(metrics) && row[0] != "dealflow_sql_statement_errors_total" {
				t.Errorf("%s has no label %s", row[0], label)
			}
		}
	}
}
