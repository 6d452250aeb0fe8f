package graph_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/internal/apitest"
	"dealflow/internal/sales"
)

// album is the photos of an organization, as clients see them and as they lie in
// the bucket.
type album struct {
	*apitest.Client
	api *apitest.API
}

func newAlbum(t testing.TB, api *apitest.API) *album {
	t.Helper()
	return &album{api.Organization(t, "acme"), api}
}

// try runs a mutation that may be refused, but not fail.
func (a *album) try(t testing.TB, mutation, selection string, input apitest.Vars) apitest.Value {
	t.Helper()
	answer := run(t, a.api, a.Client, schema.Mutation, schema.Mutation.Fields.ForName(mutation),
		apitest.Vars{"input": input}, selection+" userErrors { code message }")
	if len(answer.Errors) > 0 {
		t.Errorf("%s of %v failed: %s", mutation, input, answer.Raw)
	}
	return answer.Data.Get(mutation)
}

// must runs a mutation that is not to be refused.
func (a *album) must(t testing.TB, mutation, selection string, input apitest.Vars) apitest.Value {
	t.Helper()
	value := a.try(t, mutation, selection, input)
	if problems := value.Get("userErrors"); problems.Len() > 0 {
		t.Fatalf("%s of %v: %v", mutation, input, problems)
	}
	return value
}

// upload is the name of a new photo, which no lead has.
func (a *album) upload(t testing.TB) string {
	t.Helper()
	return a.must(t, "uploadLeadPhoto", "fileName", apitest.Vars{"file": picture(t)}).Get("fileName").String()
}

// lead is the id of a new lead with a photo.
func (a *album) lead(t testing.TB, photo string) string {
	t.Helper()
	return a.must(t, "createLead", "lead { id }", apitest.Vars{"firstName": "Ada", "photo": photo}).Get("lead.id").String()
}

// file is where a photo lies.
func (a *album) file(name string) string {
	return filepath.Join(a.api.PhotoDir, a.Organization.ID.String(), name)
}

// files are the names of the photos in the bucket.
func (a *album) files(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir(a.file(""))
	must(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// status is the HTTP status of what a link leads to.
func (a *album) status(t testing.TB, link string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.api.URL+link, nil)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	response.Body.Close()
	return response.StatusCode
}

// check expects that each photo of a lead can be had, and that there are no
// other files.
func (a *album) check(t testing.TB) {
	t.Helper()
	var names []string
	for _, lead := range a.Must(t, `{ leads(first: 500) { nodes { id photo photoUrl } } }`, nil).Get("leads.nodes").List() {
		if lead.Get("photo").IsNull() {
			continue
		}
		names = append(names, lead.Get("photo").String())
		if status := a.status(t, lead.Get("photoUrl").String()); status != http.StatusOK {
			t.Errorf("the photo %s of %s answers %d", lead.Get("photo"), lead.Get("id"), status)
		}
	}
	slices.Sort(names)
	if files := a.files(t); !slices.Equal(files, slices.Compact(names)) {
		t.Errorf("the leads' photos are\n%s\nand the files are\n%s", strings.Join(names, "\n"), strings.Join(files, "\n"))
	}
}

// prune deletes the photos that no lead has, whatever their age, and answers the
// names that it reports.
func (a *album) prune(t testing.TB) (sales.PrunedPhotos, []string) {
	t.Helper()
	var reported []string
	done, err := a.api.Sales.PrunePhotos(t.Context(), sales.PrunePhotosInput{
		// Files have the time of the machine, not of the API's clock.
		OlderThan: -time.Since(a.api.Clock.Now()).Abs() - time.Hour,
		Progress:  func(int) {},
		Report: func(_ uuid.UUID, name string, err error) {
			reported = append(reported, fmt.Sprint(name, " ", err))
		},
	})
	if err != nil {
		t.Error(err)
	}
	return done, reported
}

// TestPhotosAndLeadsAgree gives photos to leads and takes them away at the same
// time. Whoever comes first, no lead is left with a photo whose file is gone, and
// no file without a lead.
func TestPhotosAndLeadsAgree(t *testing.T) {
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		a := newAlbum(t, api)
		bob := a.must(t, "createLead", "lead { id }", apitest.Vars{"firstName": "Bob"}).Get("lead.id").String()
		for round := range 40 {
			name := a.upload(t)
			var drop func()
			switch round % 4 {
			case 0:
				drop = func() { a.try(t, "deleteLeadPhoto", "deletedFileName", apitest.Vars{"fileName": name}) }
			case 1:
				ada := a.lead(t, name)
				drop = func() { a.try(t, "updateLead", "lead { id }", apitest.Vars{"id": ada, "photo": nil}) }
			case 2:
				ada := a.lead(t, name)
				drop = func() { a.try(t, "deleteLeads", "deletedLeadIds", apitest.Vars{"ids": []string{ada}}) }
			case 3:
				drop = func() { a.prune(t) }
			}
			var all sync.WaitGroup
			all.Go(func() { a.try(t, "createLead", "lead { id }", apitest.Vars{"firstName": "Eve", "photo": name}) })
			all.Go(func() { a.try(t, "updateLead", "lead { id }", apitest.Vars{"id": bob, "photo": name}) })
			all.Go(drop)
			all.Wait()
		}
		a.check(t)
	})
}

