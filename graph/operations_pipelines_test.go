package graph_test

import (
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// pipelineOperations are those of the first document: an institution's
// pipelines, with stages that hold leads.
func pipelineOperations() []operation {
	return []operation{
		{"0.1", listPipelines},
		{"0.2", getPipeline},
		{"0.3", createPipeline},
		{"0.4", updatePipeline},
		{"0.5", deletePipeline},
		{"0.6", archivePipeline},
		{"0.7", unarchivePipeline},
		{"0.8", createStageWithLeads},
		{"0.9", updateStageFields},
		{"0.10", deleteStageOfPipeline},
		{"0.11", addLeadToStage},
		{"0.12", removeLeadFromStage},
	}
}

func listPipelines(d *desk) {
	const document = `query($all: Boolean! = false) { pipelines(includeArchived: $all) { totalCount nodes {
		id name createdAt updatedAt
		stages { id name order probability leads { nodes { id } } createdAt updatedAt } } } }`
	made := d.now()
	selling, stages := d.pipeline("Selling", "New", "Won")
	ada, bob := d.lead("Ada", object{"stageId": stages[0]}), d.lead("Bob", object{"stageId": stages[0]})
	d.later(time.Minute)
	partners, _ := d.pipeline("Partners")
	old, _ := d.pipeline("Old")
	d.quiet("archivePipeline", object{"id": old}, "")

	d.shows(d.ask(document, nil), object{"pipelines": object{"totalCount": 2, "nodes": []object{
		{"id": selling, "name": "Selling", "createdAt": made, "updatedAt": made, "stages": []object{
			{"id": stages[0], "name": "New", "order": 0, "probability": 0, "leads": object{"nodes": refs(ada, bob)}, "createdAt": made, "updatedAt": made},
			{"id": stages[1], "name": "Won", "order": 1, "probability": 0.1, "leads": object{"nodes": refs()}, "createdAt": made, "updatedAt": made},
		}},
		{"id": partners, "name": "Partners", "createdAt": d.now(), "updatedAt": d.now(), "stages": []object{}},
	}}})
	d.is("with archived ones", d.ask(document, object{"all": true}).Get("pipelines.nodes").All("name"), "Selling", "Partners", "Old")
	d.shows(d.elsewhere().ask(document, nil), object{"pipelines": object{"totalCount": 0, "nodes": []object{}}})
	listPipelinesWithBadTokens(d)
}

// listPipelinesWithBadTokens shows what each document's 401 stands for.
func listPipelinesWithBadTokens(d *desk) {
	const secret = "a secret for tests, 32 bytes long" // the one of apitest
	now := d.api.Clock.Now()
	sign := func(role string, expires time.Time) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"sub": "ada", "role": role, "exp": expires.Unix(),
			"org": id.Organization.Encode(d.who.Organization.ID),
		}).SignedString([]byte(secret))
		if err != nil {
			d.t.Fatal(err)
		}
		return token
	}
	for token, want := range map[string]string{
		sign("ADMIN", now.Add(time.Hour)):  "",
		sign("CEO", now.Add(time.Hour)):    "UNAUTHENTICATED 401: Invalid Role: the token's role claim must be VIEWER, SALES, ADMIN or PARTNER",
		sign("ADMIN", now.Add(-time.Hour)): "UNAUTHENTICATED 401: the token has expired; get a new one",
	} {
		who := *d.who
		who.Token = token
		response := who.Do(d.t, "{ pipelines { totalCount } }", nil)
		switch {
		case want == "" && len(response.Errors) > 0, want != "" && response.Status != 401:
			d.t.Errorf("status %d: %s", response.Status, response.Raw)
		case want != "":
			d.is("errors", []string{errorText(response.Errors[0])}, want)
		}
	}
}

func getPipeline(d *desk) {
	const document = `query($id: ID!) { pipeline(id: $id) { id name archivedAt createdAt updatedAt
		stages { id name order probability leads { totalCount nodes { id } } } } }`
	made := d.now()
	selling, stages := d.pipeline("Selling", "New", "Won")
	lead := d.lead("Ada", object{"stageId": stages[1]})
	shown := object{"id": selling, "name": "Selling", "archivedAt": nil, "createdAt": made, "updatedAt": made, "stages": []object{
		{"id": stages[0], "name": "New", "order": 0, "probability": 0, "leads": object{"totalCount": 0, "nodes": refs()}},
		{"id": stages[1], "name": "Won", "order": 1, "probability": 0.1, "leads": object{"totalCount": 1, "nodes": refs(lead)}},
	}}
	d.shows(d.ask(document, object{"id": selling}), object{"pipeline": shown})
	d.later(time.Minute)
	d.quiet("archivePipeline", object{"id": selling}, "")
	shown["archivedAt"], shown["updatedAt"] = d.now(), d.now()
	d.shows(d.ask(document, object{"id": selling}), object{"pipeline": shown})
	d.findsNot("pipeline", id.Pipeline)
}

