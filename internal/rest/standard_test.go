package rest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/document"
)

// object is a JSON object.
type object = map[string]any

// partner is a client that speaks plain HTTP: it has a key for the set of documents
// that comes with the program, in an organization with an administrator.
type partner struct {
	t    *testing.T
	api  *apitest.API
	ada  *apitest.Client
	key  *apitest.Client
	used map[string]bool // the names that it has asked for
	made *int            // how many things it has made, for names of their own
}

// all is what the whole set needs.
var all = []auth.Permission{auth.ViewSalesPipelines, auth.EditSalesPipelines, auth.ViewLeads, auth.EditLeads}

func newPartner(t *testing.T, api *apitest.API, organization string, permissions ...auth.Permission) partner {
	t.Helper()
	ada := api.Organization(t, organization)
	texts := map[string]string{}
	for _, e := range document.Standard() {
		texts[e.Key] = e.Body
	}
	ada.Publish(t, "erp", texts)
	key, _ := ada.Key(t, "erp", permissions...)
	return partner{t, api, ada, key, map[string]bool{}, new(int)}
}

// answer is what came of a request.
type answer struct {
	status int
	header http.Header
	raw    string
	body   apitest.Value
}

// send sends a request to an operation of the partner's.
func (p partner) send(method, name, media string, body io.Reader, headers ...string) answer {
	p.t.Helper()
	operation, _, _ := strings.Cut(name, "?")
	p.used[operation] = true
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.api.URL+"/api/erp/"+name, body)
	p.check(err)
	if media != "" {
		request.Header.Set("Content-Type", media)
	}
	if strings.HasPrefix(media, "multipart/") {
		request.Header.Set("X-Requested-With", "test")
	}
	request.Header.Set("Authorization", "Bearer "+p.key.Token)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	p.check(err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	p.check(err)
	a := answer{status: response.StatusCode, header: response.Header, raw: string(raw)}
	if len(raw) > 0 {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		p.check(decoder.Decode(&value))
		a.body = apitest.ValueOf(value)
	}
	return a
}

// ask asks for a query with parameters, each a text; post sends variables as JSON.
func (p partner) ask(name string, parameters map[string]string, headers ...string) answer {
	p.t.Helper()
	query := url.Values{}
	for parameter, value := range parameters {
		query.Set(parameter, value)
	}
	return p.send(http.MethodGet, name+"?"+query.Encode(), "", nil, headers...)
}

func (p partner) post(name string, variables object, headers ...string) answer {
	p.t.Helper()
	body, err := json.Marshal(variables)
	p.check(err)
	return p.send(http.MethodPost, name, "application/json", bytes.NewReader(body), headers...)
}

// get and do are ask and post where all goes well: the field of the answer's data.
func (p partner) get(name string, parameters map[string]string) apitest.Value {
	p.t.Helper()
	return p.good(name, p.ask(name, parameters))
}

func (p partner) do(name string, variables object) apitest.Value {
	p.t.Helper()
	return p.good(name, p.post(name, variables))
}

// good is the one field of an answer's data.
func (p partner) good(name string, a answer) apitest.Value {
	p.t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(a.raw), &fields); a.status != http.StatusOK || err != nil || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
		p.t.Fatalf("%s is answered %d %s %s", name, a.status, a.header.Get("Content-Type"), a.raw)
	}
	if strings.Contains(a.raw, "userErrors") {
		p.t.Errorf("%s tells what was asked beside the document: %s", name, a.raw)
	}
	if len(fields) == 1 {
		return a.body.Get(slices.Collect(maps.Keys(fields))[0])
	}
	return a.body
}

// refused fails unless an answer is a problem with a status and a code.
func (p partner) refused(what string, a answer, status int, code string) {
	p.t.Helper()
	if a.status != status || a.body.Get("code").String() != code || a.body.Get("status").Int() != status || a.body.Get("detail").String() == "" ||
		a.header.Get("Content-Type") != "application/problem+json; charset=utf-8" {
		p.t.Errorf("%s is answered %d %s %s, want %d %s", what, a.status, a.header.Get("Content-Type"), a.raw, status, code)
	}
}

