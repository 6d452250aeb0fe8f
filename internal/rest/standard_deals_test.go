package rest_test

import (
	"fmt"
	"net/http"
	"slices"
)

// pipelineRows are the operations of the first document: pipelines, stages and the
// leads in them.
var pipelineRows = map[string]func(p partner){
	"0.1": func(p partner) {
		id, stages := p.pipeline("New", "Won")
		lead := p.lead()
		p.do("AddLeadToStage", object{"leadId": lead, "stageId": stages[0]})
		found := p.get("ListPipelines", map[string]string{"first": "500", "leads": "5"})
		p.is("total", found.Get("totalCount"), found.Get("nodes").Len())
		for _, one := range found.Get("nodes").List() {
			if one.Get("id").String() == id {
				p.is("stages", one.Get("stages").All("name"), "[New Won]")
				p.is("leads", one.Get("stages.0.leads.nodes").All("id"), "["+lead+"]")
				return
			}
		}
		p.t.Error("the pipeline is not listed")
	},
	"0.2": func(p partner) {
		id, _ := p.pipeline("New", "Won")
		p.is("stages", p.get("GetPipeline", map[string]string{"id": id}).Get("stages").All("name"), "[New Won]")
		p.do("DeletePipeline", object{"id": id})
		p.refused("one that is gone", p.ask("GetPipeline", map[string]string{"id": id}), 404, "NOT_FOUND")
	},
	"0.3": func(p partner) {
		name := p.name("Sales")
		id := p.do("CreatePipeline", object{"name": name}).Get("pipeline.id").String()
		p.is("name", p.row(id, "name"), name)
		p.refused("no name", p.post("CreatePipeline", object{"name": " "}), 422, "REQUIRED")
	},
	"0.4": func(p partner) {
		id, _ := p.pipeline("New")
		before := p.row(id, "name")
		changed := p.do("UpdatePipeline", object{"id": id, "description": "For all", "isActive": false}).Get("pipeline")
		p.is("what is left out stays", changed.Get("name"), before)
		p.is("description", p.row(id, "description"), "For all")
		p.do("UpdatePipeline", object{"id": id, "description": nil})
		p.is("null clears", p.row(id, "description").IsNull(), true)
		p.is("active", p.row(id, "isActive"), false)
		p.refused("another version", p.post("UpdatePipeline", object{"id": id, "name": "X", "expectedVersion": 1}), 409, "CONFLICT")
	},
	"0.5": func(p partner) {
		id, stages := p.pipeline("New")
		_, others := p.pipeline("Old")
		deal, _ := p.opportunity(stages[0])
		p.refused("one with a deal", p.post("DeletePipeline", object{"id": id}), 409, "BLOCKED")
		p.is("deleted", p.do("DeletePipeline", object{"id": id, "moveCardsToStageId": others[0]}).Get("deletedPipelineId"), id)
		p.gone(id)
		p.is("its deal is in", p.row(deal, "stage { id }").Get("id"), others[0])
	},
	"0.6": func(p partner) {
		id, _ := p.pipeline()
		p.is("archived", p.do("ArchivePipeline", object{"id": id}).Get("pipeline.archivedAt").IsNull(), false)
		listed := func(archived string) bool {
			return slices.Contains(p.get("ListPipelines", map[string]string{"first": "500", "includeArchived": archived}).Get("nodes").All("id"), id)
		}
		p.is("listed", fmt.Sprint(listed("false"), listed("true")), "false true")
	},
	"0.7": func(p partner) {
		id, _ := p.pipeline()
		p.do("ArchivePipeline", object{"id": id})
		p.is("archived", p.do("UnarchivePipeline", object{"id": id}).Get("pipeline.archivedAt").IsNull(), true)
		p.is("row", p.row(id, "archivedAt").IsNull(), true)
	},
	"0.8": func(p partner) {
		id, _ := p.pipeline("First", "Last")
		lead := p.lead()
		made := p.do("CreateStage", object{"pipelineId": id, "name": "Middle", "order": 1, "probability": 0.5, "leadIds": []string{lead}})
		p.is("stages", made.Get("pipeline.stages").All("name"), "[First Middle Last]")
		stage := made.Get("stage.id").String()
		p.is("probability", p.row(stage, "probability"), "0.5")
		p.is("the lead is in", p.row(lead, "stage { id }").Get("id"), stage)
		p.refused("per cent", p.post("CreateStage", object{"pipelineId": id, "name": "X", "probability": 75}), 422, "INVALID")
	},
	"0.9": func(p partner) {
		_, stages := p.pipeline("A", "B")
		p.do("UpdateStage", object{"id": stages[1], "order": 0, "probability": 1})
		p.is("row", p.row(stages[1], "order").String()+p.row(stages[1], "probability").String()+p.row(stages[1], "name").String(), "01B")
	},
	"0.10": func(p partner) {
		_, stages := p.pipeline("A", "B")
		p.opportunity(stages[0])
		p.refused("one with a deal", p.post("DeleteStage", object{"id": stages[0]}), 409, "BLOCKED")
		left := p.do("DeleteStage", object{"id": stages[0], "moveCardsToStageId": stages[1]})
		p.is("left", left.Get("pipeline.stages").All("name"), "[B]")
		p.gone(stages[0])
	},
	"0.11": func(p partner) {
		id, stages := p.pipeline("A")
		other, _ := p.pipeline("B")
		lead := p.lead()
		p.refused("another pipeline", p.post("AddLeadToStage", object{"leadId": lead, "stageId": stages[0], "pipelineId": other}), 422, "INVALID")
		in := p.do("AddLeadToStage", object{"leadId": lead, "stageId": stages[0], "pipelineId": id})
		p.is("leads", in.Get("pipeline.stages.0.leads.nodes").All("id"), "["+lead+"]")
		p.is("row", p.row(lead, "stage { id }").Get("id"), stages[0])
	},
	"0.12": func(p partner) {
		_, stages := p.pipeline("A")
		lead := p.lead()
		p.do("AddLeadToStage", object{"leadId": lead, "stageId": stages[0]})
		out := p.do("RemoveLeadFromStage", object{"leadId": lead, "stageId": stages[0]})
		p.is("leads", out.Get("pipeline.stages.0.leads.nodes").Len(), 0)
		p.is("row", p.row(lead, "stage { id }").IsNull(), true)
	},
}

