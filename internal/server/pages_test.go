package server

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"testing"

	"dealflow"
	"dealflow/internal/auth"
)

func TestSchema(t *testing.T) {
	w := mustServe(t)
	a := w.send(w.request(http.MethodGet, "/schema.graphql", nil))
	if a.status != http.StatusOK || a.body != dealflow.Schema() {
		t.Errorf("status %d, %d bytes", a.status, len(a.body))
	}
	if got := a.header.Get("Content-Type"); got != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
	again := w.send(w.request(http.MethodGet, "/schema.graphql", nil, "If-None-Match", a.header.Get("ETag")))
	if again.status != http.StatusNotModified {
		t.Errorf("status %d, want 304", again.status)
	}
}

// TestPlaygroundConfig has everything that anybody who reaches the server, by
// whatever proxy, learns without a token.
func TestPlaygroundConfig(t *testing.T) {
	w := mustServe(t)
	a := w.send(w.request(http.MethodGet, "/playground.json", nil))
	if a.body != `{"endpoint":"/graphql"}`+"\n" {
		t.Errorf("body %q", a.body)
	}
}

// partner makes a token's viewer one who may do just that.
func partner(p auth.Permission) func(*auth.Viewer) {
	return func(v *auth.Viewer) { v.Role, v.Permissions = auth.RolePartner, auth.PermissionsOf(p) }
}

func TestPhotos(t *testing.T) {
	w := mustServe(t)
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewRGBA(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	name, err := w.photos.Save(t.Context(), w.organization.ID, &file)
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		path, token string
		status      int
	}{
		"Link":       {w.links.URL(w.organization.ID, name), "", http.StatusOK},
		"Token":      {"/photos/" + name, w.token(), http.StatusOK},
		"ViewLeads":  {"/photos/" + name, w.token(partner(auth.ViewLeads)), http.StatusOK},
		"NoLeads":    {"/photos/" + name, w.token(partner(auth.ViewSalesPipelines)), http.StatusNotFound},
		"NoToken":    {"/photos/" + name, "", http.StatusNotFound},
		"WrongToken": {"/photos/" + name, "x", http.StatusNotFound},
	} {
		t.Run(what, func(t *testing.T) {
			r := w.request(http.MethodGet, test.path, nil)
			if test.token != "" {
				r.Header.Set("Authorization", "Bearer "+test.token)
			}
			a := w.send(r)
			if a.status != test.status {
				t.Errorf("status %d, want %d", a.status, test.status)
			}
			if a.status == http.StatusOK && a.header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
				t.Errorf("pages of other origins cannot show it: %v", a.header)
			}
		})
	}
}
