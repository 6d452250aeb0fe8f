package graph_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
)

// named are the kinds of ids that input fields are for, by the field's name.
var named = map[string][]id.Kind{
	"pipelineId": {id.Pipeline}, "stageId": {id.Stage}, "stageIds": {id.Stage}, "moveCardsToStageId": {id.Stage},
	"leadId": {id.Lead}, "leadIds": {id.Lead}, "statusId": {id.LeadStatus}, "businessId": {id.Business},
	"businessIds": {id.Business}, "contactId": {id.Contact}, "assignedToId": {id.User}, "createdById": {id.User},
	"subjectId": {id.Lead, id.Deal},
}

// nouns are what a plain id in an input is of, where its name does not tell.
var nouns = map[string]string{
	"ChangeDealStatusInput": "Deal", "ChangeLeadStatusInput": "Lead", "LeadStatusOrderInput": "LeadStatus",
}

var inputName = regexp.MustCompile(`^(?:[A-Z][a-z]+(.*)Input|(.*)Filter)$`)

// kindsOf are the kinds of ids that go into a field of an input.
func kindsOf(t testing.TB, def *ast.Definition, field string) []id.Kind {
	t.Helper()
	if list, known := named[field]; known {
		return list
	}
	noun := nouns[def.Name]
	if found := inputName.FindStringSubmatch(def.Name); noun == "" && found != nil {
		noun = found[1] + found[2]
	}
	for _, name := range []string{noun, strings.TrimSuffix(noun, "s")} {
		if kind, known := kinds[name]; known && slices.Contains([]string{"id", "ids", "before", "after"}, field) {
			return []id.Kind{kind}
		}
	}
	t.Fatalf("no case for field %s.%s", def.Name, field)
	return nil
}

// pair is two organizations, of which the second tries to get at the first.
type pair struct {
	*testing.T
	victim, thief *world
	secrets       []string
}

// try makes a call as the thief, who learns nothing beside what he sent.
func (p pair) try(what, document string, vars apitest.Vars) apitest.Response {
	p.Helper()
	return p.learnsNothing(what, p.thief.Do(p, document, vars), fmt.Sprint(document, vars))
}

func (p pair) learnsNothing(what string, answer apitest.Response, sent string) apitest.Response {
	p.Helper()
	seen := answer.Raw
	for _, found := range cursorText.FindAllStringSubmatch(answer.Raw, -1) {
		if text, err := base64.RawURLEncoding.DecodeString(found[1]); err == nil {
			seen += string(text)
		}
	}
	for _, secret := range p.secrets {
		if strings.Contains(seen, secret) && !strings.Contains(sent, secret) {
			p.Errorf("%s shows %s: %s", what, secret, answer.Raw)
		}
	}
	if answer.Status >= http.StatusInternalServerError || strings.Contains(answer.Raw, "INTERNAL") {
		p.Errorf("%s: status %d, %s", what, answer.Status, answer.Raw)
	}
	return answer
}

// TestTenancy tries every field, argument and input of the schema with another
// organization's ids.
func TestTenancy(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		victim, thief := newWorld(t, api, "zvictim"), newWorld(t, api, "zthief")
		p := pair{t, victim, thief, victim.secrets(t)}
		before := victim.rows(t)
		p.tryQueries()
		p.tryNodes()
		p.tryMutations()
		p.tryTexts()
		if after := victim.rows(t); after != before {
			t.Errorf("the victim's rows were\n%s\nand are\n%s", before, after)
		}
		for name := range kinds {
			if len(victim.ids[kinds[name]]) == 0 {
				t.Errorf("no case with a %s", name)
			}
		}
	})
}

// tryQueries tries each root field of queries.
func (p pair) tryQueries() {
	for _, f := range fields(schema.Query) {
		if f.Arguments.ForName("id") == nil && f.Arguments.ForName("ids") == nil {
			p.tryField("", f, func(_ *world, call string) string { return "{ " + call + " }" })
			continue
		}
		of := []id.Kind{kinds[f.Type.Name()]}
		if f.Type.Name() == "Node" {
			of = slices.Collect(maps.Values(kinds))
		}
		for _, kind := range of {
			if len(p.victim.ids[kind]) == 0 {
				p.Errorf("no case for %s with %q", f.Name, kind)
			}
			for _, foreign := range p.victim.ids[kind] {
				p.tryID(f, p.thief.ids[kind][0], foreign)
			}
		}
	}
}

