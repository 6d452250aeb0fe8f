package graph_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/deal"
	"dealflow/internal/apitest"
	"dealflow/internal/id"
)

// place is where a list hangs: at the root, or on one object.
type place struct {
	field  *ast.FieldDefinition
	parent string // the path of the object in an answer: "" or "node."
	wrap   string // the document around the call
}

func (p place) String() string { return strings.TrimSpace(fmt.Sprintf(p.wrap, p.field.Name)) }

// window is a page of a list.
type window struct {
	first, last   int
	after, before string
}

func (w window) vars() apitest.Vars {
	vars := apitest.Vars{}
	for name, size := range map[string]int{"first": w.first, "last": w.last} {
		if size > 0 {
			vars[name] = size
		}
	}
	for name, cursor := range map[string]string{"after": w.after, "before": w.before} {
		if cursor != "" {
			vars[name] = cursor
		}
	}
	return vars
}

// paging passes a window's variables on.
const paging = "first: $first last: $last after: $after before: $before"

// document asks for a list in an order.
func (p place) document(order, selection string) string {
	return "query($first: Int $last: Int $after: String $before: String) " +
		fmt.Sprintf(p.wrap, p.field.Name+passing(paging, order)+" { "+selection+" }")
}

// page reads a page of a list, and checks that its parts agree.
func (p place) page(t testing.TB, c *apitest.Client, order string, w window) apitest.Value {
	t.Helper()
	document := p.document(order, "nodes { ... on Node { id } } edges { cursor node { ... on Node { id } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }")
	page := c.Must(t, document, w.vars()).Get(p.parent + p.field.Name)
	ids, edges := page.Get("nodes").All("id"), page.Get("edges")
	if !slices.Equal(ids, edges.All("node.id")) {
		t.Errorf("%s %s %+v: nodes are %v, and edges %s", p, order, w, ids, edges)
	}
	for field, i := range map[string]int{"startCursor": 0, "endCursor": len(ids) - 1} {
		got := page.Get("pageInfo." + field)
		if len(ids) == 0 != got.IsNull() || (len(ids) > 0 && got.String() != edges.Get(fmt.Sprint(i, ".cursor")).String()) {
			t.Errorf("%s %s %+v: %s is %s", p, order, w, field, got)
		}
	}
	return page
}

// places are all lists of the schema that come in pages.
func (b *shelf) places() []place {
	var list []place
	for _, f := range fields(schema.Query) {
		if strings.HasSuffix(f.Type.Name(), "Connection") {
			list = append(list, place{f, "", "{ %s }"})
		}
	}
	for _, def := range ours() {
		for _, f := range fields(def) {
			if def != schema.Query && strings.HasSuffix(f.Type.Name(), "Connection") {
				parent := kinds[def.Name].Encode(b.first[kinds[def.Name]])
				list = append(list, place{f, "node.", fmt.Sprintf("{ node(id: %q) { ... on %s { %%s } } }", parent, def.Name)})
			}
		}
	}
	return list
}

// directions are the ways to sort a list: each of orders up and down, and two
// things at once. A list of a parent's is sorted as the one at the root is, so
// each second order will do.
func (p place) directions() []string {
	var list []string
	all := orders(p.field)
	for i, order := range all {
		if order == "" {
			list = append(list, order)
		} else if p.parent == "" || i%2 == 0 {
			list = append(list, order, strings.Replace(order, "}]", ", direction: DESC}]", 1))
		}
	}
	if len(all) > 3 {
		one, two := strings.TrimSuffix(all[2], "]"), strings.TrimPrefix(all[3], "orderBy: [{")
		list = append(list, one+", {direction: DESC, "+two, strings.TrimSuffix(one, "}")+", direction: DESC}, {"+two)
	}
	return list
}

// TestPages walks every list in every order, forward and backward, over rows
// with ties and without values. Its order is the same on both databases.
func TestPages(t *testing.T) {
	seen := map[string][]string{}
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		b := newShelf(t, api)
		for _, p := range b.places() {
			for i, order := range p.directions() {
				sizes := []int{1, 2, 3}
				if i > 0 {
					sizes = []int{1 + i%3}
				}
				whole := p.page(t, b.Client, order, window{first: 500}).Get("nodes").All("id")
				if len(whole) < 7 {
					t.Fatalf("%s has only %d rows", p, len(whole))
				}
				what := p.String() + " " + order
				if other, is := seen[what]; is && !slices.Equal(b.known(whole), other) {
					t.Errorf("%s:\n%v\nand on the other database\n%v", what, b.known(whole), other)
				}
				seen[what] = b.known(whole)
				p.sorted(t, b.Client, order)
				for _, size := range sizes {
					if got := p.walk(t, b.Client, order, size); !slices.Equal(got, whole) {
						t.Errorf("%s, %d forward: %v, not %v", what, size, got, whole)
					}
					if got := p.walkBack(t, b.Client, order, size); !slices.Equal(got, whole) {
						t.Errorf("%s, %d backward: %v, not %v", what, size, got, whole)
					}
				}
			}
		}
	})
}

