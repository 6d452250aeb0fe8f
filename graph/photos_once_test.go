package graph_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"dealflow/internal/apitest"
	"dealflow/internal/once"
	"dealflow/internal/store"
)

// Files take no part in the transaction of a request with an Idempotency-Key: they
// go when it is committed, and not when it comes to nothing.

// keyed is the album of a client whose requests have a key.
func (a *album) keyed(key string) *album { return &album{a.With(once.Header, key), a.api} }

func TestUploadOnce(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		a := newAlbum(t, api)
		lead := a.lead(t, a.upload(t))
		field := schema.Mutation.Fields.ForName("uploadLeadPhoto")
		send := func(key string, file upload) apitest.Response {
			return run(t, a.api, a.keyed(key).Client, schema.Mutation, field,
				apitest.Vars{"input": apitest.Vars{"leadId": lead, "file": file}}, "fileName lead { photoUrl version } userErrors { message }")
		}
		first := send("key", picture(t))
		again := send("key", picture(t))
		if first.Raw != again.Raw || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the retry got %s after %s", again.Raw, first.Raw)
		}
		name := first.Data.Get("uploadLeadPhoto.fileName").String()
		if files := a.files(t); !slices.Equal(files, []string{name}) {
			t.Errorf("the files are %v, want the one of %s", files, first.Raw)
		}
		if other := send("key", upload("another file")); other.Status != http.StatusUnprocessableEntity {
			t.Errorf("with another file it is answered %d %s", other.Status, other.Raw)
		}
	})
}

func TestDeletePhotosOnce(t *testing.T) {
	const document = `mutation ($lead: ID!, $name: String!, $content: String!) {
		updateLead(input: {id: $lead, photo: null}) { lead { photoUrl } userErrors { code } }
		deleteLeadPhoto(input: {fileName: $name}) { deletedFileName userErrors { code } }
		gone: deleteLeadPhoto(input: {fileName: "nobodys.png"}) { deletedFileName userErrors { code } }
		addComment(input: {subjectId: $lead, content: $content}) { comment { content } userErrors { code } } }`
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		a := newAlbum(t, api)
		name := a.upload(t)
		vars := apitest.Vars{"lead": a.lead(t, name), "name": name, "content": "bye"}
		exec := func(query string) {
			_, err := a.api.Store.Client.ExecContext(store.System(context.Background()), query)
			must(t, err)
		}
		exec("ALTER TABLE comments RENAME TO elsewhere")
		if got := a.keyed("key").Do(t, document, vars); got.Status != http.StatusInternalServerError || !got.Data.IsNull() {
			t.Errorf("it is answered %s", got.Raw)
		}
		if files := a.files(t); !slices.Equal(files, []string{name}) {
			t.Errorf("the files are %v after what came to nothing", files)
		}
		exec("ALTER TABLE elsewhere RENAME TO comments")
		want := `{"data":{"updateLead":{"lead":{"photoUrl":null},"userErrors":[]},` +
			`"deleteLeadPhoto":{"deletedFileName":"` + name + `","userErrors":[]},` +
			`"gone":{"deletedFileName":null,"userErrors":[{"code":"NOT_FOUND"}]},` +
			`"addComment":{"comment":{"content":"bye"},"userErrors":[]}}}`
		for range 2 {
			if got := a.keyed("key").Do(t, document, vars); apitest.WithoutCost(got.Raw) != want {
				t.Errorf("it is answered\n%s\nwant\n%s", got.Raw, want)
			}
			if files := a.files(t); len(files) > 0 {
				t.Errorf("the files are %v", files)
			}
		}
	})
}