// tryID asks for an object of the victim's, alone and beside one's own.
func (p pair) tryID(f *ast.FieldDefinition, own, foreign string) {
	inside := selection(f.Type.Name(), 1)
	if f.Name == "nodes" {
		answer := p.try(f.Name, "query($ids: [ID!]!) { nodes(ids: $ids) {"+inside+"} }", apitest.Vars{"ids": []string{own, foreign, own}})
		if got := answer.Data.Get("nodes"); len(answer.Errors) > 0 || got.Get("0").IsNull() || !got.Get("1").IsNull() || got.Get("2").IsNull() {
			p.Errorf("nodes of %s and %s: %s", own, foreign, answer.Raw)
		}
		return
	}
	answer := p.try(f.Name, "query($id: ID!) { "+f.Name+"(id: $id) {"+inside+"} }", apitest.Vars{"id": foreign})
	if len(answer.Errors) > 0 || !answer.Data.Get(f.Name).IsNull() {
		p.Errorf("%s of %s: %s", f.Name, foreign, answer.Raw)
	}
}

// tryNodes tries each field with arguments of the thief's own objects.
func (p pair) tryNodes() {
	for _, def := range ours() {
		if def.Kind != ast.Object || def == schema.Query || def == schema.Mutation || def == schema.Subscription {
			continue
		}
		for _, f := range fields(def) {
			if len(f.Arguments) == 0 {
				continue
			}
			kind, is := kinds[def.Name]
			if !is {
				p.Fatalf("no case for field %s.%s, which has arguments", def.Name, f.Name)
			}
			p.tryField("node.", f, func(w *world, call string) string {
				return fmt.Sprintf("{ node(id: %q) { ... on %s { %s } } }", w.ids[kind][0], def.Name, call)
			})
		}
	}
}

// slots are the ways to put ids, or texts, of another organization into a
// filter: filters that only the victim's rows pass.
func (p pair) slots(def *ast.Definition) []string {
	var list []string
	for _, f := range fields(def) {
		switch of := schema.Types[f.Type.Name()]; {
		case of == def: // and, or, not
		case of.Name == "IDFilter":
			for _, kind := range kindsOf(p, def, f.Name) {
				foreign := p.victim.ids[kind]
				list = append(list, fmt.Sprintf("%s: {eq: %q}", f.Name, foreign[0]), fmt.Sprintf("%s: {in: %q}", f.Name, foreign))
			}
		case of.Name == "StringFilter":
			list = append(list, fmt.Sprintf("%s: {contains: %q}", f.Name, p.victim.name))
		case of.Name == "TagsFilter":
			list = append(list, fmt.Sprintf("%s: {has: %q}", f.Name, p.victim.name))
		case of.Fields.ForName("and") != nil:
			for _, inside := range p.slots(of) {
				list = append(list, f.Name+": {"+inside+"}")
			}
		case !slices.Contains([]string{"BooleanFilter", "IntFilter", "FloatFilter", "DecimalFilter", "DateFilter",
			"DateTimeFilter", "DealStatusFilter", "LeadStateFilter"}, of.Name):
			p.Fatalf("no case for filter field %s.%s", def.Name, f.Name)
		}
	}
	return list
}

