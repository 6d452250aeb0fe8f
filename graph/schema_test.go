package graph_test

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"dealflow"
	"dealflow/graph"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// schema is the one that the server executes.
var schema = graph.New(graph.Config{}).Schema()

// ours are the types that schema.graphql defines, by name.
func ours() []*ast.Definition {
	var list []*ast.Definition
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if def := schema.Types[name]; !def.BuiltIn {
			list = append(list, def)
		}
	}
	return list
}

// fields are a type's fields, but for those of introspection.
func fields(def *ast.Definition) []*ast.FieldDefinition {
	return slices.DeleteFunc(slices.Clone([]*ast.FieldDefinition(def.Fields)), func(f *ast.FieldDefinition) bool {
		return strings.HasPrefix(f.Name, "__")
	})
}

// required is the permission that a field's @requires names, or "".
func required(f *ast.FieldDefinition) auth.Permission {
	if d := f.Directives.ForName("requires"); d != nil {
		return auth.Permission(d.Arguments.ForName("permission").Value.Raw)
	}
	return ""
}

// TestSchemaIsTheFile shows that what is printed is what is served.
func TestSchemaIsTheFile(t *testing.T) {
	file, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: dealflow.Schema()})
	if err != nil {
		t.Fatal(err)
	}
	if printed(file) != printed(schema) {
		t.Error("the server executes another schema than schema.graphql; run: make generate")
	}
}

func printed(s *ast.Schema) string {
	var text bytes.Buffer
	formatter.NewFormatter(&text).FormatSchema(s)
	return text.String()
}

func TestSchemaIsDescribed(t *testing.T) {
	check := func(what, description string) {
		if strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", what)
		}
	}
	check("the schema", schema.Description)
	for _, def := range ours() {
		check(def.Name, def.Description)
		for _, f := range fields(def) {
			check(def.Name+"."+f.Name, f.Description)
			for _, arg := range f.Arguments {
				check(def.Name+"."+f.Name+"("+arg.Name+":)", arg.Description)
			}
		}
		for _, value := range def.EnumValues {
			check(def.Name+"."+value.Name, value.Description)
		}
	}
	for _, name := range []string{"requires", "cost", "listSize", "volatile", "echo"} {
		directive := schema.Directives[name]
		check("@"+name, directive.Description)
		for _, arg := range directive.Arguments {
			check("@"+name+"("+arg.Name+":)", arg.Description)
		}
	}
}

// open are the root fields that need no permission, and why.
var open = map[string]string{
	"node":          "what it finds decides",
	"nodes":         "what it finds decides",
	"viewer":        "everyone may know who they are",
	"eventCursor":   "it says how much has happened, and nothing of what",
	"addComment":    "whether it is about a lead or a deal decides",
	"editComment":   "whether it is about a lead or a deal decides",
	"deleteComment": "whether it is about a lead or a deal decides",
}

// decided is what the open root fields need for the id of a lead.
var decided = map[string]auth.Permission{"addComment": auth.EditLeads}

func TestRootFieldsRequire(t *testing.T) {
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range fields(root) {
			if _, listed := open[f.Name]; listed == (required(f) != "") {
				t.Errorf("%s.%s: requires %q, and is it open: %t", root.Name, f.Name, required(f), listed)
			}
		}
	}
}

// guarded are the types that need a permission to see, wherever they turn up.
var guarded = map[string]auth.Permission{
	"Pipeline": auth.ViewSalesPipelines, "Stage": auth.ViewSalesPipelines,
	"Deal": auth.ViewSalesPipelines, "Contact": auth.ViewSalesPipelines,
	"Lead": auth.ViewLeads, "LeadStatus": auth.ViewLeads, "Business": auth.ViewLeads,
	"ApiKey": auth.ManageOrganization,
}

// implied is what a permission to edit allows beside.
var implied = map[auth.Permission]auth.Permission{
	auth.EditSalesPipelines: auth.ViewSalesPipelines,
	auth.EditLeads:          auth.ViewLeads,
}

// unguarded are fields that show a guarded type without asking, and why.
var unguarded = map[string]string{
	"DuplicateDealError.existing": "only mutations of deals answer it, and they need EDIT_SALES_PIPELINES",
}

