package importer_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/internal/auth"
	"dealflow/internal/importer"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// today is when the tests take place.
var today = time.Date(2026, 3, 18, 9, 30, 0, 0, time.UTC)

// office is an organization to import into, and the test that does.
type office struct {
	testing.TB
	store *store.Store
	sales *sales.Sales
	ctx   context.Context
}

// eachOffice runs a test on an empty organization in each database.
func eachOffice(t *testing.T, test func(o *office)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(newOffice(t, s, "Acme")) })
}

func newOffice(tb testing.TB, s *store.Store, name string) *office {
	tb.Helper()
	o := &office{TB: tb, store: s, sales: sales.New(s, nil, func() time.Time { return today })}
	made, err := o.sales.CreateOrganization(context.Background(), name, "USD")
	check(tb, err)
	o.ctx = auth.WithViewer(context.Background(), auth.Viewer{
		OrganizationID: made.ID, Role: auth.RoleAdmin, Permissions: auth.RoleAdmin.Permissions(),
	})
	return o
}

// run is what an import is asked for, and what it tells.
type run struct {
	importer.Import
	told []string
}

// deals imports deals from a text, into the pipeline Sales.
func (o *office) deals(mapping, file string, shape ...func(*importer.Import)) (importer.Result, *run) {
	o.Helper()
	m, err := importer.ReadDealMapping(strings.NewReader(mapping))
	check(o, err)
	r := o.newRun(file, shape)
	result, err := r.Deals(o.ctx, m)
	check(o, err)
	return result, r
}

// leads imports leads from a text.
func (o *office) leads(mapping, file string, shape ...func(*importer.Import)) (importer.Result, *run) {
	o.Helper()
	m, err := importer.ReadLeadMapping(strings.NewReader(mapping))
	check(o, err)
	r := o.newRun(file, shape)
	result, err := r.Leads(o.ctx, m)
	check(o, err)
	return result, r
}

func (o *office) newRun(file string, shape []func(*importer.Import)) *run {
	r := &run{Import: importer.Import{Sales: o.sales, File: strings.NewReader(file)}}
	r.Report = func(err importer.RowError) { r.told = append(r.told, err.Error()) }
	for _, fn := range shape {
		fn(&r.Import)
	}
	return r
}

// into names the pipeline, which is made when there is none.
func into(pipeline string) func(*importer.Import) {
	return func(i *importer.Import) { i.Pipeline, i.CreatePipeline = pipeline, true }
}

func strict(i *importer.Import) { i.Strict = true }

func dry(i *importer.Import) { i.DryRun = true }

