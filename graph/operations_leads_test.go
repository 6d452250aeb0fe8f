package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// leadOperations are those of the fifth document that read leads.
func leadOperations() []operation {
	return []operation{
		{"4.1", listLeads},
		{"4.2", searchLeads},
		{"4.3", getLead},
		{"4.4", listLeadStatuses},
		{"4.5", leadVolume},
		{"4.6", leadTotals},
		{"4.7", recentLeads},
		{"4.8", leadLog},
		{"4.9", leadTimeline},
	}
}

func listLeads(d *desk) {
	const document = `query($first: Int, $after: String, $offset: Int, $filter: LeadFilter, $orderBy: [LeadOrder!], $all: Boolean! = false) {
		leads(first: $first, after: $after, offset: $offset, filter: $filter, orderBy: $orderBy, includeArchived: $all) {
			totalCount nodes { id firstName lastName email phoneNumbers status { name } businesses { id name } } pageInfo { hasNextPage endCursor } } }`
	names := func(vars object) []string { return d.ask(document, vars).Get("leads.nodes").All("firstName") }
	filter := func(field string, value any) []string { return names(object{"filter": object{field: value}}) }
	zed, acme := d.business("Zed"), d.business("Acme")
	john := d.lead("John", object{
		"lastName": "Doe", "email": "John.Doe@example.com", "phoneNumbers": []string{"123-456-7890", "5"}, "businessIds": []string{zed, acme}, "source": "Referral",
	})
	_, stages := d.pipeline("Selling", "New")
	d.later(time.Minute)
	d.lead("Ada", object{"statusId": d.statuses()[1], "stageId": stages[0], "state": "INACTIVE"})
	d.later(time.Minute)
	gone := d.lead("Gone")
	d.quiet("archiveLeads", object{"ids": []string{gone}}, "")

	got := d.ask(document, nil).Get("leads")
	d.text(got.Get("totalCount"), "2")
	d.is("newest first", got.Get("nodes").All("firstName"), "Ada", "John")
	d.shows(got.Get("nodes.1"), object{
		"id": john, "firstName": "John", "lastName": "Doe", "email": "john.doe@example.com", "phoneNumbers": []string{"123-456-7890", "5"},
		"status": object{"name": "New"}, "businesses": []object{{"id": acme, "name": "Acme"}, {"id": zed, "name": "Zed"}},
	})
	d.is("with archived ones", names(object{"all": true}), "Gone", "Ada", "John")
	d.is("the first", names(object{"first": 1}), "Ada")
	d.is("the next", names(object{"first": 1, "after": d.ask(document, object{"first": 1}).Get("leads.pageInfo.endCursor").String()}), "John")
	d.is("the second page", names(object{"first": 1, "offset": 1}), "John")
	d.is("by name", names(object{"orderBy": []object{{"field": "FIRST_NAME", "direction": "DESC"}}}), "John", "Ada")
	d.is("of a status", filter("statusId", object{"eq": d.statuses()[1]}), "Ada")
	d.is("on a board", filter("stageId", object{"isNull": false}), "Ada")
	d.is("of a business", filter("businessId", object{"eq": acme}), "John")
	d.is("from somewhere", filter("source", object{"contains": "refer"}), "John")
	d.is("worked on", filter("state", object{"eq": "ACTIVE"}), "John")
	d.fails(document, object{"filter": object{"statusId": object{"eq": john}}}, "BAD_USER_INPUT 400: "+idMessage(id.LeadStatus, john))
	d.text(d.elsewhere().ask(document, nil).Get("leads.totalCount"), "0")
	d.as("dealer", auth.RolePartner, auth.EditSalesPipelines).fails(document, nil, "FORBIDDEN 403: This needs the permission VIEW_LEADS.")
}

