package sales_test

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/internal/id"
	"dealflow/internal/sales"
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