// dealRows are those of the second: pipelines with deals, and deals.
var dealRows = map[string]func(p partner){
	"1.1": func(p partner) {
		for range 3 {
			p.pipeline("A")
		}
		one := p.get("ListPipelinesByPage", map[string]string{"first": "2"})
		two := p.get("ListPipelinesByPage", map[string]string{"first": "2", "offset": "2"})
		same := p.get("ListPipelinesByPage", map[string]string{"first": "2", "after": one.Get("pageInfo.endCursor").String()})
		p.is("pages", fmt.Sprint(one.Get("nodes").Len(), one.Get("pageInfo.hasNextPage"), two.Get("nodes").All("id")), fmt.Sprint(2, true, same.Get("nodes").All("id")))
		p.is("total is beyond", one.Get("totalCount").Int() >= 3, true)
	},
	"1.2": func(p partner) {
		_, stages := p.pipeline("A")
		deal, _ := p.opportunity(stages[0])
		found := p.get("ListPipelinesWithDeals", nil)
		p.is("all of them", found.Get("nodes").Len(), found.Get("totalCount"))
		p.is("the last one's deals", found.Get(fmt.Sprintf("nodes.%d.stages.0.deals.nodes", found.Get("nodes").Len()-1)).All("id"), "["+deal+"]")
	},
	"1.3": func(p partner) {
		id, stages := p.pipeline("A", "B")
		deal, _ := p.opportunity(stages[1])
		found := p.get("GetPipelineWithDeals", map[string]string{"id": id})
		p.is("order", found.Get("stages").All("index"), "[0 1]")
		p.is("deals", found.Get("stages.1.deals.nodes").All("id"), "["+deal+"]")
	},
	"1.4": func(p partner) {
		id, stages := p.pipeline("A", "B")
		one, _ := p.opportunity(stages[0])
		two, _ := p.opportunity(stages[1])
		got := p.get("ListPipelineDeals", map[string]string{"pipelineId": id}).Get("deals.nodes").All("id")
		slices.Sort(got)
		p.is("deals", got, slices.Sorted(slices.Values([]string{one, two})))
		p.refused("no pipeline", p.ask("ListPipelineDeals", map[string]string{"pipelineId": "pipeline_00000000000000000000000000"}), 404, "NOT_FOUND")
	},
	"1.5": func(p partner) {
		made := p.do("CreatePipeline", object{"name": p.name("Enterprise"), "description": "Large ones", "stages": []object{{"name": "B", "order": 1}, {"name": "A", "order": 0}}})
		p.is("stages", made.Get("pipeline.stages").All("name"), "[A B]")
		p.is("row", p.row(made.Get("pipeline.id").String(), "description"), "Large ones")
	},
	"1.6": func(p partner) {
		id, _ := p.pipeline()
		name := p.name("Renamed")
		p.is("name", p.do("UpdatePipeline", object{"id": id, "name": name}).Get("pipeline.name"), name)
		p.is("row", p.row(id, "name"), name)
	},
	"1.7": func(p partner) {
		id, _ := p.pipeline("A")
		p.do("DeletePipeline", object{"id": id})
		p.gone(id)
		p.refused("once more", p.post("DeletePipeline", object{"id": id}), 404, "NOT_FOUND")
	},
	"1.8": func(p partner) {
		_, stages := p.pipeline("A")
		deal, _ := p.opportunity(stages[0])
		title := p.row(deal, "title").String()
		found := p.get("ListDeals", map[string]string{"search": title, "filter": `{"stageId": {"eq": "` + stages[0] + `"}}`, "orderBy": `{"field": "TITLE"}`})
		p.is("deals", found.Get("nodes").All("id"), "["+deal+"]")
		p.is("client", found.Get("nodes.0.client.email").IsNull(), false)
	},
	"1.9": func(p partner) {
		_, stages := p.pipeline("A")
		deal, _ := p.opportunity(stages[0])
		p.is("stage", p.get("GetDeal", map[string]string{"id": deal}).Get("stage.id"), stages[0])
		p.refused("an id of something else", p.ask("GetDeal", map[string]string{"id": stages[0]}), 400, "INVALID_ID")
	},
	"1.10": func(p partner) {
		_, stages := p.pipeline("A")
		made := p.do("CreateDeal", object{"title": "License", "stageId": stages[0], "clientId": p.contact(), "probability": 0.75, "value": object{"amount": "120.50"}}).Get("deal")
		p.is("made", made.Get("value.amount").String()+made.Get("client.name").String()[:7], "120.50Contact")
		p.is("row", p.row(made.Get("id").String(), "probability"), "0.75")
		p.refused("no such stage", p.post("CreateDeal", object{"title": "License", "stageId": "stage_00000000000000000000000000", "clientId": p.contact()}), 404, "NOT_FOUND")
	},
	"1.11": func(p partner) {
		_, stages := p.pipeline("A", "B")
		deal, _ := p.opportunity(stages[0])
		other, _ := p.opportunity(stages[1])
		p.do("UpdateDeal", object{"id": deal, "stageId": stages[1], "probability": 0.9})
		p.is("row", p.row(deal, "stage { id }").Get("id").String()+p.row(deal, "probability").String(), stages[1]+"0.9")
		p.do("MoveDeal", object{"id": deal, "before": other})
		p.is("before", p.row(deal, "rank").String() < p.row(other, "rank").String(), true)
		p.refused("another version", p.post("MoveDeal", object{"id": deal, "at": "LAST", "expectedVersion": 1}), 409, "CONFLICT")
	},
	"1.12": func(p partner) {
		_, stages := p.pipeline("A")
		deal, _ := p.opportunity(stages[0])
		p.is("deleted", p.do("DeleteDeal", object{"id": deal}).Get("deletedDealId"), deal)
		p.gone(deal)
	},
}