func searchLeads(d *desk) {
	const document = `query($search: String!, $all: Boolean! = false) { leads(search: $search, includeArchived: $all) { totalCount nodes { id firstName } } }`
	find := func(search string) string {
		d.t.Helper()
		found := d.ask(document, object{"search": search}).Get("leads")
		d.text(found.Get("totalCount"), fmt.Sprint(found.Get("nodes").Len()))
		return strings.Join(found.Get("nodes").All("firstName"), " ")
	}
	d.lead("Ada", object{"lastName": "Lovelace", "email": "ada@engines.example", "phoneNumbers": []string{"+1 (202) 555-0107"}, "company": "Analytical 100% Engines"})
	d.lead("Émilie", object{"lastName": "du Châtelet", "location": "Cirey", "position": "Physicist", "source": `The "Salon"`})
	gone := d.lead("Gone", object{"lastName": "Lovelace"})
	d.quiet("archiveLeads", object{"ids": []string{gone}}, "")
	for search, want := range map[string]string{
		"lovelace": "Ada", "LOVE": "Ada", "ace": "Ada", "ada love": "Ada", "love ada": "Ada", "ada@engines": "Ada", "2025550107": "Ada", "555-01": "Ada",
		"analytical": "Ada", "da": "Ada", "100%": "Ada", "ÉMILIE": "Émilie", "châtelet": "Émilie", "CHÂTELET": "Émilie", "cirey": "Émilie",
		"physic": "Émilie", `"salon"`: "Émilie", "": "Émilie Ada", "  ": "Émilie Ada",
		"ada cirey": "", "nobody": "", "1_0": "", "0%0": "", `' OR 1=1 --`: "", "new": "",
	} {
		if got := find(search); got != want {
			d.t.Errorf("%q finds %q, not %q", search, got, want)
		}
	}
	d.is("with archived ones", d.ask(document, object{"search": "lovelace", "all": true}).Get("leads.nodes").All("firstName"), "Gone", "Ada")
	ada := d.ask(document, object{"search": "lovelace"}).Get("leads.nodes.0.id").String()
	d.quiet("updateLead", object{"id": ada, "lastName": "Byron"}, "")
	d.is("by names old and new", []string{find("lovelace"), find("byron")}, "", "Ada")
	d.text(d.elsewhere().ask(document, object{"search": "ada"}).Get("leads.totalCount"), "0")
	d.fails(document, object{"search": strings.Repeat("x", 201)}, "BAD_USER_INPUT 400: search must be text of at most 200 characters.")
	d.fails(document, object{"search": strings.Repeat("x ", 11)}, "BAD_USER_INPUT 400: search may have at most 10 words.")
}

const leadFields = `id firstName lastName email phoneNumbers photo state status { id name } source description location position company
	socialMedia { youtube facebook instagram twitter } businesses { name } stage { name } stageEnteredAt createdBy { name } archivedAt externalId
	version createdAt updatedAt`

func getLead(d *desk) {
	const document = "query($id: ID!) { lead(id: $id) { " + leadFields + " } }"
	lead := d.lead("John", object{"lastName": "Doe", "email": "john.doe@example.com", "phoneNumbers": []string{"123-456-7890"}, "businessIds": []string{d.business("Acme")}})
	want := object{
		"id": lead, "firstName": "John", "lastName": "Doe", "email": "john.doe@example.com", "phoneNumbers": []string{"123-456-7890"}, "photo": nil,
		"state": "ACTIVE", "status": object{"id": d.statuses()[0], "name": "New"}, "source": nil, "description": nil, "location": nil, "position": nil,
		"company": nil, "socialMedia": nil, "businesses": []object{{"name": "Acme"}}, "stage": nil, "stageEnteredAt": nil, "createdBy": object{"name": "ada"},
		"archivedAt": nil, "externalId": nil, "version": 1, "createdAt": d.now(), "updatedAt": d.now(),
	}
	d.shows(d.ask(document, object{"id": lead}).Get("lead"), want)
	d.later(time.Minute)
	d.quiet("archiveLeads", object{"ids": []string{lead}}, "")
	want["archivedAt"], want["updatedAt"], want["version"] = d.now(), d.now(), 2
	d.shows(d.ask(document, object{"id": lead}).Get("lead"), want)
	d.findsNot("lead", id.Lead)
}

func listLeadStatuses(d *desk) {
	statuses := d.statuses()
	d.lead("Ada")
	d.lead("Bob")
	gone := d.lead("Gone")
	d.quiet("archiveLeads", object{"ids": []string{gone}}, "")
	status := func(place int, name, primary, secondary string, leads int) object {
		return object{"id": statuses[place], "name": name, "primaryColor": primary, "secondaryColor": secondary, "order": place, "leadCount": leads}
	}
	option := func(primary, hex, secondary string) object {
		return object{"primaryColor": primary, "hex": hex, "secondaryColor": secondary}
	}
	d.shows(d.ask(`{ leadStatuses { id name primaryColor secondaryColor order leadCount } leadStatusColors { primaryColor hex secondaryColor } }`, nil), object{
		"leadStatuses": []object{
			status(0, "New", "BLUE", "#dbeafe", 2), status(1, "Contacted", "TEAL", "#ccfbf1", 0),
			status(2, "Qualified", "GREEN", "#dcfce7", 0), status(3, "Unqualified", "GRAY", "#f3f4f6", 0),
		},
		"leadStatusColors": []object{
			option("GRAY", "#374151", "#f3f4f6"), option("RED", "#b91c1c", "#fee2e2"), option("ORANGE", "#c2410c", "#ffedd5"), option("YELLOW", "#a16207", "#fef9c3"),
			option("GREEN", "#15803d", "#dcfce7"), option("TEAL", "#0f766e", "#ccfbf1"), option("BLUE", "#1d4ed8", "#dbeafe"), option("INDIGO", "#4338ca", "#e0e7ff"),
			option("PURPLE", "#7e22ce", "#f3e8ff"), option("PINK", "#be185d", "#fce7f3"),
		},
	})
}