// titles are the titles of all deals, sorted.
func (o *office) titles() string {
	o.Helper()
	found, err := o.store.Client.Deal.Query().All(o.ctx)
	check(o, err)
	names := []string{}
	for _, one := range found {
		names = append(names, one.Title)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

const plain = `
externalId: "{id}"
title: "{name}"
stage: "{stage}"
value: {amount: "{amount}"}
createStages: [{name: New}, {name: Done}]
`

func TestRun(t *testing.T) {
	const good = "id,name,stage,amount\n1,One,New,1\n2,Two,Done,2\n3,Three,New,\n"
	const bad = "id,name,stage,amount\n1,One,New,1\n2,Two,Gone,2\n3,Three,New,\n"
	eachOffice(t, func(o *office) {
		result, _ := o.deals(plain, good, into("Sales"), dry)
		want(o, "dry run", result, importer.Result{Rows: 3, New: 3, Undone: true})
		pipelines, err := o.store.Client.Pipeline.Query().Count(o.ctx)
		check(o, err)
		want(o, "pipelines after a dry run", pipelines, 0)

		result, r := o.deals(plain, bad, into("Sales"), strict)
		want(o, "strict, a bad row", result, importer.Result{Rows: 3, New: 2, Failed: 1, Undone: true})
		wantLines(o, r.told, []string{`line 3: unknown stage "Gone"; the pipeline has New, Done`})
		want(o, "deals", o.titles(), "")

		result, r = o.deals(plain, bad, into("Sales"))
		want(o, "a bad row", result, importer.Result{Rows: 3, New: 2, Failed: 1})
		wantLines(o, r.told, []string{`line 3: unknown stage "Gone"; the pipeline has New, Done`})
		want(o, "deals", o.titles(), "One Three")

		result, _ = o.deals(plain, good, into("Sales"), strict)
		want(o, "strict, all good", result, importer.Result{Rows: 3, New: 1, Unchanged: 2})
		result, _ = o.deals(plain, strings.Replace(good, "One", "Uno", 1), into("Sales"), dry)
		want(o, "dry run of a change", result, importer.Result{Rows: 3, Updated: 1, Unchanged: 2, Undone: true})
		result, _ = o.deals(plain, strings.Replace(good, "One", "Uno", 1), into("Sales"))
		want(o, "a change", result, importer.Result{Rows: 3, Updated: 1, Unchanged: 2})
		want(o, "deals", o.titles(), "Three Two Uno")
	})
}

// TestRows shows what is told of bad rows.
func TestRows(t *testing.T) {
	const mapping = `
externalId: "{id}"
title: "{name}"
stage: {from: "{stage}", values: {n: New, d: Done}}
status: {from: "{status}", otherwise: OPEN}
value: {amount: "{amount}", currency: "{currency}"}
probability: "{probability}"
expectedCloseDate: "{close}"
contact: {email: "{email}"}
dates: D.M.YYYY
decimal: ","
thousands: "."
createStages: [{name: New}, {name: Done}]
`
	const header = "id,name,stage,status,amount,currency,probability,close,email\n"
	for _, one := range []struct{ name, row, want string }{
		{"good", `1,A,n,WON,"1.234,50",EUR,"0,5",31.1.2026,ada@example.com`, ``},
		{"iso date", `1,A,n,,,,,2026-01-31,`, ``},
		{"iso time", `1,A,n,,,,,2026-01-31T10:00:00+02:00,`, ``},
		{"quoted newline", "1,\"A\nB\",n,,,,,,", ``},
		{"quoted quote", `1,"A ""B""",n,,,,,,`, ``},
		{"blank rows", "\n,,,,,,,,\n1,A,n,,,,,,", ``},
		{"no id", `,A,n,,,,,,`, `line 2: externalId is empty (id)`},
		{"no title", `1, ,n,,,,,,`, `line 2: title is empty (name)`},
		{"no stage", `1,A,,,,,,,`, `line 2: stage is empty (stage)`},
		{"unknown stage", `1,A,x,,,,,,`, `line 2: unknown stage "x"; the mapping knows n, d`},
		{"unknown status", `1,A,n,Won,,,,,`, `line 2: unknown status "Won"; Dealflow has OPEN, WON, LOST, ABANDONED`},
		{"bad amount", `1,A,n,,12x,,,,`, `line 2: value.amount: "12x" is not a decimal; send digits, with a point before the decimals, such as 1200.50`},
		{"amount too fine", `1,A,n,,"1,001",,,,`, `line 2: value.amount: "1.001" has 3 decimals; an amount in USD has at most 2`},
		{"bad currency", `1,A,n,,1,MOO,,,`, `line 2: value.currency: "MOO" is not a currency; send a code of ISO 4217, such as USD`},
		{"bad probability", `1,A,n,,,,half,,`, `line 2: probability: "half" is no number`},
		{"probability in per cent", `1,A,n,,,,50,,`, `line 2: probability: A probability goes from 0 to 1: write 0.5 for 50 per cent`},
		{"bad date", `1,A,n,,,,,1/31/2026,`, `line 2: expectedCloseDate: "1/31/2026" is no date of the form D.M.YYYY`},
		{"bad email", `1,A,n,,,,,,ada`, `line 2: The email field is not an email address, such as ada@example.com`},
		{"several things", `1,,x,,,,,,`, `line 2: unknown stage "x"; the mapping knows n, d; title is empty (name)`},
		{"too long", "1," + strings.Repeat("A", 301) + ",n,,,,,,", `line 2: The title field has 301 characters; at most 300 are allowed`},
		{"too few columns", `1,A,n`, `line 2: it has 3 columns, and the first line has 9`},
		{"too many columns", `1,A,n,,,,,,,`, `line 2: it has 10 columns, and the first line has 9`},
		{"not UTF-8", "1,Caf\xe9,n,,,,,,", `line 2: column 2 is not UTF-8; save the file in UTF-8`},
		{"stray quote", `1,A "B" C,n,,,,,,`, `line 2: there is a quote in a value that does not begin with one: put the value in quotes, and write "" for the one inside`},
		{"open quote", `1,"A,n,,,,,,`, `line 2: a quote is missing, or one too many: write "" for a quote inside of quotes`},
		{"line after a quoted newline", "0,\"A\n\nB\",n,,,,,,\n1,A,x,,,,,,", `line 5: unknown stage "x"; the mapping knows n, d`},
		{"an id twice", "1,A,n,,,,,,\n2,B,n,,,,,,\n1,C,n,,,,,,", `line 4: externalId: line 2 has "1" too`},
		{"an open deal twice", "1,A,n,,,,,,ada@example.com\n2,B,n,,,,,,ADA@example.com", `line 3: the contact already has an open deal in this pipeline; allowDuplicates: true in the mapping lets it have more`},
	} {
		t.Run(one.name, func(t *testing.T) {
			o := newOffice(t, storetest.SQLite(t), "Acme")
			_, r := o.deals(mapping, header+one.row+"\n", into("Sales"))
			want(t, "told", strings.Join(r.told, "\n"), one.want)
		})
	}
}

// TestFiles shows what is told of a file that cannot be read at all.
func TestFiles(t *testing.T) {
	const row = "1,A,New,1\n"
	for _, one := range []struct{ name, file, want string }{
		{"a mark of UTF-8", "\xef\xbb\xbfid,name,stage,amount\n" + row, ""},
		{"line ends of Windows", "id,name,stage,amount\r\n1,A,New,1\r\n", ""},
		{"spaces in the header", " id, name ,stage,amount\n" + row, ""},
		{"empty", "", "the file is empty: its first line has to name the columns"},
		{"UTF-16", "\xff\xfei\x00d\x00", "the file is in UTF-16; save it in UTF-8 (in Excel: CSV UTF-8)"},
		{"a column twice", "id,name,stage,name\n" + row, `line 1: two columns have the name "name"`},
		{"a column missing", "id,name,amount\n" + row, `line 4 of the mapping: the file has no column "stage"; it has id, name, amount`},
		{"another delimiter", "id;name;stage;amount\n1;A;New;1\n", `line 2 of the mapping: the file has no column "id"; it has id;name;stage;amount`},
	} {
		t.Run(one.name, func(t *testing.T) {
			o := newOffice(t, storetest.SQLite(t), "Acme")
			m, err := importer.ReadDealMapping(strings.NewReader(plain))
			check(t, err)
			_, err = o.newRun(one.file, []func(*importer.Import){into("Sales")}).Deals(o.ctx, m)
			got := ""
			if err != nil {
				got, _, _ = strings.Cut(err.Error(), "\n")
			}
			want(t, "error", got, one.want)
		})
	}
}

// TestMappings shows what is told of a mapping.
func TestMappings(t *testing.T) {
	const rest = "externalId: \"{id}\"\ntitle: \"{name}\"\nstage: \"{stage}\"\n"
	for _, one := range []struct{ name, mapping, want string }{
		{"good", rest, ""},
		{"empty", "", "the mapping is empty"},
		{"no YAML", "a: [", "the mapping: line 1: did not find expected node content"},
		{"unknown key", rest + "vlaue: {amount: 1}", `the mapping: line 4: there is no key "vlaue"`},
		{"unknown key inside", rest + "contact:\n  mail: \"{mail}\"", `the mapping: line 5: there is no key "mail"`},
		{"unknown key of a lookup", rest + "status:\n  form: \"{status}\"", `the mapping: line 5: there is no key "form": there are from, values and otherwise`},
		{"key twice", rest + "title: x", `the mapping: line 4: mapping key "title" already defined at line 2`},
		{"wrong type", rest + "value: 7", "the mapping: line 4: cannot unmarshal !!int `7` here"},
		{"list of lists", rest + "source: [[x]]", `the mapping: line 4: a text is wanted here, such as "{column}"`},
		{"brace not closed", rest + `source: "{x"`, `the mapping: line 4: "{x" names a column in braces, such as {account}; write {{ or }} for a brace itself`},
		{"no id", "title: \"{name}\"\nstage: x", `the mapping lacks externalId: the text that tells a row from all others, such as externalId: "{id}", by which the import can be run again`},
		{"status unknown", rest + "status: {from: \"{x}\", values: {a: Won}}", `line 4 of the mapping: "Won" is no status: there are OPEN, WON, LOST, ABANDONED`},
		{"lookup of nothing", rest + "status: {otherwise: OPEN}", `the mapping: line 4: from is missing: the text to look up, such as from: "{stage}"`},
		{"stage without a name", rest + "createStages: [{probability: 1}]", "the mapping's createStages has an entry without a name"},
		{"stage twice", rest + "createStages: [{name: A}, {name: A}]", `the mapping's createStages has "A" twice`},
		{"probability in per cent", rest + "createStages: [{name: A, probability: 50}]", `the mapping's createStages gives "A" the probability 50: it goes from 0 to 1`},
		{"date form", rest + "dates: \"%m/%d/%Y\"", "the mapping: line 4: a date's form is made of YYYY, MM or M, DD or D, HH, mm and ss, such as M/D/YYYY"},
		{"delimiter", rest + "delimiter: semicolon", `the mapping: line 4: the delimiter is one character, such as ";", or the word tab`},
		{"decimal", rest + "decimal: \";\"", `the mapping's decimal is "." or ",", and its thousands something else`},
	} {
		t.Run(one.name, func(t *testing.T) {
			_, err := importer.ReadDealMapping(strings.NewReader(one.mapping))
			got := ""
			if err != nil {
				got, _, _ = strings.Cut(err.Error(), "\n")
			}
			want(t, "error", got, one.want)
		})
	}
}

// TestTemplates shows what a text makes of a row.
func TestTemplates(t *testing.T) {
	o := newOffice(t, storetest.SQLite(t), "Acme")
	for _, one := range []struct{ name, title, want string }{
		{"columns", `"{a} for {b}"`, "A for B"},
		{"an empty column", `["{a} for {empty}", "{a} alone"]`, "A alone"},
		{"no column", `Fixed`, "Fixed"},
		{"braces", `"{{a}} {a}"`, "{a} A"},
		{"space in braces", `"{ a }"`, "A"},
	} {
		mapping := "externalId: " + one.name + "\ntitle: " + one.title + "\nstage: New\ncreateStages: [{name: New}]\n"
		_, r := o.deals(mapping, "a,b,empty\nA,B, \n", into(one.name))
		wantLines(t, r.told, nil)
		want(t, one.name, strings.Contains(" "+o.titles()+" ", " "+one.want+" "), true)
	}
}

// TestLeads shows a lead with all that a mapping can give it.
func TestLeads(t *testing.T) {
	const mapping = `
delimiter: ";"
dates: [M/D/YYYY, "M/D/YYYY HH:mm"]
externalId: "{email}"
firstName: "{first}"
lastName: "{last}"
email: "{email}"
phoneNumbers: ["{phone}", "{mobile}"]
state: {from: "{active}", values: {y: ACTIVE, n: INACTIVE}}
status: "{status}"
createStatuses: [{name: Hot, color: RED}, {name: New, color: RED}]
businesses: "{branches}"
socialMedia: {twitter: "{handle}"}
stage: "{stage}"
createStages: [{name: Inbox}]
createdAt: "{made}"
`
	const file = "first;last;email;phone;mobile;active;status;branches;handle;stage;made\n" +
		`Ada;Byron;Ada@Example.com;+44 1;+44 2;y;hot;"North;So\;uth";@ada;Inbox;1/2/2026 10:30` + "\n" +
		"Grace;;grace@example.com;;;n;;;;;\n" +
		"Ida;;ida@example.com;;;x;Cold;;;;\n"
	eachOffice(t, func(o *office) {
		result, r := o.leads(mapping, file, into("Leads"))
		want(o, "first run", result, importer.Result{Rows: 3, New: 2, Failed: 1})
		wantLines(o, r.told, []string{`line 4: unknown state "x"; the mapping knows y, n; unknown status "Cold"; the organization has New, Contacted, Qualified, Unqualified, Hot`})
		result, _ = o.leads(mapping, file, into("Leads"))
		want(o, "second run", result, importer.Result{Rows: 3, Unchanged: 2, Failed: 1})

		found, err := o.store.Client.Lead.Query().WithBusinesses().WithStatus().WithStage().All(o.ctx)
		check(o, err)
		var got []string
		for _, l := range found {
			line := fmt.Sprint(l.FirstName, *l.ExternalID, l.PhoneNumbers, l.State, l.Edges.Status.Name, len(l.Edges.Businesses), l.StageID != nil)
			got = append(got, line)
		}
		slices.Sort(got)
		wantLines(o, got, []string{
			"AdaAda@Example.com[+44 1 +44 2]ACTIVEHot2 true",
			"Gracegrace@example.com[]INACTIVENew0 false",
		})

		m, err := importer.ReadLeadMapping(strings.NewReader(mapping))
		check(o, err)
		_, err = o.newRun(file, nil).Leads(o.ctx, m)
		want(o, "without a pipeline", fmt.Sprint(err), "the mapping has a stage, so say which pipeline it is in")
	})
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func want[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s: got\n%+v, want\n%+v", what, got, want)
	}
}

func wantLines(tb testing.TB, got, want []string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func mustReadDealMapping(tb testing.TB, path string) *importer.DealMapping {
	tb.Helper()
	file, err := os.Open(path)
	check(tb, err)
	defer file.Close()
	m, err := importer.ReadDealMapping(file)
	check(tb, err)
	return m
}
