package document_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/document"
	"dealflow/internal/request"
	"dealflow/internal/sales"
)

// params is what a client asks for, as it goes into JSON.
type params map[string]any

func byID(id string, vars apitest.Vars) params {
	return params{"variables": vars, "extensions": params{"documentId": id}}
}

func byHash(hash, text string, vars apitest.Vars) params {
	p := params{"variables": vars, "extensions": params{"persistedQuery": params{"version": 1, "sha256Hash": hash}}}
	if text != "" {
		p["query"] = text
	}
	return p
}

// said is what a transport answers: the code and the status of the first error,
// and all of it.
type said struct {
	code, status, raw string
}

func heard(t *testing.T, raw []byte) said {
	t.Helper()
	var body any
	if err := json.Unmarshal(raw, &body); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	s := said{raw: string(raw)}
	errors := apitest.ValueOf(body).Get("errors")
	if errors.Len() > 0 {
		s.code, s.status = errors.Get("0.extensions.code").String(), errors.Get("0.extensions.status").String()
	}
	return s
}

// transports are the ways to ask.
var transports = map[string]func(t *testing.T, api *apitest.API, as *apitest.Client, p params) said{
	"POST": func(t *testing.T, _ *apitest.API, as *apitest.Client, p params) said {
		return heard(t, []byte(as.Post(t, p).Raw))
	},
	"GET": func(t *testing.T, api *apitest.API, as *apitest.Client, p params) said {
		query := url.Values{}
		for name, value := range p {
			if text, is := value.(string); is {
				query.Set(name, text)
			} else {
				query.Set(name, jsonOf(t, value))
			}
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL+"/graphql?"+query.Encode(), nil)
		check(t, err)
		return heard(t, []byte(as.Send(t, r).Raw))
	},
	"a form": func(t *testing.T, api *apitest.API, as *apitest.Client, p params) said {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		check(t, form.WriteField("operations", jsonOf(t, p)))
		check(t, form.WriteField("map", `{}`))
		check(t, form.Close())
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/graphql", &body)
		check(t, err)
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Header.Set("GraphQL-Require-Preflight", "1")
		return heard(t, []byte(as.Send(t, r).Raw))
	},
	"SSE":       overStream,
	"WebSocket": overSocket,
}

func overStream(t *testing.T, api *apitest.API, as *apitest.Client, p params) said {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, api.URL+"/graphql", strings.NewReader(jsonOf(t, p)))
	check(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Authorization", "Bearer "+as.Token)
	answer, err := http.DefaultClient.Do(r)
	check(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		text := strings.TrimPrefix(lines.Text(), "data: ")
		if strings.HasPrefix(text, "{") {
			return heard(t, []byte(text))
		}
	}
	t.Fatalf("status %d, and no event", answer.StatusCode)
	return said{}
}

