package graph_test

import (
	"fmt"
	"strings"
	"time"

	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// leadChangeOperations are those of the fifth document that change leads, with
// their photos and comments.
func leadChangeOperations() []operation {
	return []operation{
		{"4.10", createLead},
		{"4.12", uploadLeadPhoto},
		{"4.13", addComment},
		{"4.14", archiveLeads},
		{"4.15", restoreLeads},
		{"4.16", updateLead},
		{"4.17", changeLeadStatus},
		{"4.20", editComment},
		{"4.21", deleteLeads},
		{"4.22", deleteLeadPhoto},
	}
}

const emailExists = "ALREADY_EXISTS unique input.email: Email already exists."

// fullLead is a lead with everything that the document knows, and how it is shown.
func fullLead(d *desk) (input, shown object) {
	d.t.Helper()
	statuses, photo := d.statuses(), d.photo()
	_, stages := d.pipeline("Selling", "New")
	social := object{"youtube": "youtube.com/lead", "facebook": "facebook.com/lead", "instagram": "instagram.com/lead", "twitter": "twitter.com/lead"}
	input = object{
		"firstName": " John ", "lastName": "Doe", "email": " John.Doe@Example.com ", "phoneNumbers": []string{"123-456-7890", " ", "+1 5", "123-456-7890"},
		"photo": photo, "state": "INACTIVE", "statusId": statuses[1], "source": "Referral", "description": "Lead description", "location": "New York",
		"position": "Manager", "company": "Company Name", "socialMedia": social, "businessIds": []string{d.business("Zed"), d.business("Acme")},
		"stageId": stages[0], "externalId": "crm-1",
	}
	return input, object{
		"firstName": "John", "lastName": "Doe", "email": "john.doe@example.com", "phoneNumbers": []string{"123-456-7890", "+1 5"},
		"photo": photo, "state": "INACTIVE", "status": object{"id": statuses[1], "name": "Contacted"}, "source": "Referral", "description": "Lead description",
		"location": "New York", "position": "Manager", "company": "Company Name", "socialMedia": social,
		"businesses": []object{{"name": "Acme"}, {"name": "Zed"}}, "stage": object{"name": "New"}, "stageEnteredAt": d.now(), "createdBy": object{"name": "ada"},
		"archivedAt": nil, "externalId": "crm-1", "version": 1, "createdAt": d.now(), "updatedAt": d.now(),
	}
}

func createLead(d *desk) {
	input, want := fullLead(d)
	made := d.change("createLead", input, "lead { "+leadFields+" }").Get("lead")
	lead := made.Get("id").String()
	d.shows(made, with(want, "id", lead))
	d.is("where it was", d.stays(lead), "New 0+")
	d.is("log", d.log(lead), "ada CREATED firstName lastName state email phoneNumbers photo statusId source description location position company socialMedia businessIds stageId externalId")

	least := d.change("createLead", object{"firstName": "Ada"}, "lead { "+leadFields+" }").Get("lead")
	d.shows(least, object{
		"id": least.Get("id").String(), "firstName": "Ada", "lastName": "", "email": nil, "phoneNumbers": []string{}, "photo": nil, "state": "ACTIVE",
		"status": object{"id": d.statuses()[0], "name": "New"}, "source": nil, "description": nil, "location": nil, "position": nil, "company": nil,
		"socialMedia": nil, "businesses": []object{}, "stage": nil, "stageEnteredAt": nil, "createdBy": object{"name": "ada"}, "archivedAt": nil,
		"externalId": nil, "version": 1, "createdAt": d.now(), "updatedAt": d.now(),
	})
	d.change("createLead", object{"firstName": "Ada"}, "lead { id }") // no email is nobody's
	d.elsewhere().change("createLead", object{"firstName": "John", "email": "john.doe@example.com"}, "lead { id }")

	d.refuse("createLead", object{"firstName": "Jo", "email": "JOHN.doe@example.com"}, emailExists)
	d.quiet("archiveLeads", object{"ids": []string{lead}}, "")
	d.refuse("createLead", object{"firstName": "Jo", "email": "john.doe@example.com"}, emailExists)
	d.refuse("createLead", object{"firstName": "Jo", "externalId": "crm-1"}, `ALREADY_EXISTS unique input.externalId: Another lead has the external id "crm-1".`)
	d.refuse("createLead", object{"firstName": " ", "email": "jo", "photo": "photo.jpg"},
		"REQUIRED required input.firstName: The firstName field is mandatory.",
		"INVALID email input.email: The email field is not an email address, such as ada@example.com.",
		"NOT_FOUND exists input.photo: Photo not found: uploadLeadPhoto answers the names of those that there are.")
	refuseLead(d, "createLead", object{"firstName": "Jo"})
	d.refusesIDs("createLead", "stageId", id.Stage, object{"firstName": "Jo"})
	d.fails(mutation("createLead", ""), object{"input": object{"email": "jo@example.com"}}, "GRAPHQL_VALIDATION_FAILED at [variable input firstName]: must be defined")

	_, err := d.api.Store.Client.Lead.Delete().Exec(d.home)
	noError(d.t, err)
	_, err = d.api.Store.Client.LeadStatus.Delete().Exec(d.home)
	noError(d.t, err)
	d.refuse("createLead", object{"firstName": "Jo"}, "NOT_FOUND exists input.statusId: No lead status found: create one with createLeadStatus.")
}

// refuseLead tries what may stand in no lead, new or not.
func refuseLead(d *desk, name string, good object) {
	d.t.Helper()
	known := d.business("Known")
	d.refuse(name, with(good, "lastName", strings.Repeat("x", 201)), "INVALID max input.lastName: The lastName field has 201 characters; at most 200 are allowed.")
	d.refuse(name, with(good, "description", strings.Repeat("x", 10_001)), "INVALID max input.description: The description field has 10001 characters; at most 10000 are allowed.")
	d.refuse(name, with(good, "phoneNumbers", strings.Split(strings.Repeat("x,", 20)+"x", ",")), "INVALID max input.phoneNumbers: The phoneNumbers field has 21 entries; at most 20 are allowed.")
	d.refuse(name, with(good, "socialMedia", object{"twitter": strings.Repeat("x", 301)}), "INVALID max input.socialMedia.twitter: The twitter field has 301 characters; at most 300 are allowed.")
	d.refusesIDs(name, "statusId", id.LeadStatus, good)
	d.refuse(name, with(good, "businessIds", []string{known, unknown(id.Business), d.elsewhere().business("Theirs")}),
		notFound(id.Business, "input.businessIds.1"), notFound(id.Business, "input.businessIds.2"))
	d.refuse(name, with(good, "businessIds", []string{known, "3"}), badID(id.Business, "input.businessIds.1", "3"))
	for _, state := range []string{"Active", "BUSY"} {
		d.fails(mutation(name, ""), object{"input": with(good, "state", state)}, "GRAPHQL_VALIDATION_FAILED at [variable input state]: "+state+" is not a valid LeadState")
	}
}

func updateLead(d *desk) {
	const selection = "lead { " + leadFields + " }"
	input, want := fullLead(d)
	lead := d.quiet("createLead", input, "lead { id }").Get("lead.id").String()
	link := d.node(lead, "photoUrl").Get("photoUrl").String()
	d.later(time.Minute)
	photo := d.photo()
	want["id"], want["firstName"], want["businesses"], want["photo"] = lead, "Jo", []object{{"name": "New one"}}, photo
	want["socialMedia"] = object{"youtube": "you", "facebook": nil, "instagram": nil, "twitter": nil}
	want["version"], want["updatedAt"] = 2, d.now()
	d.shows(d.change("updateLead", object{
		"id": lead, "firstName": "Jo", "businessIds": []string{d.business("New one")}, "photo": photo, "socialMedia": object{"youtube": "you"}, "expectedVersion": 1,
	}, selection).Get("lead"), want)
	d.is("the photo before", []string{d.get(link)}, "404")
	d.is("log", newest(1, d.log(lead)), "ada UPDATED firstName photo socialMedia businessIds")

	d.later(time.Minute)
	d.changesNothing("an update without news", func() {
		d.shows(d.change("updateLead", object{"id": lead, "firstName": "Jo", "email": "John.Doe@example.com", "photo": photo}, selection).Get("lead"), want)
	})
	cleared := object{"id": lead}
	for _, field := range []string{"lastName", "email", "phoneNumbers", "photo", "source", "description", "location", "position", "company", "socialMedia", "businessIds"} {
		cleared[field] = nil
		want[field] = nil
	}
	delete(want, "businessIds")
	want["lastName"], want["phoneNumbers"], want["businesses"], want["version"], want["updatedAt"] = "", []string{}, []object{}, 3, d.now()
	d.shows(d.change("updateLead", cleared, selection).Get("lead"), want)
	d.change("updateLead", object{"id": lead, "state": "ACTIVE", "statusId": d.statuses()[2], "email": "jo@example.com"}, "lead { id }")
	d.isNow(lead, "state status { name } email", object{"state": "ACTIVE", "status": object{"name": "Qualified"}, "email": "jo@example.com"})

	good := object{"id": lead, "source": "Web"}
	d.lead("Ada", object{"email": "ada@example.com"})
	d.refuse("updateLead", with(good, "email", "ADA@example.com"), emailExists)
	for _, field := range []string{"firstName", "state"} {
		d.refuse("updateLead", with(good, field, nil), fmt.Sprintf("REQUIRED required input.%s: The %[1]s field is mandatory: leave it out to keep it, null does not clear it.", field))
	}
	d.refuse("updateLead", with(good, "statusId", nil), "REQUIRED required input.statusId: The statusId field is mandatory.")
	d.refuse("updateLead", object{"id": lead, "firstName": "", "email": "jo", "photo": "photo.jpg"},
		"REQUIRED required input.firstName: The firstName field is mandatory.",
		"INVALID email input.email: The email field is not an email address, such as ada@example.com.",
		"NOT_FOUND exists input.photo: Photo not found: uploadLeadPhoto answers the names of those that there are.")
	refuseLead(d, "updateLead", good)
	d.refusesStale("updateLead", "Lead", 4, good)
	d.refusesIDs("updateLead", "id", id.Lead, good)
}

// refusesLeadIDs tries lists of leads of which some are wrong: all of those are
// named, and nothing becomes of the others.
func (d *desk) refusesLeadIDs(name string, input object) {
	d.t.Helper()
	own := input["ids"].([]string)[0]
	d.refuse(name, with(input, "ids", []string{own, unknown(id.Lead), unknown(id.Lead), d.elsewhere().some(id.Lead)}),
		notFound(id.Lead, "input.ids.1"), notFound(id.Lead, "input.ids.2"), notFound(id.Lead, "input.ids.3"))
	other := unknown(id.Deal)
	d.refuse(name, with(input, "ids", []string{"1", own, other}), badID(id.Lead, "input.ids.0", "1"), badID(id.Lead, "input.ids.2", other))
	d.refuse(name, with(input, "ids", []string{own, own}), "INVALID distinct input.ids.1: "+own+" stands in the list twice.")
	d.refuse(name, with(input, "ids", make([]string, 501)), "INVALID max input.ids: The ids field has 501 entries; at most 500 are allowed.")
	d.as("reader", auth.RoleViewer).forbids(name, input, auth.EditLeads)
}

func archiveLeads(d *desk) {
	_, stages := d.pipeline("Selling", "New")
	ada, bob := d.lead("Ada", object{"stageId": stages[0]}), d.lead("Bob", object{"stageId": stages[0]})
	cyd := d.lead("Cyd", object{"stageId": stages[0]})
	d.refusesLeadIDs("archiveLeads", object{"ids": []string{ada, bob}})
	d.later(time.Minute)
	first := d.now()
	d.shows(d.change("archiveLeads", object{"ids": []string{bob}}, "leads { id archivedAt version }").Get("leads"),
		[]object{{"id": bob, "archivedAt": first, "version": 2}})
	d.later(time.Minute)
	d.shows(d.change("archiveLeads", object{"ids": []string{cyd, bob}}, "leads { id archivedAt version updatedAt }").Get("leads"),
		[]object{{"id": cyd, "archivedAt": d.now(), "version": 2, "updatedAt": d.now()}, {"id": bob, "archivedAt": first, "version": 2, "updatedAt": first}})
	d.shows(d.ask("{ leads { totalCount nodes { id } } recentLeads { id } leadStatuses { leadCount } }", nil), object{
		"leads": object{"totalCount": 1, "nodes": refs(ada)}, "recentLeads": refs(ada),
		"leadStatuses": []object{{"leadCount": 1}, {"leadCount": 0}, {"leadCount": 0}, {"leadCount": 0}},
	})
	d.is("cards", d.cards(stages[0]), "Ada")
	d.isNow(stages[0], "summary { leadCount }", object{"summary": object{"leadCount": 1}})
	d.is("log", d.log(bob), "ada ARCHIVED archivedAt", "ada CREATED firstName state statusId stageId")
	d.shows(d.change("archiveLeads", object{"ids": []string{}}, "leads { id }").Get("leads"), refs())
}

func restoreLeads(d *desk) {
	_, stages := d.pipeline("Selling", "New")
	ada, bob := d.lead("Ada", object{"stageId": stages[0]}), d.lead("Bob", object{"stageId": stages[0]})
	d.quiet("archiveLeads", object{"ids": []string{ada}}, "")
	d.refusesLeadIDs("restoreLeads", object{"ids": []string{ada, bob}})
	made := d.now()
	d.later(time.Minute)
	d.shows(d.change("restoreLeads", object{"ids": []string{bob, ada}}, "leads { id archivedAt version updatedAt }").Get("leads"),
		[]object{{"id": bob, "archivedAt": nil, "version": 1, "updatedAt": made}, {"id": ada, "archivedAt": nil, "version": 3, "updatedAt": d.now()}})
	d.text(d.ask("{ leads { totalCount } }", nil).Get("leads.totalCount"), "2")
	d.is("cards", d.cards(stages[0]), "Ada", "Bob")
	d.is("log", newest(2, d.log(ada)), "ada RESTORED archivedAt", "ada ARCHIVED archivedAt")
}

func changeLeadStatus(d *desk) {
	statuses := d.statuses()
	ada, bob, cyd := d.lead("Ada"), d.lead("Bob"), d.lead("Cyd", object{"statusId": statuses[2]})
	input := object{"ids": []string{cyd, bob, ada}, "statusId": statuses[2]}
	d.refusesLeadIDs("changeLeadStatus", input)
	d.refusesIDs("changeLeadStatus", "statusId", id.LeadStatus, input)
	d.later(time.Minute)
	lead := func(key string, version int) object {
		return object{"id": key, "status": object{"name": "Qualified"}, "version": version}
	}
	d.shows(d.change("changeLeadStatus", input, "leads { id status { name } version }").Get("leads"), []object{lead(cyd, 1), lead(bob, 2), lead(ada, 2)})
	d.is("log", d.log(ada), "ada STATUS_CHANGED statusId", "ada CREATED firstName state statusId")
	d.is("log of one that had it", d.log(cyd), "ada CREATED firstName state statusId")
	d.is("counts", d.ask("{ leadStatuses { leadCount } }", nil).Get("leadStatuses").All("leadCount"), "0", "0", "3", "0")
}

func deleteLeads(d *desk) {
	_, stages := d.pipeline("Selling", "New")
	photo := d.photo()
	ada, bob := d.lead("Ada", object{"stageId": stages[0], "photo": photo, "email": "ada@example.com"}), d.lead("Bob")
	comment, link := d.comment(ada, "Call back"), d.node(ada, "photoUrl").Get("photoUrl").String()
	input := object{"ids": []string{bob, ada}}
	d.refusesLeadIDs("deleteLeads", input)
	d.is("the photo", []string{d.get(link)}, "200")
	d.shows(d.change("deleteLeads", input, "deletedLeadIds"), object{"deletedLeadIds": []string{bob, ada}, "userErrors": []object{}})
	d.shows(d.ask("query($id: ID!, $comment: ID!) { lead(id: $id) { id } leads(includeArchived: true) { totalCount } node(id: $comment) { id } }", object{"id": ada, "comment": comment}),
		object{"lead": nil, "leads": object{"totalCount": 0}, "node": nil})
	d.is("cards", d.cards(stages[0]))
	d.is("the photo", []string{d.get(link)}, "404")
	d.refuse("deleteLeads", input, notFound(id.Lead, "input.ids.0"), notFound(id.Lead, "input.ids.1"))
	d.lead("Ada", object{"email": "ada@example.com"})
}

func addComment(d *desk) {
	const selection = "comment { id content author { id name } subjectId editedAt version createdAt }"
	_, stages := d.pipeline("Selling", "New")
	lead, deal := d.lead("Ada"), d.deal(stages[0], "Engine")
	sam := d.as("sam", auth.RoleSales)
	for _, subject := range []string{lead, deal} {
		made := sam.change("addComment", object{"subjectId": subject, "content": " This is a comment. "}, selection).Get("comment")
		d.shows(made, object{
			"id": made.Get("id").String(), "content": "This is a comment.", "author": object{"id": sam.userID(), "name": "sam"},
			"subjectId": subject, "editedAt": nil, "version": 1, "createdAt": d.now(),
		})
		d.later(time.Minute)
		d.comment(subject, "And another")
		d.isNow(subject, "comments { totalCount nodes { content } }", object{"comments": object{
			"totalCount": 2, "nodes": []object{{"content": "This is a comment."}, {"content": "And another"}},
		}})
		d.is("log", newest(2, d.log(subject)), "ada COMMENTED content", "sam COMMENTED content")
	}
	input := object{"subjectId": lead, "content": "x"}
	d.refuse("addComment", with(input, "content", " \n"), "REQUIRED required input.content: The content field is mandatory.")
	d.refuse("addComment", with(input, "content", strings.Repeat("é", 10_001)), "INVALID max input.content: The content field has 10001 characters; at most 10000 are allowed.")
	d.refusesIDs("addComment", "subjectId", id.Lead, input)
	missing := unknown(id.Deal)
	d.refuse("addComment", with(input, "subjectId", missing), notFound(id.Deal, "input.subjectId"))
	d.as("dealer", auth.RolePartner, auth.EditSalesPipelines).forbids("addComment", input, auth.EditLeads)
	d.as("caller", auth.RolePartner, auth.EditLeads).forbids("addComment", with(input, "subjectId", deal), auth.EditSalesPipelines)
}

func editComment(d *desk) {
	const selection = "comment { id content author { name } editedAt version createdAt updatedAt }"
	lead, sam := d.lead("Ada"), d.as("sam", auth.RoleSales)
	comment := sam.comment(lead, "This is a comment.")
	made := d.now()
	d.later(time.Minute)
	want := object{
		"id": comment, "content": "This is an edited comment.", "author": object{"name": "sam"}, "editedAt": d.now(), "version": 2,
		"createdAt": made, "updatedAt": d.now(),
	}
	input := object{"id": comment, "content": "This is an edited comment."}
	d.shows(sam.change("editComment", with(input, "expectedVersion", 1), selection).Get("comment"), want)
	d.later(time.Minute)
	d.changesNothing("the same text", func() { d.shows(sam.change("editComment", input, selection).Get("comment"), want) })
	const another = "NOT_ALLOWED author input.id: The comment is another user's: only its author may change it, or somebody who has MANAGE_ORGANIZATION."
	other := d.as("tim", auth.RoleSales)
	other.refuse("editComment", with(input, "content", "Mine"), another)
	d.shows(d.change("editComment", with(input, "content", "Moderated"), "comment { content author { name } }").Get("comment"),
		object{"content": "Moderated", "author": object{"name": "sam"}})
	d.is("log", newest(3, d.log(lead)), "ada COMMENT_EDITED content", "sam COMMENT_EDITED content", "sam COMMENTED content")

	d.refuse("editComment", with(input, "content", " "), "REQUIRED required input.content: The content field is mandatory.")
	d.refusesStale("editComment", "Comment", 3, input)
	d.refusesIDs("editComment", "id", id.Comment, input)
	deleteComment(d, sam, other, another)
}

// deleteComment is in no document, and yet missed by whoever may edit.
func deleteComment(d, author, other *desk, refusal string) {
	d.t.Helper()
	lead := d.lead("Bob")
	input := object{"id": author.comment(lead, "Oops")}
	other.refuse("deleteComment", input, refusal)
	d.as("reader", auth.RoleViewer).forbids("deleteComment", input, auth.EditLeads)
	d.refusesStale("deleteComment", "Comment", 1, input)
	d.refusesIDs("deleteComment", "id", id.Comment, input)
	d.text(author.change("deleteComment", input, "deletedCommentId").Get("deletedCommentId"), input["id"].(string))
	d.isNow(lead, "comments { totalCount }", object{"comments": object{"totalCount": 0}})
	d.refuse("deleteComment", input, notFound(id.Comment, "input.id"))
	d.is("log", newest(1, d.log(lead)), "sam COMMENT_DELETED content")
}
