package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"maps"
	"mime/multipart"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/ent/migrate"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// world is an organization with some of everything. All texts in it hold its
// name.
type world struct {
	*apitest.Client
	api   *apitest.API
	name  string
	ids   map[id.Kind][]string // the first of each kind belong together
	photo string               // the first lead's
	spare string               // a photo that no lead has
}

func newWorld(t testing.TB, api *apitest.API, name string) *world {
	t.Helper()
	w := &world{Client: api.Organization(t, name), api: api, name: name, ids: map[id.Kind][]string{}}
	w.As(t, name+" grace", auth.RoleSales)
	w.make(t, "createPipeline", "pipeline { id stages { id } }", apitest.Vars{
		"name": name + " board", "description": name, "stages": []apitest.Vars{
			{"name": name + " new", "probability": 0.2, "rottenAfter": 5}, {"name": name + " offer"}, {"name": name + " won"},
		}})
	w.make(t, "createPipeline", "pipeline { id stages { id } }", apitest.Vars{
		"name": name + " empty", "stages": []apitest.Vars{{"name": name + " spare"}}})
	w.make(t, "createLeadStatus", "status { id }", apitest.Vars{"name": name + " vip", "primaryColor": "BLUE"})
	for i := range 2 {
		w.make(t, "createBusiness", "business { id }", apitest.Vars{"name": fmt.Sprint(name, " business ", i)})
	}
	w.make(t, "createApiKey", "apiKey { id }", apitest.Vars{"name": name + " key", "client": name, "permissions": []string{"VIEW_LEADS"}})
	w.learn(t, `{ users { nodes { id } } viewer { organization { id } } leadStatuses { id } }`)
	w.makeCards(t)
	w.make(t, "createContact", "contact { id }", apitest.Vars{"name": name, "email": "contact@" + name + ".example", "phone": "555 01"})
	w.make(t, "moveDeal", "deal { id }", apitest.Vars{"id": w.ids[id.Deal][2], "stageId": w.ids[id.Stage][1]})
	for _, kind := range []id.Kind{id.Lead, id.Deal} {
		w.make(t, "addComment", "comment { id }", apitest.Vars{"subjectId": w.ids[kind][0], "content": name + " says"})
	}
	w.photo = w.make(t, "uploadLeadPhoto", "fileName lead { id }", apitest.Vars{"leadId": w.ids[id.Lead][0], "file": picture(t)}).Get("fileName").String()
	w.spare = w.make(t, "uploadLeadPhoto", "fileName", apitest.Vars{"file": picture(t)}).Get("fileName").String()
	w.learn(t, `{ pipelines { nodes { activity { nodes { id } } } }
		leads { nodes { id stageHistory { id } activity { nodes { id } } } }
		deals { nodes { id stageHistory { id } activity { nodes { id } } } } }`)
	return w
}

// makeCards makes three deals and three leads, the last of which is on no board.
func (w *world) makeCards(t testing.TB) {
	t.Helper()
	for i := range 3 {
		lead := apitest.Vars{
			"firstName": fmt.Sprint(w.name, i), "lastName": w.name, "email": fmt.Sprintf("lead%d@%s.example", i, w.name),
			"company": w.name, "source": w.name, "externalId": fmt.Sprint(w.name, i),
			"phoneNumbers": [][]string{{"550"}, {}, {"55, 2", `"home" \\ <&>`, ""}}[i],
			"statusId":     w.ids[id.LeadStatus][0], "businessIds": w.ids[id.Business], "stageId": w.ids[id.Stage][0],
		}
		if i == 2 {
			delete(lead, "stageId")
		}
		w.make(t, "createLead", "lead { id }", lead)
		w.make(t, "createDeal", "deal { id contact { id } }", apitest.Vars{
			"title": fmt.Sprint(w.name, " deal ", i), "stageId": w.ids[id.Stage][0], "value": apitest.Vars{"amount": "10.50"},
			"contact": apitest.Vars{"email": fmt.Sprintf("c%d@%s.example", i, w.name), "name": w.name, "companyName": w.name},
			"tags":    []string{w.name}, "source": w.name, "externalId": fmt.Sprint(w.name, i),
			"assignedToId": w.ids[id.User][0], "expectedCloseDate": "2026-05-01",
		})
	}
}

