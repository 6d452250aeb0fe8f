package sales_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/stagestay"
	"dealflow/internal/auth"
	"dealflow/internal/photo"
	"dealflow/internal/sales"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// office is an organization with somebody who works in it.
type office struct {
	*sales.Sales
	store  *store.Store
	photos *photo.Store
	dir    string // where the photos' files are
	clock  *time.Time
	viewer auth.Viewer
	ctx    context.Context
}

// start is when tests take place: a Wednesday.
var start = time.Date(2026, time.March, 18, 9, 30, 0, 0, time.UTC)

// eachOffice runs a test on a new office in each database.
func eachOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Store) { test(t, mustOffice(t, s)) })
}

func mustOffice(tb testing.TB, s *store.Store) *office {
	tb.Helper()
	dir := tb.TempDir()
	photos, err := photo.Open(context.Background(), "file://"+dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { photos.Close() })
	now := start
	o := &office{store: s, photos: photos, dir: dir, clock: &now}
	o.Sales = sales.New(s, photos, func() time.Time { return *o.clock })
	return o.mustOther(tb, "Acme")
}

// mustOther is another organization beside an office's.
func (o *office) mustOther(tb testing.TB, name string) *office {
	tb.Helper()
	organization, err := o.CreateOrganization(context.Background(), name, "USD")
	if err != nil {
		tb.Fatal(err)
	}
	other := *o
	other.viewer = auth.Viewer{OrganizationID: organization.ID}
	return other.mustColleague(tb, "ada", auth.RoleAdmin)
}

// mustColleague is the same office, seen by another user.
func (o *office) mustColleague(tb testing.TB, subject string, role auth.Role) *office {
	tb.Helper()
	viewer := auth.Viewer{OrganizationID: o.viewer.OrganizationID, Subject: subject, Role: role, Permissions: role.Permissions()}
	user, err := o.EnsureUser(context.Background(), viewer)
	if err != nil {
		tb.Fatal(err)
	}
	viewer.UserID = user.ID
	other := *o
	other.viewer, other.ctx = viewer, auth.WithViewer(context.Background(), viewer)
	return &other
}

// later lets time pass.
func (o *office) later(d time.Duration) { *o.clock = o.clock.Add(d) }

// must(f())(t) is what f answers, with no error.
func must[T any](value T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return value
	}
}

// mustLead makes a lead, changed by the given functions before.
func (o *office) mustLead(tb testing.TB, shape ...func(*sales.CreateLeadInput)) *ent.Lead {
	tb.Helper()
	input := sales.CreateLeadInput{FirstName: "Grace", LastName: "Hopper", State: lead.StateACTIVE}
	for _, fn := range shape {
		fn(&input)
	}
	return must(o.CreateLead(o.ctx, input))(tb)
}

// inStage puts a new lead into a stage.
func inStage(stage *ent.Stage) func(*sales.CreateLeadInput) {
	return func(input *sales.CreateLeadInput) { input.StageID = ptr(stage.GlobalID()) }
}

func withEmail(email string) func(*sales.CreateLeadInput) {
	return func(input *sales.CreateLeadInput) { input.Email = &email }
}

func withPhoto(name string) func(*sales.CreateLeadInput) {
	return func(input *sales.CreateLeadInput) { input.Photo = &name }
}

func withStatus(status *ent.LeadStatus) func(*sales.CreateLeadInput) {
	return func(input *sales.CreateLeadInput) { input.StatusID = ptr(status.GlobalID()) }
}

// mustStage makes a stage in a pipeline of its own.
func (o *office) mustStage(tb testing.TB, name string) *ent.Stage {
	tb.Helper()
	board := must(o.CreatePipeline(o.ctx, sales.CreatePipelineInput{Name: "Board of " + name}))(tb)
	stage, _, err := o.CreateStage(o.ctx, sales.CreateStageInput{Name: name, PipelineID: ptr(board.GlobalID())})
	if err != nil {
		tb.Fatal(err)
	}
	return stage
}

