package importer_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/ent/deal"
	"dealflow/ent/lead"
	"dealflow/internal/importer"
	"dealflow/internal/sales"
)

// exporter is one of the two exports.
type exporter = func(*importer.Export, context.Context) (importer.Exported, error)

// exportDeals is the file and the mapping of an export.
func (o *office) exportDeals(pipeline string) (file, mapping string) {
	return o.export(pipeline, (*importer.Export).Deals)
}

func (o *office) exportLeads(pipeline string) (file, mapping string) {
	return o.export(pipeline, (*importer.Export).Leads)
}

func (o *office) export(pipeline string, do exporter) (file, mapping string) {
	o.Helper()
	var out bytes.Buffer
	done, err := do(&importer.Export{Sales: o.sales, Store: o.store, Out: &out, Pipeline: pipeline}, o.ctx)
	check(o, err)
	rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	check(o, err)
	want(o, "rows", len(rows)-1, done.Rows)
	return out.String(), string(done.Mapping)
}

// fixture is a pipeline with all that deals and leads can have.
func (o *office) fixture() {
	o.Helper()
	_, stages, err := o.sales.ImportBoard(o.ctx, sales.ImportBoardInput{Pipeline: "Sales", Create: true, Stages: []*sales.PipelineStageInput{
		{Name: "New", Description: ptr("Where deals begin."), Probability: 0.25, RottenAfter: ptr(7)}, {Name: "Won: yes", Probability: 1},
	}})
	check(o, err)
	before, later := today.AddDate(0, -2, 0), today.AddDate(0, -1, 0).Add(123456000)
	deals := []*sales.ImportedDeal{
		{
			ExternalID: ptr("1"), StageID: stages[1].ID, Title: `=HYPERLINK("http://evil.example")`,
			Status:            graphql.OmittableOf(deal.StatusWON),
			Value:             graphql.OmittableOf(&sales.MoneyInput{Amount: "1234.5", Currency: ptr("EUR")}),
			Probability:       graphql.OmittableOf(ptr(0.125)),
			Contact:           graphql.OmittableOf(&sales.ContactInput{Name: ptr("Ada"), Email: ptr("ada@example.com"), Phone: ptr("+44 1"), CompanyName: ptr("Acme"), Tags: []string{"vip"}}),
			Assignee:          graphql.OmittableOf(&sales.ImportedUser{Name: "Grace", Subject: "auth0|7"}),
			Source:            graphql.OmittableOf(ptr("'quoted'")),
			Tags:              graphql.OmittableOf([]string{"a;b", `c\d`, "@e"}),
			ExpectedCloseDate: graphql.OmittableOf(&later),
			LostReason:        graphql.OmittableOf(ptr("two\nlines, and \"quotes\"")),
			CreatedAt:         &before, StageEnteredAt: &later, LastStatusChangeAt: &later,
		},
		{StageID: stages[0].ID, Title: "Without anything"},
		{StageID: stages[0].ID, Title: "A company's", Contact: graphql.OmittableOf(&sales.ContactInput{CompanyName: ptr("Acme")}), Assignee: graphql.OmittableOf(&sales.ImportedUser{Name: "Ida"})},
		{StageID: stages[0].ID, Title: "Another of it", Contact: graphql.OmittableOf(&sales.ContactInput{CompanyName: ptr("Acme")})},
	}
	done, err := o.sales.ImportDeals(o.ctx, sales.ImportDealsInput{Deals: deals, AllowDuplicates: true})
	check(o, err)
	for _, one := range done {
		check(o, one.Err)
	}
	statuses, err := o.sales.ImportStatuses(o.ctx, []sales.CreateLeadStatusInput{{Name: "Hot", PrimaryColor: "RED"}})
	check(o, err)
	leads := []*sales.ImportedLead{
		{
			FirstName: "-Ada", LastName: graphql.OmittableOf(ptr("Byron")), State: graphql.OmittableOf(lead.StateINACTIVE),
			Email: graphql.OmittableOf(ptr("ada@example.com")), PhoneNumbers: graphql.OmittableOf([]string{"+44 1", "44;2"}),
			StatusID: graphql.OmittableOf(statuses[4].ID), Source: graphql.OmittableOf(ptr("Fair")),
			Description: graphql.OmittableOf(ptr("two\nlines")), Location: graphql.OmittableOf(ptr("London")),
			Position: graphql.OmittableOf(ptr("Countess")), Company: graphql.OmittableOf(ptr("Engines")),
			SocialMedia: graphql.OmittableOf(&sales.SocialMediaInput{Youtube: ptr("y"), Facebook: ptr("f"), Instagram: ptr("i"), Twitter: ptr("@t")}),
			Businesses:  graphql.OmittableOf([]string{"South", "North; East"}),
			StageID:     graphql.OmittableOf(&stages[0].ID), CreatedAt: &before, StageEnteredAt: &later,
		},
		{FirstName: "Grace"},
		{FirstName: "Ida", StageID: graphql.OmittableOf(&stages[1].ID)},
	}
	done, err = o.sales.ImportLeads(o.ctx, sales.ImportLeadsInput{Leads: leads})
	check(o, err)
	for _, one := range done {
		check(o, one.Err)
	}
}

