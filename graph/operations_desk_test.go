package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/id"
)

// object is a JSON object: an input, or what is expected of an answer.
type object = map[string]any

// desk is where the case of an operation does its work: an organization of its
// own, and somebody who works there.
type desk struct {
	t    *testing.T
	api  *apitest.API
	who  *apitest.Client
	home context.Context // of the organization

	name        string
	role        auth.Role
	permissions []auth.Permission

	*attempt
}

// attempt is what all desks of a case share.
type attempt struct {
	desks    []*desk
	done     []request // what was asked for and answered without errors
	stranger *desk
}

// request is a request that was answered without errors.
type request struct {
	field    string // its root field
	document string
	vars     object
	who      *apitest.Client
	send     send
	answer   apitest.Response
}

// send makes a request, as often as need be.
type send func(*testing.T, *apitest.Client) apitest.Response

func (r request) isMutation() bool { return strings.HasPrefix(r.document, "mutation") }

// newDesk is the desk of a new organization's administrator.
func newDesk(t *testing.T, api *apitest.API, organization string, of *attempt) *desk {
	t.Helper()
	d := &desk{t: t, api: api, name: "ada", role: auth.RoleAdmin, attempt: of}
	d.who = api.Organization(t, organization)
	d.home = d.who.Context
	of.desks = append(of.desks, d)
	return d
}

// as is the desk of a colleague.
func (d *desk) as(name string, role auth.Role, permissions ...auth.Permission) *desk {
	d.t.Helper()
	other := *d
	other.name, other.role, other.permissions = name, role, permissions
	other.who = d.who.As(d.t, name, role, permissions...)
	d.desks = append(d.desks, &other)
	return &other
}

// elsewhere is the desk of the administrator of another organization.
func (d *desk) elsewhere() *desk {
	d.t.Helper()
	if d.stranger == nil {
		d.stranger = newDesk(d.t, d.api, "Not "+d.t.Name(), d.attempt)
	}
	return d.stranger
}

// later lets time pass. Everybody gets a new token, for those of before expire.
func (d *desk) later(wait time.Duration) {
	d.t.Helper()
	d.api.Clock.Advance(wait)
	for _, one := range d.desks {
		*one.who = *one.who.As(d.t, one.name, one.role, one.permissions...)
	}
}

// until lets time pass until a moment.
func (d *desk) until(moment time.Time) {
	d.t.Helper()
	wait := moment.Sub(d.api.Clock.Now())
	if wait < 0 {
		d.t.Fatalf("it is past %s", moment)
	}
	d.later(wait)
}

// now is the time as the API shows it.
func (d *desk) now() string {
	return d.api.Clock.Now().UTC().Format(time.RFC3339Nano)
}

// userID is the caller's own user.
func (d *desk) userID() string { return id.User.Encode(d.who.UserID()) }

// ask answers a query that is to have no errors.
func (d *desk) ask(document string, vars object) apitest.Value {
	d.t.Helper()
	return d.must(document, vars, func(t *testing.T, c *apitest.Client) apitest.Response { return c.Do(t, document, vars) })
}

// must makes a request that is to have no errors, and remembers it.
func (d *desk) must(document string, vars object, send send) apitest.Value {
	d.t.Helper()
	response := send(d.t, d.who)
	if len(response.Errors) > 0 || response.Status != http.StatusOK {
		d.t.Fatalf("status %d: %s\nin %s with %v", response.Status, response.Raw, document, vars)
	}
	var fields object
	noError(d.t, json.Unmarshal([]byte(response.Data.String()), &fields))
	for field := range fields {
		if response.Data.Get(field+".userErrors").Len() > 0 {
			d.t.Fatalf("%s\nin %s with %v", response.Raw, document, vars)
		}
		if d != d.stranger {
			d.done = append(d.done, request{field, document, vars, d.who, send, response})
		}
	}
	return response.Data
}

// problems is what is asked of each userError.
const problems = `userErrors { __typename message code path rule
	... on ConflictError { current { __typename id
		... on Pipeline { version } ... on Stage { version } ... on Deal { version }
		... on Lead { version } ... on LeadStatus { version } ... on Comment { version } } }
	... on DuplicateDealError { existing { id } }
	... on BlockedError { count } }`

// mutation is the document of a mutation, whose input is a variable.
func mutation(name, selection string) string {
	input := strings.ToUpper(name[:1]) + name[1:] + "Input"
	return fmt.Sprintf("mutation($input: %s!) { %s(input: $input) { %s %s } }", input, name, selection, problems)
}

// change makes a change and answers what was selected of its payload.
func (d *desk) change(name string, input object, selection string) apitest.Value {
	d.t.Helper()
	return d.ask(mutation(name, selection), object{"input": input}).Get(name)
}

// refuse makes a change that is to be refused, and to change nothing. Each
// problem is its code, rule, path and message: "INVALID max input.title: …".
func (d *desk) refuse(name string, input object, want ...string) apitest.Value {
	d.t.Helper()
	document := mutation(name, "")
	var found apitest.Value
	d.changesNothing(name, func() {
		response := d.who.Do(d.t, document, object{"input": input})
		if len(response.Errors) > 0 {
			d.t.Fatalf("%s\nin %s with %v", response.Raw, document, input)
		}
		found = response.Data.Get(name + ".userErrors")
	})
	if diff := cmp.Diff(want, problemTexts(found)); diff != "" {
		d.t.Errorf("%s with %v: problems (-want +got):\n%s", name, input, diff)
	}
	return found
}