func createPipeline(d *desk) {
	const selection = "pipeline { name description isActive isDefault archivedAt version createdAt updatedAt stages { id } }"
	want := object{
		"name": "Selling", "description": nil, "isActive": true, "isDefault": true, "archivedAt": nil,
		"version": 1, "createdAt": d.now(), "updatedAt": d.now(), "stages": []object{},
	}
	d.shows(d.change("createPipeline", object{"name": " Selling "}, selection).Get("pipeline"), want)
	second := d.change("createPipeline", object{"name": "Partners", "description": "Who sell for us", "isActive": false}, "pipeline { id description isActive isDefault }")
	d.shows(second.Get("pipeline"), object{"id": second.Get("pipeline.id").String(), "description": "Who sell for us", "isActive": false, "isDefault": false})
	d.is("log", d.log(second.Get("pipeline.id").String()), "ada CREATED name description isActive isDefault")
	third := d.change("createPipeline", object{"name": strings.Repeat("é", 200), "isDefault": true}, "pipeline { id isDefault }")
	d.shows(d.ask("{ pipelines(filter: {isDefault: {eq: true}}) { nodes { id } } }", nil).Get("pipelines.nodes"), refs(third.Get("pipeline.id").String()))

	d.refuse("createPipeline", object{"name": " "}, "REQUIRED required input.name: The name field is mandatory.")
	d.refuse("createPipeline", object{"name": strings.Repeat("é", 201)}, "INVALID max input.name: The name field has 201 characters; at most 200 are allowed.")
	d.fails(mutation("createPipeline", ""), object{"input": object{}}, "GRAPHQL_VALIDATION_FAILED at [variable input name]: must be defined")
	d.as("sam", auth.RoleSales).change("createPipeline", object{"name": "Sam's"}, "pipeline { id }")
}

func updatePipeline(d *desk) {
	const selection = "pipeline { name description isActive isDefault version updatedAt }"
	first, _ := d.pipeline("Selling")
	second, _ := d.pipeline("Partners")
	d.later(time.Minute)
	change := object{"id": second, "name": "Friends", "description": "Who sell for us", "isActive": false, "isDefault": true, "expectedVersion": 1}
	want := object{"name": "Friends", "description": "Who sell for us", "isActive": false, "isDefault": true, "version": 2, "updatedAt": d.now()}
	d.shows(d.change("updatePipeline", change, selection).Get("pipeline"), want)
	d.isNow(first, "isDefault", object{"isDefault": false})
	d.is("log", d.log(second), "ada UPDATED name description isActive isDefault", "ada CREATED name isActive isDefault")

	d.later(time.Minute)
	same := object{"id": second, "name": "Friends", "isDefault": true}
	d.changesNothing("an update without news", func() { d.shows(d.change("updatePipeline", same, selection).Get("pipeline"), want) })
	want["description"], want["version"], want["updatedAt"] = nil, 3, d.now()
	d.shows(d.change("updatePipeline", object{"id": second, "description": nil}, selection).Get("pipeline"), want)

	d.refuse("updatePipeline", object{"id": second, "name": nil}, "REQUIRED required input.name: The name field is mandatory: leave it out to keep it, null does not clear it.")
	d.refuse("updatePipeline", object{"id": second, "name": strings.Repeat("é", 201)}, "INVALID max input.name: The name field has 201 characters; at most 200 are allowed.")
	d.refuse("updatePipeline", object{"id": second, "name": ""}, "REQUIRED required input.name: The name field is mandatory.")
	d.refuse("updatePipeline", object{"id": second, "isDefault": false}, "INVALID default input.isDefault: The default pipeline's isDefault field cannot be false: make another pipeline the default instead.")
	d.changesNothing("a form that sends everything back", func() {
		d.change("updatePipeline", object{"id": first, "name": "Selling", "description": nil, "isActive": true, "isDefault": false}, selection)
	})
	d.refusesStale("updatePipeline", "Pipeline", 3, object{"id": second, "name": "Foes"})
	d.refusesIDs("updatePipeline", "id", id.Pipeline, object{"id": second, "name": "Foes"})
}

