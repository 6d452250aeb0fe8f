package graph_test

import (
	"strings"
	"time"

	"dealflow/internal/id"
)

// leadStatusOperations are those of the fifth document that change lead
// statuses. A new organization has New, Contacted, Qualified and Unqualified.
func leadStatusOperations() []operation {
	return []operation{
		{"4.11", createLeadStatus},
		{"4.18", updateLeadStatus},
		{"4.19", reorderLeadStatuses},
		{"4.23", deleteLeadStatus},
	}
}

const (
	statusFields = "status { id name primaryColor secondaryColor order leadCount version createdAt updatedAt }"
	statusExists = "ALREADY_EXISTS unique input.name: Lead status already exists."
)

// order is the names of the statuses with their places: "0 New".
func (d *desk) order() []string {
	d.t.Helper()
	places := []string{}
	for _, status := range d.who.Must(d.t, "{ leadStatuses { name order } }", nil).Get("leadStatuses").List() {
		places = append(places, status.Get("order").String()+" "+status.Get("name").String())
	}
	return places
}

func createLeadStatus(d *desk) {
	made := d.change("createLeadStatus", object{"name": " Lost ", "primaryColor": "RED"}, statusFields).Get("status")
	d.shows(made, object{
		"id": made.Get("id").String(), "name": "Lost", "primaryColor": "RED", "secondaryColor": "#fee2e2", "order": 4, "leadCount": 0,
		"version": 1, "createdAt": d.now(), "updatedAt": d.now(),
	})
	d.is("order", d.order(), "0 New", "1 Contacted", "2 Qualified", "3 Unqualified", "4 Lost")
	input := object{"name": "Other", "primaryColor": "PINK"}
	d.refuse("createLeadStatus", with(input, "name", "new"), statusExists)
	d.refuse("createLeadStatus", with(input, "name", " LOST"), statusExists)
	d.refuse("createLeadStatus", with(input, "name", ""), "REQUIRED required input.name: The name field is mandatory.")
	d.refuse("createLeadStatus", with(input, "name", strings.Repeat("x", 101)), "INVALID max input.name: The name field has 101 characters; at most 100 are allowed.")
	for _, color := range []string{"BEIGE", "pink", "#be185d"} {
		d.fails(mutation("createLeadStatus", ""), object{"input": with(input, "primaryColor", color)},
			"GRAPHQL_VALIDATION_FAILED at [variable input primaryColor]: "+color+" is not a valid LeadStatusColor")
	}
	d.fails(mutation("createLeadStatus", ""), object{"input": object{"name": "Other"}}, "GRAPHQL_VALIDATION_FAILED at [variable input primaryColor]: must be defined")
	d.elsewhere().change("createLeadStatus", object{"name": "Lost", "primaryColor": "RED"}, "status { id }")
}

func updateLeadStatus(d *desk) {
	statuses := d.statuses()
	made := d.now()
	d.lead("Ada")
	d.later(time.Minute)
	want := object{
		"id": statuses[0], "name": "Fresh", "primaryColor": "GREEN", "secondaryColor": "#dcfce7", "order": 0, "leadCount": 1,
		"version": 2, "createdAt": made, "updatedAt": d.now(),
	}
	d.shows(d.change("updateLeadStatus", object{"id": statuses[0], "name": "Fresh", "primaryColor": "GREEN", "expectedVersion": 1}, statusFields).Get("status"), want)
	d.later(time.Minute)
	d.changesNothing("an update without news", func() {
		d.shows(d.change("updateLeadStatus", object{"id": statuses[0], "primaryColor": "GREEN"}, statusFields).Get("status"), want)
	})
	want["name"], want["version"], want["updatedAt"] = "FRESH", 3, d.now()
	d.shows(d.change("updateLeadStatus", object{"id": statuses[0], "name": "FRESH"}, statusFields).Get("status"), want)
	d.is("the leads' status", d.ask("{ leads { nodes { status { name } } } }", nil).Get("leads.nodes").All("status.name"), "FRESH")

	input := object{"id": statuses[0], "name": "Other"}
	d.refuse("updateLeadStatus", with(input, "name", "contacted"), statusExists)
	d.refuse("updateLeadStatus", with(input, "name", " "), "REQUIRED required input.name: The name field is mandatory.")
	d.refuse("updateLeadStatus", with(input, "name", nil), "REQUIRED required input.name: The name field is mandatory: leave it out to keep it, null does not clear it.")
	d.refuse("updateLeadStatus", with(input, "primaryColor", nil), "REQUIRED required input.primaryColor: The primaryColor field is mandatory: leave it out to keep it, null does not clear it.")
	d.refusesStale("updateLeadStatus", "LeadStatus", 3, input)
	d.refusesIDs("updateLeadStatus", "id", id.LeadStatus, input) // "Lead status not found."
}