var orderText = regexp.MustCompile(`field: ([A-Z_]+)(, direction: DESC)?}\]$`)

// sorted checks that a list which is sorted by a field comes in the order of
// that field: texts by their bytes, and rows without a value last.
func (p place) sorted(t testing.TB, c *apitest.Client, order string) {
	t.Helper()
	found := orderText.FindStringSubmatch(order)
	if found == nil || strings.Contains(order, "}, {") || found[1] == "RANK" {
		return // a rank is not shown
	}
	field := ""
	for i, word := range strings.Split(strings.ToLower(found[1]), "_") {
		if i > 0 {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		field += word
	}
	if field == "value" {
		field += " { amount }"
	}
	values := c.Must(t, p.document(order, "nodes { it: "+field+" }"), nil).Get(p.parent + p.field.Name + ".nodes").All("it")
	rest := slices.IndexFunc(values, func(one string) bool { return one == "null" })
	if rest < 0 {
		rest = len(values)
	}
	up := slices.Clone(values[:rest])
	if found[2] != "" {
		slices.Reverse(up)
	}
	if !slices.IsSorted(up) || strings.Trim(strings.Join(values[rest:], ""), "nul") != "" {
		t.Errorf("%s %s: the values are %q", p, order, values)
	}
}

// known is a list without the id of the caller, which is another each time.
func (b *shelf) known(ids []string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(one string) bool { return one == id.User.Encode(b.UserID()) })
}

// walk reads a list from the start.
func (p place) walk(t testing.TB, c *apitest.Client, order string, size int) []string {
	t.Helper()
	ids, w := []string{}, window{first: size}
	for range 50 {
		page := p.page(t, c, order, w)
		ids = append(ids, page.Get("nodes").All("id")...)
		if previous := page.Get("pageInfo.hasPreviousPage").String(); previous != fmt.Sprint(w.after != "") {
			t.Errorf("%s %s %+v: hasPreviousPage is %s", p, order, w, previous)
		}
		if page.Get("pageInfo.hasNextPage").String() == "false" {
			return ids
		}
		w.after = page.Get("pageInfo.endCursor").String()
	}
	t.Fatalf("%s %s: no end to the pages", p, order)
	return nil
}

// walkBack reads a list from the end.
func (p place) walkBack(t testing.TB, c *apitest.Client, order string, size int) []string {
	t.Helper()
	ids, w := []string{}, window{last: size}
	for range 50 {
		page := p.page(t, c, order, w)
		ids = append(page.Get("nodes").All("id"), ids...)
		if next := page.Get("pageInfo.hasNextPage").String(); next != fmt.Sprint(w.before != "") {
			t.Errorf("%s %s %+v: hasNextPage is %s", p, order, w, next)
		}
		if page.Get("pageInfo.hasPreviousPage").String() == "false" {
			return ids
		}
		w.before = page.Get("pageInfo.startCursor").String()
	}
	t.Fatalf("%s %s: no end to the pages", p, order)
	return nil
}

// TestPagesOfManyParents shows that the page of a list is the same when it is
// read for many parents at once as when it is read for one.
func TestPagesOfManyParents(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		b := newShelf(t, api)
		for _, p := range b.places() {
			if p.parent == "" {
				continue
			}
			def, kind := parentOf(p.field)
			for _, order := range p.directions() {
				cursor := p.page(t, b.Client, order, window{}).Get("edges.2.cursor").String()
				call := "query($ids: [ID!]! $first: Int $last: Int $after: String $before: String) { nodes(ids: $ids) { ... on " + def + " { " +
					p.field.Name + passing(paging, order) + " { nodes { ... on Node { id } } pageInfo { hasNextPage hasPreviousPage } totalCount } } } }"
				windows := []window{{first: 2, after: cursor}, {last: 2, before: cursor}, {first: 2}, {last: 2}}
				if order != "" {
					windows = windows[:2]
				}
				for _, w := range windows {
					vars := w.vars()
					vars["ids"] = b.some[kind]
					many := b.Must(t, call, vars)
					for i, parent := range b.some[kind] {
						vars["ids"] = []string{parent}
						alone := b.Must(t, call, vars)
						if got, want := many.Get(fmt.Sprint("nodes.", i)).String(), alone.Get("nodes.0").String(); got != want {
							t.Errorf("%s of %s with others:\n%s\nand alone:\n%s", call, parent, got, want)
						}
					}
				}
			}
		}
	})
}

