package once_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/idempotentanswer"
	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/once"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// office is an organization with a board.
type office struct {
	*testing.T
	*apitest.Client
	api   *apitest.API
	stage string
}

// eachOffice runs a test with an office on each database.
func eachOffice(t *testing.T, test func(o *office)) {
	t.Helper()
	apitest.Each(t, func(t *testing.T, api *apitest.API) { test(newOffice(t, api, "Acme")) })
}

func newOffice(t *testing.T, api *apitest.API, name string) *office {
	t.Helper()
	o := &office{T: t, Client: api.Organization(t, name), api: api}
	o.stage = o.Must(t, `mutation { createPipeline(input: {name: "Sales", stages: [{name: "new"}, {name: "won"}]}) {
		pipeline { stages { id } } userErrors { message } } }`, nil).Get("createPipeline.pipeline.stages.0.id").String()
	return o
}

// createDeal is a mutation that reads a good deal of what it has made.
const createDeal = `mutation Create($input: CreateDealInput!) { createDeal(input: $input) {
	deal { id title stage { name deals { totalCount nodes { title contact { email } } } pipeline { name stages { name deals { nodes { id } } } } }
		contact { name deals { nodes { title } } } createdBy { name } activity { nodes { action user { name } } } stageHistory { stage { name } } }
	userErrors { message code path } } }`

// deal is what makes a deal of a title.
func (o *office) deal(title string) apitest.Vars {
	return apitest.Vars{"input": apitest.Vars{
		"title": title, "stageId": o.stage, "contact": apitest.Vars{"email": title + "@example.com", "name": "<" + title + "> & Söhne\u2028"},
	}}
}

// send sends a request with a key.
func (c *office) send(key, document string, vars apitest.Vars) apitest.Response {
	c.Helper()
	return c.With(once.Header, key).Do(c.T, document, vars)
}

// rows counts the deals, the events and the answers of the organization.
func (o *office) rows() (deals, events, answers int) {
	o.Helper()
	db := o.api.Store.Client
	return db.Deal.Query().CountX(o.Context), db.Event.Query().CountX(o.Context), db.IdempotentAnswer.Query().CountX(o.Context)
}

// has fails unless the organization has so many of what it is about.
func (o *office) has(what string, deals, answers int) {
	o.Helper()
	d, _, a := o.rows()
	if d != deals || a != answers {
		o.Errorf("%s: there are %d deals and %d answers, want %d and %d", what, d, a, deals, answers)
	}
}

// again fails unless a response is the first one's once more.
func (o *office) again(first, second apitest.Response) {
	o.Helper()
	if second.Raw != first.Raw || second.Status != first.Status {
		o.Errorf("the retry got %d %s\nafter %d %s", second.Status, second.Raw, first.Status, first.Raw)
	}
	if a, b := first.Header.Get("Idempotency-Replayed"), second.Header.Get("Idempotency-Replayed"); a != "" || b != "true" {
		o.Errorf("Idempotency-Replayed is %q, and %q of the retry", a, b)
	}
	if a, b := first.Header.Get("Content-Type"), second.Header.Get("Content-Type"); a != b {
		o.Errorf("the types are %q and %q", a, b)
	}
}

// refused fails unless a response is one error with a code.
func (o *office) refused(what string, got apitest.Response, status int, code string) {
	o.Helper()
	if got.Status != status || len(got.Errors) != 1 || got.Errors[0].Code() != code || !got.Data.IsNull() {
		o.Errorf("%s: %d %s, want %d %s", what, got.Status, got.Raw, status, code)
	}
}