// TestRoundTrip shows that what is exported comes in again as it was: in the
// same organization nothing changes, and in another one all is there.
func TestRoundTrip(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.fixture()
		other := newOffice(o, o.store, "Globex")

		file, mapping := o.exportDeals("Sales")
		result, r := o.deals(mapping, file, into("Sales"))
		want(o, "deals, same organization", result, importer.Result{Rows: 4, Unchanged: 4})
		wantLines(o, r.told, nil)
		result, _ = o.deals(mustRead(o, "../../examples/export-deals.yaml"), file, into("Sales"))
		want(o, "deals, the example's mapping", result, importer.Result{Rows: 4, Unchanged: 4})
		result, r = other.deals(mapping, file, into("Copy"))
		want(o, "deals, another organization", result, importer.Result{Rows: 4, New: 4})
		wantLines(o, r.told, nil)
		again, mappingAgain := other.exportDeals("Copy")
		want(o, "deals there", again, file)
		want(o, "their mapping", mappingAgain, mapping)

		file, mapping = o.exportLeads("Sales")
		result, _ = o.leads(mapping, file, into("Sales"))
		want(o, "leads, same organization", result, importer.Result{Rows: 2, Unchanged: 2})
		result, _ = o.leads(mustRead(o, "../../examples/export-leads.yaml"), file, into("Sales"))
		want(o, "leads, the example's mapping", result, importer.Result{Rows: 2, Unchanged: 2})
		result, r = other.leads(mapping, file, into("Copy"))
		want(o, "leads, another organization", result, importer.Result{Rows: 2, New: 2})
		wantLines(o, r.told, nil)
		again, mappingAgain = other.exportLeads("Copy")
		want(o, "leads there", again, file)
		want(o, "their mapping", mappingAgain, mapping)

		file, mapping = o.exportLeads("")
		result, _ = o.leads(mapping, file)
		want(o, "all leads, same organization", result, importer.Result{Rows: 3, Unchanged: 3})
		want(o, "stages in it", strings.Contains(file+mapping, "{stage}"), false)
	})
}

// TestFormulas shows that no cell of an export is a formula to a spreadsheet.
func TestFormulas(t *testing.T) {
	eachOffice(t, func(o *office) {
		o.fixture()
		for _, do := range []exporter{(*importer.Export).Deals, (*importer.Export).Leads} {
			file, _ := o.export("Sales", do)
			rows, err := csv.NewReader(strings.NewReader(file)).ReadAll()
			check(o, err)
			for _, cell := range slices.Concat(rows...) {
				if cell != "" && strings.Contains("=+-@\t\r", cell[:1]) {
					o.Errorf("the cell %q is a formula", cell)
				}
			}
		}
	})
}

// TestExportPages shows that an export of several pages has each row once, in
// the order of the board.
func TestExportPages(t *testing.T) {
	var file strings.Builder
	var inOrder []string
	file.WriteString("id,name,stage,amount\n")
	for i := range 1203 {
		name := "D" + string(rune('0'+i/1000)) + string(rune('0'+i/100%10)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
		file.WriteString(name + "," + name + ",New,1\n")
		inOrder = append(inOrder, name)
	}
	eachOffice(t, func(o *office) {
		o.deals(plain, file.String(), into("Sales"))
		exported, _ := o.exportDeals("Sales")
		rows, err := csv.NewReader(strings.NewReader(exported)).ReadAll()
		check(o, err)
		var got []string
		for _, row := range rows[1:] {
			got = append(got, row[1])
		}
		want(o, "in order", slices.Equal(got, inOrder), true)
	})
}

func mustRead(tb testing.TB, path string) string {
	tb.Helper()
	content, err := os.ReadFile(path)
	check(tb, err)
	return string(content)
}

func ptr[T any](value T) *T { return &value }