// make runs a mutation that is to succeed, and learns the ids that it answers.
func (w *world) make(t testing.TB, mutation, selection string, input apitest.Vars) apitest.Value {
	t.Helper()
	answer := run(t, w.api, w.Client, schema.Mutation, schema.Mutation.Fields.ForName(mutation),
		apitest.Vars{"input": input}, selection+" userErrors { message path }")
	if len(answer.Errors) > 0 || answer.Data.Get(mutation+".userErrors").Len() > 0 {
		t.Fatalf("%s: %s", mutation, answer.Raw)
	}
	w.note(answer.Raw)
	return answer.Data.Get(mutation)
}

func (w *world) learn(t testing.TB, query string) {
	t.Helper()
	w.note(w.Must(t, query, nil).String())
}

var idText = regexp.MustCompile(`"id":"([a-z]+)(_[0-9a-z]{26})"`)

func (w *world) note(raw string) {
	for _, found := range idText.FindAllStringSubmatch(raw, -1) {
		kind, text := id.Kind(found[1]), found[1]+found[2]
		if !slices.Contains(w.ids[kind], text) {
			w.ids[kind] = append(w.ids[kind], text)
		}
	}
}

// picture is a photo of one dot.
func picture(t testing.TB) upload {
	t.Helper()
	var file bytes.Buffer
	must(t, png.Encode(&file, image.NewGray(image.Rect(0, 0, 1, 1))))
	return upload(file.String())
}

// kinds are the kinds of ids, by the GraphQL type that has them.
var kinds = map[string]id.Kind{
	"Organization": id.Organization, "User": id.User, "Pipeline": id.Pipeline, "Stage": id.Stage, "Deal": id.Deal,
	"Lead": id.Lead, "LeadStatus": id.LeadStatus, "Comment": id.Comment, "Contact": id.Contact,
	"Business": id.Business, "Activity": id.Activity, "StageStay": id.StageStay, "ApiKey": id.APIKey,
}

// typeOf is the GraphQL type with a kind of id.
func typeOf(kind id.Kind) string {
	for name, one := range kinds {
		if one == kind {
			return name
		}
	}
	return ""
}

// rows is all that an organization has in the database, as text.
func (w *world) rows(t testing.TB) string {
	t.Helper()
	var text strings.Builder
	for _, table := range migrate.Tables {
		where := "organization_id = '%s'"
		switch table.Name {
		case "organizations":
			where = "id = '%s'"
		case "lead_businesses":
			where = "lead_id IN (SELECT id FROM leads WHERE organization_id = '%s')"
		}
		query := fmt.Sprintf("SELECT * FROM "+table.Name+" WHERE "+where+" ORDER BY 1, 2", w.Organization.ID)
		for _, row := range rowsOf(t, w.api.Store, query) {
			fmt.Fprintln(&text, table.Name, row)
		}
	}
	return text.String()
}

// rowsOf runs SQL past the wall between organizations.
func rowsOf(t testing.TB, s *store.Store, query string, args ...any) [][]string {
	t.Helper()
	rows, err := s.Client.QueryContext(store.System(context.Background()), query, args...)
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	var texts [][]string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		must(t, rows.Scan(into...))
		row := make([]string, len(columns))
		for i, value := range values {
			if bytes, is := value.([]byte); is {
				value = string(bytes)
			}
			row[i] = fmt.Sprint(value)
		}
		texts = append(texts, row)
	}
	must(t, rows.Err())
	return texts
}

var (
	uuidText   = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	cursorText = regexp.MustCompile(`"(?:cursor|startCursor|endCursor)":"([^"]+)"`)
)

// secrets are what nobody else may see: all ids in the organization's rows, as
// the database and as the API have them, and its name, which all of its texts
// hold.
func (w *world) secrets(t testing.TB) []string {
	t.Helper()
	list := []string{w.name}
	for _, text := range slices.Compact(slices.Sorted(slices.Values(uuidText.FindAllString(w.rows(t), -1)))) {
		list = append(list, text)
		for _, kind := range kinds {
			list = append(list, kind.Encode(uuid.MustParse(text)))
		}
	}
	return list
}

// arguments are values that fit a field's arguments, as far as they are needed.
func arguments(f *ast.FieldDefinition) apitest.Vars {
	vars := apitest.Vars{}
	for _, arg := range f.Arguments {
		if arg.Type.NonNull && arg.DefaultValue == nil {
			vars[arg.Name] = fitting(arg.Type)
		}
	}
	return vars
}

