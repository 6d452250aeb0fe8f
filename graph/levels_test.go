package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// TestLevels shows what two selections of the same rows must not do to each
// other, and that arguments work under many parents as under one.
func TestLevels(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		fillBoard(t, ada, 1)
		won := ada.Must(t, `{ deals(first: 1) { nodes { id } } }`, nil).Get("deals.nodes.0.id").String()
		ada.Must(t, `mutation($id: ID!) { changeDealStatus(input: {id: $id, status: WON}) { deal { id } userErrors { message } } }`,
			apitest.Vars{"id": won})

		t.Run("search under many stages", func(t *testing.T) {
			data := ada.Must(t, `{ pipelines { nodes { stages {
				long: leads(search: "lead1@") { totalCount nodes { lastName } }
				short: deals(search: "al") { nodes { title } } } } } }`, nil)
			for _, pipeline := range data.Get("pipelines.nodes").List() {
				for _, stage := range pipeline.Get("stages").List() {
					if got := fmt.Sprint(stage.Get("long.nodes").All("lastName"), stage.Get("short.nodes").All("title")); got != "[1] [Deal 0 Deal 1]" {
						t.Errorf("found %s", got)
					}
				}
			}
		})
		t.Run("a fragment of connections with other arguments", func(t *testing.T) {
			data := ada.Must(t, `{ pipelines { nodes {
				open: deals(filter: {status: {eq: OPEN}}) { ...N } won: deals(filter: {status: {eq: WON}}) { ...N } } } }
				fragment N on DealConnection { totalCount }`, nil)
			var counts []string
			for _, pipeline := range data.Get("pipelines.nodes").List() {
				counts = append(counts, pipeline.Get("open.totalCount").String(), pipeline.Get("won.totalCount").String())
			}
			if got := strings.Join(counts, " "); got != "4 0 3 1" {
				t.Errorf("open and won of each pipeline: %s", got)
			}
		})
		t.Run("a fragment of rows that are shown twice", func(t *testing.T) {
			data := ada.Must(t, `{ deals(first: 1) { edges { node { ...F } } nodes { ...F contact { email } stage { pipeline { name } } } } }
				fragment F on Deal { contact { name } stage { id } }`, nil)
			if node := data.Get("deals.nodes.0"); node.Get("contact.email").IsNull() || node.Get("stage.pipeline.name").IsNull() {
				t.Errorf("a column of the other selection is missing: %s", node)
			}
		})
	})
}

// TestListsOfRules shows that the rows which a mutation answers are one level.
func TestListsOfRules(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		leads := ada.Must(t, `{ leads { nodes { id } } }`, nil).Get("leads.nodes").All("id")
		status := ada.Must(t, `{ leadStatuses { id } }`, nil).Get("leadStatuses.1.id").String()
		count := func(ids []string) int {
			ada.Must(t, `mutation($input: ChangeLeadStatusInput!) { changeLeadStatus(input: $input) {
				leads { id status { name } businesses { name } createdBy { name } stage { name } } userErrors { message } } }`,
				apitest.Vars{"input": apitest.Vars{"ids": ids, "statusId": status}})
			return len(api.Statements())
		}
		one, all := count(leads[:1]), count(leads[1:])
		if one != all {
			t.Errorf("one lead takes %d statements, %d leads take %d", one, len(leads)-1, all)
		}
		ada.Must(t, `{ leadTotals { status { leadCount } } }`, nil)
		if n := len(api.Statements()); n != 3 {
			t.Errorf("the counts of all statuses take %d statements, not 3", n)
		}
	})
}

