package graph_test

import (
	"fmt"
	"strings"
	"time"

	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// dealOperations are those of the second document: pipelines with deals.
func dealOperations() []operation {
	return []operation{
		{"1.1", pagePipelines},
		{"1.2", listAllPipelines},
		{"1.3", getPipelineWithDeals},
		{"1.4", listDealsOfPipeline},
		{"1.5", createPipelineWithStages},
		{"1.6", renamePipeline},
		{"1.7", deletePipelineWithPermission},
		{"1.8", listDeals},
		{"1.9", getDeal},
		{"1.10", createDeal},
		{"1.11", updateDeal},
		{"1.12", deleteDeal},
	}
}

func pagePipelines(d *desk) {
	const document = `query($first: Int, $after: String, $last: Int, $before: String, $offset: Int) {
		pipelines(first: $first, after: $after, last: $last, before: $before, offset: $offset) {
			totalCount nodes { name } edges { cursor node { name } }
			pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`
	var all []string
	for i := range 25 {
		name := fmt.Sprintf("P%02d", i+1)
		all = append(all, name)
		d.pipeline(name)
	}
	page := func(vars object, next, previous bool, want ...string) (start, end string) {
		d.t.Helper()
		got := d.ask(document, vars).Get("pipelines")
		d.is(fmt.Sprint("page ", vars), got.Get("nodes").All("name"), want...)
		d.is(fmt.Sprint("edges ", vars), got.Get("edges").All("node.name"), want...)
		d.text(got.Get("totalCount"), "25")
		cursors := got.Get("edges").All("cursor")
		info := object{"hasNextPage": next, "hasPreviousPage": previous, "startCursor": nil, "endCursor": nil}
		if len(cursors) > 0 {
			start, end = cursors[0], cursors[len(cursors)-1]
			info["startCursor"], info["endCursor"] = start, end
		}
		d.shows(got.Get("pageInfo"), info)
		return start, end
	}
	_, end := page(nil, true, false, all[:20]...)
	start, _ := page(object{"after": end}, false, true, all[20:]...)
	page(object{"offset": 20}, false, true, all[20:]...)
	page(object{"first": 10, "offset": 10}, true, true, all[10:20]...)
	page(object{"last": 3}, false, true, all[22:]...)
	page(object{"last": 5, "before": start}, true, true, all[15:20]...)
	page(object{"first": 500}, false, false, all...)
	page(object{"first": 0}, true, false)

	d.fails(document, object{"first": 501}, "BAD_USER_INPUT 400: first must be from 0 to 500.")
	d.fails(document, object{"last": -1}, "BAD_USER_INPUT 400: last must be from 0 to 500.")
	d.fails(document, object{"first": 1, "last": 1}, "BAD_USER_INPUT 400: Give first or last, not both.")
	d.fails(document, object{"offset": 10_001}, "BAD_USER_INPUT 400: offset must be from 0 to 10000; use after to go on further.")
	d.fails(document, object{"last": 1, "offset": 1}, "BAD_USER_INPUT 400: offset goes with first, not with last.")
	d.fails(document, object{"after": "2"}, "BAD_USER_INPUT 400: The cursor in after is not one that this server gave.")
}

func listAllPipelines(d *desk) {
	selling, stages := d.pipeline("Selling", "New", "Won")
	partners, _ := d.pipeline("Partners")
	d.quiet("updatePipeline", object{"id": partners, "isActive": false, "description": "Who sell for us"}, "")
	d.quiet("updateStage", object{"id": stages[0], "description": "Not called yet"}, "")
	deal := d.deal(stages[0], "Engine")
	got := d.ask(`{ viewer { organization { id name } } pipelines {
		nodes { id name description isActive stages { id name order description pipeline { id } deals { nodes { id } } } } } }`, nil)
	d.text(got.Get("viewer.organization.id"), id.Organization.Encode(d.who.Organization.ID))
	d.shows(got.Get("pipelines.nodes"), []object{
		{"id": selling, "name": "Selling", "description": nil, "isActive": true, "stages": []object{
			{"id": stages[0], "name": "New", "order": 0, "description": "Not called yet", "pipeline": object{"id": selling}, "deals": object{"nodes": refs(deal)}},
			{"id": stages[1], "name": "Won", "order": 1, "description": nil, "pipeline": object{"id": selling}, "deals": object{"nodes": refs()}},
		}},
		{"id": partners, "name": "Partners", "description": "Who sell for us", "isActive": false, "stages": []object{}},
	})
	const some = `query($filter: PipelineFilter, $orderBy: [PipelineOrder!]) { pipelines(filter: $filter, orderBy: $orderBy) { nodes { name } } }`
	names := func(vars object) []string { return d.ask(some, vars).Get("pipelines.nodes").All("name") }
	d.is("active ones", names(object{"filter": object{"isActive": object{"eq": true}}}), "Selling")
	d.is("named so", names(object{"filter": object{"name": object{"contains": "PART"}}}), "Partners")
	d.is("by name", names(object{"orderBy": []object{{"field": "NAME"}}}), "Partners", "Selling")
	d.is("from Z", names(object{"orderBy": []object{{"field": "NAME", "direction": "DESC"}}}), "Selling", "Partners")
	d.fails(some, object{"filter": object{"id": object{"eq": stages[0]}}}, "BAD_USER_INPUT 400: "+idMessage(id.Pipeline, stages[0]))
}

func getPipelineWithDeals(d *desk) {
	selling, stages := d.pipeline("Selling", "New", "Won")
	first, second := d.deal(stages[0], "Engine"), d.deal(stages[0], "Loom")
	got := d.ask(`query($id: ID!) { pipeline(id: $id) { id name description isActive
		stages { name order deals { totalCount nodes { id } } } } }`, object{"id": selling})
	d.shows(got, object{"pipeline": object{"id": selling, "name": "Selling", "description": nil, "isActive": true, "stages": []object{
		{"name": "New", "order": 0, "deals": object{"totalCount": 2, "nodes": refs(first, second)}},
		{"name": "Won", "order": 1, "deals": object{"totalCount": 0, "nodes": refs()}},
	}}})
	d.findsNot("pipeline", id.Pipeline)
}

func listDealsOfPipeline(d *desk) {
	const document = `query($id: ID!, $first: Int) { pipeline(id: $id) { deals(first: $first) { totalCount nodes { title } } }
		deals(first: $first, filter: {pipelineId: {eq: $id}}) { totalCount nodes { title } } }`
	selling, stages := d.pipeline("Selling", "New", "Won")
	partners, others := d.pipeline("Partners", "Asked")
	for i, stage := range []string{stages[0], stages[1], others[0], stages[0]} {
		d.deal(stage, fmt.Sprintf("Deal %d", i))
		d.later(time.Minute)
	}
	page := func(total int, titles ...string) object {
		nodes := []object{}
		for _, title := range titles {
			nodes = append(nodes, object{"title": title})
		}
		return object{"totalCount": total, "nodes": nodes}
	}
	expect := func(vars object, want object) {
		d.t.Helper()
		d.shows(d.ask(document, vars), object{"pipeline": object{"deals": want}, "deals": want})
	}
	expect(object{"id": selling}, page(3, "Deal 3", "Deal 1", "Deal 0"))
	expect(object{"id": selling, "first": 1}, page(3, "Deal 3"))
	expect(object{"id": partners}, page(1, "Deal 2"))
	nothing := object{"pipeline": nil, "deals": page(0)}
	d.shows(d.ask(document, object{"id": unknown(id.Pipeline)}), nothing)
	d.shows(d.elsewhere().ask(document, object{"id": selling}), nothing)
	d.findsNot("pipeline", id.Pipeline)
	d.fails("query($id: ID!) { deals(filter: {pipelineId: {eq: $id}}) { totalCount } }", object{"id": "12"},
		"BAD_USER_INPUT 400: "+idMessage(id.Pipeline, "12"))
}

func createPipelineWithStages(d *desk) {
	input := object{"name": "Enterprise Sales", "description": "Pipeline for enterprise deals", "stages": []object{
		{"name": "Closed", "order": 4, "probability": 1},
		{"name": "Prospecting", "order": 0},
		{"name": "Proposal", "order": 2, "probability": 0.5, "description": "Sent", "rottenAfter": 14},
	}}
	made := d.change("createPipeline", input, "pipeline { id name description isActive stages { name order probability description rottenAfter pipeline { name } } }")
	stage := func(name string, order int, probability float64, description, rottenAfter any) object {
		return object{
			"name": name, "order": order, "probability": probability, "description": description,
			"rottenAfter": rottenAfter, "pipeline": object{"name": "Enterprise Sales"},
		}
	}
	d.shows(made.Get("pipeline"), object{
		"id": made.Get("pipeline.id").String(), "name": "Enterprise Sales", "description": "Pipeline for enterprise deals", "isActive": true,
		"stages": []object{stage("Prospecting", 0, 0, nil, nil), stage("Proposal", 1, 0.5, "Sent", 14), stage("Closed", 2, 1, nil, nil)},
	})
	listed := d.change("createPipeline", object{"name": "As listed", "stages": []object{{"name": "B"}, {"name": "A"}}}, "pipeline { id }")
	d.is("board", d.board(listed.Get("pipeline.id").String()), "0 B", "1 A")

	stages := func(stages ...object) object { return object{"name": "Wrong", "stages": stages} }
	d.refuse("createPipeline", stages(object{"name": "A"}, object{"name": " "}), "REQUIRED required input.stages.1.name: The name field is mandatory.")
	d.refuse("createPipeline", stages(object{"name": "A", "order": 1}, object{"name": "B", "order": 1}), "INVALID distinct input.stages.1.order: Another stage has the order 1.")
	d.refuse("createPipeline", stages(object{"name": "A", "order": 1}, object{"name": "B"}),
		"REQUIRED required input.stages.1.order: The order field is mandatory when another stage has one: give one to all stages, or to none.")
	d.refuse("createPipeline", with(stages(object{"name": "A", "probability": 75}), "name", ""),
		"REQUIRED required input.name: The name field is mandatory.",
		"INVALID range input.stages.0.probability: A probability goes from 0 to 1: write 0.75 for 75 per cent.")
	many := make([]object, 101)
	for i := range many {
		many[i] = object{"name": "Again"}
	}
	d.refuse("createPipeline", stages(many...), "INVALID max input.stages: The stages field has 101 entries; at most 100 are allowed.")
}

func renamePipeline(d *desk) {
	pipeline, _ := d.pipeline("Selling", "New")
	d.quiet("updatePipeline", object{"id": pipeline, "description": "Ours"}, "")
	d.later(time.Minute)
	editor := d.as("editor", auth.RolePartner, auth.EditSalesPipelines)
	d.shows(editor.change("updatePipeline", object{"id": pipeline, "name": "Updated Pipeline Name"}, "pipeline { name description isActive isDefault updatedAt }").Get("pipeline"),
		object{"name": "Updated Pipeline Name", "description": "Ours", "isActive": true, "isDefault": true, "updatedAt": d.now()})
	d.is("who may edit may view", editor.ask("{ pipelines { nodes { name } } }", nil).Get("pipelines.nodes").All("name"), "Updated Pipeline Name")
	d.is("log", newest(1, d.log(pipeline)), "editor UPDATED name")
	reader := d.as("reader", auth.RolePartner, auth.ViewSalesPipelines, auth.EditLeads)
	reader.forbids("updatePipeline", object{"id": pipeline, "name": "Mine"}, auth.EditSalesPipelines)
	d.refusesIDs("updatePipeline", "id", id.Pipeline, object{"id": pipeline, "name": "Mine"})
}

func deletePipelineWithPermission(d *desk) {
	pipeline, stages := d.pipeline("Selling", "New")
	d.deal(stages[0], "Engine")
	reader := d.as("reader", auth.RolePartner, auth.ViewSalesPipelines)
	reader.forbids("deletePipeline", object{"id": pipeline}, auth.EditSalesPipelines)
	seller := d.as("sam", auth.RoleSales)
	d.text(seller.refuse("deletePipeline", object{"id": pipeline},
		"BLOCKED in_use input.moveCardsToStageId: The pipeline holds cards (deals: 1; leads, with archived ones: 0). Say in moveCardsToStageId which stage of another pipeline gets them.").Get("0.count"), "1")
	empty, _ := d.pipeline("Empty")
	d.text(seller.change("deletePipeline", object{"id": empty}, "deletedPipelineId").Get("deletedPipelineId"), empty)
	d.shows(d.ask("{ pipelines { nodes { id } } }", nil).Get("pipelines.nodes"), refs(pipeline))
	d.refuse("deletePipeline", object{"id": empty}, notFound(id.Pipeline, "input.id"))
	d.refusesIDs("deletePipeline", "id", id.Pipeline, object{"id": pipeline})
}

func listDeals(d *desk) {
	const document = `query($filter: DealFilter, $orderBy: [DealOrder!], $search: String) {
		deals(filter: $filter, orderBy: $orderBy, search: $search) { totalCount nodes { title } } }`
	_, stages := d.pipeline("Selling", "New", "Won")
	client := d.contact("ada@example.com")
	engine := d.deal(stages[0], "Engine", object{"probability": 0.75, "contactId": client, "value": object{"amount": "300"}})
	d.later(time.Minute)
	d.deal(stages[1], "Loom", object{"status": "WON", "value": object{"amount": "20.5"}, "tags": []string{"big"}})
	d.later(time.Minute)
	d.deal(stages[0], "Abacus", object{"status": "LOST", "probability": 0.25})

	got := d.ask("{ deals { nodes { id title probability stage { id } contact { id email } createdBy { id name } status } } }", nil).Get("deals.nodes")
	d.is("newest first", got.All("title"), "Abacus", "Loom", "Engine")
	d.shows(got.Get("2"), object{
		"id": engine, "title": "Engine", "probability": 0.75, "stage": object{"id": stages[0]},
		"contact": object{"id": client, "email": "ada@example.com"}, "createdBy": object{"id": d.userID(), "name": "ada"}, "status": "OPEN",
	})
	titles := func(vars object) string {
		d.t.Helper()
		found := d.ask(document, vars).Get("deals")
		names := found.Get("nodes").All("title")
		d.text(found.Get("totalCount"), fmt.Sprint(len(names)))
		return strings.Join(names, " ")
	}
	filter := func(field string, value any) object { return object{"filter": object{field: value}} }
	sorted := func(field, direction string) object {
		return object{"orderBy": []object{{"field": field, "direction": direction}}}
	}
	for _, test := range []struct {
		vars object
		want string
	}{
		{filter("status", object{"in": []string{"OPEN", "LOST"}}), "Abacus Engine"},
		{filter("stageId", object{"eq": stages[1]}), "Loom"},
		{filter("probability", object{"gte": 0.25}), "Abacus Engine"},
		{filter("probability", object{"isNull": true}), "Loom"},
		{filter("contactId", object{"eq": client}), "Engine"},
		{filter("value", object{"lt": "20.51"}), "Loom"},
		{filter("tags", object{"has": "big"}), "Loom"},
		{filter("not", object{"status": object{"eq": "LOST"}}), "Loom Engine"},
		{filter("or", []object{{"title": object{"eq": "Loom"}}, {"title": object{"contains": "BAC"}}}), "Abacus Loom"},
		{sorted("TITLE", "ASC"), "Abacus Engine Loom"},
		{sorted("VALUE", "ASC"), "Loom Engine Abacus"},
		{sorted("VALUE", "DESC"), "Engine Loom Abacus"},
		{sorted("CREATED_AT", "ASC"), "Engine Loom Abacus"},
		{object{"search": "ADA@example"}, "Engine"},
		{object{"search": "gin en"}, "Engine"},
	} {
		if got := titles(test.vars); got != test.want {
			d.t.Errorf("%v finds %s, not %s", test.vars, got, test.want)
		}
	}
	d.text(d.elsewhere().ask(document, nil).Get("deals.totalCount"), "0")
	d.fails(document, filter("stageId", object{"eq": client}), "BAD_USER_INPUT 400: "+idMessage(id.Stage, client))
}

func getDeal(d *desk) {
	const document = `query($id: ID!) { deal(id: $id) { id title status probability effectiveProbability stage { id name }
		pipeline { id } contact { id name email } createdBy { id } version createdAt updatedAt } }`
	selling, stages := d.pipeline("Selling", "New", "Won")
	client := d.contact("ada@example.com")
	deal := d.deal(stages[1], "Engine", object{"contactId": client})
	want := object{
		"id": deal, "title": "Engine", "status": "OPEN", "probability": nil, "effectiveProbability": 0.1,
		"stage": object{"id": stages[1], "name": "Won"}, "pipeline": object{"id": selling},
		"contact": object{"id": client, "name": "", "email": "ada@example.com"}, "createdBy": object{"id": d.userID()},
		"version": 1, "createdAt": d.now(), "updatedAt": d.now(),
	}
	d.shows(d.ask(document, object{"id": deal}).Get("deal"), want)
	d.quiet("deleteContact", object{"id": client}, "")
	want["contact"], want["version"] = nil, 2
	d.shows(d.ask(document, object{"id": deal}).Get("deal"), want)
	d.findsNot("deal", id.Deal)
}

func createDeal(d *desk) {
	const selection = `deal { id title status value { amount } probability effectiveProbability stage { id } pipeline { id } contact { id } createdBy { id }
		assignedTo { id } tags lostReason lastStatusChangeAt stageEnteredAt isRotten version createdAt }`
	selling, stages := d.pipeline("Selling", "New", "Won")
	d.quiet("updateStage", object{"id": stages[0], "rottenAfter": 7}, "")
	client := d.contact("ada@example.com")
	input := object{"title": " Acme Corp Enterprise License ", "stageId": stages[0], "contactId": client, "probability": 0.75}
	made := d.change("createDeal", input, selection).Get("deal")
	deal := made.Get("id").String()
	want := object{
		"id": deal, "title": "Acme Corp Enterprise License", "status": "OPEN", "value": nil, "probability": 0.75, "effectiveProbability": 0.75,
		"stage": object{"id": stages[0]}, "pipeline": object{"id": selling}, "contact": object{"id": client}, "createdBy": object{"id": d.userID()},
		"assignedTo": nil, "tags": []string{}, "lostReason": nil, "lastStatusChangeAt": d.now(), "stageEnteredAt": d.now(), "isRotten": false,
		"version": 1, "createdAt": d.now(),
	}
	d.shows(made, want)
	d.is("log", d.log(deal), "ada CREATED title status probability stageId contactId")
	d.change("createDeal", object{"title": "Loom", "stageId": stages[0], "contact": object{"email": "bob@example.com"}}, "deal { id }")
	d.is("cards", d.cards(stages[0]), "Acme Corp Enterprise License", "Loom")
	d.later(7*24*time.Hour + time.Second)
	d.isNow(deal, "isRotten", object{"isRotten": true})
	d.is("where it was", d.stays(deal), "New 604801+")

	input = object{"title": "Engine", "stageId": stages[0], "contactId": d.contact("cyd@example.com")}
	const hint = "INVALID range input.probability: A probability goes from 0 to 1: write 0.75 for 75 per cent."
	d.refuse("createDeal", with(input, "probability", 75), hint)
	d.refuse("createDeal", with(input, "probability", 101), "INVALID range input.probability: A probability goes from 0 to 1.")
	d.refuse("createDeal", with(input, "title", strings.Repeat("x", 301)), "INVALID max input.title: The title field has 301 characters; at most 300 are allowed.")
	d.refuse("createDeal", object{"title": " ", "stageId": "", "probability": 75},
		"REQUIRED required input.stageId: The stageId field is mandatory.",
		"REQUIRED required input.contactId: The contactId or email field is mandatory.",
		"REQUIRED required input.title: The title field is mandatory.", hint)
	d.refusesIDs("createDeal", "stageId", id.Stage, input)
	d.refusesIDs("createDeal", "contactId", id.Contact, input)
	d.refusesIDs("createDeal", "assignedToId", id.User, input)
	d.fails(mutation("createDeal", ""), object{"input": object{"title": "Engine"}}, "GRAPHQL_VALIDATION_FAILED at [variable input stageId]: must be defined")
	d.as("reader", auth.RolePartner, auth.ViewSalesPipelines).forbids("createDeal", input, auth.EditSalesPipelines)
}

func updateDeal(d *desk) {
	const selection = "deal { title probability effectiveProbability status stage { name } lastStatusChangeAt stageEnteredAt version createdAt updatedAt }"
	_, stages := d.pipeline("Selling", "New", "Won")
	made := d.now()
	deal := d.deal(stages[0], "Engine", object{"probability": 0.5})
	d.deal(stages[0], "Loom")
	d.deal(stages[1], "Abacus")
	d.later(time.Minute)
	want := object{
		"title": "Engine", "probability": 0.9, "effectiveProbability": 0.9, "status": "OPEN", "stage": object{"name": "Won"},
		"lastStatusChangeAt": made, "stageEnteredAt": d.now(), "version": 2, "createdAt": made, "updatedAt": d.now(),
	}
	d.shows(d.change("updateDeal", object{"id": deal, "stageId": stages[1], "probability": 0.9, "expectedVersion": 1}, selection).Get("deal"), want)
	d.is("cards", d.cards(stages[1]), "Abacus", "Engine")
	d.later(time.Minute)
	want["title"], want["probability"], want["effectiveProbability"], want["version"], want["updatedAt"] = "Machine", nil, 0.1, 3, d.now()
	d.shows(d.change("updateDeal", object{"id": deal, "title": "Machine", "probability": nil, "stageId": stages[1]}, selection).Get("deal"), want)
	d.is("where it was", d.stays(deal), "New 60", "Won 60+")
	d.is("log", d.log(deal), "ada UPDATED title probability", "ada UPDATED probability stageId", "ada CREATED title status probability stageId contactId")
	d.changesNothing("an update without news", func() {
		d.shows(d.change("updateDeal", object{"id": deal, "title": "Machine"}, selection).Get("deal"), want)
	})
	moveDeal(d, deal, stages)

	input := object{"id": deal, "probability": 0.4}
	d.refuse("updateDeal", with(input, "probability", 90), "INVALID range input.probability: A probability goes from 0 to 1: write 0.9 for 90 per cent.")
	d.refuse("updateDeal", with(input, "title", " "), "REQUIRED required input.title: The title field is mandatory.")
	d.refuse("updateDeal", with(input, "stageId", nil), "REQUIRED required input.stageId: The stageId field is mandatory.")
	d.refusesStale("updateDeal", "Deal", d.node(deal, "version").Get("version").Int(), input)
	d.refusesIDs("updateDeal", "id", id.Deal, input)
	d.refusesIDs("updateDeal", "stageId", id.Stage, input)
	d.refusesIDs("moveDeal", "id", id.Deal, object{"id": deal, "at": "FIRST"})
	d.refusesIDs("moveDeal", "stageId", id.Stage, object{"id": deal, "at": "FIRST"})
}

// moveDeal moves the deal Machine, below Abacus in the second stage, about.
func moveDeal(d *desk, deal string, stages []string) {
	abacus, loom := d.node(stages[1], "deals { nodes { id } }").Get("deals.nodes.0.id").String(), d.node(stages[0], "deals { nodes { id } }").Get("deals.nodes.0.id").String()
	move := func(input object) {
		d.t.Helper()
		d.change("moveDeal", with(input, "id", deal), "deal { stage { id } }")
	}
	move(object{"before": abacus})
	d.is("cards", d.cards(stages[1]), "Machine", "Abacus")
	move(object{"at": "LAST"})
	d.is("cards", d.cards(stages[1]), "Abacus", "Machine")
	move(object{"stageId": stages[0], "at": "FIRST"})
	d.is("cards", d.cards(stages[0]), "Machine", "Loom")
	move(object{"after": loom})
	d.is("cards", d.cards(stages[0]), "Loom", "Machine")
	d.refuse("moveDeal", object{"id": deal, "before": deal}, "INVALID different input: A card cannot stand next to itself.")
	d.refuse("moveDeal", object{"id": deal, "before": loom, "at": "LAST"}, "INVALID exclusive input: Give one of before, after and at, not more.")
	d.refuse("moveDeal", object{"id": deal, "stageId": stages[0], "after": abacus}, "NOT_FOUND exists input.after: The deal in after is not in that stage.")
}

func deleteDeal(d *desk) {
	_, stages := d.pipeline("Selling", "New")
	deal, other := d.deal(stages[0], "Engine"), d.deal(stages[0], "Loom")
	comment := d.comment(deal, "Call back")
	d.refusesStale("deleteDeal", "Deal", 1, object{"id": deal})
	d.refusesIDs("deleteDeal", "id", id.Deal, object{"id": deal})
	d.shows(d.change("deleteDeal", object{"id": deal, "expectedVersion": 1}, "deletedDealId"), object{"deletedDealId": deal, "userErrors": []object{}})
	d.shows(d.ask("query($id: ID!, $comment: ID!) { deal(id: $id) { id } deals { nodes { id } } node(id: $comment) { id } }", object{"id": deal, "comment": comment}),
		object{"deal": nil, "deals": object{"nodes": refs(other)}, "node": nil})
	d.is("cards", d.cards(stages[0]), "Loom")
	d.refuse("deleteDeal", object{"id": deal}, notFound(id.Deal, "input.id"))
}
