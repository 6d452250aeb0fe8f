package graph_test

import (
	"cmp"
	"context"
	"database/sql/driver"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"
	"github.com/lib/pq"

	"dealflow/ent"
	"dealflow/ent/stage"
	"dealflow/internal/apitest"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// walk is a request, and how the databases are to come to the rows of one of
// its statements.
type walk struct {
	// document names what boardNames finds.
	document string
	// holds is a text that the statement holds, with Postgres' quotes.
	holds string
	// index is the one that is walked, and sqlite the one there if it is another.
	index, sqlite string
	// custom is set where Postgres plans for the arguments though the statement is
	// prepared, since a plan for any would cost more.
	custom bool
}

const byEmail = `mutation { createDeal(input: {title: "Bridge", stageId: "STAGE", contact: {email: "c1@acme.example"}, allowDuplicate: true}) { userErrors { message } } }`

const byPhone = `mutation { createDeal(input: {title: "Tower", stageId: "STAGE", contact: {phone: "123"}, allowDuplicate: true}) { userErrors { message } } }`

var plans = map[string]walk{
	"pipelines":               {`{ pipelines { nodes { id } } }`, `FROM "pipelines"`, "pipeline_organization_id_created_at_id", "", false},
	"stages of boards":        {`{ pipelines(first: 2) { nodes { stages { id } } } }`, `FROM "stages"`, "stage_pipeline_id_position", "", true},
	"deals of stages":         {`{ pipelines(first: 2) { nodes { stages { deals { nodes { id } } } } } }`, `FROM "deals"`, "deal_stage_id_rank_id", "", false},
	"deals of one stage":      {`{ stage(id: "STAGE") { deals { nodes { id } } } }`, `FROM "deals"`, "deal_stage_id_rank_id", "", false},
	"comments of one deal":    {`{ deal(id: "DEAL") { comments { nodes { id } } activity { nodes { id } } } }`, `FROM "comments"`, "comment_deal_id_created_at_id", "", false},
	"activity of one deal":    {`{ deal(id: "DEAL") { comments { nodes { id } } activity { nodes { id } } } }`, `FROM "activities"`, "activity_entity_id_created_at_id", "", false},
	"leads of stages":         {`{ pipelines(first: 2) { nodes { stages { leads { nodes { id } } } } } }`, `FROM "leads"`, "lead_stage_id_rank_id", "", false},
	"totals of stages":        {`{ pipelines(first: 2) { nodes { stages { deals { totalCount } } } } }`, `FROM "deals"`, "deal_stage_id_rank_id", "", false},
	"summaries of stages":     {`{ pipelines(first: 2) { nodes { stages { summary { dealCount } } } } }`, `FROM "deals"`, "deal_stage_id_rank_id", "", false},
	"leads counted on stages": {`{ pipelines(first: 2) { nodes { stages { summary { leadCount } } } } }`, `FROM "leads"`, "lead_stage_id_rank_id", "", false},
	"deals of pipelines":      {`{ pipelines(first: 2) { nodes { deals { nodes { id } } } } }`, `FROM "deals"`, "deal_pipeline_id_created_at_id", "", false},
	"summaries of pipelines":  {`{ pipelines(first: 2) { nodes { summary { dealCount } } } }`, `FROM "deals"`, "deal_pipeline_id_created_at_id", "", false},
	"leads counted on boards": {`{ pipelines(first: 2) { nodes { summary { leadCount } } } }`, `FROM "leads"`, "lead_stage_id_rank_id", "", false},
	"all deals":               {`{ deals { nodes { id } } }`, `FROM "deals"`, "deal_organization_id_created_at_id", "", false},
	"all leads":               {`{ leads { nodes { id } } }`, `FROM "leads"`, "lead_organization_id_created_at_id", "", false},
	"comments of leads":       {`{ leads { nodes { comments { nodes { id } } } } }`, `FROM "comments"`, "comment_lead_id_created_at_id", "", false},
	"comments of deals":       {`{ deals { nodes { comments { nodes { id } } } } }`, `FROM "comments"`, "comment_deal_id_created_at_id", "", false},
	"activity of deals":       {`{ deals { nodes { activity { nodes { id } } } } }`, `FROM "activities"`, "activity_entity_id_created_at_id", "", false},
	"history of deals":        {`{ deals { nodes { stageHistory { id } } } }`, `FROM "stage_stays"`, "stagestay_deal_id_entered_at", "", false},
	"history of leads":        {`{ leads { nodes { stageHistory { id } } } }`, `FROM "stage_stays"`, "stagestay_lead_id_entered_at", "", false},
	"deals of contacts":       {`{ contacts { nodes { deals { nodes { id } } } } }`, `FROM "deals"`, "deal_contact_id", "", false},
	"businesses of leads":     {`{ leads { nodes { businesses { name } } } }`, `"lead_businesses"`, "lead_businesses_pkey", "", false},
	"status of leads":         {`{ leads { nodes { status { name } } } }`, `FROM "lead_status"`, "lead_status_pkey", "", false},
	"stage of deals":          {`{ deals { nodes { stage { name } } } }`, `FROM "stages"`, "stages_pkey", "", false},
	"contact of deals":        {`{ deals { nodes { contact { name } } } }`, `FROM "contacts"`, "contacts_pkey", "", false},
	"people of deals":         {`{ deals { nodes { assignedTo { name } createdBy { name } } } }`, `FROM "users"`, "users_pkey", "", false},
	"nodes":                   {`{ nodes(ids: ["LEADS"]) { id } }`, `FROM "leads"`, "leads_pkey", "", false},
	"search of deals":         {`{ deals(search: "zebra") { nodes { id } } }`, `FROM "deals"`, "deal_search", "deals_pkey", false},
	"search of leads":         {`{ leads(search: "zebra") { nodes { id } } }`, `FROM "leads"`, "lead_search", "leads_pkey", false},
	"number of leads found":   {`{ leads(search: "zebra") { totalCount } }`, `FROM "leads"`, "lead_search", "leads_pkey", false},
	"contact by email":        {byEmail, `"contacts"."email" =`, "contact_organization_id_email", "", false},
	"contact by phone":        {byPhone, `"contacts"."phone_key" =`, "contact_organization_id_phone_key", "", false},
	"open deal of a contact":  {byEmail, `"status" =`, "deal_contact_id", "", false},
	"bottom of a stage":       {byEmail, `ORDER BY "rank" DESC`, "deal_stage_id_rank_id", "", false},
	"next to a card": {`mutation { moveDeal(input: {id: "DEAL", after: "OTHER"}) { userErrors { message } } }`,
		`("rank", "id") >`, "deal_stage_id_rank_id", "", false},
	"lead by email": {`mutation { createLead(input: {firstName: "Ada", email: "ada@acme.example"}) { userErrors { message } } }`,
		`FROM "leads"`, "lead_organization_id_email", "", false},
	"leads with a photo": {`mutation { deleteLeadPhoto(input: {fileName: "PHOTO"}) { userErrors { message } } }`,
		`"leads"."photo" =`, "lead_organization_id_photo", "", false},
}

// TestPlans shows the index that each hot statement walks, instead of walking the
// organization, and that no statement reads a whole table.
func TestPlans(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		crowd(t, api)
		fillBoard(t, ada, 0)
		fillBoard(t, ada, 1)
		names := boardNames(t, &album{ada, api})
		for name, test := range plans {
			t.Run(name, func(t *testing.T) {
				ada.Must(t, names.Replace(test.document), nil)
				test.check(t, api, api.Statements(), api.Arguments())
			})
		}
	})
}