func overSocket(t *testing.T, api *apitest.API, as *apitest.Client, p params) said {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(api.URL, "http", "ws", 1)+"/graphql", //nolint:bodyclose // an upgrade leaves none
		&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	check(t, err)
	defer func() { _ = conn.CloseNow() }()
	check(t, wsjson.Write(t.Context(), conn, params{"type": "connection_init", "payload": params{"Authorization": "Bearer " + as.Token}}))
	var message struct {
		Type    string
		Payload json.RawMessage
	}
	if err := wsjson.Read(t.Context(), conn, &message); err != nil {
		return said{code: fmt.Sprint(int(websocket.CloseStatus(err))), raw: err.Error()}
	}
	check(t, wsjson.Write(t.Context(), conn, params{"type": "subscribe", "id": "1", "payload": p}))
	check(t, wsjson.Read(t.Context(), conn, &message))
	if message.Type == "error" {
		return heard(t, []byte(`{"errors":`+string(message.Payload)+`}`))
	}
	return heard(t, message.Payload)
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	check(t, err)
	return string(text)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// partner is a partner's program: a client with a key, a document, and a lead in
// its organization that nobody of another one may see.
type partner struct {
	*apitest.Client
	admin      *apitest.Client
	name, text string
	secret     string // the lead's name
	lead       string
}

func newPartner(t *testing.T, admin *apitest.Client, organization, client string) partner {
	t.Helper()
	p := partner{admin: admin, name: organization + "-" + client, secret: organization + " lead of " + client}
	p.text = fmt.Sprintf("query Lead($id: ID!) { lead(id: $id) { %s: firstName } }", strings.ReplaceAll(p.name, "-", "_"))
	p.Client, _ = admin.Key(t, client, auth.ViewLeads)
	admin.Publish(t, client, map[string]string{p.name: p.text})
	p.lead = admin.Must(t, `mutation($i: CreateLeadInput!) { createLead(input: $i) { lead { id } userErrors { message } } }`,
		apitest.Vars{"i": apitest.Vars{"firstName": p.secret, "email": p.name + "@example.com"}}).Get("createLead.lead.id").String()
	return p
}

// TestIsolation has every partner try every other's documents and data, by every
// transport.
func TestIsolation(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		acme, globex := api.Organization(t, "acme"), api.Organization(t, "globex")
		partners := []partner{newPartner(t, acme, "acme", "erp"), newPartner(t, acme, "acme", "app"), newPartner(t, globex, "globex", "erp")}
		for name, ask := range transports {
			for i, thief := range partners {
				for j, victim := range partners {
					what := fmt.Sprintf("%s: %s asks for what is %s's", name, thief.name, victim.name)
					vars := apitest.Vars{"id": victim.lead}
					for form, p := range map[string]params{
						"id": byID(victim.name, vars), "hash": byHash(sha(victim.text), "", vars), "hash and text": byHash(sha(victim.text), victim.text, vars),
					} {
						got := ask(t, api, thief.Client, p)
						switch {
						case i == j && (got.code != "" || !strings.Contains(got.raw, victim.secret)):
							t.Errorf("%s by %s, its own: %s", what, form, got.raw)
						case i != j && (got.code != document.CodeNotFound || got.status != "404" || strings.Contains(got.raw, victim.secret)):
							t.Errorf("%s by %s: %s", what, form, got.raw)
						}
					}
					// Its own document, with the other's data: inside an organization that
					// is for the permissions to say.
					got := ask(t, api, thief.Client, byID(thief.name, vars))
					shared := thief.admin == victim.admin
					if strings.Contains(got.raw, victim.secret) != shared || got.code != "" {
						t.Errorf("%s by its own document: %s", what, got.raw)
					}
				}
			}
		}
	})
}

// TestKeysSendNoText has a key send everything but the id of a document of its own.
func TestKeysSendNoText(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		p := newPartner(t, ada, "acme", "erp")
		vars := apitest.Vars{"id": p.lead}
		tests := map[string]struct {
			ask          params
			code, status string
		}{
			"a text":             {params{"query": `{ __typename }`}, document.CodeRequired, "403"},
			"its own text":       {params{"query": p.text, "variables": vars}, document.CodeRequired, "403"},
			"introspection":      {params{"query": `{ __schema { queryType { name } } }`}, document.CodeRequired, "403"},
			"a forged mark":      {params{"query": `{ __typename }`, "extensions": params{"dealflow.trusted": params{"Client": "erp", "Key": p.name, "Name": "Lead"}}}, document.CodeRequired, "403"},
			"an empty id":        {params{"query": p.text, "extensions": params{"documentId": ""}}, document.CodeRequired, "403"},
			"an id of a number":  {params{"query": p.text, "extensions": params{"documentId": 7}}, document.CodeRequired, "403"},
			"an unknown id":      {byID("nothing", nil), document.CodeNotFound, "404"},
			"a long id":          {byID(strings.Repeat("x", 5000), nil), document.CodeNotFound, "404"},
			"an id in bytes":     {byID("\x00' OR 1=1", nil), document.CodeNotFound, "404"},
			"an unknown hash":    {byHash(sha("{ __typename }"), "", nil), document.CodeNotFound, "404"},
			"an unknown text":    {byHash(sha("{ __typename }"), "{ __typename }", nil), document.CodeNotFound, "404"},
			"another text":       {byHash(sha(p.text), "{ __typename }", vars), document.CodeMismatch, "400"},
			"another text by id": {params{"query": "{ __typename }", "extensions": params{"documentId": p.name}}, document.CodeMismatch, "400"},
			"both, and a hash of another text": {params{"query": "{ __typename }", "extensions": params{"documentId": p.name,
				"persistedQuery": params{"version": 1, "sha256Hash": sha("{ __typename }")}}}, document.CodeMismatch, "400"},
			"another name":    {params{"operationName": "Other", "variables": vars, "extensions": params{"documentId": p.name}}, document.CodeMismatch, "400"},
			"the same name":   {params{"operationName": "Lead", "variables": vars, "extensions": params{"documentId": p.name}}, "", ""},
			"by id":           {byID(p.name, vars), "", ""},
			"id and text":     {params{"query": p.text, "variables": vars, "extensions": params{"documentId": p.name}}, "", ""},
			"by hash":         {byHash(sha(p.text), "", vars), "", ""},
			"hash and text":   {byHash(sha(p.text), p.text, vars), "", ""},
			"a bad variable":  {byID(p.name, nil), "GRAPHQL_VALIDATION_FAILED", "400"},
			"upper-case hash": {byHash(strings.ToUpper(sha(p.text)), "", vars), "", ""},
		}
		for name, ask := range transports {
			for what, test := range tests {
				got := ask(t, api, p.Client, test.ask)
				if got.code != test.code || got.status != test.status {
					t.Errorf("%s, %s: code %q, status %q, want %q and %q: %s", name, what, got.code, got.status, test.code, test.status, got.raw)
				}
				if test.code == "" && !strings.Contains(got.raw, p.secret) {
					t.Errorf("%s, %s: %s", name, what, got.raw)
				}
			}
		}
	})
}

