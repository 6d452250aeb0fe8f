package importer_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/importer"
)

// crmFile is a published set of 8,800 sales opportunities, which lies beside
// the project and is no part of it.
const crmFile = "../../../shared/data/crm-sales-opportunities/sales_pipeline.csv"

// TestCRM brings a real file in and looks at it through the API.
func TestCRM(t *testing.T) {
	file := mustReadCRM(t)
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		client := api.Organization(t, "Computer Hardware")
		first := mustImportCRM(t, api, client, file)
		want(t, "first run", first, importer.Result{Rows: 8800, New: 8800})
		again := mustImportCRM(t, api, client, file)
		want(t, "second run", again, importer.Result{Rows: 8800, Unchanged: 8800})
		wantCRM(t, client)
	})
}

func mustReadCRM(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile(filepath.FromSlash(crmFile))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the data set is not here: %s", crmFile)
	}
	check(t, err)
	return file
}

func mustImportCRM(t *testing.T, api *apitest.API, client *apitest.Client, file []byte) importer.Result {
	t.Helper()
	start := time.Now()
	result, err := (&importer.Import{
		Sales: api.Sales, File: bytes.NewReader(file), Pipeline: "CRM", CreatePipeline: true,
		Report: func(err importer.RowError) { t.Error(err) },
	}).Deals(client.Context, mustReadDealMapping(t, "../../examples/crm-sales-opportunities.yaml"))
	check(t, err)
	t.Logf("%+v in %v", result, time.Since(start).Round(time.Millisecond))
	return result
}

// wantCRM looks for what data_dictionary.csv and the file itself tell.
func wantCRM(t *testing.T, client *apitest.Client) {
	t.Helper()
	data := client.Must(t, `{
	  pipelines(filter: {name: {eq: "CRM"}}) { nodes {
	    stages { name probability summary { dealCount } }
	    all: summary { dealCount }
	    won: summary(status: WON) { dealCount value { amount currency } }
	    lost: summary(status: LOST) { dealCount value { amount currency } }
	    open: summary(status: OPEN) { dealCount value { amount currency } }
	  } }
	  contacts(first: 1) { totalCount }
	  users(first: 1) { totalCount }
	  withoutContact: deals(first: 1, filter: {contactId: {isNull: true}}) { totalCount }
	  one: deals(first: 2, filter: {externalId: {eq: "1C1I7A6R"}}) { nodes {
	    title status value { amount currency } tags source externalId version
	    stage { name } contact { name companyName } assignedTo { name }
	    createdAt stageEnteredAt lastStatusChangeAt
	    stageHistory { stageName enteredAt leftAt }
	    activity(first: 5) { nodes { action } }
	  } }
	}`, nil)
	for path, want := range map[string]string{
		"pipelines.nodes.0.stages": `[{"name":"Prospecting","probability":0.1,"summary":{"dealCount":500}},` +
			`{"name":"Engaging","probability":0.4,"summary":{"dealCount":1589}},` +
			`{"name":"Won","probability":1,"summary":{"dealCount":4238}},` +
			`{"name":"Lost","probability":0,"summary":{"dealCount":2473}}]`,
		"pipelines.nodes.0.all":     `{"dealCount":8800}`,
		"pipelines.nodes.0.won":     `{"dealCount":4238,"value":[{"amount":"10005534.00","currency":"USD"}]}`,
		"pipelines.nodes.0.lost":    `{"dealCount":2473,"value":[{"amount":"0.00","currency":"USD"}]}`,
		"pipelines.nodes.0.open":    `{"dealCount":2089,"value":[]}`,
		"contacts.totalCount":       `85`,
		"users.totalCount":          `31`, // the 30 agents, and who asks
		"withoutContact.totalCount": `1425`,
		"one.nodes": `[{"activity":{"nodes":[{"action":"CREATED"}]},"assignedTo":{"name":"Moses Frase"},` +
			`"contact":{"companyName":"Cancity","name":"Cancity"},"createdAt":"2016-10-20T00:00:00Z",` +
			`"externalId":"1C1I7A6R","lastStatusChangeAt":"2017-03-01T00:00:00Z","source":"CRM",` +
			`"stage":{"name":"Won"},"stageEnteredAt":"2017-03-01T00:00:00Z",` +
			`"stageHistory":[{"enteredAt":"2017-03-01T00:00:00Z","leftAt":null,"stageName":"Won"}],` +
			`"status":"WON","tags":["GTX Plus Basic"],"title":"GTX Plus Basic for Cancity",` +
			`"value":{"amount":"1054.00","currency":"USD"},"version":1}]`,
	} {
		if got := data.Get(path).String(); got != want {
			t.Errorf("%s is\n%s, want\n%s", path, got, want)
		}
	}
}

// TestCRMBadRows brings the file in with two bad rows more.
func TestCRMBadRows(t *testing.T) {
	rows := strings.Split(string(mustReadCRM(t)), "\n")[:1001] // a thousand rows are enough
	rows = slices.Insert(rows, 16,
		"BAD00001,Moses Frase,GTXPro,Isdom,Wonn,10/25/2016,3/11/2017,4514",
		"BAD00002,Moses Frase,GTXPro,Isdom,Won,10/25/2016,3/11/2017,45i4")
	spoilt := []byte(strings.Join(rows, "\n"))
	problems := []string{
		`line 17: unknown stage "Wonn"; the mapping knows Prospecting, Engaging, Won, Lost`,
		`line 18: value.amount: "45i4" is not a decimal; send digits, with a point before the decimals, such as 1200.50`,
	}
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		client := api.Organization(t, "Computer Hardware")
		m := mustReadDealMapping(t, "../../examples/crm-sales-opportunities.yaml")
		for _, one := range []struct {
			name   string
			strict bool
			want   importer.Result
			deals  string
		}{
			{"strict: nothing", true, importer.Result{Rows: 1002, New: 1000, Failed: 2, Undone: true}, "0"},
			{"the rest", false, importer.Result{Rows: 1002, New: 1000, Failed: 2}, "1000"},
		} {
			var got []string
			result, err := (&importer.Import{
				Sales: api.Sales, File: bytes.NewReader(spoilt), Pipeline: "CRM", CreatePipeline: true, Strict: one.strict,
				Report: func(err importer.RowError) { got = append(got, err.Error()) },
			}).Deals(client.Context, m)
			check(t, err)
			want(t, one.name, result, one.want)
			wantLines(t, got, problems)
			count := client.Must(t, `{ deals(first: 1) { totalCount } }`, nil).Get("deals.totalCount").String()
			want(t, one.name+": deals", count, one.deals)
		}
	})
}