// TestTotalsReadNoCards shows that what stages come to can be read from indexes alone.
// How much a VACUUM has left to do, which makes a difference to the planner, is left out.
func TestTotalsReadNoCards(t *testing.T) {
	api := apitest.New(t, storetest.Postgres(t))
	ada := api.Organization(t, "acme")
	crowd(t, api)
	fillBoard(t, ada, 0)
	ada.Must(t, `{ pipelines(first: 2) { nodes { stages { summary { leadCount dealCount value { amount } weightedValue { amount } } } } } }`, nil)
	tx, err := api.Store.Client.Tx(t.Context())
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(t.Context(), "SET LOCAL enable_bitmapscan = off")
	must(t, err)
	plans := ""
	for i, statement := range api.Statements() {
		plans += rows(t, tx, "EXPLAIN "+statement, api.Arguments()[i]...)
	}
	for _, index := range []string{"deal_stage_id_rank_id", "lead_stage_id_rank_id"} {
		if !strings.Contains(plans, "Index Only Scan using "+index) {
			t.Errorf("%s is not all that is read in\n%s", index, plans)
		}
	}
}

// TestPlansOfMoves shows that moves that are asked for at once take three statements
// together, to whatever place, and that none of them reads a whole table.
func TestPlansOfMoves(t *testing.T) {
	api := apitest.New(t, storetest.Patient(t))
	own, other := api.Organization(t, "acme"), api.Organization(t, "other")
	crowd(t, api)
	fillBoard(t, own, 0)
	fillBoard(t, other, 0)
	for _, k := range cardKinds {
		for _, place := range []string{"", "at: FIRST", "before: $neighbour", "after: $neighbour"} {
			move := func(c *apitest.Client) func() {
				return func() { moveOn(t, c, k, place) }
			}
			storetest.Crowd(t, api.Store, func() {}, move(own), move(other))
			statements := api.Statements()
			if len(statements) != 3 || strings.Count(strings.Join(statements, " "), "SKIP LOCKED") != 3 {
				t.Errorf("%s %s takes\n%s", k.move, place, strings.Join(statements, "\n"))
			}
			plans := strings.ReplaceAll(anyPlans(t, api, statements, api.Arguments()), "Seq Scan on event_heads", "all of two rows")
			if whole := wholeTable.FindString(plans); whole != "" {
				t.Errorf("%s\nin the plans of %s %s\n%s", whole, k.move, place, plans)
			}
			if strings.Contains(place, "neighbour") != strings.Contains(plans, "ROW(rank, id)") {
				t.Errorf("%s %s begins elsewhere than at its neighbour:\n%s", k.move, place, plans)
			}
		}
	}
}