// tryField tries the arguments of a field that is not asked for by an id. Wrap
// makes a document of a call, on an object of one's own.
func (p pair) tryField(parent string, f *ast.FieldDefinition, wrap func(*world, string) string) {
	if schema.Types[f.Type.Name()].IsLeafType() {
		return // it takes nothing, and leads to nothing
	}
	own := p.try(f.Name, wrap(p.thief, f.Name+" {"+selection(f.Type.Name(), 2)+"}"), nil)
	if len(own.Errors) > 0 {
		p.Errorf("%s: %s", f.Name, own.Raw)
	}
	count := func(arguments string) string {
		answer := p.try(f.Name+arguments, wrap(p.thief, f.Name+arguments+" {"+selection(f.Type.Name(), 1)+"}"), nil)
		if len(answer.Errors) > 0 {
			p.Errorf("%s%s: %s", f.Name, arguments, answer.Raw)
		}
		return answer.Data.Get(parent + f.Name + ".totalCount").String()
	}
	for _, arg := range f.Arguments {
		switch arg.Name {
		case "filter":
			all := own.Data.Get(parent + f.Name + ".totalCount").String()
			for _, slot := range p.slots(schema.Types[arg.Type.Name()]) {
				forms := map[string]string{"{%s}": "0"}
				if strings.Contains(slot, "{eq: ") {
					forms = map[string]string{"{%s}": "0", "{and: [{%s}]}": "0", "{or: [{%s}]}": "0", "{not: {%s}}": all}
				}
				for form, want := range forms {
					filter := "(filter: " + fmt.Sprintf(form, slot) + ")"
					if got := count(filter); got != want {
						p.Errorf("%s%s finds %s rows, not %s", f.Name, filter, got, want)
					}
				}
			}
		case "search":
			if got := count(fmt.Sprintf("(search: %q)", p.victim.name)); got != "0" {
				p.Errorf("a search of %s finds %s of the victim's rows", f.Name, got)
			}
		case "after", "before":
			for _, order := range orders(f) {
				theirs := p.victim.Do(p, wrap(p.victim, f.Name+passing(order, "first: 1")+" { edges { cursor } }"), nil)
				for _, cursor := range theirs.Data.Get(parent + f.Name + ".edges").All("cursor") {
					count(passing(order, fmt.Sprintf("%s: %q", arg.Name, cursor)))
				}
			}
		case "first", "last", "offset", "includeArchived", "orderBy", "status", "from", "to", "interval":
			// They hold nothing of anybody's.
		default:
			p.Fatalf("no case for argument %s of %s", arg.Name, f.Name)
		}
	}
}

// orders are the ways to sort a list, as arguments, beside the usual one.
func orders(f *ast.FieldDefinition) []string {
	list := []string{""}
	if by := f.Arguments.ForName("orderBy"); by != nil {
		field := schema.Types[by.Type.Name()].Fields.ForName("field").Type.Name()
		for _, value := range schema.Types[field].EnumValues {
			list = append(list, "orderBy: [{field: "+value.Name+"}]")
		}
	}
	return list
}

// passing puts arguments into parentheses; "" is none.
func passing(arguments ...string) string {
	given := strings.TrimSpace(strings.Join(arguments, " "))
	if given == "" {
		return ""
	}
	return "(" + given + ")"
}

// tryMutations puts the victim's ids into each field of each input that takes
// one. The rest of the input is in order, so that nothing else is refused.
func (p pair) tryMutations() {
	for _, f := range fields(schema.Mutation) {
		before := p.thief.rows(p)
		p.tryInput(f, schema.Types[f.Arguments[0].Type.Name()], p.input(schema.Types[f.Arguments[0].Type.Name()]), func(value apitest.Vars) apitest.Vars { return value })
		if p.thief.rows(p) != before {
			p.Errorf("%s did something, and refused it", f.Name)
		}
	}
}

// tryInput tries the fields of an input, or of one inside of it.
func (p pair) tryInput(mutation *ast.FieldDefinition, def *ast.Definition, base apitest.Vars, within func(apitest.Vars) apitest.Vars) {
	for _, f := range fields(def) {
		of := schema.Types[f.Type.Name()]
		if of.Kind == ast.InputObject {
			p.tryInput(mutation, of, p.input(of), func(value apitest.Vars) apitest.Vars {
				outer := maps.Clone(base)
				outer[f.Name] = value
				if f.Type.Elem != nil {
					outer[f.Name] = []any{value}
				}
				return outer
			})
		}
		if of.Name != "ID" {
			continue
		}
		for _, kind := range kindsOf(p, def, f.Name) {
			foreign := p.victim.ids[kind][0]
			values := []any{foreign}
			if f.Type.Elem != nil {
				values = []any{[]any{foreign}, append([]any{foreign}, p.own(def, f).([]any)...)}
			}
			for _, value := range values {
				input := maps.Clone(base)
				input[f.Name] = value
				p.refuses(mutation, f.Name, within(input))
				if f.Name == "id" && def.Fields.ForName("expectedVersion") != nil {
					input["expectedVersion"] = 99 // a conflict would show what it is like now
					p.refuses(mutation, f.Name, within(input))
				}
			}
		}
	}
}