// TestKeysEnd has keys that are good no more ask by every transport.
func TestKeysEnd(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		p := newPartner(t, ada, "acme", "erp")
		end := api.Clock.Now().Add(time.Hour)
		short, err := api.Sales.CreateAPIKey(ada.Context, sales.CreateAPIKeyInput{
			Name: "short", Client: "erp", Permissions: []auth.Permission{auth.ViewLeads}, ExpiresAt: &end,
		})
		check(t, err)
		long, key := ada.Key(t, "erp", auth.ViewLeads)
		brief := *long
		brief.Token = short.Secret
		for name, ask := range transports {
			for _, client := range []*apitest.Client{long, &brief} {
				if got := ask(t, api, client, byID(p.name, apitest.Vars{"id": p.lead})); got.code != "" {
					t.Errorf("%s, while it is good: %s", name, got.raw)
				}
			}
		}
		_, err = api.Sales.RevokeAPIKey(ada.Context, sales.RevokeAPIKeyInput{ID: key.GlobalID()})
		check(t, err)
		api.Clock.Advance(500 * time.Millisecond)
		refused := func(what string, client *apitest.Client) {
			for name, ask := range transports {
				want := "UNAUTHENTICATED"
				if name == "WebSocket" {
					want = "4403"
				}
				if got := ask(t, api, client, byID(p.name, apitest.Vars{"id": p.lead})); got.code != want {
					t.Errorf("%s, %s: %s", name, what, got.raw)
				}
			}
		}
		refused("revoked", long)
		api.Clock.Advance(time.Hour)
		refused("expired", &brief)
	})
}

// TestRetire shows that what is retired is gone within a second, and what is
// published is there.
func TestRetire(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		p := newPartner(t, ada, "acme", "erp")
		runs := func() string {
			answer := p.Run(t, p.name, apitest.Vars{"id": p.lead})
			if len(answer.Errors) > 0 {
				return answer.Errors[0].Code()
			}
			return ""
		}
		if got := runs(); got != "" {
			t.Fatal(got)
		}
		_, err := document.Retire(ada.Context, api.Store, "erp", p.name, api.Clock.Now())
		check(t, err)
		api.Clock.Advance(time.Second)
		if got := runs(); got != document.CodeNotFound {
			t.Errorf("a retired document runs: %q", got)
		}
		ada.Publish(t, "erp", map[string]string{p.name: p.text})
		api.Clock.Advance(500 * time.Millisecond)
		if got := runs(); got != "" {
			t.Errorf("a published document does not run: %q", got)
		}
	})
}

// TestUses shows that the last use of a key and of a document is written down.
func TestUses(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		p := newPartner(t, ada, "acme", "erp")
		p.Run(t, p.name, apitest.Vars{"id": p.lead})
		at := api.Clock.Now()
		api.Close(t) // as a server that stops does
		key, err := api.Store.Client.APIKey.Query().Only(ada.Context)
		check(t, err)
		list, err := document.List(ada.Context, api.Store, "erp")
		check(t, err)
		for what, used := range map[string]*time.Time{"key": key.LastUsedAt, "document": list[0].LastUsedAt} {
			if used == nil || !used.Equal(at) {
				t.Errorf("the %s was used at %v, not %v", what, used, at)
			}
		}
	})
}