// moveOn moves the first card of the first stage of a board that fillBoard filled to a
// place in the second, or back.
func moveOn(t *testing.T, c *apitest.Client, k cardKind, place string) {
	t.Helper()
	cards := k.noun + "s { nodes { id } }"
	stages := c.Must(t, `{ pipelines(filter: {name: {eq: "Board 0"}}) { nodes { stages { id `+cards+` } } } }`, nil).Get("pipelines.nodes.0.stages").List()
	from, to := stages[0].Get(k.noun+"s.nodes"), stages[1].Get(k.noun+"s.nodes")
	target := stages[1]
	if len(from.List()) < len(to.List()) {
		from, to, target = to, from, stages[0]
	}
	vars := apitest.Vars{"id": from.Get("0.id").String(), "stage": target.Get("id").String()}
	declared := ""
	if strings.Contains(place, "$neighbour") {
		vars["neighbour"], declared = to.Get("0.id").String(), ", $neighbour: ID!"
	}
	moved := c.Must(t, `mutation($id: ID!, $stage: ID!`+declared+`) { `+k.move+`(input: {id: $id, stageId: $stage, `+place+`}) { userErrors { message } } }`, vars)
	if errs := moved.Get(k.move + ".userErrors"); errs.Len() > 0 {
		t.Errorf("%s %s: %s", k.move, place, errs)
	}
}

// anyPlans are Postgres' plans of statements, for any arguments.
func anyPlans(t *testing.T, api *apitest.API, statements []string, arguments [][]any) string {
	t.Helper()
	tx, err := api.Store.Client.Tx(t.Context())
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	plans := ""
	for i, statement := range statements {
		for _, do := range []string{"PREPARE explained AS " + statement, "SET LOCAL plan_cache_mode = force_generic_plan"} {
			_, err := tx.ExecContext(t.Context(), do)
			must(t, err)
		}
		plans += rows(t, tx, "EXPLAIN EXECUTE explained("+literals(t, arguments[i])+")")
		_, err := tx.ExecContext(t.Context(), "DEALLOCATE explained")
		must(t, err)
	}
	return plans
}

