package graph_test

import (
	"fmt"
	"slices"
	"time"

	"dealflow/internal/id"
)

// stageOperations are those of the fourth document: sales stages on their own.
func stageOperations() []operation {
	return []operation{
		{"3.1", getStage},
		{"3.2", listStages},
		{"3.3", createStageByName},
		{"3.4", patchStage},
		{"3.5", deleteStage},
	}
}

func getStage(d *desk) {
	_, stages := d.pipeline("Selling", "New")
	made := d.now()
	d.later(time.Minute)
	d.quiet("updateStage", object{"id": stages[0], "name": "Fresh"}, "")
	d.shows(d.ask("query($id: ID!) { stage(id: $id) { id name createdAt updatedAt } }", object{"id": stages[0]}),
		object{"stage": object{"id": stages[0], "name": "Fresh", "createdAt": made, "updatedAt": d.now()}})
	d.findsNot("stage", id.Stage)
}

func listStages(d *desk) {
	const document = `query($first: Int, $offset: Int, $after: String, $filter: StageFilter, $orderBy: [StageOrder!]) {
		stages(first: $first, offset: $offset, after: $after, filter: $filter, orderBy: $orderBy) {
			totalCount nodes { id name createdAt updatedAt } pageInfo { hasNextPage endCursor } } }`
	names := func(vars object) []string { return d.ask(document, vars).Get("stages.nodes").All("name") }
	d.shows(d.ask(document, nil).Get("stages"), object{"totalCount": 0, "nodes": []object{}, "pageInfo": object{"hasNextPage": false, "endCursor": nil}})
	selling, _ := d.pipeline("Selling")
	partners, _ := d.pipeline("Partners")
	var all []string
	for i := range 25 {
		all = append(all, fmt.Sprintf("S%02d", i))
		d.quiet("createStage", object{"name": all[i], "pipelineId": []string{selling, partners}[i%2], "order": 0}, "")
		d.later(time.Second)
	}
	slices.Reverse(all)
	first := d.ask(document, nil).Get("stages")
	d.is("newest first", first.Get("nodes").All("name"), all[:20]...)
	end := first.Get("pageInfo.endCursor").String()
	d.shows(first.Get("pageInfo"), object{"hasNextPage": true, "endCursor": end})
	d.text(first.Get("totalCount"), "25")
	for _, vars := range []object{{"offset": 20}, {"after": end}} {
		last := d.ask(document, vars).Get("stages")
		d.is(fmt.Sprint("the rest, ", vars), last.Get("nodes").All("name"), all[20:]...)
		d.text(last.Get("pageInfo.hasNextPage"), "false")
		d.text(last.Get("totalCount"), "25")
	}
	d.is("limit and offset", names(object{"first": 2, "offset": 1}), all[1:3]...)
	d.is("after the end", names(object{"offset": 25}))
	d.is("by name", names(object{"first": 1, "orderBy": []object{{"field": "NAME"}}}), "S00")
	d.is("by place", names(object{"filter": object{"order": object{"eq": 0}}, "orderBy": []object{{"field": "ORDER"}, {"field": "NAME"}}}), "S23", "S24")
	d.is("of one pipeline", names(object{"filter": object{"pipelineId": object{"eq": partners}}, "first": 1}), "S23")
	d.text(d.elsewhere().ask(document, nil).Get("stages.totalCount"), "0")
	d.fails(document, object{"first": 501}, "BAD_USER_INPUT 400: first must be from 0 to 500.")
	d.fails(document, object{"offset": -1}, "BAD_USER_INPUT 400: offset must be from 0 to 10000; use after to go on further.")
}

func createStageByName(d *desk) {
	input := object{"name": " stage_name_example "}
	d.refuse("createStage", input, "NOT_FOUND exists input.pipelineId: There is no default pipeline: create one with createPipeline, or name a pipeline.")
	pipeline, _ := d.pipeline("Selling", "New")
	d.pipeline("Partners", "Asked")
	made := d.change("createStage", input, "stage { id name order probability description rottenAfter createdAt updatedAt } pipeline { id }")
	stage := made.Get("stage.id").String()
	d.shows(made, object{
		"stage": object{
			"id": stage, "name": "stage_name_example", "order": 1, "probability": 0, "description": nil, "rottenAfter": nil,
			"createdAt": d.now(), "updatedAt": d.now(),
		},
		"pipeline": object{"id": pipeline}, "userErrors": []object{},
	})
	d.is("board", d.board(pipeline), "0 New", "1 stage_name_example")
	d.is("kinds", []string{stage[:len("stage_")]}, "stage_")
	d.refuse("createStage", object{"name": ""}, "REQUIRED required input.name: The name field is mandatory.")
	d.fails(mutation("createStage", ""), object{"input": object{}}, "GRAPHQL_VALIDATION_FAILED at [variable input name]: must be defined")
	d.quiet("archivePipeline", object{"id": pipeline}, "")
	d.text(d.change("createStage", input, "pipeline { name }").Get("pipeline.name"), "Partners")
}

func patchStage(d *desk) {
	const selection = "stage { id name description order probability rottenAfter createdAt updatedAt }"
	pipeline, _ := d.pipeline("Selling", "New")
	made := d.now()
	stage := d.quiet("createStage", object{"pipelineId": pipeline, "name": "Won", "description": "Sold", "probability": 0.75, "rottenAfter": 30}, "stage { id }").Get("stage.id").String()
	d.later(time.Minute)
	want := object{
		"id": stage, "name": "stage_name_example", "description": "Sold", "order": 1, "probability": 0.75, "rottenAfter": 30,
		"createdAt": made, "updatedAt": d.now(),
	}
	d.shows(d.change("updateStage", object{"id": stage, "name": "stage_name_example"}, selection).Get("stage"), want)
	d.later(time.Minute)
	d.changesNothing("a patch of nothing", func() { d.shows(d.change("updateStage", object{"id": stage}, selection).Get("stage"), want) })
	d.refuse("updateStage", object{"id": stage, "name": " "}, "REQUIRED required input.name: The name field is mandatory.")
	d.refusesIDs("updateStage", "id", id.Stage, object{"id": stage, "name": "Lost"})
	d.refusesStale("updateStage", "Stage", 2, object{"id": stage, "name": "Lost"})
}

func deleteStage(d *desk) {
	pipeline, stages := d.pipeline("Selling", "New", "Talking", "Won")
	d.later(time.Minute)
	d.refusesStale("deleteStage", "Stage", 1, object{"id": stages[0]})
	d.shows(d.change("deleteStage", object{"id": stages[0]}, "deletedStageId pipeline { id stages { name } }"), object{
		"deletedStageId": stages[0], "pipeline": object{"id": pipeline, "stages": []object{{"name": "Talking"}, {"name": "Won"}}}, "userErrors": []object{},
	})
	d.shows(d.ask("query($id: ID!) { stage(id: $id) { id } }", object{"id": stages[0]}), object{"stage": nil})
	d.is("board", d.board(pipeline), "0 Talking", "1 Won")
	d.refuse("deleteStage", object{"id": stages[0]}, notFound(id.Stage, "input.id"))
	d.refusesIDs("deleteStage", "id", id.Stage, object{"id": stages[0]})
	d.lead("Ada", object{"stageId": stages[1]})
	d.text(d.refuse("deleteStage", object{"id": stages[1]},
		"BLOCKED in_use input.moveCardsToStageId: The stage holds cards (deals: 0; leads, with archived ones: 1). Say in moveCardsToStageId which other stage gets them.").Get("0.count"), "1")
}