func TestReplay(t *testing.T) {
	eachOffice(t, func(o *office) {
		viewer := &office{o.T, o.As(o.T, "vic", auth.RoleViewer), o.api, o.stage}
		for name, test := range map[string]struct {
			by       *office
			document string
			vars     apitest.Vars
			wants    string
		}{
			"success":     {o, createDeal, o.deal("big"), `"title":"big"`},
			"user errors": {o, createDeal, o.deal(strings.Repeat("x", 1000)), `"userErrors":[{`},
			"forbidden":   {viewer, createDeal, o.deal("none"), `FORBIDDEN`},
			"bad input":   {o, createDeal, apitest.Vars{"input": apitest.Vars{"title": "x", "stageId": o.stage, "contact": apitest.Vars{"email": "x@example.com"}, "expectedCloseDate": "soon"}}, `BAD_USER_INPUT`},
		} {
			o.T.Run(name, func(t *testing.T) {
				by := *test.by
				by.T = t
				first := by.send(name, test.document, test.vars)
				if !strings.Contains(first.Raw, test.wants) {
					t.Fatalf("it was answered %s", first.Raw)
				}
				deals, events, answers := by.rows()
				by.again(first, by.send(name, test.document, test.vars))
				by.again(first, by.send(`"`+name+`"`, test.document, test.vars))
				if d, e, a := by.rows(); d != deals || e != events || a != answers {
					t.Errorf("the retry left %d deals, %d events and %d answers, and not %d, %d and %d", d, e, a, deals, events, answers)
				}
			})
		}
		o.has("in the end", 1, 4)
		if got := o.api.Metric(o.T, "dealflow_idempotent_replays_total"); got != 8 {
			o.Errorf("%v replays were counted", got)
		}
	})
}

// What a request with a key is answered is what it is answered without.
func TestAnswerIsTheUsualOne(t *testing.T) {
	eachOffice(t, func(o *office) {
		other := newOffice(o.T, o.api, "Other")
		with, without := o.send("a", createDeal, o.deal("big")), other.Do(o.T, createDeal, other.deal("big"))
		strip := func(r apitest.Response) string {
			return strings.NewReplacer(r.Data.Get("createDeal.deal.id").String(), "ID").Replace(apitest.WithoutCost(r.Raw))
		}
		if strip(with) != strip(without) {
			o.Errorf("with a key it is\n%s\nand without\n%s", with.Raw, without.Raw)
		}
	})
}