// TestWithoutAPermission shows that who may see one part of an answer gets it,
// whatever else was asked for.
func TestWithoutAPermission(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		deal := ada.Must(t, `{ deals(first: 1) { nodes { id } } }`, nil).Get("deals.nodes.0.id").String()
		lead := ada.Must(t, `{ leads(first: 1) { nodes { id } } }`, nil).Get("leads.nodes.0.id").String()

		sales := ada.As(t, "partner", auth.RolePartner, auth.ViewSalesPipelines)
		answer := sales.Do(t, `{ pipelines { nodes { stages { name deals { totalCount } leads { totalCount } summary { dealCount leadCount } } } } }`, nil)
		if got := answer.Data.Get("pipelines.nodes.0.stages.0.summary.dealCount").Int(); got != 2 {
			t.Errorf("the board went with what may not be seen: %s", answer.Raw)
		}
		if len(answer.Errors) != 4 || answer.Errors[0].Code() != "FORBIDDEN" {
			t.Errorf("errors %v", answer.Errors)
		}

		leads := ada.As(t, "caller", auth.RolePartner, auth.ViewLeads)
		answer = leads.Do(t, `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, apitest.Vars{"ids": []string{lead, deal, "nonsense"}})
		if answer.Data.Get("nodes.0.id").String() != lead || !answer.Data.Get("nodes.1").IsNull() || !answer.Data.Get("nodes.2").IsNull() {
			t.Errorf("nodes: %s", answer.Raw)
		}
		if len(answer.Errors) != 1 || answer.Errors[0].Code() != "INVALID_ID" || fmt.Sprint(answer.Errors[0].Path) != "[nodes 2]" {
			t.Errorf("errors %v", answer.Errors)
		}
	})
}

// TestNullFilters shows what isNull says of what hangs on a lead.
func TestNullFilters(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		business := ada.Must(t, `mutation { createBusiness(input: {name: "North"}) { business { id } userErrors { message } } }`, nil).
			Get("createBusiness.business.id").String()
		make := func(name string, businesses ...string) {
			ada.Must(t, `mutation($input: CreateLeadInput!) { createLead(input: $input) { lead { id } userErrors { message } } }`,
				apitest.Vars{"input": apitest.Vars{"firstName": name, "email": name + "@mail.example", "businessIds": businesses}})
		}
		make("With", business)
		make("Without")
		for filter, want := range map[string]string{
			`{businessId: {isNull: true}}`:               "[Without]",
			`{businessId: {isNull: false}}`:              "[With]",
			`{pipelineId: {isNull: true}}`:               "[Without With]",
			`{pipelineId: {isNull: false}}`:              "[]",
			`{lastName: {isNull: false}}`:                "[]",
			`{email: {eq: "WITH@Mail.example"}}`:         "[With]",
			`{not: {businessId: {isNull: true}}}`:        "[With]",
			`{createdById: {eq: "` + userID(ada) + `"}}`: "[Without With]",
		} {
			data := ada.Must(t, `{ leads(filter: `+filter+`) { nodes { firstName } } }`, nil)
			if got := fmt.Sprint(data.Get("leads.nodes").All("firstName")); got != want {
				t.Errorf("%s finds %s, not %s", filter, got, want)
			}
		}
	})
}

func userID(c *apitest.Client) string { return id.User.Encode(c.UserID()) }

// TestEmptyPages shows that a page without rows still knows where it is.
func TestEmptyPages(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		fillBoard(t, ada, 0)
		end := ada.Must(t, `{ leads { pageInfo { endCursor } } }`, nil).Get("leads.pageInfo.endCursor").String()
		data := ada.Must(t, `query($end: String) { leads(after: $end) { pageInfo { hasPreviousPage hasNextPage } } }`, apitest.Vars{"end": end})
		if got := data.Get("leads.pageInfo").String(); got != `{"hasNextPage":false,"hasPreviousPage":true}` {
			t.Errorf("after the end: %s", got)
		}
	})
}

// TestArgumentsThatDoNotFit shows that what is wrong with an argument is told as
// such, and is nobody else's fault.
func TestArgumentsThatDoNotFit(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		for name, test := range map[string]struct{ document, code string }{
			"file":  {`mutation { uploadLeadPhoto(input: {file: "abc"}) { fileName } }`, "BAD_USER_INPUT"},
			"text":  {`{ leads(filter: {firstName: {contains: "` + strings.Repeat("x", 1001) + `"}}) { totalCount } }`, "BAD_USER_INPUT"},
			"year":  {`{ leads(filter: {createdAt: {lt: "9999-12-31T23:59:59-23:59"}}) { totalCount } }`, "BAD_USER_INPUT"},
			"day":   {`{ leadVolume(to: "0000-01-01") { total } }`, "BAD_USER_INPUT"},
			"order": {`{ deals(orderBy: [{field: TITLE}, {field: TITLE}]) { totalCount } }`, "BAD_USER_INPUT"},
			"field": {`{ nonsense }`, "GRAPHQL_VALIDATION_FAILED"},
		} {
			answer := ada.Do(t, test.document, nil)
			if len(answer.Errors) == 0 || answer.Errors[0].Code() != test.code || answer.Errors[0].Extensions["status"] == nil {
				t.Errorf("%s: %s", name, answer.Raw)
			}
		}
	})
}
