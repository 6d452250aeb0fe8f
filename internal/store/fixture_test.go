package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/document"
	"dealflow/ent/event"
	"dealflow/ent/leadstatus"
	"dealflow/internal/auth"
	"dealflow/internal/store"
)

// now is the time of every row here.
var now = time.Date(2026, 11, 5, 12, 0, 0, 123456000, time.UTC)

// tenant is an organization with one row of every kind.
type tenant struct {
	ctx  context.Context // of a viewer in the organization
	rows map[string]uuid.UUID

	organization *ent.Organization
	user         *ent.User
	pipeline     *ent.Pipeline
	stage        *ent.Stage
	contact      *ent.Contact
	deal         *ent.Deal
	status       *ent.LeadStatus
	business     *ent.Business
	lead         *ent.Lead
	comment      *ent.Comment
	activity     *ent.Activity
	stay         *ent.StageStay
}

// newTenant fills an organization. Nothing but the organization itself is told
// where it belongs: that is the store's to know.
func newTenant(t *testing.T, s *store.Store, name string) *tenant {
	t.Helper()
	db := s.Client
	o := db.Organization.Create().SetName(name).SetCreatedAt(now).SetUpdatedAt(now).
		SaveX(store.System(t.Context()))
	ctx := auth.WithViewer(t.Context(), auth.Viewer{OrganizationID: o.ID})
	n := &tenant{ctx: ctx, organization: o}
	n.user = db.User.Create().SetSubject("ada").SetName("Ada").SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.pipeline = db.Pipeline.Create().SetName("Sales").SetIsDefault(true).
		SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.stage = db.Stage.Create().SetPipeline(n.pipeline).SetName("New").SetPosition(0).SetProbability(0.1).
		SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.contact = db.Contact.Create().SetName("Grace").SetEmail("grace@example.com").
		SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.deal = newDeal(n, db, "Bridge").SetContact(n.contact).SetExternalID("d1").SaveX(ctx)
	n.status = db.LeadStatus.Create().SetName("Hot").SetNameKey("hot").SetPrimaryColor(leadstatus.PrimaryColorRED).
		SetPosition(0).SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.business = db.Business.Create().SetName("Navy").SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.lead = db.Lead.Create().SetFirstName("Grace").SetEmail("grace@example.com").SetStatus(n.status).
		SetStage(n.stage).SetRank("a").SetStageEnteredAt(now).AddBusinesses(n.business).SetCreatedBy(n.user).
		SetSearchText("grace hopper").SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.comment = db.Comment.Create().SetLead(n.lead).SetAuthor(n.user).SetContent("Hello").
		SetCreatedAt(now).SetUpdatedAt(now).SaveX(ctx)
	n.activity = db.Activity.Create().SetAction(activity.ActionCREATED).SetEntityType(activity.EntityTypeLEAD).
		SetEntityID(n.lead.ID).SetUser(n.user).SetCreatedAt(now).SaveX(ctx)
	n.stay = db.StageStay.Create().SetLead(n.lead).SetStage(n.stage).SetStageName("New").SetEnteredAt(now).SaveX(ctx)
	happened := db.Event.Create().SetSeq(1).SetKind(event.KindCARD_CREATED).SetEntityType(event.EntityTypeLEAD).
		SetEntityID(n.lead.ID).SetToStageID(n.stage.ID).SetUserID(n.user.ID).SetCreatedAt(now).SaveX(ctx)
	head := db.EventHead.Create().SetSeq(1).SetRevision(uuid.New()).SaveX(ctx)
	key := db.APIKey.Create().SetName("Ship").SetClient("ship").SetHash([]byte("h")).SetPermissions([]string{}).
		SetCreatedAt(now).SaveX(ctx)
	trusted := db.Document.Create().SetClient("ship").SetKey("1").SetName("Ping").SetKind(document.KindQUERY).
		SetBody("query Ping { __typename }").SetHash([]byte("h")).SetPublishedAt(now).SaveX(ctx)
	answered := db.IdempotentAnswer.Create().SetKey("once").SetFingerprint([]byte("f")).SetCreatedAt(now).SaveX(ctx)
	n.rows = map[string]uuid.UUID{
		ent.TypeOrganization: o.ID, ent.TypeUser: n.user.ID, ent.TypePipeline: n.pipeline.ID,
		ent.TypeStage: n.stage.ID, ent.TypeContact: n.contact.ID, ent.TypeDeal: n.deal.ID,
		ent.TypeLeadStatus: n.status.ID, ent.TypeBusiness: n.business.ID, ent.TypeLead: n.lead.ID,
		ent.TypeComment: n.comment.ID, ent.TypeActivity: n.activity.ID, ent.TypeStageStay: n.stay.ID,
		ent.TypeEvent: happened.ID, ent.TypeEventHead: head.ID,
		ent.TypeAPIKey: key.ID, ent.TypeDocument: trusted.ID, ent.TypeIdempotentAnswer: answered.ID,
	}
	return n
}

// newDeal is a deal that lacks only what a test is about.
func newDeal(n *tenant, db *ent.Client, title string) *ent.DealCreate {
	return db.Deal.Create().SetPipeline(n.pipeline).SetStage(n.stage).SetRank("a").SetTitle(title).
		SetLastStatusChangeAt(now).SetStageEnteredAt(now).SetCreatedAt(now).SetUpdatedAt(now)
}