func TestKeyOfAnotherRequest(t *testing.T) {
	eachOffice(t, func(o *office) {
		first := o.send("key", createDeal, o.deal("secret"))
		grace := &office{o.T, o.As(o.T, "grace", auth.RoleAdmin), o.api, o.stage}
		less := &office{o.T, o.As(o.T, "ada", auth.RoleSales), o.api, o.stage}
		named := strings.Replace(createDeal, "Create", "Make", 1)
		for what, got := range map[string]apitest.Response{
			"other variables":   o.send("key", createDeal, o.deal("other")),
			"another document":  o.send("key", named, o.deal("secret")),
			"another user":      grace.send("key", createDeal, o.deal("secret")),
			"other permissions": less.send("key", createDeal, o.deal("secret")),
		} {
			o.refused(what, got, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
			if strings.Contains(got.Raw, "secret") {
				o.Errorf("%s: it tells the first answer: %s", what, got.Raw)
			}
		}
		o.has("after that", 1, 1)
		// It is the request that counts, and not how it was sent.
		body := fmt.Sprintf(` {"variables": {"input" : {"contact":{"name":"<secret> \u0026 S\u00f6hne\u2028","email":"secret@example.com"},
			"stageId":%q, "title":"\u0073ecret"}}, "query": %q } `, o.stage, createDeal)
		request, err := http.NewRequestWithContext(o.Context, http.MethodPost, o.api.URL+"/graphql", strings.NewReader(body))
		if err != nil {
			o.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set(once.Header, "key")
		later := o.For(o.T, 2*time.Hour) // another token
		o.again(first, later.Send(o.T, request))
	})
}

func TestOrganizationsHaveKeysOfTheirOwn(t *testing.T) {
	eachOffice(t, func(o *office) {
		other := newOffice(o.T, o.api, "Other")
		o.send("key", createDeal, o.deal("mine"))
		got := other.send("key", createDeal, other.deal("theirs"))
		if got.Data.Get("createDeal.deal.title").String() != "theirs" {
			o.Errorf("the other was answered %s", got.Raw)
		}
		o.has("one", 1, 1)
		other.has("the other", 1, 1)
	})
}

func TestConcurrentDuplicatesRunOnce(t *testing.T) {
	eachOffice(t, func(o *office) {
		_, before, _ := o.rows()
		vars := o.deal("big")
		responses := make([]apitest.Response, 16)
		var all sync.WaitGroup
		for i := range responses {
			all.Go(func() { responses[i] = o.send("key", createDeal, vars) })
		}
		all.Wait()
		ran := 0
		for _, one := range responses {
			if one.Header.Get("Idempotency-Replayed") == "" {
				ran++
			}
			if one.Raw != responses[0].Raw || one.Status != http.StatusOK || len(one.Errors) > 0 {
				o.Errorf("of two answers one is %s\nand one %s", one.Raw, responses[0].Raw)
			}
		}
		if deals, events, answers := o.rows(); ran != 1 || deals != 1 || events != before+1 || answers != 1 {
			o.Errorf("%d ran, and there are %d deals, %d more events and %d answers", ran, deals, events-before, answers)
		}
	})
}

// Each field of a mutation happens or not, as without a key.
func TestSeveralFields(t *testing.T) {
	eachOffice(t, func(o *office) {
		const document = `mutation ($a: CreateDealInput!, $b: CreateDealInput!, $c: CreateDealInput!) {
			a: createDeal(input: $a) { deal { title stage { deals { totalCount } } } userErrors { code } }
			b: createDeal(input: $b) { deal { title } userErrors { code } }
			c: createDeal(input: $c) { deal { title stage { deals { totalCount } } } userErrors { code } } }`
		vars := apitest.Vars{"a": o.deal("a")["input"], "b": o.deal("a")["input"], "c": o.deal("c")["input"]}
		_, before, _ := o.rows()
		first := o.send("key", document, vars)
		const want = `{"data":{"a":{"deal":{"title":"a","stage":{"deals":{"totalCount":1}}},"userErrors":[]},` +
			`"b":{"deal":null,"userErrors":[{"code":"DUPLICATE_DEAL"}]},` +
			`"c":{"deal":{"title":"c","stage":{"deals":{"totalCount":2}}},"userErrors":[]}}}`
		if apitest.WithoutCost(first.Raw) != want {
			o.Errorf("it was answered\n%s\nwant\n%s", first.Raw, want)
		}
		o.again(first, o.send("key", document, vars))
		if deals, events, answers := o.rows(); deals != 2 || events != before+2 || answers != 1 {
			o.Errorf("there are %d deals, %d more events and %d answers", deals, events-before, answers)
		}
	})
}

// A failure of ours undoes what went before it, and the retry runs anew.
func TestFailureIsNotKept(t *testing.T) {
	eachOffice(t, func(o *office) {
		admin := store.System(context.Background())
		exec := func(query string) {
			if _, err := o.api.Store.Client.ExecContext(admin, query); err != nil {
				o.Fatal(err)
			}
		}
		const document = `mutation ($a: CreateDealInput!, $b: AddCommentInput!) {
			createDeal(input: $a) { deal { title } userErrors { code } }
			addComment(input: $b) { comment { content } userErrors { code } } }`
		about := o.Must(o.T, createDeal, o.deal("first")).Get("createDeal.deal.id").String()
		vars := apitest.Vars{"a": o.deal("second")["input"], "b": apitest.Vars{"subjectId": about, "content": "hello"}}
		_, before, _ := o.rows()
		exec("ALTER TABLE comments RENAME TO elsewhere")
		o.refused("while a table is away", o.send("key", document, vars), http.StatusInternalServerError, "INTERNAL")
		exec("ALTER TABLE elsewhere RENAME TO comments")
		o.has("then", 1, 0)
		got := o.send("key", document, vars)
		if got.Header.Get("Idempotency-Replayed") != "" || got.Data.Get("addComment.comment.content").String() != "hello" {
			o.Errorf("the retry was answered %s", got.Raw)
		}
		if deals, events, answers := o.rows(); deals != 2 || events != before+2 || answers != 1 {
			o.Errorf("there are %d deals, %d more events and %d answers", deals, events-before, answers)
		}
	})
}

// What follows the log hears of a request once, and then all of it is there.
func TestWatchersHearOfWhatIsThere(t *testing.T) {
	eachOffice(t, func(o *office) {
		var mu sync.Mutex
		var seen []int
		o.api.Sales.OnEvents(func(organization uuid.UUID) {
			mu.Lock()
			defer mu.Unlock()
			if organization != o.Organization.ID {
				o.Errorf("it is about %v", organization)
			}
			seen = append(seen, o.api.Store.Client.IdempotentAnswer.Query().Where(idempotentanswer.BodyNotNil()).CountX(o.Context))
		})
		for range 3 {
			o.send("key", createDeal, o.deal("big"))
		}
		mu.Lock()
		defer mu.Unlock()
		if len(seen) != 1 || seen[0] != 1 {
			o.Errorf("it was told %d times, with answers %v", len(seen), seen)
		}
	})
}

func TestKeysAreForgotten(t *testing.T) {
	eachOffice(t, func(o *office) {
		first := o.send("key", createDeal, o.deal("big"))
		o.api.Clock.Advance(24*time.Hour - time.Second)
		o.Client = o.For(o.T, 48*time.Hour)
		o.again(first, o.send("key", createDeal, o.deal("big")))
		o.api.Clock.Advance(time.Second)
		second := o.send("key", createDeal, o.deal("bigger"))
		if title := second.Data.Get("createDeal.deal.title").String(); title != "bigger" {
			o.Errorf("after a day it is answered %s", second.Raw)
		}
		o.has("after a day", 2, 1)
		o.again(second, o.send("key", createDeal, o.deal("bigger")))
	})
}

func TestForget(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
		answers := once.New(once.Config{Store: s, Retention: time.Hour, Now: func() time.Time { return now }})
		ctx := store.System(t.Context())
		for i, count := range []int{2500, 3} {
			organization := s.Client.Organization.Create().SetName(fmt.Sprint(i)).SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
			for from := 0; from < count; from += 500 {
				var rows []*ent.IdempotentAnswerCreate
				for j := from; j < min(count, from+500); j++ {
					rows = append(rows, s.Client.IdempotentAnswer.Create().SetOrganizationID(organization.ID).SetKey(fmt.Sprint(j)).
						SetFingerprint([]byte("f")).SetCreatedAt(now.Add(-time.Hour)))
				}
				s.Client.IdempotentAnswer.CreateBulk(rows...).ExecX(ctx)
			}
			s.Client.IdempotentAnswer.Create().SetOrganizationID(organization.ID).SetKey("young").SetFingerprint([]byte("f")).
				SetCreatedAt(now.Add(time.Microsecond - time.Hour)).ExecX(ctx)
		}
		counted, statements := store.CountStatements(t.Context())
		gone, err := answers.Forget(counted)
		if err != nil || gone != 2503 || statements.Count() != 6 {
			t.Errorf("%d are gone in %d statements, %v; want 2503, a thousand at a time", gone, statements.Count(), err)
		}
		if left := s.Client.IdempotentAnswer.Query().CountX(ctx); left != 2 {
			t.Errorf("%d are left", left)
		}
	})
}

