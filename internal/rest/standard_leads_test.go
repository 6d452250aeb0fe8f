package rest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	noLead   = "lead_00000000000000000000000000"
	noStatus = "status_00000000000000000000000000"
)

// leadRows are the operations of the fifth document.
var leadRows = map[string]func(p partner){
	"4.1": func(p partner) {
		lead := p.lead()
		found := p.get("ListLeads", map[string]string{"filter": fmt.Sprintf(`{"id": {"in": [%q, %q]}}`, lead, p.lead())})
		p.is("count", found.Get("count"), 2)
		p.is("listed", slices.Contains(found.Get("leads").All("id"), lead), true)
		p.is("status", found.Get("leads.0.status.name").IsNull(), false)
	},
	"4.2": func(p partner) {
		lead := p.lead()
		p.is("found", p.get("SearchLeads", map[string]string{"text": p.row(lead, "email").String()}).Get("leads").All("id"), "["+lead+"]")
		p.refused("no text", p.ask("SearchLeads", nil), 400, "BAD_USER_INPUT")
	},
	"4.3": func(p partner) {
		lead := p.lead()
		p.is("email", p.get("GetLead", map[string]string{"id": lead}).Get("email"), p.row(lead, "email"))
		p.refused("none", p.ask("GetLead", map[string]string{"id": noLead}), 404, "NOT_FOUND")
	},
	"4.4": func(p partner) {
		status := p.status()
		found := p.get("ListLeadStatuses", nil)
		p.is("listed", slices.Contains(found.Get("statuses").All("id"), status), true)
		p.is("offered", slices.Contains(found.Get("colors").All("primaryColor"), "TEAL"), true)
	},
	"4.5": func(p partner) {
		p.lead()
		today := p.api.Clock.Now().UTC().Format("2006-01-02")
		found := p.get("GetLeadVolume", map[string]string{"from": today, "to": today, "interval": "DAY"})
		p.is("labels", found.Get("labels"), `["`+today+`"]`)
		p.is("total", found.Get("total").Int() >= 1, true)
		p.refused("no day", p.ask("GetLeadVolume", map[string]string{"from": "yesterday"}), 400, "BAD_USER_INPUT")
	},
	"4.6": func(p partner) {
		p.lead()
		found := p.get("GetLeadTotals", nil)
		p.is("current", found.Get("0.current").Int() >= 1, true)
		p.is("color", found.Get("0.backgroundColor").IsNull(), false)
	},
	"4.7": func(p partner) {
		p.api.Clock.Advance(1)
		lead := p.lead()
		p.is("newest", p.get("ListRecentLeads", map[string]string{"first": "1"}).All("id"), "["+lead+"]")
	},
	"4.8": func(p partner) {
		lead := p.lead()
		p.do("UpdateLead", object{"id": lead, "company": "Acme"})
		log := p.get("GetLeadLog", map[string]string{"id": lead}).Get("log")
		p.is("log", fmt.Sprint(log.Get("count"), log.Get("entries").All("action")), "2 [UPDATED CREATED]")
		p.refused("no id", p.ask("GetLeadLog", map[string]string{"id": "7"}), 400, "INVALID_ID")
		p.refused("none", p.ask("GetLeadLog", map[string]string{"id": noLead}), 404, "NOT_FOUND")
	},
	"4.9": func(p partner) {
		lead := p.lead()
		p.do("AddLeadComment", object{"id": lead, "content": "Called."})
		both := p.get("GetLeadTimeline", map[string]string{"id": lead}).Get("timeline")
		p.is("counts", both.Get("commentCount").String()+both.Get("logCount").String(), "12")
		kinds := both.Get("entries").All("__typename")
		slices.Sort(kinds)
		p.is("entries", kinds, "[Activity Activity Comment]")
	},
	"4.10": func(p partner) {
		email := p.email()
		status, photo := p.status(), p.upload(nil)
		made := p.do("CreateLead", object{
			"firstName": "John", "lastName": "Doe", "email": email, "phoneNumber": []string{"123-456-7890"}, "photo": photo, "state": "INACTIVE",
			"statusId": status, "source": "Referral", "description": "Tall", "location": "New York", "position": "Manager", "company": "Acme",
			"socialMedia": object{"twitter": "twitter.com/lead"}, "business": []string{},
		}).Get("lead")
		id := made.Get("id").String()
		p.is("made", made.Get("phoneNumber").String()+made.Get("photo").String()+made.Get("status.id").String()+made.Get("socialMedia.twitter").String(),
			`["123-456-7890"]`+photo+status+"twitter.com/lead")
		p.is("row", p.row(id, "email").String()+p.row(id, "state").String(), email+"INACTIVE")
		p.refused("the same email", p.post("CreateLead", object{"firstName": "Jo", "email": strings.ToUpper(email)}), 409, "ALREADY_EXISTS")
		p.refused("no such status", p.post("CreateLead", object{"firstName": "Jo", "statusId": noStatus}), 404, "NOT_FOUND")
	},
	"4.11": func(p partner) {
		name := p.name("Status")
		made := p.do("CreateLeadStatus", object{"name": name, "primaryColor": "BLUE"}).Get("status")
		p.is("second colour", made.Get("secondaryColor").IsNull(), false)
		p.is("row", p.row(made.Get("id").String(), "name"), name)
		p.refused("the same name", p.post("CreateLeadStatus", object{"name": name, "primaryColor": "RED"}), 409, "ALREADY_EXISTS")
	},
	"4.12": func(p partner) {
		lead := p.lead()
		name := p.upload(map[string]string{"leadId": lead})
		p.is("row", p.row(lead, "photo"), name)
		p.refused("no photo", p.send(http.MethodPost, "UploadLeadPhoto", "multipart/form-data; boundary=x",
			strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.png\"\r\n\r\nhello\r\n--x--\r\n")), 422, "INVALID")
		p.refused("JSON", p.post("UploadLeadPhoto", object{"photo": "hello"}), 415, "UNSUPPORTED_MEDIA_TYPE")
	},
	"4.13": func(p partner) {
		lead := p.lead()
		made := p.do("AddLeadComment", object{"id": lead, "content": "Called."}).Get("comment")
		p.is("row", p.row(made.Get("id").String(), "content"), "Called.")
		p.refused("none", p.post("AddLeadComment", object{"id": noLead, "content": "Called."}), 404, "NOT_FOUND")
	},
	"4.14": func(p partner) {
		one, two := p.lead(), p.lead()
		p.is("archived", p.do("ArchiveLeads", object{"ids": []string{one, two}}).Get("leads").Len(), 2)
		p.is("row", p.row(one, "archivedAt").IsNull(), false)
		p.refused("one of them is none", p.post("ArchiveLeads", object{"ids": []string{p.lead(), noLead}}), 404, "NOT_FOUND")
	},
	"4.15": func(p partner) {
		lead := p.lead()
		p.do("ArchiveLeads", object{"ids": []string{lead}})
		p.do("RestoreLeads", object{"ids": []string{lead}})
		p.is("row", p.row(lead, "archivedAt").IsNull(), true)
	},
	"4.16": func(p partner) {
		lead := p.lead()
		email := p.row(lead, "email")
		p.do("UpdateLead", object{"id": lead, "company": "Acme", "phoneNumber": []string{"1"}})
		p.is("what is left out stays", p.row(lead, "email"), email)
		p.do("UpdateLead", object{"id": lead, "company": nil})
		p.is("null clears", p.row(lead, "company").IsNull(), true)
		p.is("phone", p.row(lead, "phoneNumbers"), `["1"]`)
		p.refused("no email", p.post("UpdateLead", object{"id": lead, "email": "jo"}), 422, "INVALID")
	},
	"4.17": func(p partner) {
		lead, status := p.lead(), p.status()
		p.is("status", p.do("ChangeLeadStatus", object{"ids": []string{lead}, "statusId": status}).Get("leads.0.status.id"), status)
		p.is("row", p.row(lead, "status { id }").Get("id"), status)
		p.refused("no id", p.post("ChangeLeadStatus", object{"ids": []string{lead}, "statusId": lead}), 422, "INVALID_ID")
	},
	"4.18": func(p partner) {
		status, name := p.status(), p.name("Renamed")
		p.do("UpdateLeadStatus", object{"id": status, "name": name, "primaryColor": "GREEN"})
		p.is("row", p.row(status, "name").String()+p.row(status, "primaryColor").String(), name+"GREEN")
		p.refused("none", p.post("UpdateLeadStatus", object{"id": noStatus, "name": "X"}), 404, "NOT_FOUND")
	},
	"4.19": func(p partner) {
		one, two := p.status(), p.status()
		done := p.do("ReorderLeadStatuses", object{"statuses": []object{{"id": two, "order": 0}, {"id": one, "order": 1}}})
		p.is("first", done.Get("statuses").All("id")[:2], []string{two, one})
		p.is("row", p.row(two, "order"), 0)
	},
	"4.20": func(p partner) {
		comment := p.do("AddLeadComment", object{"id": p.lead(), "content": "Caled."}).Get("comment.id").String()
		p.do("EditLeadComment", object{"id": comment, "content": "Called."})
		p.is("row", p.row(comment, "content"), "Called.")
		p.do("DeleteLeadComment", object{"id": comment})
		p.gone(comment)
		p.refused("one that is gone", p.post("EditLeadComment", object{"id": comment, "content": "X"}), 404, "NOT_FOUND")
	},
	"4.21": func(p partner) {
		lead := p.lead()
		p.is("deleted", p.do("DeleteLeads", object{"ids": []string{lead}}).Get("deletedLeadIds"), `["`+lead+`"]`)
		p.gone(lead)
	},
	"4.22": func(p partner) {
		lead := p.lead()
		name := p.upload(map[string]string{"leadId": lead})
		p.is("deleted", p.do("DeleteLeadPhoto", object{"fileName": name}).Get("deletedFileName"), name)
		p.is("row", p.row(lead, "photo").IsNull(), true)
		p.refused("once more", p.post("DeleteLeadPhoto", object{"fileName": name}), 404, "NOT_FOUND")
	},
	"4.23": func(p partner) {
		status := p.status()
		p.do("ChangeLeadStatus", object{"ids": []string{p.lead()}, "statusId": status})
		p.refused("one in use", p.post("DeleteLeadStatus", object{"id": status}), 409, "BLOCKED")
		unused := p.status()
		p.do("DeleteLeadStatus", object{"id": unused})
		p.gone(unused)
	},
}