// leads makes some leads of a status.
func (d *desk) leads(n int, status string) {
	d.t.Helper()
	for range n {
		d.lead("Some", object{"statusId": status})
	}
}

func leadVolume(d *desk) {
	const document = `query($from: Date, $to: Date, $interval: VolumeInterval! = DAY) { leadVolume(from: $from, to: $to, interval: $interval) {
		labels series { status { name } data } total percentageChange } }`
	statuses := d.statuses()
	may := func(day, hour int) time.Time { return time.Date(2026, time.May, day, hour, 0, 0, 0, time.UTC) }
	d.until(may(10, 9))
	d.leads(4, statuses[0])
	d.until(may(18, 0)) // a Monday
	d.leads(1, statuses[0])
	d.until(may(20, 12))
	d.leads(2, statuses[0])
	d.leads(1, statuses[1])
	d.until(may(32, 24).Add(-time.Second)) // the last second of June 1
	d.leads(1, statuses[1])
	d.until(may(33, 1))

	series := func(fresh, contacted []int) []object {
		none := make([]int, len(fresh))
		return []object{
			{"status": object{"name": "New"}, "data": fresh}, {"status": object{"name": "Contacted"}, "data": contacted},
			{"status": object{"name": "Qualified"}, "data": none}, {"status": object{"name": "Unqualified"}, "data": none},
		}
	}
	expect := func(vars object, labels []string, series []object, total int, change any) {
		d.t.Helper()
		d.shows(d.ask(document, vars).Get("leadVolume"), object{"labels": labels, "series": series, "total": total, "percentageChange": change})
	}
	period := func(from, to, interval string) object { return object{"from": from, "to": to, "interval": interval} }
	expect(period("2026-05-18", "2026-05-20", "DAY"), []string{"2026-05-18", "2026-05-19", "2026-05-20"}, series([]int{1, 0, 2}, []int{0, 0, 1}), 4, nil)
	expect(period("2026-05-18", "2026-06-01", "WEEK"), []string{"2026-05-18", "2026-05-25", "2026-06-01"}, series([]int{3, 0, 0}, []int{1, 0, 1}), 5, 25)
	expect(period("2026-05-20", "2026-06-02", "MONTH"), []string{"2026-05-01", "2026-06-01"}, series([]int{2, 0}, []int{1, 1}), 4, -20)
	expect(period("2026-05-20", "2026-05-21", "WEEK"), []string{"2026-05-18"}, series([]int{2}, []int{1}), 3, 200)
	expect(period("2026-05-21", "2026-05-23", "WEEK"), []string{"2026-05-18"}, series([]int{0}, []int{0}), 0, -100)
	expect(period("2026-06-01", "2026-06-01", "MONTH"), []string{"2026-06-01"}, series([]int{0}, []int{1}), 1, nil)
	usual := d.ask(document, nil).Get("leadVolume")
	d.is("the usual days", []string{usual.Get("labels.0").String(), usual.Get("labels.29").String(), fmt.Sprint(usual.Get("labels").Len())}, "2026-05-04", "2026-06-02", "30")
	d.is("the usual sums", []string{usual.Get("total").String(), usual.Get("percentageChange").String()}, "9", "null")

	all := d.ask("{ leads(first: 500) { nodes { id } } }", nil).Get("leads.nodes").All("id")
	d.quiet("changeLeadStatus", object{"ids": all[:1], "statusId": statuses[0]}, "")
	d.quiet("archiveLeads", object{"ids": all[:1]}, "") // it was made all the same
	expect(period("2026-06-01", "2026-06-01", "DAY"), []string{"2026-06-01"}, series([]int{1}, []int{0}), 1, nil)
	d.text(d.elsewhere().ask(document, nil).Get("leadVolume.total"), "0")
	d.fails(document, period("2026-05-21", "2026-05-20", "DAY"), "BAD_USER_INPUT 400: The first day, 2026-05-21, is after the last, 2026-05-20.")
	d.fails(document, period("2020-01-01", "2026-05-20", "DAY"),
		"BAD_USER_INPUT 400: There are more than 1000 intervals from 2020-01-01 to 2026-05-20: ask for longer intervals, or for fewer days.")
	d.fails(document, period("2026-02-30", "2026-05-20", "DAY"), `BAD_USER_INPUT 400: "2026-02-30" is not a Date such as "2026-03-01"`)
	d.fails(document, period("2026-05-20", "2026-05-20", "YEAR"), "GRAPHQL_VALIDATION_FAILED at [variable interval]: YEAR is not a valid VolumeInterval")
}