func problemTexts(problems apitest.Value) []string {
	var texts []string
	for _, one := range problems.List() {
		path := []string{}
		for _, step := range one.Get("path").List() {
			path = append(path, step.String())
		}
		texts = append(texts, fmt.Sprintf("%s %s %s: %s",
			one.Get("code"), one.Get("rule"), strings.Join(path, "."), one.Get("message")))
	}
	return texts
}

// fails makes a request that is to fail with one error at the top, and to
// change nothing. The error is its code and status, and its message; of a
// variable that does not fit, where it is in place of the status.
func (d *desk) fails(document string, vars object, want string) {
	d.t.Helper()
	d.changesNothing(document, func() {
		response := d.who.Do(d.t, document, vars)
		if len(response.Errors) != 1 {
			d.t.Fatalf("%s\nin %s with %v", response.Raw, document, vars)
		}
		if got := errorText(response.Errors[0]); got != want {
			d.t.Errorf("%s\nwith %v is answered\n%s\nand not\n%s", document, vars, got, want)
		}
	})
}

func errorText(e apitest.Error) string {
	if e.Code() == "GRAPHQL_VALIDATION_FAILED" {
		return fmt.Sprintf("%s at %v: %s", e.Code(), e.Path, e.Message)
	}
	return fmt.Sprintf("%s %v: %s", e.Code(), e.Extensions["status"], e.Message)
}

// forbids makes a change that the caller may not make.
func (d *desk) forbids(name string, input object, needed auth.Permission) {
	d.t.Helper()
	d.fails(mutation(name, ""), object{"input": input}, "FORBIDDEN 403: This needs the permission "+string(needed)+".")
}

// refusesIDs tries what else may stand where an input field wants an id.
func (d *desk) refusesIDs(name, field string, kind id.Kind, input object) {
	d.t.Helper()
	for _, wrong := range notIDs(kind) {
		d.refuse(name, with(input, field, wrong), badID(kind, "input."+field, wrong))
	}
	for _, missing := range []string{unknown(kind), d.elsewhere().some(kind)} {
		d.refuse(name, with(input, field, missing), notFound(kind, "input."+field))
	}
}

// refusesStale tries an expected version that is not the current one.
func (d *desk) refusesStale(name, typeName string, version int, input object) {
	d.t.Helper()
	found := d.refuse(name, with(input, "expectedVersion", version+1), fmt.Sprintf(
		"CONFLICT version input.expectedVersion: It has version %d now, not %d. Read it again and repeat the change.", version, version+1))
	d.shows(found.Get("0.current"), object{"__typename": typeName, "id": input["id"], "version": version})
}

// findsNot tries ids for which a query finds nothing, or is refused.
func (d *desk) findsNot(field string, kind id.Kind) {
	d.t.Helper()
	document := fmt.Sprintf("query($id: ID!) { %s(id: $id) { id } }", field)
	for _, wrong := range notIDs(kind) {
		d.fails(document, object{"id": wrong}, "INVALID_ID 400: "+idMessage(kind, wrong))
	}
	for _, missing := range []string{unknown(kind), d.elsewhere().some(kind)} {
		d.shows(d.ask(document, object{"id": missing}), object{field: nil})
	}
}

// notIDs are texts that are no ids of a kind.
func notIDs(kind id.Kind) []string {
	other := id.Business
	if kind == other {
		other = id.Pipeline
	}
	return []string{"12", unknown(other)}
}

// unknown is an id of nothing.
func unknown(kind id.Kind) string { return kind.Encode(id.New()) }

// idMessage says what is wrong with an id.
func idMessage(kind id.Kind, wrong string) string {
	_, err := kind.Decode(wrong)
	return err.Error()
}

func badID(kind id.Kind, path, wrong string) string {
	return fmt.Sprintf("INVALID_ID invalid %s: Invalid %s ID: %s.", path, kind.Noun(), idMessage(kind, wrong))
}

func notFound(kind id.Kind, path string) string {
	return fmt.Sprintf("NOT_FOUND exists %s: %s%s not found.", path, strings.ToUpper(kind.Noun()[:1]), kind.Noun()[1:])
}

// with is an input with another value of a field.
func with(input object, field string, value any) object {
	other := maps.Clone(input)
	other[field] = value
	return other
}

// shows compares an object or a list of an answer with what it should be.
func (d *desk) shows(got apitest.Value, want any) {
	d.t.Helper()
	if diff := cmp.Diff(plain(d.t, want), plain(d.t, json.RawMessage(got.String()))); diff != "" {
		d.t.Errorf("the answer is wrong (-want +got):\n%s", diff)
	}
}

// text compares a text or a number of an answer with what it should be.
func (d *desk) text(got apitest.Value, want string) {
	d.t.Helper()
	if got.String() != want {
		d.t.Errorf("the answer is %s, not %s", got, want)
	}
}

// plain is a value as it would come out of JSON.
func plain(tb testing.TB, value any) any {
	tb.Helper()
	text, err := json.Marshal(value)
	noError(tb, err)
	var parsed any
	noError(tb, json.Unmarshal(text, &parsed))
	return parsed
}

func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