// refuses makes a call that is to find nothing under the id in one field.
func (p pair) refuses(mutation *ast.FieldDefinition, field string, input apitest.Vars) {
	what := fmt.Sprint(mutation.Name, input)
	answer := run(p, p.thief.api, p.thief.Client, schema.Mutation, mutation, apitest.Vars{"input": input},
		selection(mutation.Type.Name(), 2)+" problems: userErrors { code path }")
	p.learnsNothing(what, answer, what)
	for _, problem := range answer.Data.Get(mutation.Name + ".problems").List() {
		if problem.Get("code").String() == "NOT_FOUND" && strings.Contains(problem.Get("path").String(), `"`+field+`"`) {
			return
		}
	}
	p.Errorf("%s does not say that %s was not found: %s", what, field, answer.Raw)
}

// input is an input of the thief's own that would be accepted.
func (p pair) input(def *ast.Definition) apitest.Vars {
	input := apitest.Vars{}
	for _, f := range fields(def) {
		if !f.Type.NonNull || f.DefaultValue != nil {
			continue
		}
		switch {
		case f.Type.Name() == "ID":
			input[f.Name] = p.own(def, f)
		case f.Type.Name() == "Upload":
			input[f.Name] = picture(p)
		case f.Name == "fileName":
			input[f.Name] = p.thief.photo
		default:
			input[f.Name] = fitting(f.Type)
		}
	}
	if def.Name == "CreateDealInput" {
		input["contactId"] = p.thief.ids[id.Contact][3] // who has no deal yet
	}
	return input
}

// own is an id, or a list of ids, of the thief's that belongs into a field.
func (p pair) own(def *ast.Definition, f *ast.FieldDefinition) any {
	ids := p.thief.ids[kindsOf(p, def, f.Name)[0]]
	switch {
	case f.Name == "stageIds":
		return []any{ids[0], ids[1], ids[2]}
	case f.Type.Elem != nil:
		return []any{ids[0]}
	}
	return ids[0]
}

// tryTexts uses names that the victim has. They are free here, or find nothing.
func (p pair) tryTexts() {
	w, v := p.thief, p.victim
	email := func(i int) string { return fmt.Sprintf("lead%d@%s.example", i, v.name) }
	w.make(p, "createLead", "lead { id }", apitest.Vars{"firstName": "x", "email": email(0), "externalId": v.name + "0", "company": v.name})
	w.make(p, "createLeadStatus", "status { id }", apitest.Vars{"name": v.name + " vip", "primaryColor": "RED"})
	w.make(p, "createContact", "contact { id }", apitest.Vars{"email": "contact@" + v.name + ".example", "phone": "555 01"})
	deal := w.make(p, "createDeal", "deal { contact { id name companyName } }", apitest.Vars{
		"title": "x", "stageId": w.ids[id.Stage][0], "externalId": v.name + "0",
		"contact": apitest.Vars{"email": fmt.Sprintf("c0@%s.example", v.name)},
	}).Get("deal.contact")
	if deal.Get("name").String() != "" || !deal.Get("companyName").IsNull() {
		p.Errorf("the victim's contact came: %s", deal)
	}
	for _, file := range []string{v.photo, v.spare} {
		for mutation, input := range map[string]apitest.Vars{
			"createLead":      {"firstName": "x", "photo": file},
			"updateLead":      {"id": w.ids[id.Lead][0], "photo": file},
			"deleteLeadPhoto": {"fileName": file},
		} {
			answer := run(p, w.api, w.Client, schema.Mutation, schema.Mutation.Fields.ForName(mutation),
				apitest.Vars{"input": input}, "lead { id photoUrl } userErrors { code }")
			if got := answer.Data.Get(mutation + ".userErrors").Len(); got != 1 || !answer.Data.Get(mutation+".lead").IsNull() {
				p.Errorf("%s takes the victim's photo: %s", mutation, answer.Raw)
			}
		}
	}
	link := v.Must(p, `query($id: ID!) { lead(id: $id) { photoUrl } }`, apitest.Vars{"id": v.ids[id.Lead][0]}).Get("lead.photoUrl").String()
	answer, err := http.Get(v.api.URL + link)
	must(p, err)
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		p.Errorf("the victim's photo is gone: status %d", answer.StatusCode)
	}
}