func leadTotals(d *desk) {
	statuses := d.statuses()
	const day = 24 * time.Hour
	d.leads(1, statuses[0]) // 61 days ago: in neither period
	d.later(6 * day)
	d.leads(2, statuses[0]) // 55 days ago
	d.leads(4, statuses[2])
	d.later(35 * day)
	d.leads(3, statuses[0]) // 20 days ago
	d.leads(1, statuses[1])
	d.leads(3, statuses[2])
	gone := d.ask("{ recentLeads(first: 1) { id } }", nil).Get("recentLeads").All("id")
	d.quiet("archiveLeads", object{"ids": gone}, "") // qualified; it was made all the same
	d.later(20 * day)
	total := func(place int, name string, current int, change any, color, background string) object {
		return object{
			"status": object{"id": statuses[place]}, "name": name, "current": current, "percentageChange": change,
			"color": color, "backgroundColor": background,
		}
	}
	d.shows(d.ask("{ leadTotals { status { id } name current percentageChange color backgroundColor } }", nil).Get("leadTotals"), []object{
		total(0, "New", 6, 50, "#1d4ed8", "#dbeafe"), total(1, "Contacted", 1, nil, "#0f766e", "#ccfbf1"),
		total(2, "Qualified", 6, -25, "#15803d", "#dcfce7"), total(3, "Unqualified", 0, nil, "#374151", "#f3f4f6"),
	})
	d.is("elsewhere", d.elsewhere().ask("{ leadTotals { current } }", nil).Get("leadTotals").All("current"), "0", "0", "0", "0")
}

func recentLeads(d *desk) {
	const document = "query($first: Int! = 10) { recentLeads(first: $first) { id firstName lastName email phoneNumbers status { name } businesses { id name } } }"
	names := func(vars object) []string { return d.ask(document, vars).Get("recentLeads").All("firstName") }
	d.is("of none", names(nil))
	acme := d.business("Acme")
	john := d.lead("John", object{"lastName": "Doe", "email": "john.doe@example.com", "phoneNumbers": []string{"123-456-7890"}, "businessIds": []string{acme}})
	d.shows(d.ask(document, nil).Get("recentLeads"), []object{{
		"id": john, "firstName": "John", "lastName": "Doe", "email": "john.doe@example.com", "phoneNumbers": []string{"123-456-7890"},
		"status": object{"name": "New"}, "businesses": []object{{"id": acme, "name": "Acme"}},
	}})
	var all []string
	for i := range 12 {
		d.later(time.Second)
		all = append(all, fmt.Sprintf("L%02d", i))
		lead := d.lead(all[i])
		if i == 11 {
			d.quiet("archiveLeads", object{"ids": []string{lead}}, "")
		}
	}
	all = all[:11]
	slices.Reverse(all)
	d.is("the usual ten", names(nil), all[:10]...)
	d.is("three", names(object{"first": 3}), all[:3]...)
	d.is("all", names(object{"first": 100}), append(all, "John")...)
	for _, first := range []int{0, 101} {
		d.fails(document, object{"first": first}, "BAD_USER_INPUT 400: The first argument must be from 1 to 100.")
	}
}

