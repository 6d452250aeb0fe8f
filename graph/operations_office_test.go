package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"dealflow/ent"
	"dealflow/internal/apitest"
	"dealflow/internal/id"
)

// What is here makes and reads what the case of an operation needs around it.
// None of it counts as a use of the API by the case.

// quiet makes a change.
func (d *desk) quiet(name string, input object, selection string) apitest.Value {
	d.t.Helper()
	return d.who.Must(d.t, mutation(name, selection), apitest.Vars{"input": input}).Get(name)
}

// pipeline makes a pipeline with stages, whose probabilities are 0, 0.1, 0.2 …
func (d *desk) pipeline(name string, names ...string) (pipeline string, stages []string) {
	d.t.Helper()
	inputs := []object{}
	for i, stage := range names {
		inputs = append(inputs, object{"name": stage, "probability": float64(i) / 10})
	}
	made := d.quiet("createPipeline", object{"name": name, "stages": inputs}, "pipeline { id stages { id } }")
	return made.Get("pipeline.id").String(), made.Get("pipeline.stages").All("id")
}

// lead makes a lead, with more than a first name if need be.
func (d *desk) lead(firstName string, more ...object) string {
	d.t.Helper()
	input := object{"firstName": firstName}
	for _, fields := range more {
		maps.Copy(input, fields)
	}
	return d.quiet("createLead", input, "lead { id }").Get("lead.id").String()
}

// deal makes a deal with a contact of its own, unless more says otherwise.
func (d *desk) deal(stage, title string, more ...object) string {
	d.t.Helper()
	input := object{"stageId": stage, "title": title, "contact": object{"email": emailOf(title)}}
	for _, fields := range more {
		maps.Copy(input, fields)
	}
	if input["contactId"] != nil {
		delete(input, "contact")
	}
	return d.quiet("createDeal", input, "deal { id }").Get("deal.id").String()
}

// emailOf is the address of the contact of a deal.
func emailOf(title string) string {
	return strings.ToLower(strings.ReplaceAll(title, " ", ".")) + "@example.com"
}

func (d *desk) contact(email string) string {
	d.t.Helper()
	return d.quiet("createContact", object{"email": email}, "contact { id }").Get("contact.id").String()
}

func (d *desk) business(name string) string {
	d.t.Helper()
	return d.quiet("createBusiness", object{"name": name}, "business { id }").Get("business.id").String()
}

func (d *desk) comment(subject, content string) string {
	d.t.Helper()
	return d.quiet("addComment", object{"subjectId": subject, "content": content}, "comment { id }").Get("comment.id").String()
}

// statuses are the ids of the lead statuses, in their order. An organization
// begins with New, Contacted, Qualified and Unqualified.
func (d *desk) statuses() []string {
	d.t.Helper()
	return d.who.Must(d.t, "{ leadStatuses { id } }", nil).Get("leadStatuses").All("id")
}

// some makes a thing of a kind.
func (d *desk) some(kind id.Kind) string {
	d.t.Helper()
	switch kind {
	case id.Pipeline:
		pipeline, _ := d.pipeline("Some")
		return pipeline
	case id.Stage:
		_, stages := d.pipeline("Some", "Some")
		return stages[0]
	case id.Deal:
		return d.deal(d.some(id.Stage), "Some")
	case id.Contact:
		return d.contact(unknown(id.Contact) + "@example.com")
	case id.Lead:
		return d.lead("Some")
	case id.LeadStatus:
		return d.statuses()[0]
	case id.Business:
		return d.business("Some")
	case id.Comment:
		return d.comment(d.lead("Some"), "Some")
	case id.User:
		return d.userID()
	}
	d.t.Fatalf("no way to make a %s", kind)
	return ""
}