// TestPlansOfCommands is TestPlans, of what is not done by requests.
func TestPlansOfCommands(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		crowd(t, api)
		fillBoard(t, ada, 0)
		(&album{ada, api}).upload(t)
		first := api.Store.Client.Stage.Query().Order(stage.ByCreatedAt()).FirstIDX(ada.Context) // not of the crowd
		key, other := "crm-1", "crm-2"
		for name, test := range map[string]struct {
			walk
			run func(context.Context) error
		}{
			"leads by external id": {
				walk{holds: `"leads"."external_id" `, index: "lead_organization_id_external_id"},
				func(ctx context.Context) error {
					_, err := api.Sales.ImportLeads(ctx, sales.ImportLeadsInput{Leads: []*sales.ImportedLead{{ExternalID: &key}, {ExternalID: &other}}})
					return err
				},
			},
			"deals by external id": {
				walk{holds: `"deals"."external_id" `, index: "deal_organization_id_external_id"},
				func(ctx context.Context) error {
					_, err := api.Sales.ImportDeals(ctx, sales.ImportDealsInput{Deals: []*sales.ImportedDeal{
						{ExternalID: &key, StageID: first, Title: "Bridge"}, {ExternalID: &other, StageID: first, Title: "Tower"},
					}})
					return err
				},
			},
			"leads with one of some photos": {
				walk{holds: `"leads"."photo" IN`, index: "lead_organization_id_photo"},
				func(ctx context.Context) error {
					_, err := api.Sales.PrunePhotos(ctx, sales.PrunePhotosInput{
						OlderThan: -time.Since(api.Clock.Now()).Abs() - time.Hour, DryRun: true,
						Progress: func(int) {}, Report: func(uuid.UUID, string, error) {},
					})
					return err
				},
			},
		} {
			t.Run(name, func(t *testing.T) {
				ctx, counter := store.RecordStatements(ada.Context)
				must(t, test.run(ctx))
				test.check(t, api, counter.Statements(), counter.Arguments())
			})
		}
	})
}

// boardNames are the ids that the documents of plans name.
func boardNames(t *testing.T, c *album) *strings.Replacer {
	t.Helper()
	data := c.Must(t, `{ pipelines(first: 1) { nodes { stages { id deals { nodes { id } } } } } leads { nodes { id } } }`, nil)
	stage := data.Get("pipelines.nodes.0.stages.0")
	return strings.NewReplacer(
		"STAGE", stage.Get("id").String(),
		"DEAL", stage.Get("deals.nodes.1.id").String(),
		"OTHER", stage.Get("deals.nodes.0.id").String(),
		"PHOTO", c.upload(t),
		"LEADS", strings.Join(data.Get("leads.nodes").All("id"), `", "`),
	)
}

// check looks at the statements of a request.
func (p walk) check(t *testing.T, api *apitest.API, statements []string, arguments [][]any) {
	t.Helper()
	index := p.index
	if api.Store.Dialect != dialect.Postgres {
		index = sqliteName(cmp.Or(p.sqlite, p.index))
	}
	var found []string
	for i, statement := range statements {
		if strings.HasPrefix(statement, "INSERT") || strings.HasPrefix(statement, "WITH ") { // which explaining here runs
			continue
		}
		plans := p.explain(t, api, statement, arguments[i])
		for _, is := range plans {
			if whole := wholeTable.FindString(is); whole != "" {
				t.Errorf("%s\nin the plan\n%s\nof %s", whole, is, statement)
			}
		}
		if strings.Contains(strings.ReplaceAll(statement, "`", `"`), p.holds) {
			found = plans
		}
	}
	if len(found) == 0 {
		t.Errorf("no statement holds %s", p.holds)
	}
	for _, is := range found {
		p.checkIndexes(t, index, is)
	}
}