// is compares what an answer has with what is expected of it.
func (p partner) is(what string, got, want any) {
	p.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		p.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// row is a field of what has an id, as the administrator sees it past the documents;
// null when there is no such row.
func (p partner) row(id, field string) apitest.Value {
	p.t.Helper()
	kind, _, _ := strings.Cut(id, "_")
	of := map[string]string{"pipeline": "Pipeline", "stage": "Stage", "deal": "Deal", "lead": "Lead", "status": "LeadStatus", "comment": "Comment"}[kind]
	data := p.ada.As(p.t, "ada", auth.RoleAdmin).Must(p.t, "query ($id: ID!) { node(id: $id) { ... on "+of+" { it: "+field+" } } }", apitest.Vars{"id": id})
	return data.Get("node.it")
}

// gone fails unless there is no row with an id any more.
func (p partner) gone(id string) {
	p.t.Helper()
	p.is("the row "+id, p.row(id, "id").IsNull(), true)
}

func (p partner) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// name is one that nothing has yet.
func (p partner) name(of string) string {
	*p.made++
	return fmt.Sprintf("%s %d", of, *p.made)
}

// email is an address that nobody has yet.
func (p partner) email() string { return strings.ReplaceAll(p.name("eve"), " ", "") + "@example.com" }

// pipeline makes a pipeline with stages, and returns their ids.
func (p partner) pipeline(stages ...string) (id string, stageIDs []string) {
	p.t.Helper()
	list := []object{}
	for _, stage := range stages {
		list = append(list, object{"name": stage})
	}
	made := p.do("CreatePipeline", object{"name": p.name("Pipeline"), "stages": list}).Get("pipeline")
	return made.Get("id").String(), made.Get("stages").All("id")
}

// opportunity makes a deal of a contact of its own, and returns the ids of both.
func (p partner) opportunity(stage string) (deal, contact string) {
	p.t.Helper()
	made := p.do("CreateOpportunity", object{"title": p.name("Deal"), "stageId": stage, "email": p.email()}).Get("opportunity")
	return made.Get("id").String(), made.Get("contact.id").String()
}

// contact makes a contact without a deal.
func (p partner) contact() string {
	p.t.Helper()
	return p.ada.As(p.t, "ada", auth.RoleAdmin).Must(p.t, `mutation ($name: String!) { createContact(input: {name: $name}) { contact { id } userErrors { message } } }`,
		apitest.Vars{"name": p.name("Contact")}).Get("createContact.contact.id").String()
}

// lead makes a lead, and returns its id.
func (p partner) lead() string {
	p.t.Helper()
	return p.do("CreateLead", object{"firstName": p.name("Lead"), "email": p.email()}).Get("lead.id").String()
}

// status makes a lead status, and returns its id.
func (p partner) status() string {
	p.t.Helper()
	return p.do("CreateLeadStatus", object{"name": p.name("Status"), "primaryColor": "TEAL"}).Get("status.id").String()
}

// upload uploads a photo in a form, and returns its name.
func (p partner) upload(fields map[string]string) string {
	p.t.Helper()
	var body, picture bytes.Buffer
	p.check(png.Encode(&picture, image.NewGray(image.Rect(0, 0, 2, 2))))
	form := multipart.NewWriter(&body)
	for name, value := range fields {
		p.check(form.WriteField(name, value))
	}
	part, err := form.CreateFormFile("photo", "photo.png")
	p.check(err)
	_, err = part.Write(picture.Bytes())
	p.check(err)
	p.check(form.Close())
	return p.good("UploadLeadPhoto", p.send(http.MethodPost, "UploadLeadPhoto", form.FormDataContentType(), &body)).Get("fileName").String()
}

// TestStandard walks the table of the operations that the documented APIs have, by
// plain HTTP and with nothing but the set of documents that comes with the program.
func TestStandard(t *testing.T) {
	cases := map[string]func(p partner){}
	for _, part := range []map[string]func(p partner){pipelineRows, dealRows, opportunityRows, stageRows, leadRows} {
		for number, one := range part {
			if cases[number] != nil {
				t.Errorf("row %s has two cases", number)
			}
			cases[number] = one
		}
	}
	rows := documented(t)
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		p := newPartner(t, api, "acme", all...)
		for _, row := range rows {
			t.Run(row, func(t *testing.T) {
				one := cases[row]
				if one == nil {
					t.Fatalf("row %s has no case", row)
				}
				its := p
				its.t, its.used = t, map[string]bool{}
				one(its)
				if len(its.used) == 0 {
					t.Errorf("the case of row %s asks for nothing", row)
				}
				maps.Copy(p.used, its.used)
			})
			api.Clock.Advance(time.Minute)
		}
		for _, e := range document.Standard() {
			if !p.used[e.Name] {
				t.Errorf("no row has tried %s", e.Name)
			}
		}
	})
	if len(cases) != len(rows) {
		t.Errorf("there are %d rows, and %d cases", len(rows), len(cases))
	}
}

// documented are the numbers of the table's rows, all 58 of them.
func documented(t *testing.T) []string {
	t.Helper()
	file, err := os.Open("../../graph/testdata/operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var rows []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		number, _, is := strings.Cut(lines.Text(), "|")
		if is && !strings.HasPrefix(number, "#") {
			rows = append(rows, strings.TrimSpace(number))
		}
	}
	if len(rows) != 58 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	return rows
}
