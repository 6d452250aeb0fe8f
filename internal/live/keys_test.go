package live_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"dealflow/internal/apitest"
	"dealflow/internal/auth"
	"dealflow/internal/sales"
)

// watchBy is a subscription by the id of its document.
func watchBy(id string, b board) map[string]any {
	return map[string]any{"variables": apitest.Vars{"board": b.pipeline}, "extensions": map[string]any{"documentId": id}}
}

// streamBy opens an event stream by the id of a document.
func streamBy(t *testing.T, api *apitest.API, as *apitest.Client, id string, b board) *events {
	t.Helper()
	body, err := json.Marshal(watchBy(id, b))
	if err != nil {
		t.Fatal(err)
	}
	r := request(t, "POST", api.URL+"/graphql", as, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	return open(t, r)
}

// TestRevokedKey shows that what a key has opened is closed soon after it was
// revoked, and that other keys go on.
func TestRevokedKey(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		ada.Publish(t, "erp", map[string]string{"watch": strings.Replace(watchMoves, "subscription", "subscription Watch", 1)})
		gone, key := ada.Key(t, "erp", auth.ViewSalesPipelines)
		stays, _ := ada.Key(t, "erp", auth.ViewSalesPipelines)
		var sockets []*wire
		for _, client := range []*apitest.Client{gone, gone, stays} {
			w := connect(t, api, client)
			w.send(map[string]any{"id": "1", "type": "subscribe", "payload": watchBy("watch", b)})
			sockets = append(sockets, w)
		}
		ended, goesOn := streamBy(t, api, gone, "watch", b), streamBy(t, api, stays, "watch", b)
		until(t, "five subscriptions", func() bool { return api.Metric(t, "dealflow_live_subscriptions") == 5 })

		start := time.Now()
		ada.Must(t, `mutation ($id: ID!) { revokeApiKey(input: {id: $id}) { apiKey { revokedAt } userErrors { message } } }`,
			apitest.Vars{"id": key.GlobalID()})
		for _, w := range sockets[:2] {
			if why := w.closed(); why.Code != 4403 || why.Reason != "Forbidden: the API key was revoked" {
				t.Errorf("closed with %d %q", why.Code, why.Reason)
			}
		}
		if kind, data := ended.next(); kind != "next" || data.Get("errors.0.extensions.code").String() != "UNAUTHENTICATED" {
			t.Errorf("the stream ends with %s %s", kind, data)
		}
		if kind, _ := ended.next(); kind != "complete" {
			t.Errorf("and then %s", kind)
		}
		if took := time.Since(start); took > 3*time.Second { // a second, and a slow machine's share
			t.Errorf("it took %s", took)
		}
		b.move(t, ada, b.there)
		if moved := sockets[2].next("stageMoved"); moved["cardId"] != b.deal {
			t.Errorf("the other key gets %v", moved)
		}
		if _, data := goesOn.next(); data.Get("data.stageMoved.cardId").String() != b.deal {
			t.Errorf("the other key's stream has %s", data)
		}
	})
}

// TestExpiredKey shows that a key's connections end when the key does.
func TestExpiredKey(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		ada := api.Organization(t, "acme")
		b := newBoard(t, ada)
		ada.Publish(t, "erp", map[string]string{"watch": strings.Replace(watchMoves, "subscription", "subscription Watch", 1)})
		end := api.Clock.Now().Add(time.Second)
		made, err := api.Sales.CreateAPIKey(ada.Context, sales.CreateAPIKeyInput{
			Name: "x", Client: "erp", Permissions: []auth.Permission{auth.ViewSalesPipelines}, ExpiresAt: &end,
		})
		if err != nil {
			t.Fatal(err)
		}
		partner := *ada
		partner.Token = made.Secret
		w, s := connect(t, api, &partner), streamBy(t, api, &partner, "watch", b)
		if why := w.closed(); why.Code != 4403 || why.Reason != "Forbidden: the API key has expired" {
			t.Errorf("closed with %d %q", why.Code, why.Reason)
		}
		if kind, data := s.next(); kind != "next" || data.Get("errors.0.extensions.code").String() != "UNAUTHENTICATED" {
			t.Errorf("the stream ends with %s %s", kind, data)
		}
		api.Clock.Advance(time.Second)
		again := dial(t, api)
		again.send(map[string]any{"type": "connection_init", "payload": map[string]any{"token": made.Secret}})
		if why := again.closed(); why.Code != 4403 || !strings.Contains(why.Reason, "has expired") {
			t.Errorf("a new socket is closed with %d %q", why.Code, why.Reason)
		}
	})
}