func leadLog(d *desk) {
	const document = `query($id: ID!, $first: Int, $after: String) { lead(id: $id) { activity(first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage }
		nodes { id action entityType entityId user { id name } createdAt changes { field from to } } } } }`
	lead, statuses := d.lead("Ada"), d.statuses()
	d.lead("Bob")
	made := d.now()
	d.later(time.Minute)
	sam := d.as("sam", auth.RoleSales)
	sam.quiet("updateLead", object{"id": lead, "lastName": "Lovelace", "phoneNumbers": []string{"5"}}, "")
	updated := d.now()
	d.later(time.Minute)
	d.quiet("changeLeadStatus", object{"ids": []string{lead}, "statusId": statuses[1]}, "")
	d.comment(lead, "Call back")

	got := d.ask(document, object{"id": lead}).Get("lead.activity")
	d.text(got.Get("totalCount"), "4")
	keys := got.Get("nodes").All("id")
	entry := func(i int, action string, user object, at string, changes ...object) object {
		return object{"id": keys[i], "action": action, "entityType": "LEAD", "entityId": lead, "user": user, "createdAt": at, "changes": changes}
	}
	change := func(field string, from, to any) object { return object{"field": field, "from": from, "to": to} }
	ada := object{"id": d.userID(), "name": "ada"}
	d.shows(got.Get("nodes"), []object{
		entry(0, "COMMENTED", ada, d.now(), change("content", nil, "Call back")),
		entry(1, "STATUS_CHANGED", ada, d.now(), change("statusId", statuses[0], statuses[1])),
		entry(2, "UPDATED", object{"id": sam.userID(), "name": "sam"}, updated, change("lastName", nil, "Lovelace"), change("phoneNumbers", nil, []string{"5"})),
		entry(3, "CREATED", ada, made, change("firstName", nil, "Ada"), change("state", nil, "ACTIVE"), change("statusId", nil, statuses[0])),
	})
	first := d.ask(document, object{"id": lead, "first": 3}).Get("lead.activity")
	d.text(first.Get("pageInfo.hasNextPage"), "true")
	rest := d.ask(document, object{"id": lead, "after": first.Get("pageInfo.endCursor").String()}).Get("lead.activity.nodes")
	d.is("the rest", rest.All("action"), "CREATED")
	noLead(d, document)
}

// noLead tries a query of a lead without one.
func noLead(d *desk, document string) {
	d.t.Helper()
	for _, wrong := range notIDs(id.Lead) {
		d.fails(document, object{"id": wrong}, "INVALID_ID 400: "+idMessage(id.Lead, wrong))
	}
	for _, missing := range []string{unknown(id.Lead), d.elsewhere().some(id.Lead)} {
		d.shows(d.ask(document, object{"id": missing}), object{"lead": nil})
	}
}

func leadTimeline(d *desk) {
	const document = `query($id: ID!, $first: Int, $after: String) { lead(id: $id) { timeline(first: $first, after: $after) {
		totalCount activityCount commentCount pageInfo { hasNextPage endCursor } nodes {
			... on Activity { id action entityType user { name } createdAt }
			... on Comment { id content author { name } createdAt } } } } }`
	lead := d.lead("Ada")
	made := d.now()
	d.later(time.Minute)
	sam := d.as("sam", auth.RoleSales)
	hello := sam.comment(lead, "Hello")
	said := d.now()
	d.later(time.Minute)
	d.quiet("updateLead", object{"id": lead, "lastName": "Lovelace"}, "")
	page := func(vars object) apitest.Value { return d.ask(document, with(vars, "id", lead)).Get("lead.timeline") }
	all := page(object{})
	d.is("counts", []string{all.Get("totalCount").String(), all.Get("activityCount").String(), all.Get("commentCount").String()}, "4", "3", "1")
	entries := all.Get("nodes").List()
	activity := func(i int, action, user, at string) object {
		return object{"id": entries[i].Get("id").String(), "action": action, "entityType": "LEAD", "user": object{"name": user}, "createdAt": at}
	}
	comment := object{"id": hello, "content": "Hello", "author": object{"name": "sam"}, "createdAt": said}
	d.shows(all.Get("nodes.0"), activity(0, "UPDATED", "ada", d.now()))
	d.shows(all.Get("nodes.3"), activity(3, "CREATED", "ada", made))
	at := slices.IndexFunc(entries, func(entry apitest.Value) bool { return entry.Get("id").String() == hello })
	if at != 1 && at != 2 { // it and its activity are of one moment
		d.t.Fatalf("the comment is entry %d", at)
	}
	d.shows(entries[at], comment)
	d.shows(entries[3-at], activity(3-at, "COMMENTED", "sam", said))

	var paged []string
	for after := any(nil); ; {
		one := page(object{"first": 1, "after": after})
		paged = append(paged, one.Get("nodes").All("id")...)
		if one.Get("pageInfo.hasNextPage").String() == "false" || len(paged) > 4 {
			break
		}
		after = one.Get("pageInfo.endCursor").String()
	}
	d.is("page by page", paged, all.Get("nodes").All("id")...)
	noLead(d, document)
}