func deletePipeline(d *desk) {
	first, stages := d.pipeline("Selling", "New", "Won")
	second, others := d.pipeline("Partners", "Asked")
	d.lead("Ada", object{"stageId": stages[1]})
	d.deal(stages[0], "Engine")
	resident := d.deal(others[0], "Loom")
	input := object{"id": first}

	problem := d.refuse("deletePipeline", input, "BLOCKED in_use input.moveCardsToStageId: The pipeline holds cards (deals: 1; leads, with archived ones: 1). Say in moveCardsToStageId which stage of another pipeline gets them.")
	d.shows(problem.Get("0"), object{
		"__typename": "BlockedError", "code": "BLOCKED", "rule": "in_use", "path": []string{"input", "moveCardsToStageId"},
		"message": problem.Get("0.message").String(), "count": 2,
	})
	d.refuse("deletePipeline", with(input, "moveCardsToStageId", stages[1]), "INVALID different input.moveCardsToStageId: That stage goes with the pipeline: name a stage of another pipeline.")
	d.refusesIDs("deletePipeline", "moveCardsToStageId", id.Stage, input)
	d.refusesIDs("deletePipeline", "id", id.Pipeline, input)
	d.refusesStale("deletePipeline", "Pipeline", 1, input)

	d.later(time.Minute)
	gone := d.change("deletePipeline", object{"id": first, "moveCardsToStageId": others[0], "expectedVersion": 1}, "deletedPipelineId")
	d.shows(gone, object{"deletedPipelineId": first, "userErrors": []object{}})
	d.shows(d.ask("query($id: ID!, $stage: ID!) { pipeline(id: $id) { id } stage(id: $stage) { id } }", object{"id": first, "stage": stages[0]}),
		object{"pipeline": nil, "stage": nil})
	d.is("cards", d.cards(others[0]), "Ada", "Loom", "Engine")
	d.is("where Loom was", d.stays(resident), "Asked 60+")
	d.isNow(second, "isDefault", object{"isDefault": true})
	d.refuse("deletePipeline", input, notFound(id.Pipeline, "input.id"))

	empty, _ := d.pipeline("Empty", "Nobody")
	d.text(d.change("deletePipeline", object{"id": empty}, "deletedPipelineId").Get("deletedPipelineId"), empty)
}

func archivePipeline(d *desk) {
	first, stages := d.pipeline("Selling", "New")
	second, _ := d.pipeline("Partners")
	card := d.deal(stages[0], "Engine")
	d.later(time.Minute)
	const selection = "pipeline { archivedAt isDefault version updatedAt }"
	want := object{"archivedAt": d.now(), "isDefault": false, "version": 2, "updatedAt": d.now()}
	d.refusesStale("archivePipeline", "Pipeline", 1, object{"id": first})
	d.shows(d.change("archivePipeline", object{"id": first, "expectedVersion": 1}, selection).Get("pipeline"), want)
	d.shows(d.ask("{ pipelines { totalCount nodes { id isDefault } } }", nil).Get("pipelines"),
		object{"totalCount": 1, "nodes": []object{{"id": second, "isDefault": true}}})
	d.isNow(card, "stage { id } version", object{"stage": object{"id": stages[0]}, "version": 1})
	d.is("log", d.log(first), "ada ARCHIVED isDefault archivedAt", "ada CREATED name isActive isDefault")

	d.later(time.Minute)
	d.changesNothing("archiving twice", func() {
		d.shows(d.change("archivePipeline", object{"id": first}, selection).Get("pipeline"), want)
	})
	d.refuse("updatePipeline", object{"id": first, "isDefault": true}, "INVALID archived input.isDefault: An archived pipeline cannot be the default: unarchive it first.")
	d.refusesIDs("archivePipeline", "id", id.Pipeline, object{"id": first})
}