func reorderLeadStatuses(d *desk) {
	statuses := d.statuses()
	place := func(status, order int) object { return object{"id": statuses[status], "order": order} }
	reorder := func(places ...object) []string {
		d.t.Helper()
		got := []string{}
		for _, status := range d.change("reorderLeadStatuses", object{"statuses": append([]object{}, places...)}, "statuses { name order }").Get("statuses").List() {
			got = append(got, status.Get("order").String()+" "+status.Get("name").String())
		}
		d.is("the order that was answered", got, d.order()...)
		return got
	}
	d.is("all of them, counted from 1", reorder(place(0, 4), place(1, 3), place(2, 2), place(3, 1)), "0 Unqualified", "1 Qualified", "2 Contacted", "3 New")
	d.is("one of them", reorder(place(1, 0)), "0 Contacted", "1 Unqualified", "2 Qualified", "3 New")
	d.is("two of them, with a gap", reorder(place(0, 50), place(2, 7)), "0 Qualified", "1 New", "2 Contacted", "3 Unqualified")
	d.changesNothing("the order that they have", func() { reorder(place(2, 0), place(0, 1), place(1, 2), place(3, 3)) })
	d.changesNothing("none of them", func() { reorder() })
	d.text(d.node(d.lead("Ada"), "status { name }").Get("status.name"), "Qualified") // the first one now

	refuse := func(want string, places ...object) {
		d.t.Helper()
		d.refuse("reorderLeadStatuses", object{"statuses": places}, want)
	}
	refuse("INVALID distinct input.statuses.1.order: Another status has the order 2.", place(0, 2), place(1, 2))
	refuse("INVALID distinct input.statuses.1.id: "+statuses[0]+" stands in the list twice.", place(0, 0), place(0, 1))
	refuse("INVALID range input.statuses.0.order: The order field must be from 0 to 500.", place(0, -1))
	for _, wrong := range notIDs(id.LeadStatus) {
		refuse(badID(id.LeadStatus, "input.statuses.1.id", wrong), place(0, 0), object{"id": wrong, "order": 1})
	}
	for _, missing := range []string{unknown(id.LeadStatus), d.elsewhere().some(id.LeadStatus)} {
		refuse(notFound(id.LeadStatus, "input.statuses.1.id"), place(0, 0), object{"id": missing, "order": 1})
	}
}

func deleteLeadStatus(d *desk) {
	statuses := d.statuses()
	ada, bob := d.lead("Ada"), d.lead("Bob")
	d.quiet("archiveLeads", object{"ids": []string{bob}}, "")
	d.refusesIDs("deleteLeadStatus", "id", id.LeadStatus, object{"id": statuses[1]})
	d.refusesStale("deleteLeadStatus", "LeadStatus", 1, object{"id": statuses[1]})
	d.shows(d.change("deleteLeadStatus", object{"id": statuses[1], "expectedVersion": 1}, "deletedLeadStatusId"),
		object{"deletedLeadStatusId": statuses[1], "userErrors": []object{}})
	d.is("order", d.order(), "0 New", "1 Qualified", "2 Unqualified")
	d.refuse("deleteLeadStatus", object{"id": statuses[1]}, notFound(id.LeadStatus, "input.id"))

	input := object{"id": statuses[0]}
	found := d.refuse("deleteLeadStatus", input, "BLOCKED in_use input.id: Cannot delete status: 2 leads have it. Give them another status first.")
	d.is("problem", []string{found.Get("0.__typename").String(), found.Get("0.count").String()}, "BlockedError", "2")
	d.quiet("changeLeadStatus", object{"ids": []string{ada}, "statusId": statuses[2]}, "")
	found = d.refuse("deleteLeadStatus", input, "BLOCKED in_use input.id: Cannot delete status: 1 lead has it. Give it another status first.")
	d.text(found.Get("0.count"), "1") // an archived one
	d.quiet("deleteLeads", object{"ids": []string{bob}}, "")
	d.change("deleteLeadStatus", input, "deletedLeadStatusId")
	d.quiet("deleteLeadStatus", object{"id": statuses[3]}, "")
	d.quiet("deleteLeads", object{"ids": []string{ada}}, "")
	found = d.refuse("deleteLeadStatus", object{"id": statuses[2]}, "BLOCKED in_use input.id: Cannot delete status: it is the last one. Create another one first.")
	d.text(found.Get("0.count"), "0")
	d.is("order", d.order(), "0 Qualified")
}