// TestGuardedTypes shows that no way through the schema leads to a guarded type
// without its permission.
func TestGuardedTypes(t *testing.T) {
	under := reachedUnder()
	for _, def := range ours() {
		if def.Kind != ast.Object {
			continue
		}
		for _, f := range fields(def) {
			needed, is := guarded[nodeType(f.Type.Name())]
			if !is || under[def.Name] == needed || allows(required(f), needed) {
				continue
			}
			if at := def.Name + "." + f.Name; unguarded[at] == "" {
				t.Errorf("%s shows %s without @requires(permission: %s)", at, f.Type, needed)
			}
		}
	}
}

// reachedUnder finds the types that are reached under one permission alone:
// every field that returns one is of such a type, or requires it.
func reachedUnder() map[string]auth.Permission {
	under := maps.Clone(guarded)
	for changed := true; changed; {
		changed = false
		for _, def := range ours() {
			if _, known := under[def.Name]; known || def.Kind != ast.Object {
				continue
			}
			if one := onlyPermission(def.Name, under); one != "" {
				under[def.Name], changed = one, true
			}
		}
	}
	return under
}

func onlyPermission(name string, under map[string]auth.Permission) auth.Permission {
	found := map[auth.Permission]bool{}
	for _, parent := range ours() {
		for _, f := range fields(parent) {
			if parent.Kind != ast.Object || f.Type.Name() != name {
				continue
			}
			needed := required(f)
			if view, is := implied[needed]; is {
				needed = view
			}
			if needed == "" {
				needed = under[parent.Name]
			}
			found[needed] = true
		}
	}
	if len(found) != 1 {
		return ""
	}
	return slices.Collect(maps.Keys(found))[0]
}

func allows(has, needed auth.Permission) bool { return has == needed || implied[has] == needed }

// nodeType is the type of the rows of a connection, or the type itself.
func nodeType(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, "Connection"), "Edge")
}

func TestMutationsAreAlike(t *testing.T) {
	for _, f := range fields(schema.Mutation) {
		title := strings.ToUpper(f.Name[:1]) + f.Name[1:]
		if len(f.Arguments) != 1 || f.Arguments[0].Name != "input" || f.Arguments[0].Type.String() != title+"Input!" {
			t.Errorf("%s does not take input: %sInput! alone", f.Name, title)
		}
		if f.Type.String() != title+"Payload!" {
			t.Errorf("%s answers %s, not %sPayload!", f.Name, f.Type, title)
		}
		payload := schema.Types[f.Type.Name()]
		if errs := payload.Fields.ForName("userErrors"); errs == nil || errs.Type.String() != "[UserError!]!" {
			t.Errorf("%s has no userErrors: [UserError!]!", payload.Name)
		}
		sent := schema.Types[f.Arguments[0].Type.Name()].Fields.ForName("clientMutationId")
		echoed := payload.Fields.ForName("clientMutationId")
		if sent == nil || echoed == nil || sent.Type.String() != "String" || echoed.Type.String() != "String" ||
			echoed.Directives.ForName("echo") == nil {
			t.Errorf("%s does not take a clientMutationId: String that it echoes", f.Name)
		}
		if len(payload.Fields) < 3 {
			t.Errorf("%s says nothing but errors", payload.Name)
		}
		for _, entity := range payload.Fields {
			if entity.Type.NonNull && entity.Type.Elem == nil {
				t.Errorf("%s.%s cannot be null when the request was wrong", payload.Name, entity.Name)
			}
		}
	}
}

func TestConnectionsAreAlike(t *testing.T) {
	for _, def := range ours() {
		if !strings.HasSuffix(def.Name, "Connection") {
			continue
		}
		edge := strings.TrimSuffix(def.Name, "Connection") + "Edge"
		node := schema.Types[edge].Fields.ForName("node").Type.String()
		for name, want := range map[string]string{
			"edges": "[" + edge + "!]!", "nodes": "[" + node + "]!", "pageInfo": "PageInfo!", "totalCount": "Int!",
		} {
			if f := def.Fields.ForName(name); f == nil || f.Type.String() != want {
				t.Errorf("%s.%s is not %s", def.Name, name, want)
			}
		}
		if f := schema.Types[edge].Fields.ForName("cursor"); f == nil || f.Type.String() != "String!" {
			t.Errorf("%s.cursor is not String!", edge)
		}
	}
}