// mustStatuses are the lead statuses, in their order, which has no gaps.
func (o *office) mustStatuses(tb testing.TB) []*ent.LeadStatus {
	tb.Helper()
	statuses := must(o.store.Client.LeadStatus.Query().Order(leadstatus.ByPosition()).All(o.ctx))(tb)
	for i, status := range statuses {
		if status.Position != i {
			tb.Errorf("%s is in the place %d, not %d", status.Name, status.Position, i)
		}
	}
	return statuses
}

// mustPhoto uploads a photo.
func (o *office) mustPhoto(tb testing.TB, leadID *string) *sales.UploadedPhoto {
	tb.Helper()
	return must(o.UploadLeadPhoto(o.ctx, sales.UploadLeadPhotoInput{LeadID: leadID, File: upload(tb)}))(tb)
}

// upload is a small image.
func upload(tb testing.TB) graphql.Upload {
	tb.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		tb.Fatal(err)
	}
	return graphql.Upload{File: bytes.NewReader(b.Bytes()), Filename: "photo.png", Size: int64(b.Len())}
}

func (o *office) hasPhoto(tb testing.TB, name string) bool {
	tb.Helper()
	return must(o.photos.Exists(o.ctx, o.viewer.OrganizationID, name))(tb)
}

// files is how many files of photos there are.
func (o *office) files(tb testing.TB) int {
	tb.Helper()
	return len(must(filepath.Glob(filepath.Join(o.dir, "*", "*")))(tb))
}

// actions are what was done to an entity, and to which fields, the oldest first.
func (o *office) actions(tb testing.TB, entity uuid.UUID) []string {
	tb.Helper()
	all := must(o.store.Client.Activity.Query().
		Where(activity.EntityID(entity)).
		Order(activity.ByCreatedAt(), activity.ByID()).
		All(o.ctx))(tb)
	actions := make([]string, len(all))
	for i, one := range all {
		actions[i] = string(one.Action)
		for _, change := range one.Changes {
			actions[i] += " " + change.Field
		}
	}
	return actions
}

// stays are the names of the stages that a lead has been in, with a "…" after
// the one that it still is in.
func (o *office) stays(tb testing.TB, of *ent.Lead) []string {
	tb.Helper()
	all := must(o.store.Client.StageStay.Query().
		Where(stagestay.LeadID(of.ID)).
		Order(stagestay.ByEnteredAt(), stagestay.ByID()).
		All(o.ctx))(tb)
	names := make([]string, len(all))
	for i, stay := range all {
		names[i] = stay.StageName
		if stay.LeftAt == nil {
			names[i] += "…"
		}
	}
	return names
}

// reload is a lead as it is in the database.
func (o *office) reload(tb testing.TB, l *ent.Lead) *ent.Lead {
	tb.Helper()
	return must(o.store.Client.Lead.Query().Where(lead.ID(l.ID)).WithBusinesses().Only(o.ctx))(tb)
}

// wantErrors expects user errors: each a code, the end of its path, and its message.
func wantErrors(tb testing.TB, err error, want ...string) {
	tb.Helper()
	var all sales.Errors
	if !errors.As(err, &all) {
		tb.Fatalf("error %v is none of the request's", err)
	}
	var got []string
	for _, one := range all {
		input := inputOf(one)
		got = append(got, string(input.Code)+" "+strings.Join(input.Path, ".")+": "+input.Message)
	}
	if !slices.Equal(got, want) {
		tb.Errorf("errors:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func inputOf(one sales.UserError) sales.InputError {
	switch e := one.(type) {
	case sales.InputError:
		return e
	case sales.ConflictError:
		return e.InputError
	case sales.BlockedError:
		return e.InputError
	default:
		return sales.InputError{Message: one.Error()}
	}
}

func wantList(tb testing.TB, got []string, want ...string) {
	tb.Helper()
	if !slices.Equal(got, want) {
		tb.Errorf("got  %q\nwant %q", got, want)
	}
}

func ptr[T any](value T) *T { return &value }

func set[T any](value T) graphql.Omittable[*T] { return graphql.OmittableOf(&value) }

func null[T any]() graphql.Omittable[*T] { return graphql.OmittableOf[*T](nil) }