func unarchivePipeline(d *desk) {
	first, _ := d.pipeline("Selling")
	d.quiet("archivePipeline", object{"id": first}, "")
	d.later(time.Minute)
	const selection = "pipeline { archivedAt isDefault version updatedAt }"
	want := object{"archivedAt": nil, "isDefault": true, "version": 3, "updatedAt": d.now()}
	d.refusesStale("unarchivePipeline", "Pipeline", 2, object{"id": first})
	d.shows(d.change("unarchivePipeline", object{"id": first, "expectedVersion": 2}, selection).Get("pipeline"), want)
	d.shows(d.ask("{ pipelines { nodes { id } } }", nil).Get("pipelines.nodes"), refs(first))
	d.is("log", newest(1, d.log(first)), "ada RESTORED isDefault archivedAt")

	d.later(time.Minute)
	d.changesNothing("unarchiving one that is not archived", func() {
		d.shows(d.change("unarchivePipeline", object{"id": first}, selection).Get("pipeline"), want)
	})
	d.refusesIDs("unarchivePipeline", "id", id.Pipeline, object{"id": first})
}

func createStageWithLeads(d *desk) {
	pipeline, stages := d.pipeline("Selling", "New", "Won")
	ada, bob := d.lead("Ada", object{"stageId": stages[1]}), d.lead("Bob")
	d.later(time.Minute)
	input := object{"pipelineId": pipeline, "name": "Talking", "order": 1, "probability": 0.5, "leadIds": []string{bob, ada}}
	made := d.change("createStage", input, `stage { id name order probability leads { nodes { id } } createdAt updatedAt }
		pipeline { id stages { name order } }`)
	talking := made.Get("stage.id").String()
	d.shows(made, object{
		"stage": object{
			"id": talking, "name": "Talking", "order": 1, "probability": 0.5,
			"leads": object{"nodes": refs(bob, ada)}, "createdAt": d.now(), "updatedAt": d.now(),
		},
		"pipeline":   object{"id": pipeline, "stages": []object{{"name": "New", "order": 0}, {"name": "Talking", "order": 1}, {"name": "Won", "order": 2}}},
		"userErrors": []object{},
	})
	d.is("where Ada was", d.stays(ada), "Won 60", "Talking 0+")
	d.is("where Bob was", d.stays(bob), "Talking 0+")
	d.isNow(ada, "stage { name } stageEnteredAt", object{"stage": object{"name": "Talking"}, "stageEnteredAt": d.now()})

	d.refuse("createStage", with(input, "name", " "), "REQUIRED required input.name: The name field is mandatory.")
	d.refuse("createStage", with(input, "probability", 75), "INVALID range input.probability: A probability goes from 0 to 1: write 0.75 for 75 per cent.")
	d.refuse("createStage", with(input, "probability", -0.5), "INVALID range input.probability: A probability goes from 0 to 1.")
	d.refuse("createStage", with(input, "order", 4), "INVALID range input.order: The order field must be from 0 to 3.")
	d.refuse("createStage", with(input, "order", -1), "INVALID range input.order: The order field must be from 0 to 3.")
	d.refuse("createStage", with(input, "leadIds", []string{ada, unknown(id.Lead), bob, d.elsewhere().lead("Eve")}),
		notFound(id.Lead, "input.leadIds.1"), notFound(id.Lead, "input.leadIds.3"))
	d.refuse("createStage", with(input, "leadIds", []string{ada, pipeline}), badID(id.Lead, "input.leadIds.1", pipeline))
	d.refuse("createStage", with(input, "leadIds", []string{ada, ada}), "INVALID distinct input.leadIds.1: "+ada+" stands in the list twice.")
	d.quiet("archiveLeads", object{"ids": []string{bob}}, "")
	d.refuse("createStage", input, "INVALID archived input.leadIds.0: The lead is archived: restore it first.")
	d.refusesIDs("createStage", "pipelineId", id.Pipeline, object{"pipelineId": pipeline, "name": "Lost"})
	d.as("partner", auth.RolePartner, auth.ViewSalesPipelines, auth.EditSalesPipelines).forbids("createStage", input, auth.EditLeads)
}