func TestBadKeys(t *testing.T) {
	eachOffice(t, func(o *office) {
		for _, key := range []string{"", " ", `"`, `""`, "Schlüssel", "a\tb", strings.Repeat("k", 256), `"a" `, `"a";b=1`, `"a\n"`} {
			if strings.TrimSpace(key) != key && key != " " {
				continue // HTTP takes it off
			}
			o.refused(fmt.Sprintf("%q", key), o.send(key, createDeal, o.deal("big")), http.StatusBadRequest, "BAD_REQUEST")
		}
		for _, key := range []string{"k", strings.Repeat("k", 255), `"a b"`, `a"b`} {
			if got := o.send(key, `mutation { __typename }`, nil); got.Status != http.StatusOK || len(got.Errors) > 0 {
				o.Errorf("%q: %s", key, got.Raw)
			}
		}
	})
}

// What does not get to be executed leaves the key free, and so does a query.
func TestKeysThatAreNotUsed(t *testing.T) {
	eachOffice(t, func(o *office) {
		for _, document := range []string{`{ viewer { role } }`, `mutation {`, `mutation { nothing }`, `subscription { boardChanged(pipelineId: "x") { __typename } }`} {
			o.send("key", document, nil)
		}
		o.send("key", createDeal, apitest.Vars{"input": "wrong"})
		o.has("before", 0, 0)
		if got := o.send("key", createDeal, o.deal("big")); got.Data.Get("createDeal.deal.title").String() != "big" {
			o.Errorf("it was answered %s", got.Raw)
		}
		o.has("after", 1, 1)
	})
}

