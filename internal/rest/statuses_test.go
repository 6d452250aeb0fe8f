package rest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// TestStatuses has the statuses that do not depend on the operation. Those that do
// are in the cases of TestStandard.
func TestStatuses(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		p := newPartner(t, api, "acme", all...)
		lead := p.lead()
		p.refused("a bad parameter", p.ask("GetLead", map[string]string{"id": lead, "name": "Ada"}), 400, "BAD_REQUEST")
		p.refused("no number", p.ask("ListLeads", map[string]string{"first": "ten"}), 400, "BAD_REQUEST")
		p.refused("a bad query", p.send(http.MethodGet, "GetLead?id=%zz", "", nil), 400, "BAD_REQUEST")
		p.refused("a bad body", p.send(http.MethodPost, "CreateLead", "application/json", strings.NewReader("[]")), 400, "BAD_REQUEST")
		for name, body := range map[string]string{
			"firstName": `{"firstName":"Ada","firstName":"Eve"}`, "id": `{"firstName":"Ada","businesses":[{"id":"1","\u0069d":"2"}]}`,
		} {
			twice := p.send(http.MethodPost, "CreateLead", "application/json", strings.NewReader(body))
			p.refused("a member twice", twice, 400, "BAD_REQUEST")
			p.is("which", strings.Contains(twice.body.Get("detail").String(), `"`+name+`" stands there twice`), true)
		}
		p.refused("a member twice, in a parameter", p.ask("ListLeads", map[string]string{"filter": `{"company":{"eq":"a","eq":"b"}}`}), 400, "BAD_REQUEST")
		p.refused("a bad form", p.send(http.MethodPost, "UploadLeadPhoto", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a\"\r\n\r\nhel")), 400, "BAD_REQUEST")
		p.refused("a file where none belongs", p.send(http.MethodPost, "UploadLeadPhoto", "multipart/form-data; boundary=x", strings.NewReader(
			"--x\r\nContent-Disposition: form-data; name=\"leadId\"; filename=\"a\"\r\n\r\nhello\r\n--x--\r\n")), 400, "BAD_USER_INPUT")
		p.refused("a file where JSON belongs", p.send(http.MethodPost, "CreateLead", "multipart/form-data; boundary=x", strings.NewReader(
			"--x\r\nContent-Disposition: form-data; name=\"firstName\"; filename=\"a\"\r\n\r\nhello\r\n--x--\r\n")), 400, "BAD_USER_INPUT")
		p.refused("what a page of another site can send", p.send(http.MethodPost, "CreateLead", "", nil), 415, "UNSUPPORTED_MEDIA_TYPE")
		p.refused("no such client", p.send(http.MethodGet, "../"+strings.Repeat("x", 30_000)+"/GetLead", "", nil), 404, "DOCUMENT_NOT_FOUND")
		for _, client := range []string{"%00", "%ff", "a%20b"} {
			p.refused("no client's name", p.send(http.MethodGet, "../"+client+"/openapi.json", "", nil), 404, "DOCUMENT_NOT_FOUND")
		}
		p.refused("no such field", p.post("CreateLead", object{"firstName": "Ada", "nickname": "A"}), 400, "BAD_REQUEST")
		p.refused("a text for a number", p.post("UpdateLead", object{"id": lead, "expectedVersion": "1"}), 400, "BAD_USER_INPUT")
		p.refused("a bad value", p.post("CreateLead", object{"firstName": "Ada", "email": "ada"}), 422, "INVALID")
		p.refused("no such operation", p.ask("GetNothing", nil), 404, "DOCUMENT_NOT_FOUND")
		p.refused("text", p.send(http.MethodPost, "CreateLead", "text/plain", strings.NewReader("{}")), 415, "UNSUPPORTED_MEDIA_TYPE")
		p.refused("too much", p.send(http.MethodPost, "CreateLead", "application/json", strings.NewReader(strings.Repeat(" ", 2<<20))), 413, "PAYLOAD_TOO_LARGE")
		for allowed, a := range map[string]answer{
			"GET, HEAD, OPTIONS": p.post("GetLead", object{"id": lead}),
			"POST, OPTIONS":      p.ask("DeleteLeads", map[string]string{"ids": lead}),
		} {
			p.refused("another method than "+allowed, a, 405, "METHOD_NOT_ALLOWED")
			p.is("Allow", a.header.Get("Allow"), allowed)
		}
		p.is("a mutation by HEAD", p.send(http.MethodHead, "DeleteLeads?ids="+lead, "", nil).status, 405)
		nobody, wrong, other := p, p, p
		nobody.key, wrong.key = &apitest.Client{}, &apitest.Client{Token: p.key.Token + "x"}
		p.refused("no key", nobody.ask("GetLead", map[string]string{"id": lead}), 401, "UNAUTHENTICATED")
		p.refused("a wrong key", wrong.ask("GetLead", map[string]string{"id": lead}), 401, "UNAUTHENTICATED")
		p.refused("a wrong key where nothing is", wrong.ask("GetNothing", nil), 401, "UNAUTHENTICATED")
		other.key, _ = p.ada.Key(t, "shop", all...)
		p.refused("another client's key", other.ask("GetLead", map[string]string{"id": lead}), 403, "FORBIDDEN")
		p.refused("another client's key, of what there is", other.ask("openapi.json", nil), 403, "FORBIDDEN")
		other.key, _ = p.ada.Key(t, "erp", auth.ViewLeads)
		p.refused("a key without the permission", other.post("DeleteLeads", object{"ids": []string{lead}}), 403, "FORBIDDEN")
		p.refused("a key without the permission", other.ask("ListDeals", nil), 403, "FORBIDDEN")
		p.is("the lead is there", p.row(lead, "id"), lead)
		elsewhere := newPartner(t, api, "globex", all...)
		p.refused("another organization's", elsewhere.ask("GetLead", map[string]string{"id": lead}), 404, "NOT_FOUND")
		p.refused("another organization's", elsewhere.post("UpdateLead", object{"id": lead, "firstName": "X"}), 404, "NOT_FOUND")
	})
}