// node reads some fields of something.
func (d *desk) node(key, selection string) apitest.Value {
	d.t.Helper()
	kind, _, err := id.Parse(key)
	noError(d.t, err)
	types := map[id.Kind]string{
		id.Pipeline: "Pipeline", id.Stage: "Stage", id.Deal: "Deal", id.Contact: "Contact", id.Lead: "Lead",
		id.LeadStatus: "LeadStatus", id.Comment: "Comment", id.Business: "Business",
	}
	document := fmt.Sprintf("query($id: ID!) { node(id: $id) { ... on %s { %s } } }", types[kind], selection)
	return d.who.Must(d.t, document, apitest.Vars{"id": key}).Get("node")
}

// board is a pipeline's stages with their places: "0 New".
func (d *desk) board(pipeline string) []string {
	d.t.Helper()
	stages := []string{}
	for _, stage := range d.node(pipeline, "stages { order name }").Get("stages").List() {
		stages = append(stages, stage.Get("order").String()+" "+stage.Get("name").String())
	}
	return stages
}

// cards are the leads and then the deals of a stage, in their order.
func (d *desk) cards(stage string) []string {
	d.t.Helper()
	found := d.node(stage, "leads { nodes { firstName } } deals { nodes { title } }")
	return append(found.Get("leads.nodes").All("firstName"), found.Get("deals.nodes").All("title")...)
}

// stays is the history of a card: the stage, and how many seconds it was there.
// A stay that still goes on has a plus.
func (d *desk) stays(card string) []string {
	d.t.Helper()
	stays := []string{}
	for _, stay := range d.node(card, "stageHistory { stageName durationSeconds leftAt }").Get("stageHistory").List() {
		text := stay.Get("stageName").String() + " " + stay.Get("durationSeconds").String()
		if stay.Get("leftAt").IsNull() {
			text += "+"
		}
		stays = append(stays, text)
	}
	return stays
}

// log is what was done to something, newest first, and by whom, with the names
// of the fields that changed: "ada UPDATED name".
func (d *desk) log(key string) []string {
	d.t.Helper()
	done := []string{}
	for _, a := range d.node(key, "activity { nodes { action user { name } changes { field } } }").Get("activity.nodes").List() {
		words := append([]string{a.Get("user.name").String(), a.Get("action").String()}, a.Get("changes").All("field")...)
		done = append(done, strings.Join(words, " "))
	}
	return done
}

// newest is the first entries of a log.
func newest(n int, log []string) []string { return log[:min(n, len(log))] }

// is compares two lists of texts.
func (d *desk) is(what string, got []string, want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		d.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// isNow compares some fields of something, as they are now.
func (d *desk) isNow(key, selection string, want object) {
	d.t.Helper()
	d.shows(d.node(key, selection), want)
}

// changesNothing fails when fn changes a row of the organization.
func (d *desk) changesNothing(what string, fn func()) {
	d.t.Helper()
	before := d.rows()
	fn()
	if diff := cmp.Diff(before, d.rows()); diff != "" {
		d.t.Errorf("%s changed something:\n%s", what, diff)
	}
}

// rows is everything that the organization has but its users.
func (d *desk) rows() []string {
	d.t.Helper()
	var all []string
	db, byID := d.api.Store.Client, ent.Asc("id")
	all = appendRows(d.t, d.home, all, db.Organization.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Pipeline.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Stage.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Deal.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Contact.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Lead.Query().WithBusinesses().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.LeadStatus.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Business.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.Comment.Query().Order(byID).All)
	all = appendRows(d.t, d.home, all, db.StageStay.Query().Order(byID).All)
	return appendRows(d.t, d.home, all, db.Activity.Query().Order(byID).All)
}

// appendRows adds the rows of a table, each as JSON.
func appendRows[T any](tb testing.TB, ctx context.Context, all []string, read func(context.Context) ([]*T, error)) []string {
	tb.Helper()
	rows, err := read(ctx)
	noError(tb, err)
	for _, row := range rows {
		text, err := json.Marshal(row)
		noError(tb, err)
		all = append(all, fmt.Sprintf("%T %s", row, text))
	}
	return all
}

// refs are things with an id alone.
func refs(ids ...string) []object {
	list := []object{}
	for _, key := range ids {
		list = append(list, object{"id": key})
	}
	return list
}
