package graph_test

import (
	"maps"
	"strings"
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/id"
)

// TestEveryMutationEchoes shows that each mutation's payload repeats the
// clientMutationId of its input, when it is refused and when it is not.
func TestEveryMutationEchoes(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "own")
		for _, c := range w.revisions(t) {
			wrong := maps.Clone(c.input)
			maps.Copy(wrong, c.wrong)
			for _, refused := range []bool{true, false} {
				input, label := c.input, c.name
				if refused {
					input, label = wrong, c.name+" refused"
				}
				answer := w.echoed(t, c.name, with(input, "clientMutationId", label))
				if got := answer.Get("clientMutationId").String(); got != label {
					t.Errorf("%s: clientMutationId is %q", label, got)
				}
				if refused != (answer.Get("userErrors").Len() > 0) {
					t.Errorf("%s: %s", label, answer)
				}
			}
		}
	})
}

func (w *world) echoed(t *testing.T, name string, input apitest.Vars) apitest.Value {
	t.Helper()
	return run(t, w.api, w.Client, schema.Mutation, schema.Mutation.Fields.ForName(name),
		apitest.Vars{"input": input}, "clientMutationId userErrors { message }").Data.Get(name)
}

// TestEchoes shows that a payload repeats what the input of its own mutation said, in
// whatever way a document says it.
func TestEchoes(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		for _, c := range []struct {
			name, document string
			vars           apitest.Vars
			want           string
		}{
			{"a literal", `mutation { createBusiness(input: {name: "a", clientMutationId: "7"}) { clientMutationId } }`, nil,
				`{"createBusiness":{"clientMutationId":"7"}}`},
			{"a variable", `mutation ($label: String) { createBusiness(input: {name: "b", clientMutationId: $label}) { clientMutationId } }`,
				apitest.Vars{"label": "ä<\x00 8"},
				`{"createBusiness":{"clientMutationId":"ä\u003c\u0000 8"}}`},
			{"a variable with the whole input", `mutation ($input: CreateBusinessInput!) { createBusiness(input: $input) { clientMutationId } }`,
				apitest.Vars{"input": apitest.Vars{"name": "c", "clientMutationId": "9"}},
				`{"createBusiness":{"clientMutationId":"9"}}`},
			{"null", `mutation { createBusiness(input: {name: "d", clientMutationId: null}) { clientMutationId } }`, nil,
				`{"createBusiness":{"clientMutationId":null}}`},
			{"a variable that is not given", `mutation ($none: String) { createBusiness(input: {name: "e", clientMutationId: $none}) { clientMutationId } }`, nil,
				`{"createBusiness":{"clientMutationId":null}}`},
			{"nothing", `mutation { createBusiness(input: {name: "f"}) { clientMutationId } }`, nil,
				`{"createBusiness":{"clientMutationId":null}}`},
			{"an empty text", `mutation { createBusiness(input: {name: "g", clientMutationId: ""}) { clientMutationId } }`, nil,
				`{"createBusiness":{"clientMutationId":""}}`},
			{"two mutations, and aliases", `mutation {
				one: createBusiness(input: {name: "h", clientMutationId: "1"}) { ...Label }
				two: createBusiness(input: {name: "h", clientMutationId: "2"}) { ...Label }
			} fragment Label on CreateBusinessPayload { clientMutationId again: clientMutationId }`, nil,
				`{"one":{"again":"1","clientMutationId":"1"},"two":{"again":"2","clientMutationId":"2"}}`},
		} {
			t.Run(c.name, func(t *testing.T) {
				answer := ada.Must(t, c.document, c.vars)
				if got := answer.String(); got != c.want {
					t.Errorf("the answer is %s, want %s", got, c.want)
				}
			})
		}
	})
}

// TestLongEcho shows that a clientMutationId is bounded, for an answer may have it
// many times, and that the mutation is not made then.
func TestLongEcho(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		w := newWorld(t, api, "acme")
		before := w.revision(t)
		const rename = `mutation ($label: String, $id: ID!) {
			updateBusiness(input: {id: $id, name: "renamed", clientMutationId: $label}) { clientMutationId userErrors { message } }
		}`
		vars := apitest.Vars{"id": w.ids[id.Business][0], "label": strings.Repeat("ä", 301)}
		answer := w.Do(t, rename, vars)
		wantRefusal(t, answer, "BAD_USER_INPUT")
		if !strings.Contains(answer.Raw, "at most 300 characters") || w.revision(t) != before {
			t.Errorf("the answer is %s", answer.Raw)
		}
		vars["label"] = strings.Repeat("ä", 300)
		if got := w.Must(t, rename, vars).Get("updateBusiness.clientMutationId").String(); got != vars["label"] {
			t.Errorf("300 characters are echoed as %q", got)
		}
	})
}
