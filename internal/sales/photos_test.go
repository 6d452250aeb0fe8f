package sales_test

import (
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/ent/lead"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

func TestUploadLeadPhoto(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		t.Run("for a lead to come", func(t *testing.T) {
			got := o.mustPhoto(t, nil)
			if got.Lead != nil || !o.hasPhoto(t, got.FileName) {
				t.Errorf("photo = %v", got)
			}
		})
		one := o.mustLead(t)
		t.Run("for a lead", func(t *testing.T) {
			first := o.mustPhoto(t, ptr(one.GlobalID()))
			second := o.mustPhoto(t, ptr(one.GlobalID()))
			if *second.Lead.Photo != second.FileName || *o.reload(t, one).Photo != second.FileName || second.Lead.Version != 3 {
				t.Errorf("photo = %v", second)
			}
			if o.hasPhoto(t, first.FileName) || !o.hasPhoto(t, second.FileName) {
				t.Error("the wrong file is left")
			}
			wantList(t, o.actions(t, one.ID)[1:], "PHOTO_CHANGED photo", "PHOTO_CHANGED photo")
		})
		t.Run("no image", func(t *testing.T) {
			_, err := o.UploadLeadPhoto(o.ctx, sales.UploadLeadPhotoInput{File: graphql.Upload{File: strings.NewReader("hello")}})
			wantErrors(t, err, "INVALID input.file: Invalid file: it is not a whole image; send a PNG, JPEG or WebP.")
		})
		t.Run("no such lead", func(t *testing.T) {
			before := o.files(t)
			_, err := o.UploadLeadPhoto(o.ctx, sales.UploadLeadPhotoInput{LeadID: ptr(id.Lead.Encode(id.New())), File: upload(t)})
			wantErrors(t, err, "NOT_FOUND input.leadId: Lead not found.")
			_, err = o.UploadLeadPhoto(o.ctx, sales.UploadLeadPhotoInput{LeadID: ptr(one.GlobalID()), ExpectedVersion: ptr(1), File: upload(t)})
			wantErrors(t, err, "CONFLICT input.expectedVersion: It has version 3 now, not 1. Read it again and repeat the change.")
			if o.files(t) != before {
				t.Error("the file of a photo that nobody has is still there")
			}
		})
	})
}

func TestDeleteLeadPhoto(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		remove := func(name string) (string, bool, error) {
			deleted, had, err := o.DeleteLeadPhoto(o.ctx, sales.DeleteLeadPhotoInput{FileName: name})
			return deleted, had != nil, err
		}
		const none = "NOT_FOUND input.fileName: Photo not found: uploadLeadPhoto answers the names of those that there are."
		t.Run("of a lead", func(t *testing.T) {
			one := o.mustLead(t)
			name := o.mustPhoto(t, ptr(one.GlobalID())).FileName
			deleted, had, err := remove(name)
			if deleted != name || !had || err != nil {
				t.Errorf("%q, %v, %v", deleted, had, err)
			}
			if o.hasPhoto(t, name) || o.reload(t, one).Photo != nil {
				t.Error("it is still there")
			}
			wantList(t, o.actions(t, one.ID)[1:], "PHOTO_CHANGED photo", "PHOTO_DELETED photo")
			_, _, err = remove(name)
			wantErrors(t, err, none)
		})
		t.Run("of nobody", func(t *testing.T) {
			name := o.mustPhoto(t, nil).FileName
			if deleted, had, err := remove(name); deleted != name || had || err != nil {
				t.Errorf("%q, %v, %v", deleted, had, err)
			}
		})
		t.Run("whose file is lost", func(t *testing.T) {
			one := o.mustLead(t)
			name := o.mustPhoto(t, ptr(one.GlobalID())).FileName
			if err := o.photos.Delete(o.ctx, o.viewer.OrganizationID, name); err != nil {
				t.Fatal(err)
			}
			if deleted, had, err := remove(name); deleted != name || !had || err != nil {
				t.Errorf("%q, %v, %v", deleted, had, err)
			}
		})
		t.Run("of another organization", func(t *testing.T) {
			other := o.mustOther(t, "Rival")
			theirs := other.mustLead(t)
			name := other.mustPhoto(t, ptr(theirs.GlobalID())).FileName
			_, _, err := remove(name)
			wantErrors(t, err, none)
			if !other.hasPhoto(t, name) || other.reload(t, theirs).Photo == nil {
				t.Error("it is gone")
			}
		})
		t.Run("of a bad name", func(t *testing.T) {
			_, _, err := remove("../x.png")
			wantErrors(t, err, none)
			_, _, err = remove("x\x00")
			wantErrors(t, err, "INVALID input.fileName: The fileName field holds bytes that are not text.")
		})
	})
}

