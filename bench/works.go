package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"dealflow/bench/fill"
	"dealflow/bench/queries"
)

// work is what is asked for.
type work struct {
	name string
	// query begins the body of a request to the server, up to the variables.
	query []byte
	// field is in each answer, so often.
	field []byte
	times int
}

// works are those with some names, of data of a shape.
func newWorks(names []string, shape fill.Shape) ([]work, error) {
	// The cards are spread evenly, and a page has at most so many.
	leads := func(page int) (sum int) {
		for stage := range fill.Stages {
			sum += min(page, (shape.Leads+fill.Stages-1-stage)/fill.Stages)
		}
		return sum
	}
	expected := map[string]work{
		"w1": {field: []byte(`"email":`), times: leads(50)},
		"w2": {field: []byte(`"email":`), times: leads(500)},
		"w3": {field: []byte(`"dealsSum":`), times: fill.Pipelines * fill.Stages},
		"w4": {field: []byte(`"body":`), times: min(10, shape.Comments)},
		"w5": {field: []byte(`"stage":`), times: 1},
	}
	var all []work
	for _, name := range names {
		document, err := queries.Document(name)
		if err != nil {
			return nil, err
		}
		one := expected[name]
		text, err := json.Marshal(strings.Join(strings.Fields(document), " "))
		if err != nil {
			return nil, err
		}
		one.name, one.query = name, fmt.Appendf(nil, `{"query":%s,"variables":{`, text)
		all = append(all, one)
	}
	return all, nil
}

// ask is one request: what it is about, as the API's ids.
type ask struct {
	tenant    int
	id, stage string
}

// pick picks what a request of a work is about.
func (w *work) pick(data *fill.Data, random *rand.Rand) ask {
	switch w.name {
	case "w1", "w2":
		p := data.Pipelines[random.IntN(len(data.Pipelines))]
		return ask{tenant: p.Tenant, id: p.ID}
	case "w3":
		tenant := random.IntN(len(data.Tenants))
		return ask{tenant: tenant, id: data.Tenants[tenant].ID}
	case "w4":
		l := data.Leads[random.IntN(len(data.Leads))]
		return ask{tenant: l.Tenant, id: l.ID}
	default:
		d := data.Deals[random.IntN(len(data.Deals))]
		p := data.Pipelines[d.Pipeline]
		return ask{tenant: p.Tenant, id: d.ID, stage: p.Stages[random.IntN(len(p.Stages))]}
	}
}

// check says what is wrong with an answer: nobody is quick by doing nothing.
func (w *work) check(a ask, status int, answer []byte) error {
	named := a.id
	switch w.name {
	case "w3":
		named = "" // the organization's is not in it
	case "w5":
		named = a.stage
	}
	switch n := bytes.Count(answer, w.field); {
	case status != 200, !bytes.HasPrefix(answer, []byte(`{"data":{`)), bytes.Contains(answer, []byte(`"errors":`)),
		bytes.Contains(answer, []byte(`"userErrors":[{`)):
		return fmt.Errorf("%s: status %d: %.300s", w.name, status, answer)
	case n != w.times:
		return fmt.Errorf("%s: %s came %d times, not %d: %.300s", w.name, w.field, n, w.times, answer)
	case !bytes.Contains(answer, []byte(named)):
		return fmt.Errorf("%s: %s was asked for: %.300s", w.name, named, answer)
	}
	return nil
}

// target is a process that is measured.
type target struct {
	name string
	pid  int
	host string
	// only is the work that it is asked for, if not for all.
	only string
	// request appends a request, as HTTP has it.
	request func(b []byte, w *work, a ask) []byte
}

// toServer are requests to the server.
func toServer(host string, data *fill.Data) func([]byte, *work, ask) []byte {
	return func(b []byte, w *work, a ask) []byte {
		variables := ""
		switch w.name {
		case "w3":
		case "w5":
			variables = `"id":"` + a.id + `","stageId":"` + a.stage + `"`
		default:
			variables = `"id":"` + a.id + `"`
		}
		const end = `}}`
		b = fmt.Appendf(b, "POST /graphql HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n"+
			"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: %d\r\n\r\n",
			host, data.Tenants[a.tenant].Token, len(w.query)+len(variables)+len(end))
		return append(append(append(b, w.query...), variables...), end...)
	}
}

// toFloor are requests to the floor, of which moves write so many rows: "all" or "one".
func toFloor(host, rows string) func([]byte, *work, ask) []byte {
	return func(b []byte, w *work, a ask) []byte {
		if w.name == "w5" {
			return fmt.Appendf(b, "POST /floor/w5?id=%s&stageId=%s&rows="+rows+" HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", a.id, a.stage, host)
		}
		return fmt.Appendf(b, "GET /floor/%s?id=%s HTTP/1.1\r\nHost: %s\r\n\r\n", w.name, a.id, host)
	}
}