func updateStageFields(d *desk) {
	const selection = "stage { name description order probability rottenAfter leads { totalCount } version updatedAt }"
	pipeline, stages := d.pipeline("Selling", "New", "Talking", "Won", "Lost")
	d.lead("Ada", object{"stageId": stages[0]})
	d.later(time.Minute)
	change := object{"id": stages[0], "name": "Fresh", "order": 2, "probability": 0.25, "description": "Not called yet", "rottenAfter": 7, "expectedVersion": 1}
	want := object{
		"name": "Fresh", "description": "Not called yet", "order": 2, "probability": 0.25, "rottenAfter": 7,
		"leads": object{"totalCount": 1}, "version": 2, "updatedAt": d.now(),
	}
	d.shows(d.change("updateStage", change, selection).Get("stage"), want)
	d.is("board", d.board(pipeline), "0 Talking", "1 Won", "2 Fresh", "3 Lost")
	d.change("updateStage", object{"id": stages[3], "order": 0}, "stage { order }")
	d.is("board", d.board(pipeline), "0 Lost", "1 Talking", "2 Won", "3 Fresh")
	want["order"] = 3
	d.later(time.Minute)
	want["description"], want["rottenAfter"], want["version"], want["updatedAt"] = nil, nil, 4, d.now()
	d.shows(d.change("updateStage", object{"id": stages[0], "description": nil, "rottenAfter": nil}, selection).Get("stage"), want)
	d.changesNothing("an update without news", func() {
		d.shows(d.change("updateStage", object{"id": stages[0], "name": "Fresh", "order": 3}, selection).Get("stage"), want)
	})

	input := object{"id": stages[0]}
	d.refuse("updateStage", with(input, "name", nil), "REQUIRED required input.name: The name field is mandatory: leave it out to keep it, null does not clear it.")
	d.refuse("updateStage", with(input, "name", strings.Repeat("é", 201)), "INVALID max input.name: The name field has 201 characters; at most 200 are allowed.")
	d.refuse("updateStage", with(input, "order", 4), "INVALID range input.order: The order field must be from 0 to 3.")
	d.refuse("updateStage", with(input, "probability", 75), "INVALID range input.probability: A probability goes from 0 to 1: write 0.75 for 75 per cent.")
	d.refuse("updateStage", with(input, "rottenAfter", 0), "INVALID range input.rottenAfter: The rottenAfter field must be from 1 to 36500.")
	d.refusesStale("updateStage", "Stage", 4, with(input, "name", "Stale"))
	d.refusesIDs("updateStage", "id", id.Stage, with(input, "name", "Stale"))
}

func deleteStageOfPipeline(d *desk) {
	pipeline, stages := d.pipeline("Selling", "New", "Talking", "Won")
	ada := d.lead("Ada", object{"stageId": stages[1]})
	d.lead("Bob", object{"stageId": stages[1]})
	d.quiet("archiveLeads", object{"ids": []string{ada}}, "")
	engine := d.deal(stages[1], "Engine")
	d.deal(stages[2], "Loom")
	d.lead("Cyd", object{"stageId": stages[2]})
	input := object{"id": stages[1]}
	problem := d.refuse("deleteStage", input, "BLOCKED in_use input.moveCardsToStageId: The stage holds cards (deals: 1; leads, with archived ones: 2). Say in moveCardsToStageId which other stage gets them.")
	d.text(problem.Get("0.count"), "3")
	d.refuse("deleteStage", with(input, "moveCardsToStageId", stages[1]), "INVALID different input.moveCardsToStageId: That is the stage to delete: name another one.")
	d.refusesIDs("deleteStage", "moveCardsToStageId", id.Stage, input)
	d.refusesIDs("deleteStage", "id", id.Stage, input)

	d.later(time.Minute)
	gone := d.change("deleteStage", object{"id": stages[1], "moveCardsToStageId": stages[2]},
		"deletedStageId pipeline { id version updatedAt stages { id name order leads(includeArchived: true) { nodes { firstName } } deals { nodes { title } } } }")
	leads := func(names ...string) object {
		nodes := []object{}
		for _, name := range names {
			nodes = append(nodes, object{"firstName": name})
		}
		return object{"nodes": nodes}
	}
	d.shows(gone, object{"deletedStageId": stages[1], "userErrors": []object{}, "pipeline": object{
		"id": pipeline, "version": 2, "updatedAt": d.now(), "stages": []object{
			{"id": stages[0], "name": "New", "order": 0, "leads": leads(), "deals": object{"nodes": refs()}},
			{
				"id": stages[2], "name": "Won", "order": 1, "leads": leads("Cyd", "Ada", "Bob"),
				"deals": object{"nodes": []object{{"title": "Loom"}, {"title": "Engine"}}},
			},
		},
	}})
	d.is("where Engine was", d.stays(engine), "Talking 60", "Won 0+")
	d.isNow(engine, "stageHistory { stage { name } }", object{"stageHistory": []object{{"stage": nil}, {"stage": object{"name": "Won"}}}})
	d.is("log", newest(1, d.log(engine)), "ada MOVED stageId")
	d.refuse("deleteStage", input, notFound(id.Stage, "input.id"))
	d.refusesStale("deleteStage", "Stage", 1, object{"id": stages[0]})
}