// TestPhotoThatCannotBeDeleted expects changes to be made although the files of
// photos that they drop cannot be deleted, and these to go later.
func TestPhotoThatCannotBeDeleted(t *testing.T) {
	changes := map[string]func(t *testing.T, a *album, lead, photo string){
		"deleteLeadPhoto": func(t *testing.T, a *album, lead, photo string) {
			got := a.must(t, "deleteLeadPhoto", "deletedFileName lead { id photo }", apitest.Vars{"fileName": photo})
			if got.Get("deletedFileName").String() != photo || got.Get("lead.id").String() != lead || !got.Get("lead.photo").IsNull() {
				t.Errorf("answer = %v", got)
			}
		},
		"updateLead": func(t *testing.T, a *album, lead, _ string) {
			a.must(t, "updateLead", "lead { id }", apitest.Vars{"id": lead, "photo": nil})
		},
		"deleteLeads": func(t *testing.T, a *album, lead, _ string) {
			a.must(t, "deleteLeads", "deletedLeadIds", apitest.Vars{"ids": []string{lead}})
		},
		"uploadLeadPhoto": func(t *testing.T, a *album, lead, _ string) {
			a.must(t, "uploadLeadPhoto", "fileName", apitest.Vars{"leadId": lead, "file": picture(t)})
		},
	}
	apitest.Each(t, func(t *testing.T, api *apitest.API) {
		a := newAlbum(t, api)
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				photo := a.upload(t)
				lead := a.lead(t, photo)
				log, restore := mustLog(t), mustObstruct(t, a.file(photo))
				change(t, a, lead, photo)
				if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, photo) || !strings.Contains(text, a.Organization.GlobalID()) {
					t.Errorf("the log is %q", text)
				}
				restore()
				if done, names := a.prune(t); done.Deleted != 1 || !slices.Equal(names, []string{photo + " <nil>"}) {
					t.Errorf("pruned %+v, %q", done, names)
				}
				a.check(t)
			})
		}
		t.Run("that no lead has", func(t *testing.T) {
			photo := a.upload(t)
			mustObstruct(t, a.file(photo))
			// Nothing is done, and the client is told so.
			answer := a.Do(t, `mutation($name: String!) { deleteLeadPhoto(input: {fileName: $name}) { deletedFileName } }`, apitest.Vars{"name": photo})
			if len(answer.Errors) != 1 || answer.Errors[0].Code() != "INTERNAL" {
				t.Errorf("answer = %s", answer.Raw)
			}
		})
	})
}

// mustObstruct keeps a file from being deleted, even by root, until the function
// that it returns puts it back.
func mustObstruct(t *testing.T, path string) func() {
	t.Helper()
	must(t, os.Rename(path, path+"~"))
	must(t, os.MkdirAll(filepath.Join(path, "inside"), 0o700))
	return func() {
		t.Helper()
		must(t, os.RemoveAll(path))
		must(t, os.Rename(path+"~", path))
	}
}

// mustLog is what goes to the standard log until the test ends.
func mustLog(t *testing.T) *bytes.Buffer {
	t.Helper()
	var text bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &text
}