// fitting is a value that fits a type, with an id that names nothing.
func fitting(t *ast.Type) any {
	if t.Elem != nil {
		return []any{fitting(t.Elem)}
	}
	switch def := schema.Types[t.NamedType]; def.Kind {
	case ast.Enum:
		return def.EnumValues[0].Name
	case ast.InputObject:
		value := apitest.Vars{}
		for _, f := range fields(def) {
			if f.Type.NonNull && f.DefaultValue == nil {
				value[f.Name] = fitting(f.Type)
			}
		}
		return value
	default:
		return map[string]any{
			"ID": id.Lead.Encode(id.New()), "String": "x", "Int": 1, "Float": 0.5, "Boolean": true, "Decimal": "1.50",
			"Date": "2026-03-01", "DateTime": "2026-03-01T09:30:00Z", "Upload": upload("no image"),
		}[def.Name]
	}
}

// upload is a file among the variables.
type upload string

// run calls a root field with arguments by name.
func run(t testing.TB, api *apitest.API, c *apitest.Client, root *ast.Definition, f *ast.FieldDefinition, args apitest.Vars, selection string) apitest.Response {
	t.Helper()
	document := strings.ToLower(root.Name)
	if declared, given := passed(f, args); declared != "" {
		document += "(" + declared + ") { " + f.Name + "(" + given + ")"
	} else {
		document += " { " + f.Name
	}
	if !schema.Types[f.Type.Name()].IsLeafType() {
		document += " { " + selection + " }"
	}
	document += " }"
	input, _ := args["input"].(apitest.Vars)
	if file, is := input["file"].(upload); is {
		return sendFile(t, api, c, document, args, string(file))
	}
	return c.Do(t, document, args)
}

// passed declares a variable for each argument that is given, and passes it on.
func passed(f *ast.FieldDefinition, args apitest.Vars) (declared, given string) {
	for _, name := range slices.Sorted(maps.Keys(args)) {
		declared += fmt.Sprintf("$%s: %s ", name, f.Arguments.ForName(name).Type)
		given += fmt.Sprintf("%s: $%s ", name, name)
	}
	return declared, given
}

// sendFile sends a mutation whose input has a file, as a form.
func sendFile(t testing.TB, api *apitest.API, c *apitest.Client, document string, args apitest.Vars, file string) apitest.Response {
	t.Helper()
	input := maps.Clone(args["input"].(apitest.Vars))
	input["file"] = nil
	operations, err := json.Marshal(map[string]any{"query": document, "variables": apitest.Vars{"input": input}})
	must(t, err)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	must(t, form.WriteField("operations", string(operations)))
	must(t, form.WriteField("map", `{"0": ["variables.input.file"]}`))
	part, err := form.CreateFormFile("0", "photo.png")
	must(t, err)
	_, err = part.Write([]byte(file))
	must(t, err)
	must(t, form.Close())
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/graphql", &body)
	must(t, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("GraphQL-Require-Preflight", "1")
	return c.Send(t, request)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// selection is all fields of a type, with those of other types to a depth. The
// fields of a type behind an interface or a union get the type's name added.
func selection(name string, depth int) string {
	def := schema.Types[name]
	if def.Kind == ast.Interface || def.Kind == ast.Union {
		text := "__typename"
		for _, one := range schema.GetPossibleTypes(def) {
			text += " ... on " + one.Name + " {" + selected(one, depth, one.Name) + " }"
		}
		return text
	}
	return selected(def, depth, "")
}

func selected(def *ast.Definition, depth int, mark string) string {
	text := " __typename"
	for _, f := range fields(def) {
		alias := ""
		if mark != "" {
			alias = f.Name + mark + ": "
		}
		deeper := depth - 1
		if strings.HasSuffix(def.Name, "Connection") || strings.HasSuffix(def.Name, "Edge") {
			deeper = depth
		}
		switch of := schema.Types[f.Type.Name()]; {
		case of.IsLeafType():
			text += " " + alias + f.Name
		case deeper > 0 || of.Name == "PageInfo":
			text += " " + alias + f.Name + " {" + selection(of.Name, deeper) + " }"
		}
	}
	return text
}