func addLeadToStage(d *desk) {
	const selection = `pipeline { id stages { name leads { nodes { id } } } } lead { stage { name } stageEnteredAt version }`
	pipeline, stages := d.pipeline("Selling", "New", "Won")
	other, _ := d.pipeline("Partners")
	ada, bob := d.lead("Ada", object{"stageId": stages[0]}), d.lead("Bob")
	d.later(time.Minute)
	input := object{"pipelineId": pipeline, "stageId": stages[0], "leadId": bob, "expectedVersion": 1}
	added := object{
		"pipeline": object{"id": pipeline, "stages": []object{
			{"name": "New", "leads": object{"nodes": refs(ada, bob)}}, {"name": "Won", "leads": object{"nodes": refs()}},
		}},
		"lead":       object{"stage": object{"name": "New"}, "stageEnteredAt": d.now(), "version": 2},
		"userErrors": []object{},
	}
	d.shows(d.change("addLeadToStage", input, selection), added)
	d.later(time.Minute)
	d.changesNothing("adding it where it is", func() {
		d.shows(d.change("addLeadToStage", object{"stageId": stages[0], "leadId": ada}, "lead { version }").Get("lead"), object{"version": 1})
	})
	d.change("addLeadToStage", object{"stageId": stages[1], "leadId": bob}, selection)
	d.is("where Bob was", d.stays(bob), "New 60", "Won 0+")
	d.is("log", newest(2, d.log(bob)), "ada MOVED stageId", "ada MOVED stageId")

	input = object{"pipelineId": pipeline, "stageId": stages[0], "leadId": bob}
	d.refuse("addLeadToStage", with(input, "pipelineId", other), "INVALID match input.pipelineId: The stage belongs to another pipeline. Name that one, or leave pipelineId out.")
	d.refusesIDs("addLeadToStage", "pipelineId", id.Pipeline, input)
	d.refusesIDs("addLeadToStage", "stageId", id.Stage, object{"stageId": stages[0], "leadId": bob})
	d.refusesIDs("addLeadToStage", "leadId", id.Lead, input)
	d.refuse("addLeadToStage", with(input, "expectedVersion", 1), "CONFLICT version input.expectedVersion: It has version 3 now, not 1. Read it again and repeat the change.")
	d.quiet("archiveLeads", object{"ids": []string{bob}}, "")
	d.refuse("addLeadToStage", input, "INVALID archived input.leadId: The lead is archived: restore it first.")
}

func removeLeadFromStage(d *desk) {
	pipeline, stages := d.pipeline("Selling", "New", "Won")
	other, _ := d.pipeline("Partners")
	ada, bob := d.lead("Ada", object{"stageId": stages[0]}), d.lead("Bob", object{"stageId": stages[0]})
	d.later(90 * time.Second)
	input := object{"pipelineId": pipeline, "stageId": stages[0], "leadId": ada}
	d.refuse("removeLeadFromStage", with(input, "stageId", stages[1]), "NOT_FOUND exists input.stageId: The lead is not in that stage.")
	d.refuse("removeLeadFromStage", with(input, "pipelineId", other), "INVALID match input.pipelineId: The stage belongs to another pipeline. Name that one, or leave pipelineId out.")
	d.refuse("removeLeadFromStage", with(input, "expectedVersion", 2), "CONFLICT version input.expectedVersion: It has version 1 now, not 2. Read it again and repeat the change.")
	d.refusesIDs("removeLeadFromStage", "pipelineId", id.Pipeline, input)
	d.refusesIDs("removeLeadFromStage", "stageId", id.Stage, object{"stageId": stages[0], "leadId": ada})
	d.refusesIDs("removeLeadFromStage", "leadId", id.Lead, input)

	d.shows(d.change("removeLeadFromStage", input, "pipeline { id stages { leads { nodes { id } } } } lead { id stage { id } stageEnteredAt version }"), object{
		"pipeline":   object{"id": pipeline, "stages": []object{{"leads": object{"nodes": refs(bob)}}, {"leads": object{"nodes": refs()}}}},
		"lead":       object{"id": ada, "stage": nil, "stageEnteredAt": nil, "version": 2},
		"userErrors": []object{},
	})
	d.is("where Ada was", d.stays(ada), "New 90")
	d.refuse("removeLeadFromStage", input, "NOT_FOUND exists input.stageId: The lead is not in that stage.")
}