// TestUpdateLeadLocksForNewPhotos expects a form that sends back the photo of its
// lead to keep nobody in the organization waiting.
func TestUpdateLeadLocksForNewPhotos(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		first, second := o.mustPhoto(t, nil).FileName, o.mustPhoto(t, nil).FileName
		one := o.mustLead(t, withPhoto(first))
		for _, step := range []struct {
			name  string
			photo graphql.Omittable[*string]
			locks bool
		}{
			{"the same", set(first), false},
			{"another", set(second), true},
			{"empty", set(""), false},
			{"a new one", set(o.mustPhoto(t, nil).FileName), true},
			{"none", null[string](), false},
		} {
			ctx, counter := store.RecordStatements(o.ctx)
			got := must(o.UpdateLead(ctx, sales.UpdateLeadInput{ID: one.GlobalID(), Photo: step.photo}))(t)
			// What a lead loses is deleted in a transaction of its own, after.
			change, _, _ := strings.Cut(strings.Join(counter.Statements(), "\n"), "INSERT")
			if strings.Contains(change, "organizations") != step.locks {
				t.Errorf("%s: locked = %v\n%s", step.name, !step.locks, change)
			}
			if want := step.photo.Value(); want != nil && *want != "" && (got.Photo == nil || *got.Photo != *want) {
				t.Errorf("%s: photo = %v", step.name, got.Photo)
			}
		}
	})
}

// TestUpdateLeadBesideAnother has a lead's photo taken away once an update that
// sends it back has looked, and before it locks the lead: so it does give the lead
// a photo, and has to lock that. SQLite, where changes run one by one, has no such
// moment.
func TestUpdateLeadBesideAnother(t *testing.T) {
	o := mustOffice(t, storetest.Postgres(t))
	name := o.mustPhoto(t, nil).FileName
	one := o.mustLead(t, withPhoto(name))
	tx := must(o.store.Client.Tx(o.ctx))(t)
	defer func() { _ = tx.Rollback() }()
	if err := tx.Lead.Update().Where(lead.ID(one.ID)).ClearPhoto().Exec(o.ctx); err != nil {
		t.Fatal(err)
	}
	ctx, counter := store.RecordStatements(o.ctx)
	updated := make(chan error)
	go func() {
		_, err := o.UpdateLead(ctx, sales.UpdateLeadInput{ID: one.GlobalID(), Photo: set(name)})
		updated <- err
	}()
	const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	end := time.Now().Add(time.Minute)
	for waits := false; !waits; time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatal("the update waits for nothing")
		}
		rows := must(o.store.Client.QueryContext(store.System(o.ctx), waiting))(t)
		waits = rows.Next()
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-updated; err != nil {
		t.Fatal(err)
	}
	if got := o.reload(t, one).Photo; got == nil || *got != name {
		t.Errorf("photo = %v", got)
	}
	if all := strings.Join(counter.Statements(), "\n"); !strings.Contains(all, `FROM "organizations"`) {
		t.Errorf("the photo was not locked:\n%s", all)
	}
}