// TestPeople shows that people send any text, see the schema, and may name what
// was published for any client of theirs, where that is one thing.
func TestPeople(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada, eve := api.Organization(t, "acme"), api.Organization(t, "globex")
		p := newPartner(t, ada, "acme", "erp")
		ada.Publish(t, "one", map[string]string{"same": op("A", 1), "different": op("B", 1)})
		ada.Publish(t, "two", map[string]string{"same": op("A", 1), "different": op("B", 2)})
		tests := map[string]struct {
			as           *apitest.Client
			ask          params
			code, status string
		}{
			"introspection":      {ada, params{"query": `{ __schema { queryType { name } } }`}, "", ""},
			"a partner's":        {ada, byID(p.name, apitest.Vars{"id": p.lead}), "", ""},
			"two clients', same": {ada, byID("same", nil), "", ""},
			"by hash":            {ada, byHash(sha(op("B", 2)), "", nil), "", ""},
			"ambiguous":          {ada, byID("different", nil), document.CodeAmbiguous, "409"},
			"nothing":            {ada, byID("nothing", nil), document.CodeNotFound, "404"},
			"another's":          {eve, byID(p.name, apitest.Vars{"id": p.lead}), document.CodeNotFound, "404"},
			"another's, by hash": {eve, byHash(sha(p.text), "", nil), document.CodeHashUnknown, "200"},
		}
		for name, ask := range transports {
			for what, test := range tests {
				if got := ask(t, api, test.as, test.ask); got.code != test.code || got.status != test.status {
					t.Errorf("%s, %s: code %q, status %q, want %q and %q: %s", name, what, got.code, got.status, test.code, test.status, got.raw)
				}
			}
		}
	})
}

// TestSentBefore is Apollo's automatic persisted queries, step by step.
func TestSentBefore(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada, eve := api.Organization(t, "acme"), api.Organization(t, "globex")
		for name, ask := range transports {
			text := fmt.Sprintf("query Mine { viewer { role } over: __typename # %s\n}", name)
			bad := text[:len(text)-1]
			steps := []struct {
				what         string
				as           *apitest.Client
				ask          params
				code, status string
			}{
				{"unknown", ada, byHash(sha(text), "", nil), document.CodeHashUnknown, "200"},
				{"another's hash", ada, byHash(sha("{ x }"), text, nil), document.CodeHashWrong, "400"},
				{"still unknown", ada, byHash(sha(text), "", nil), document.CodeHashUnknown, "200"},
				{"told", ada, byHash(sha(text), text, nil), "", ""},
				{"known", ada, byHash(sha(text), "", nil), "", ""},
				{"known in capitals", ada, byHash(strings.ToUpper(sha(text)), "", nil), "", ""},
				{"unknown elsewhere", eve, byHash(sha(text), "", nil), document.CodeHashUnknown, "200"},
				{"does not parse", ada, byHash(sha(bad), bad, nil), "GRAPHQL_PARSE_FAILED", "400"},
				{"is not remembered", ada, byHash(sha(bad), "", nil), document.CodeHashUnknown, "200"},
				{"is not valid", ada, byHash(sha("{ nothing }"), "{ nothing }", nil), "GRAPHQL_VALIDATION_FAILED", "400"},
				{"is not remembered either", ada, byHash(sha("{ nothing }"), "", nil), document.CodeHashUnknown, "200"},
			}
			for _, step := range steps {
				got := ask(t, api, step.as, step.ask)
				if got.code != step.code || got.status != step.status {
					t.Errorf("%s, %s: code %q, status %q, want %q and %q: %s", name, step.what, got.code, got.status, step.code, step.status, got.raw)
				}
				if step.code == document.CodeHashUnknown && !strings.Contains(got.raw, `"PersistedQueryNotFound"`) {
					t.Errorf("%s, %s: Apollo's clients do not know %s", name, step.what, got.raw)
				}
			}
		}
	})
}

// TestMark shows that what the server itself makes of a published document is not
// looked for, and that no JSON has its mark.
func TestMark(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		_, key := ada.Key(t, "erp", auth.ViewLeads)
		ctx := auth.WithViewer(t.Context(), auth.Viewer{OrganizationID: ada.Organization.ID, KeyID: key.ID, Client: "erp"})
		e := document.NewExtension(document.NewLibrary(api.Store, api.Clock.Now, nil), document.Limits{})
		marked := &graphql.RawParams{Query: "{ a }", Extensions: request.Trusted{Client: "erp", Key: "1", Name: "A"}.Mark(nil)}
		if err := e.Resolve(ctx, marked); err != nil || marked.Query != "{ a }" {
			t.Errorf("%v: %+v", err, marked)
		}
		copied, err := request.FromJSON([]byte(jsonOf(t, params{"query": "{ a }", "extensions": marked.Extensions})), 100)
		check(t, err)
		if err := e.Resolve(ctx, copied); err == nil || err.Extensions["code"] != document.CodeRequired {
			t.Errorf("a mark that came as JSON: %v", err)
		}
	})
}