// opportunityRows are those of the third.
var opportunityRows = map[string]func(p partner){
	"2.1": func(p partner) {
		pipeline, stages := p.pipeline("A", "B")
		made := p.do("CreateOpportunity", object{
			"title": "First Opp", "stageId": stages[0], "email": "elon@example.com", "phone": "+1202-555-0107", "name": "Elon M", "companyName": "Cars Inc",
			"tags": []string{"vip", "new"}, "monetaryValue": object{"amount": "122.22"},
		}).Get("opportunity")
		id := made.Get("id").String()
		other, _ := p.opportunity(stages[1])
		alone, contact := p.opportunity(stages[1])
		p.ada.As(p.t, "ada", "ADMIN").Must(p.t, `mutation ($id: ID!) { deleteContact(input: {id: $id}) { userErrors { message } } }`, map[string]any{"id": contact})
		for parameter, value := range map[string]string{
			"title": "first", "stageId": stages[0], "monetaryValue": "122.22", "contactId": made.Get("contact.id").String(), "email": "ELON@example.com",
			"name": "elon", "phone": "+1202-555-0107", "tags": "vip", "companyName": "cars",
		} {
			found := p.get("ListOpportunities", map[string]string{"pipelineId": pipeline, parameter: value})
			p.is("by "+parameter, found.Get("nodes").All("id"), "["+id+"]")
		}
		p.is("with both labels", p.good("ListOpportunities", p.send(http.MethodGet, "ListOpportunities?tags=vip&tags=new&pipelineId="+pipeline, "", nil)).Get("totalCount"), 1)
		p.is("of nobody", p.get("ListOpportunities", map[string]string{"pipelineId": pipeline, "assignedTo": "user_00000000000000000000000000"}).Get("totalCount"), 0)
		p.is("lost", p.get("ListOpportunities", map[string]string{"pipelineId": pipeline, "status": "LOST"}).Get("totalCount"), 0)
		everything := p.get("ListOpportunities", map[string]string{"pipelineId": pipeline})
		got := everything.Get("nodes").All("id")
		slices.Sort(got)
		p.is("all of them, also without a contact", got, slices.Sorted(slices.Values([]string{id, other, alone})))
		p.is("page", p.get("ListOpportunities", map[string]string{"pipelineId": pipeline, "first": "1"}).Get("pageInfo.hasNextPage"), true)
	},
	"2.2": func(p partner) {
		_, stages := p.pipeline("A")
		id, contact := p.opportunity(stages[0])
		found := p.get("GetOpportunity", map[string]string{"id": id})
		p.is("found", found.Get("contact.id").String()+found.Get("pipelineStage.id").String()+found.Get("status").String(), contact+stages[0]+"OPEN")
	},
	"2.3": func(p partner) {
		_, stages := p.pipeline("A", "B")
		id, contact := p.opportunity(stages[0])
		p.is("contact", p.do("UpdateOpportunity", object{"id": id, "title": "Second", "stageId": stages[1], "monetaryValue": object{"amount": "5"}}).Get("opportunity.contact.id"), contact)
		changed := p.do("UpdateOpportunity", object{"id": id, "email": p.email(), "name": "Grace"}).Get("opportunity")
		p.is("row", p.row(id, "title").String()+p.row(id, "contact { name }").Get("name").String(), "SecondGrace")
		p.is("stage", changed.Get("pipelineStage.name"), "B")
		p.refused("two contacts", p.post("UpdateOpportunity", object{"id": id, "email": p.email(), "contactId": contact}), 422, "INVALID")
	},
	"2.4": func(p partner) {
		_, stages := p.pipeline("A")
		id, _ := p.opportunity(stages[0])
		p.is("deleted", p.do("DeleteOpportunity", object{"id": id}).Get("deletedOpportunityId"), id)
		p.gone(id)
	},
	"2.5": func(p partner) {
		_, stages := p.pipeline("A")
		_, contact := p.opportunity(stages[0])
		again := object{"title": "Again", "stageId": stages[0], "contactId": contact}
		p.refused("a second one", p.post("CreateOpportunity", again), 409, "DUPLICATE_DEAL")
		again["allowDuplicate"] = true
		p.is("contact", p.do("CreateOpportunity", again).Get("opportunity.contact.id"), contact)
		p.is("by phone", p.do("CreateOpportunity", object{"title": "Called", "stageId": stages[0], "phone": "555 0199"}).Get("opportunity.contact.phone"), "555 0199")
		p.refused("nobody", p.post("CreateOpportunity", object{"title": "Nobody's", "stageId": stages[0]}), 422, "REQUIRED")
		p.refused("no such status", p.post("CreateOpportunity", object{"title": "X", "stageId": stages[0], "contactId": contact, "status": "open"}), 400, "BAD_USER_INPUT")
	},
	"2.6": func(p partner) {
		_, stages := p.pipeline("A", "B")
		id, _ := p.opportunity(stages[0])
		p.do("ChangeOpportunityStatus", object{"id": id, "status": "LOST", "stageId": stages[1], "lostReason": "Price"})
		p.is("row", p.row(id, "status").String()+p.row(id, "lostReason").String()+p.row(id, "stage { name }").Get("name").String(), "LOSTPriceB")
	},
}