// TestProblems shows that what is wrong is told in the words of the operation.
func TestProblems(t *testing.T) {
	api := apitest.New(t, storetest.SQLite(t))
	p := newPartner(t, api, "acme", all...)
	_, stages := p.pipeline("A")
	wrong := p.post("CreateOpportunity", object{"title": " ", "stageId": stages[0], "email": "x"})
	p.refused("all of it", wrong, 422, "INVALID")
	paths := map[string]string{}
	for _, one := range wrong.body.Get("errors").List() {
		paths[one.Get("path").String()] = one.Get("code").String()
	}
	for path, code := range map[string]string{`["title"]`: "REQUIRED", `["email"]`: "INVALID"} {
		p.is("what is wrong at "+path, paths[path], code)
	}
	amount := p.post("CreateOpportunity", object{"title": "A", "stageId": stages[0], "email": p.email(), "monetaryValue": object{"amount": "1.234"}})
	p.is("what is wrong inside of a parameter", amount.body.Get("errors.0.path"), `["monetaryValue","amount"]`)
	p.is("a parameter that is not there", p.ask("GetLead", nil).body.Get("detail"), "The parameter id must be defined.")
	p.is("one that is of another kind", p.post("UpdateLead", object{"id": "x", "phoneNumber": []any{"1", 2}}).body.Get("detail"), "The parameter phoneNumber[1] must be a string.")
}

// TestBudget spends what a key has.
func TestBudget(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		api := apitest.NewCosting(t, s, cost.Limits{Max: 5000, Budget: 1000, Burst: 10_000})
		p := newPartner(t, api, "acme", all...)
		budget := 500 // of a second; ten times as much can be saved up
		made, err := api.Sales.CreateAPIKey(p.ada.Context, sales.CreateAPIKeyInput{Name: "Small", Client: "erp", Permissions: all, Budget: &budget})
		p.check(err)
		small := *p.key
		small.Token = made.Secret
		p.key = &small
		var last answer
		for range 5000 {
			if last = p.post("CreateLead", object{"firstName": "Ada"}); last.status != http.StatusOK {
				break
			}
		}
		p.refused("too much at once", last, 429, "RATE_LIMITED")
		p.is("Retry-After", last.header.Get("Retry-After"), "1")
		p.is("what it costs", last.body.Get("extensions.cost.requested").Int() > 0, true)
		p.refused("more than any may cost", p.ask("GetLeadVolume", nil), 400, "QUERY_TOO_EXPENSIVE")
	})
}