func parentOf(f *ast.FieldDefinition) (string, id.Kind) {
	for _, def := range ours() {
		if kind, is := kinds[def.Name]; is && slices.Contains(def.Fields, f) {
			return def.Name, kind
		}
	}
	return "", ""
}

// TestPageStatements counts what a page costs: one statement, the same for each
// page, and one more for the total when it is asked for.
func TestPageStatements(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		b := newShelf(t, api)
		for _, p := range b.places() {
			parents, timeline := strings.Count(p.parent, "."), strings.Count(p.field.Name, "timeline")
			cursor := p.page(t, b.Client, "", window{}).Get("edges.2.cursor").String()
			for _, test := range []struct {
				window
				selection string
				want      int
			}{
				{window{first: 2}, "edges { cursor }", parents + 1 + timeline},
				{window{first: 2, after: cursor}, "nodes { __typename }", parents + 1 + timeline},
				{window{last: 3, before: cursor}, "pageInfo { hasNextPage }", parents + 1 + timeline},
				{window{first: 2}, "totalCount nodes { __typename }", parents + 2 + 2*timeline},
				{window{first: 2}, "totalCount", parents + 1 + timeline},
			} {
				b.Must(t, p.document("", test.selection), test.vars())
				ran := strings.Join(api.Statements(), "\n")
				if got := len(api.Statements()); got != test.want {
					t.Errorf("%s {%s} takes %d statements, not %d:\n%s", p, test.selection, got, test.want, ran)
				}
				if counts := strings.Contains(ran, "COUNT("); counts != strings.Contains(test.selection, "totalCount") {
					t.Errorf("%s {%s} counts: %t\n%s", p, test.selection, counts, ran)
				}
			}
		}
	})
}

// TestColumns shows that a field shows the same whether its row is read with
// its column alone, as a list does, or whole, as node does.
func TestColumns(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		for _, list := range fields(schema.Query) {
			name := nodeType(list.Type.Name())
			if _, is := kinds[name]; !is || len(arguments(list)) > 0 {
				continue
			}
			for _, f := range fields(schema.Types[name]) {
				show := "it: " + f.Name
				if of := schema.Types[f.Type.Name()]; !of.IsLeafType() {
					show += " {" + selection(of.Name, 2) + "}"
				}
				call, path := list.Name+" { nodes { id "+show+" } }", list.Name+".nodes"
				if name == list.Type.Name() {
					call, path = list.Name+" { id "+show+" }", list.Name
				}
				rows := w.Must(t, "{ "+call+" }", nil).Get(path)
				whole := w.Must(t, "query($ids: [ID!]!) { nodes(ids: $ids) { ... on "+name+" { id "+show+" } } }", apitest.Vars{"ids": rows.All("id")})
				for i, want := range whole.Get("nodes").All("it") {
					if got := rows.Get(fmt.Sprint(i, ".it")).String(); got != want {
						t.Errorf("%s.%s in %s is\n%s\nand in node\n%s", name, f.Name, list.Name, got, want)
					}
				}
			}
		}
	})
}

// shelf is an organization whose lists have ties and gaps. It has the same ids
// wherever it is made.
type shelf struct {
	*apitest.Client
	first map[id.Kind]uuid.UUID
	some  map[id.Kind][]string // the first few
	count byte
}

// words sort differently by bytes, by a person's rules and without case.
var words = []string{"Zoë", "apple", "Banana", "apple", "äpfel", "_x", "Éclair", "apple pie"}

func newShelf(t testing.TB, api *apitest.API) *shelf {
	t.Helper()
	b := &shelf{Client: api.Organization(t, "acme"), first: map[id.Kind]uuid.UUID{}, some: map[id.Kind][]string{}}
	db, org := api.Store.Client, b.Organization.ID
	status := db.LeadStatus.Query().FirstX(b.Context)
	for i, word := range words {
		db.User.Create().SetID(b.id(id.User)).SetOrganizationID(org).SetSubject(fmt.Sprint(i)).SetName(word).
			SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).ExecX(b.Context)
		db.Business.Create().SetID(b.id(id.Business)).SetOrganizationID(org).SetName(word).SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).ExecX(b.Context)
		db.Contact.Create().SetID(b.id(id.Contact)).SetOrganizationID(org).SetName(word).SetNillableCompanyName(gap(i, word)).
			SetNillableEmail(gap(i+1, fmt.Sprint(word, i))).SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).ExecX(b.Context)
		db.APIKey.Create().SetID(b.id(id.APIKey)).SetOrganizationID(org).SetName(word).SetClient("c").SetHash(make([]byte, 32)).
			SetPermissions([]string{"VIEW_LEADS"}).SetCreatedAt(at(i)).ExecX(b.Context)
		pipeline := db.Pipeline.Create().SetID(b.id(id.Pipeline)).SetOrganizationID(org).SetName(word).SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).SaveX(b.Context)
		db.Stage.Create().SetID(b.id(id.Stage)).SetOrganizationID(org).SetPipelineID(pipeline.ID).SetName(word).SetPosition(i % 3).
			SetProbability(float64(i%3) / 3).SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).ExecX(b.Context)
	}
	for i := range len(words) + 3 {
		b.cards(db, status, i)
	}
	b.talk(db)
	return b
}