// checkIndexes looks at a plan of the statement.
func (p walk) checkIndexes(t *testing.T, index, found string) {
	t.Helper()
	walked := indexes(found)
	if !slices.Contains(walked, index) {
		t.Errorf("%s is not walked in\n%s", index, found)
	}
	for _, other := range walked {
		if other != index && strings.Contains(other, "_organization_id_") {
			t.Errorf("%s, and with it the organization, is walked in\n%s", other, found)
		}
	}
}

// wholeTable is a table of ours that is read from end to end, in a plan. SQLite
// also calls a scan what reads arguments, or asks its search index.
var wholeTable = regexp.MustCompile(`Seq Scan on .*|(?m)^SCAN (\w+|\w+ USING .*)$`)

// walkedIndex is an index in a plan.
var walkedIndex = regexp.MustCompile(`(?:Index Scan using|Index Only Scan using|Index Scan Backward using|Index Only Scan Backward using|Bitmap Index Scan on|USING INDEX|USING COVERING INDEX) (\w+)`)

func indexes(plan string) []string {
	var names []string
	for _, match := range walkedIndex.FindAllStringSubmatch(plan, -1) {
		names = append(names, match[1])
	}
	return names
}

// sqliteName is what SQLite calls an index, primary keys of Postgres' name too.
func sqliteName(index string) string {
	if table, is := strings.CutSuffix(index, "_pkey"); is {
		return "sqlite_autoindex_" + table + "_1"
	}
	return index
}

// explain is the plans of a statement: the one for its arguments and, on Postgres,
// those that it may get once it is prepared.
func (p walk) explain(t *testing.T, api *apitest.API, statement string, arguments []any) []string {
	t.Helper()
	tx, err := api.Store.Client.Tx(context.Background())
	must(t, err)
	defer func() { _ = tx.Rollback() }()
	if api.Store.Dialect != dialect.Postgres {
		return []string{rows(t, tx, "EXPLAIN QUERY PLAN "+statement, arguments...) + "of " + statement}
	}
	plans := []string{rows(t, tx, "EXPLAIN "+statement, arguments...) + "of " + statement}
	if len(arguments) == 0 || strings.HasPrefix(statement, "/* planned each time */") {
		return plans
	}
	do := func(query string) {
		_, err := tx.ExecContext(t.Context(), query)
		must(t, err)
	}
	execute := "EXECUTE explained(" + literals(t, arguments) + ")"
	do("PREPARE explained AS " + statement)
	for range 6 { // then Postgres weighs one plan for all arguments
		do(execute)
	}
	plans = append(plans, rows(t, tx, "EXPLAIN "+execute)+"once prepared, of "+statement)
	if !p.custom {
		do("SET LOCAL plan_cache_mode = force_generic_plan")
		plans = append(plans, rows(t, tx, "EXPLAIN "+execute)+"for any arguments, of "+statement)
	}
	do("DEALLOCATE explained")
	return plans
}

// literals are arguments as SQL has them.
func literals(t *testing.T, arguments []any) string {
	t.Helper()
	var texts []string
	for _, argument := range arguments {
		value, err := driver.DefaultParameterConverter.ConvertValue(argument)
		must(t, err)
		switch value := value.(type) {
		case nil:
			texts = append(texts, "NULL")
		case time.Time:
			texts = append(texts, pq.QuoteLiteral(value.Format(time.RFC3339Nano)))
		case []byte:
			texts = append(texts, pq.QuoteLiteral(string(value)))
		default:
			texts = append(texts, pq.QuoteLiteral(fmt.Sprint(value)))
		}
	}
	return strings.Join(texts, ", ")
}

func rows(t *testing.T, tx *ent.Tx, query string, arguments ...any) string {
	t.Helper()
	found, err := tx.QueryContext(t.Context(), query, arguments...)
	must(t, err)
	defer found.Close()
	columns, err := found.Columns()
	must(t, err)
	var plan strings.Builder
	for found.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		must(t, found.Scan(cells...))
		fmt.Fprintf(&plan, "%s\n", *cells[len(cells)-1].(*any))
	}
	must(t, found.Err())
	return plan.String()
}