// stageRows are those of the fourth.
var stageRows = map[string]func(p partner){
	"3.1": func(p partner) {
		_, stages := p.pipeline("Prospecting")
		p.is("name", p.get("GetSalesStage", map[string]string{"id": stages[0]}).Get("stage_name"), "Prospecting")
		p.do("DeleteSalesStage", object{"id": stages[0]})
		p.refused("one that is gone", p.ask("GetSalesStage", map[string]string{"id": stages[0]}), 404, "NOT_FOUND")
	},
	"3.2": func(p partner) {
		p.api.Clock.Advance(1)
		_, stages := p.pipeline("A")
		found := p.get("ListSalesStages", map[string]string{"limit": "1"})
		p.is("newest first", found.Get("data").All("id"), stages)
		p.is("more", found.Get("page.has_more"), found.Get("total").Int() > 1)
		p.is("next", p.get("ListSalesStages", map[string]string{"limit": "1", "offset": "1"}).Get("data.0.id").String() == stages[0], false)
		p.refused("too many", p.ask("ListSalesStages", map[string]string{"limit": "501"}), 400, "BAD_USER_INPUT")
	},
	"3.3": func(p partner) {
		name := p.name("Alone")
		id := p.do("CreateSalesStage", object{"stage_name": name}).Get("sales_stage.id").String()
		p.is("row", p.row(id, "name").String()+p.row(id, "pipeline { isDefault }").Get("isDefault").String(), name+"true")
	},
	"3.4": func(p partner) {
		_, stages := p.pipeline("A")
		p.do("UpdateSalesStage", object{"id": stages[0]})
		p.is("what is left out stays", p.row(stages[0], "name"), "A")
		p.is("name", p.do("UpdateSalesStage", object{"id": stages[0], "stage_name": "B"}).Get("sales_stage.stage_name"), "B")
	},
	"3.5": func(p partner) {
		_, stages := p.pipeline("A", "B")
		p.is("deleted", p.do("DeleteSalesStage", object{"id": stages[0]}).Get("deleted_id"), stages[0])
		p.gone(stages[0])
	},
}