// cards makes a deal and a lead: the first eight in the first stage, where some
// have the same rank, and three more in the second one.
func (b *shelf) cards(db *ent.Client, status *ent.LeadStatus, i int) {
	word, half := words[i%len(words)], i/len(words)
	_, stage, _ := id.Parse(b.some[id.Stage][half])
	_, pipeline, _ := id.Parse(b.some[id.Pipeline][half])
	_, contact, _ := id.Parse(b.some[id.Contact][half])
	rank := "a" + string(rune('0'+i%4))
	cards := db.Deal.Create().SetID(b.id(id.Deal)).SetOrganizationID(b.Organization.ID).SetPipelineID(pipeline).SetStageID(stage).
		SetRank(rank).SetTitle(word).SetStatus([]deal.Status{"OPEN", "WON", "LOST", "ABANDONED"}[i%4]).SetDuplicate(true).
		SetContactID(contact).SetLastStatusChangeAt(at(i)).SetStageEnteredAt(at(i * 2)).SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).
		SetNillableExpectedCloseDate(gap(i, at(i%2*24*60*60).Truncate(24*time.Hour)))
	if i%3 > 0 {
		cards.SetValueAmount(int64(i % 4)).SetValueCurrency("USD")
	}
	cards.ExecX(b.Context)
	db.Lead.Create().SetID(b.id(id.Lead)).SetOrganizationID(b.Organization.ID).SetStatusID(status.ID).SetStageID(stage).SetRank(rank).
		SetFirstName(word).SetLastName(words[(i/2)%5]).SetNillableEmail(gap(i, fmt.Sprint(word, i))).SetNillableCompany(gap(i+1, word)).
		SetStageEnteredAt(at(i * 2)).SetCreatedAt(at(i)).SetUpdatedAt(at(-i)).ExecX(b.Context)
}

// talk makes comments on, and activities of, the first and second cards.
func (b *shelf) talk(db *ent.Client) {
	for i := range 2 * len(words) {
		_, theDeal, _ := id.Parse(b.some[id.Deal][i%2])
		_, theLead, _ := id.Parse(b.some[id.Lead][i%2])
		_, thePipeline, _ := id.Parse(b.some[id.Pipeline][i%2])
		db.Comment.Create().SetID(b.id(id.Comment)).SetOrganizationID(b.Organization.ID).SetDealID(theDeal).SetContent("x").
			SetCreatedAt(at(i / 2)).SetUpdatedAt(at(i)).ExecX(b.Context)
		db.Comment.Create().SetID(b.id(id.Comment)).SetOrganizationID(b.Organization.ID).SetLeadID(theLead).SetContent("x").
			SetCreatedAt(at(i / 2)).SetUpdatedAt(at(i)).ExecX(b.Context)
		for n, key := range []uuid.UUID{theDeal, theLead, thePipeline} {
			db.Activity.Create().SetID(b.id(id.Activity)).SetOrganizationID(b.Organization.ID).SetAction("UPDATED").
				SetEntityType([]activity.EntityType{"DEAL", "LEAD", "PIPELINE"}[n]).SetEntityID(key).SetCreatedAt(at(i / 2)).ExecX(b.Context)
		}
	}
}

// id is a new id, the same on each run. Later rows have lower ones, so that
// ties broken by id are told from the order of making.
func (b *shelf) id(kind id.Kind) uuid.UUID {
	b.count++
	key := uuid.UUID{0: 0xff - b.count, 6: 0x70, 8: 0x80}
	if _, is := b.first[kind]; !is {
		b.first[kind] = key
	}
	if len(b.some[kind]) < 3 {
		b.some[kind] = append(b.some[kind], kind.Encode(key))
	}
	return key
}

// at is a time, of which two in a row are the same.
func at(i int) time.Time {
	return time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(i/2) * time.Second)
}

// gap is a value, or none for every third.
func gap[T any](i int, value T) *T {
	if i%3 == 0 {
		return nil
	}
	return &value
}