// A transaction that the database asks to be run again is run again as a whole, by
// GraphQL's executor too.
func TestRunsAgain(t *testing.T) {
	s := storetest.Postgres(t)
	o := newOffice(t, apitest.New(t, s), "Acme")
	for _, query := range []string{
		"CREATE SEQUENCE tries",
		`CREATE FUNCTION fail_twice() RETURNS trigger AS $$ BEGIN
			IF nextval('tries') < 3 THEN RAISE EXCEPTION 'try again' USING ERRCODE = '40001'; END IF;
			RETURN NEW; END $$ LANGUAGE plpgsql`,
		"CREATE TRIGGER fail_twice BEFORE INSERT ON deals FOR EACH ROW WHEN (NEW.title = 'second') EXECUTE FUNCTION fail_twice()",
	} {
		if _, err := s.Client.ExecContext(store.System(t.Context()), query); err != nil {
			t.Fatal(err)
		}
	}
	_, before, _ := o.rows()
	const document = `mutation ($a: CreateDealInput!, $b: CreateDealInput!) {
		a: createDeal(input: $a) { deal { title } userErrors { code } }
		b: createDeal(input: $b) { deal { title stage { deals { totalCount } } } userErrors { code } } }`
	vars := apitest.Vars{"a": o.deal("first")["input"], "b": o.deal("second")["input"]}
	first := o.send("key", document, vars)
	const want = `{"data":{"a":{"deal":{"title":"first"},"userErrors":[]},"b":{"deal":{"title":"second","stage":{"deals":{"totalCount":2}}},"userErrors":[]}}}`
	if apitest.WithoutCost(first.Raw) != want {
		t.Errorf("it was answered %s", first.Raw)
	}
	o.again(first, o.send("key", document, vars))
	if deals, events, answers := o.rows(); deals != 2 || events != before+2 || answers != 1 {
		t.Errorf("there are %d deals, %d more events and %d answers", deals, events-before, answers)
	}
}

// TestKeysOfPartners shows that partners of one organization, who know nothing of each
// other, may use the same keys.
func TestKeysOfPartners(t *testing.T) {
	eachOffice(t, func(o *office) {
		for _, client := range []string{"ship", "shop"} {
			o.Publish(o.T, client, map[string]string{"make": createDeal})
			partner, _ := o.Key(o.T, client, auth.EditSalesPipelines, auth.ViewSalesPipelines)
			for try := range 2 {
				got := partner.With("Idempotency-Key", "order-1").Run(o.T, "make", o.deal(client))
				if got.Status != http.StatusOK || (got.Header.Get("Idempotency-Replayed") == "true") != (try == 1) {
					o.Errorf("try %d of %s is answered %d %s", try, client, got.Status, got.Raw)
				}
			}
		}
		o.has("of two partners", 2, 2)
	})
}

// TestNoSecretIsStored shows that the secret of an API key, which is stored nowhere,
// does not get into the stored answers either.
func TestNoSecretIsStored(t *testing.T) {
	eachOffice(t, func(o *office) {
		const document = `mutation ($input: CreateApiKeyInput!) { ...F } fragment F on Mutation { made: createApiKey(input: $input) { secret } }`
		vars := apitest.Vars{"input": apitest.Vars{"name": "x", "client": "x", "permissions": []string{"VIEW_LEADS"}}}
		answer := o.send("key", document, vars)
		if answer.Status != http.StatusBadRequest || answer.Errors[0].Code() != "BAD_REQUEST" {
			o.Errorf("it was answered %d %s", answer.Status, answer.Raw)
		}
		if n := o.api.Store.Client.IdempotentAnswer.Query().CountX(o.Context) + o.api.Store.Client.APIKey.Query().CountX(o.Context); n > 0 {
			o.Errorf("%d rows were written", n)
		}
		if secret := o.Must(o.T, document, vars).Get("made.secret").String(); !strings.HasPrefix(secret, "dfk_") {
			o.Errorf("without the header it answers %s", secret)
		}
	})
}