// TestSentAgain shows that a POST with a key is run once.
func TestSentAgain(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		p := newPartner(t, api, "acme", all...)
		input := object{"firstName": "Ada", "email": "ada@example.com"}
		first := p.post("CreateLead", input, "Idempotency-Key", "one")
		again := p.post("CreateLead", input, "Idempotency-Key", "one")
		p.is("the same answer", again.raw, first.raw)
		p.is("replayed", first.header.Get("Idempotency-Replayed")+again.header.Get("Idempotency-Replayed"), "true")
		p.refused("another body", p.post("CreateLead", object{"firstName": "Eve"}, "Idempotency-Key", "one"), 422, "IDEMPOTENCY_KEY_REUSED")
		p.refused("without the key", p.post("CreateLead", input), 409, "ALREADY_EXISTS")
		refused := p.post("CreateLead", input, "Idempotency-Key", "two")
		p.refused("with another key", refused, 409, "ALREADY_EXISTS")
		p.is("a refusal comes again, too", p.post("CreateLead", input, "Idempotency-Key", "two").raw, refused.raw)
		p.is("leads", p.get("ListLeads", nil).Get("count"), 1)
		p.refused("a key that is none", p.post("CreateLead", input, "Idempotency-Key", strings.Repeat("x", 300)), 400, "BAD_REQUEST")
	})
}

// TestKept shows that an answer may be kept until something changes.
func TestKept(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		p := newPartner(t, api, "acme", all...)
		lead := p.lead()
		other := p.lead()
		for name, parameters := range map[string]map[string]string{
			"GetLead": {"id": lead}, "ListRecentLeads": nil, "GetLeadTotals": nil, "openapi.json": nil,
		} {
			first := p.ask(name, parameters)
			tag := first.header.Get("ETag")
			p.is(name+" may be kept", tag != "" && first.header.Get("Cache-Control") == "private, no-cache", true)
			parts := url.Values{}
			for parameter, value := range parameters {
				parts.Set(parameter, value)
			}
			head := p.send(http.MethodHead, name+"?"+parts.Encode(), "", nil)
			p.is(name+", its head", head.raw == "" && head.status == 200, true)
			for _, header := range []string{"ETag", "Cache-Control", "Content-Length", "Content-Type", "Vary"} {
				p.is(header+" of the head of "+name, head.header.Values(header), first.header.Values(header))
			}
			p.is(name+", its head again", p.send(http.MethodHead, name+"?"+parts.Encode(), "", nil, "If-None-Match", tag).status, 304)
			same := p.ask(name, parameters, "If-None-Match", tag)
			p.is(name+", asked for again", []any{same.status, same.raw, same.header.Get("ETag")}, []any{304, "", tag})
			if name == "GetLead" {
				another := p.ask(name, map[string]string{"id": other}, "If-None-Match", tag)
				p.is("another lead", another.status, 200)
			}
			if name == "openapi.json" {
				p.ada.Publish(t, "erp", map[string]string{"new": "query SomethingNew { viewer { role } }"})
			} else {
				p.do("CreateLead", object{"firstName": "Grace"})
				p.do("UpdateLead", object{"id": lead, "company": p.name("Acme")})
			}
			changed := p.ask(name, parameters, "If-None-Match", tag)
			p.is(name+", changed", changed.status == 200 && changed.raw != first.raw && changed.header.Get("ETag") != tag, true)
		}
		missing := p.ask("GetLead", map[string]string{"id": noLead})
		p.is("what is not there", missing.header.Get("ETag")+missing.header.Get("Cache-Control"), "no-store")
	})
}