// TestRoles calls each root field as each kind of viewer.
func TestRoles(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		viewers := map[string]*apitest.Client{
			"VIEWER":  ada.As(t, "vic", auth.RoleViewer),
			"SALES":   ada.As(t, "sal", auth.RoleSales),
			"ADMIN":   ada,
			"PARTNER": ada.As(t, "pat", auth.RolePartner),
		}
		for _, p := range auth.AllPermissions() {
			viewers["PARTNER with "+string(p)] = ada.As(t, "pat", auth.RolePartner, p)
		}
		may := map[string]auth.Permissions{
			"VIEWER": auth.RoleViewer.Permissions(), "SALES": auth.RoleSales.Permissions(), "ADMIN": auth.RoleAdmin.Permissions(),
		}
		for _, p := range auth.AllPermissions() {
			may["PARTNER with "+string(p)] = auth.PermissionsOf(p, implied[p])
		}
		for who, client := range viewers {
			t.Run(who, func(t *testing.T) {
				for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
					for _, f := range fields(root) {
						needed := cmp.Or(required(f), decided[f.Name])
						allowed := needed == "" || may[who].Has(needed)
						answer := run(t, api, client, root, f, arguments(f), "__typename")
						if forbidden := refusal(answer) == "FORBIDDEN"; forbidden == allowed {
							t.Errorf("%s: allowed is %t, and the answer is %s", f.Name, allowed, answer.Raw)
						}
						if answer.Status != http.StatusOK || strings.Contains(answer.Raw, "INTERNAL") {
							t.Errorf("%s: status %d, %s", f.Name, answer.Status, answer.Raw)
						}
					}
				}
			})
		}
	})
}

// refusal is the code of the first error at the top of an answer.
func refusal(answer apitest.Response) string {
	if len(answer.Errors) == 0 {
		return ""
	}
	return answer.Errors[0].Code()
}

// TestNodeRoles asks for a node of each kind without the permission to see it,
// and with it, directly and through a field that guards itself.
func TestNodeRoles(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		someone := w.As(t, "pat", auth.RolePartner)
		sales := w.As(t, "pat", auth.RolePartner, auth.ViewSalesPipelines)
		leads := w.As(t, "pat", auth.RolePartner, auth.ViewLeads)
		manager := w.As(t, "pat", auth.RolePartner, auth.ManageOrganization)
		sees := func(c *apitest.Client, node string) string {
			answer := c.Do(t, `query($id: ID!) { node(id: $id) { __typename } }`, apitest.Vars{"id": node})
			if code := refusal(answer); code != "" {
				return code
			}
			return answer.Data.Get("node.__typename").String()
		}
		for kind, list := range w.ids {
			name := typeOf(kind)
			for _, one := range list {
				if got := sees(w.Client, one); got != name {
					t.Errorf("an administrator sees %s as %s", one, got)
				}
				allowed := 0
				for _, c := range []*apitest.Client{sales, leads, manager} {
					if got := sees(c, one); got == name {
						allowed++
					}
				}
				if nobody := sees(someone, one); (nobody == name) != (kind == id.Organization) {
					t.Errorf("someone without a permission sees %s as %s", one, nobody)
				}
				if _, hidden := guarded[name]; hidden && allowed != 1 {
					t.Errorf("%s is seen with %d of three permissions", one, allowed)
				}
			}
		}
		wantRefusal(t, leads.Do(t, `{ leads { nodes { id stage { id } } } }`, nil), "FORBIDDEN")
		wantRefusal(t, sales.Do(t, `{ stages { nodes { leads { totalCount } } } }`, nil), "FORBIDDEN")
		wantRefusal(t, sales.Do(t, `{ pipelines { nodes { summary { leadCount } } } }`, nil), "FORBIDDEN")
		wantRefusal(t, sales.Do(t, `{ pipelines { nodes { summary { dealCount } } } }`, nil), "")
		for _, subject := range []id.Kind{id.Lead, id.Deal} {
			comment := apitest.Vars{"input": apitest.Vars{"subjectId": w.ids[subject][0], "content": "hello"}}
			const add = `mutation($input: AddCommentInput!) { addComment(input: $input) { comment { id } userErrors { message } } }`
			for role, want := range map[auth.Role]string{auth.RoleViewer: "FORBIDDEN", auth.RoleSales: ""} {
				wantRefusal(t, w.As(t, "sam", role).Do(t, add, comment), want)
			}
		}
	})
}

func wantRefusal(t *testing.T, answer apitest.Response, want string) {
	t.Helper()
	if got := refusal(answer); got != want {
		t.Errorf("code %q, want %q: %s", got, want, answer.Raw)
	}
}
