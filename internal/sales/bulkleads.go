package sales

import (
	"context"
	"iter"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/lead"
	"dealflow/ent/leadstatus"
	"dealflow/ent/predicate"
	"dealflow/internal/id"
	"dealflow/internal/store"
)

// ImportedLead is a row of another system that is to be a lead. What is not
// sent stays as it is, or, in a new lead, is empty; null clears.
type ImportedLead struct {
	// ExternalID names the row. When a lead has it, or it is the id of a lead
	// itself, the row is that lead's news, and else a new lead.
	ExternalID   *string
	FirstName    string
	LastName     graphql.Omittable[*string]
	State        graphql.Omittable[lead.State]
	Email        graphql.Omittable[*string]
	PhoneNumbers graphql.Omittable[[]string]
	StatusID     graphql.Omittable[uuid.UUID]
	Source       graphql.Omittable[*string]
	Description  graphql.Omittable[*string]
	Location     graphql.Omittable[*string]
	Position     graphql.Omittable[*string]
	Company      graphql.Omittable[*string]
	SocialMedia  graphql.Omittable[*SocialMediaInput]
	// Businesses are their names. Those that are missing are made.
	Businesses graphql.Omittable[[]string]
	StageID    graphql.Omittable[*uuid.UUID]

	// The times are history: they go with what happened, that the lead was
	// made or came into its stage, and are not looked at when nothing has.
	CreatedAt      *time.Time
	StageEnteredAt *time.Time
}

func (l *ImportedLead) history() history {
	return history{CreatedAt: l.CreatedAt, StageEnteredAt: l.StageEnteredAt}
}

// ImportLeadsInput is a batch of rows, some hundred of them.
type ImportLeadsInput struct {
	Leads []*ImportedLead
	// Retold dates the activities too as the rows say, as if the leads had
	// been made here.
	Retold bool
}

// ImportLeads brings rows in, each by the rules of CreateLead or UpdateLead, in
// one transaction. New cards go below the others of their stages, in the order
// of the rows. It answers what became of each row.
func (s *Sales) ImportLeads(ctx context.Context, input ImportLeadsInput) ([]Imported, error) {
	return bulk(ctx, s, func(ctx context.Context, c *change) ([]Imported, error) {
		b := newLeadBatch(c, input)
		// Stages are locked before leads, as they are by a change of one lead.
		for _, step := range []func(context.Context) error{
			b.findStages, b.findLeads, b.patch, b.keepEmails, b.findBusinesses, b.update, b.insert,
		} {
			if err := step(ctx); err != nil {
				return nil, err
			}
		}
		return outcomes(b.rows), nil
	})
}

// leadBatch is rows on their way in.
type leadBatch struct {
	*change
	rows   []*leadRow
	retold bool
}

// leadRow is a row on its way in.
type leadRow struct {
	row
	sent    *ImportedLead
	address *string
	names   []string   // of businesses
	stage   *ent.Stage // nil when the row names none
	old     *ent.Lead  // nil for a new lead
	next    ent.Lead
}

// newLeadBatch reads of each row what it is looked up by.
func newLeadBatch(c *change, input ImportLeadsInput) *leadBatch {
	b := &leadBatch{change: c, retold: input.Retold}
	seen := map[string]bool{}
	for _, sent := range input.Leads {
		r := &leadRow{sent: sent}
		r.readKey(sent.ExternalID, seen)
		r.address = r.email(in("email"), given(sent.Email, nil))
		r.names = r.labels(in("businesses"), given(sent.Businesses, nil), maxBusinesses)
		r.past(c.at, sent.history())
		b.rows = append(b.rows, r)
	}
	return b
}

// fresh are the good rows that are new leads.
func (b *leadBatch) fresh() iter.Seq[*leadRow] {
	return func(yield func(*leadRow) bool) {
		for r := range good(b.rows) {
			if r.old == nil && !yield(r) {
				return
			}
		}
	}
}

// findStages finds and locks the stages.
func (b *leadBatch) findStages(ctx context.Context) error {
	var keys []uuid.UUID
	for r := range good(b.rows) {
		if key := given(r.sent.StageID, nil); key != nil {
			keys = append(keys, *key)
		}
	}
	stages, err := b.lockStages(ctx, keys)
	if err != nil {
		return err
	}
	for r := range good(b.rows) {
		key := given(r.sent.StageID, nil)
		if key == nil {
			continue
		}
		if r.stage = stages[*key]; r.stage == nil {
			r.add(CodeNotFound, "exists", in("stageId"), "Stage not found.")
		}
	}
	return nil
}

// findLeads finds and locks the leads that rows are news of.
func (b *leadBatch) findLeads(ctx context.Context) error {
	external, own := keysOf(b.rows, id.Lead)
	found, err := b.lockLeadsWith(ctx, lead.ExternalIDIn(external...))
	if err != nil {
		return err
	}
	// Another query, for one with both would read all leads: no index has both.
	if len(own) > 0 {
		more, err := b.lockLeadsWith(ctx, lead.IDIn(own...))
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	known := byExternalID(found, func(l *ent.Lead) *string { return l.ExternalID })
	for r := range good(b.rows) {
		r.old = known[r.key]
	}
	return nil
}

// lockLeadsWith finds and locks leads, by id.
func (c *change) lockLeadsWith(ctx context.Context, is predicate.Lead) ([]*ent.Lead, error) {
	return c.db.Lead.Query().Where(is).Order(lead.ByID()).WithBusinesses().Modify(store.Lock).All(ctx)
}

// patch makes of each row what is to become of its lead, but for what has to be
// found first.
func (b *leadBatch) patch(ctx context.Context) error {
	statuses, err := b.db.LeadStatus.Query().Order(leadstatus.ByPosition(), leadstatus.ByID()).IDs(ctx)
	if err != nil {
		return err
	}
	if len(statuses) == 0 {
		return refuse(CodeNotFound, "exists", in("statusId"), "No lead status found: create one with createLeadStatus.")
	}
	known := make(map[uuid.UUID]bool, len(statuses))
	for _, key := range statuses {
		known[key] = true
	}
	for r := range good(b.rows) {
		r.patch(statuses[0])
		if !known[r.next.StatusID] {
			r.add(CodeNotFound, "exists", in("statusId"), "Lead status not found.")
		}
	}
	return nil
}

func (r *leadRow) patch(firstStatus uuid.UUID) {
	sent, old := r.sent, ent.Lead{State: lead.StateACTIVE, StatusID: firstStatus}
	if r.old != nil {
		old = *r.old
	} else if r.key != "" {
		old.ExternalID = &r.key
	}
	r.next = old
	r.next.FirstName = r.text("firstName", sent.FirstName, maxName)
	r.next.LastName = deref(r.optional("lastName", given(sent.LastName, &old.LastName), maxName))
	r.next.State = given(sent.State, old.State)
	r.next.PhoneNumbers = r.phoneNumbers(given(sent.PhoneNumbers, old.PhoneNumbers))
	r.next.StatusID = given(sent.StatusID, old.StatusID)
	r.next.Source = r.optional("source", given(sent.Source, old.Source), maxName)
	r.next.Description = r.optional("description", given(sent.Description, old.Description), maxText)
	r.next.Location = r.optional("location", given(sent.Location, old.Location), maxName)
	r.next.Position = r.optional("position", given(sent.Position, old.Position), maxName)
	r.next.Company = r.optional("company", given(sent.Company, old.Company), maxName)
	if sent.Email.IsSet() {
		r.next.Email = r.address
	}
	if value, ok := sent.SocialMedia.ValueOK(); ok {
		r.next.SocialMedia = r.socialMedia(value)
	}
}

// keepEmails refuses emails that other leads have, or rows before.
func (b *leadBatch) keepEmails(ctx context.Context) error {
	var emails []string
	for r := range good(b.rows) {
		if r.next.Email != nil {
			emails = append(emails, *r.next.Email)
		}
	}
	if len(emails) == 0 {
		return nil
	}
	found, err := b.db.Lead.Query().Where(lead.EmailIn(emails...)).All(ctx)
	if err != nil {
		return err
	}
	owners := make(map[string]uuid.UUID, len(emails))
	for _, one := range found {
		owners[*one.Email] = one.ID
	}
	for r := range good(b.rows) {
		if r.next.Email == nil {
			continue
		}
		owner, taken := owners[*r.next.Email]
		if taken && owner != r.next.ID || taken && r.old == nil {
			r.add(CodeAlreadyExists, "unique", in("email"), "Email already exists: another lead has %s.", *r.next.Email)
			continue
		}
		owners[*r.next.Email] = r.next.ID
	}
	return nil
}

// findBusinesses finds or makes the businesses that leads belong to.
func (b *leadBatch) findBusinesses(ctx context.Context) error {
	var names []string
	for r := range good(b.rows) {
		names = append(names, r.names...)
	}
	businesses, err := b.importBusinesses(ctx, names)
	if err != nil {
		return err
	}
	for r := range good(b.rows) {
		if !r.sent.Businesses.IsSet() {
			continue
		}
		r.next.Edges.Businesses = nil
		for _, name := range r.names {
			r.next.Edges.Businesses = append(r.next.Edges.Businesses, businesses[name])
		}
	}
	return nil
}

// update writes what became of the leads that there are.
func (b *leadBatch) update(ctx context.Context) error {
	var keys []uuid.UUID
	var changes []diff
	for r := range good(b.rows) {
		if r.old == nil {
			continue
		}
		changed, err := b.updateRow(ctx, r)
		if err := r.refuse(err); err != nil {
			return err
		}
		if len(changed) > 0 {
			keys, changes = append(keys, r.old.ID), append(changes, changed)
		}
	}
	return b.recordMany(ctx, activity.ActionUPDATED, activity.EntityTypeLEAD, keys, func(i int) diff { return changes[i] })
}

// updateRow is saveLead with the times of the row. A lead that did not change is
// left alone.
func (b *leadBatch) updateRow(ctx context.Context, r *leadRow) (diff, error) {
	at, err := b.placeRow(ctx, r)
	if err != nil {
		return nil, err
	}
	changes := leadDiff(r.old, &r.next)
	if len(changes) == 0 {
		r.done(ImportUnchanged, r.old.ID)
		return nil, nil
	}
	r.next.SearchText = leadText(&r.next)
	if err := b.updateLead(ctx, r.old, &r.next); err != nil {
		return nil, err
	}
	r.done(ImportUpdated, r.old.ID)
	b.tellChange(activity.ActionUPDATED, card{id.Lead, r.old.ID}, r.old.StageID, r.next.StageID, false, changes)
	b.then(at).changeLeadStage(r.old, &r.next, r.stage)
	return changes, b.writeNow(ctx)
}

// placeRow puts a lead into the stage that its row says, or takes it off its
// board, and answers when that was.
func (b *leadBatch) placeRow(ctx context.Context, r *leadRow) (time.Time, error) {
	wanted := given(r.sent.StageID, r.old.StageID)
	switch {
	case equal(wanted, r.old.StageID):
		return b.at, nil
	case wanted == nil:
		r.next.StageID, r.next.StageEnteredAt, r.next.Rank = nil, nil, ""
		return b.at, nil
	}
	if err := notArchived(r.old, "stageId"); err != nil {
		return b.at, err
	}
	if err := b.placeLead(ctx, &r.next, r.stage, bottom); err != nil {
		return b.at, err
	}
	at := b.later(r.sent.StageEnteredAt, or(r.old.StageEnteredAt, r.old.CreatedAt))
	r.next.StageEnteredAt = &at
	return at, nil
}

// insert writes the new leads, with their stays and activities.
func (b *leadBatch) insert(ctx context.Context) error {
	rows, err := b.rankNew(ctx)
	if err != nil {
		return err
	}
	return inChunks(len(rows), func(from, to int) error { return b.insertRows(ctx, rows[from:to]) })
}

func (b *leadBatch) insertRows(ctx context.Context, rows []*leadRow) error {
	leads := make([]*ent.LeadCreate, len(rows))
	made := make([]madeCard, len(rows))
	var stays []ent.StageStay
	for i, r := range rows {
		at := r.sent.history().made(b.at)
		if r.stage != nil {
			entered := or(r.sent.StageEnteredAt, at)
			r.next.StageEnteredAt = &entered
			stays = append(stays, b.then(entered).stay(card{id.Lead, r.next.ID}, r.stage))
		}
		leads[i] = b.createLead(&r.next).SetID(r.next.ID).SetCreatedAt(at)
		made[i] = madeCard{r.next.ID, r.next.StageID, at, leadDiff(&ent.Lead{}, &r.next)}
		r.done(ImportNew, r.next.ID)
	}
	if err := b.db.Lead.CreateBulk(leads...).Exec(ctx); err != nil {
		return err
	}
	if len(stays) > 0 {
		b.write(insertStays(stays...))
	}
	return b.recordMade(ctx, id.Lead, made, b.retold)
}

// rankNew completes the new leads: each goes below the cards of its stage, when
// it has one.
func (b *leadBatch) rankNew(ctx context.Context) ([]*leadRow, error) {
	var rows []*leadRow
	columns := map[uuid.UUID][]*leadRow{}
	for r := range b.fresh() {
		r.next.ID, r.next.SearchText = id.New(), leadText(&r.next)
		rows = append(rows, r)
		if r.stage != nil {
			r.next.StageID = &r.stage.ID
			columns[r.stage.ID] = append(columns[r.stage.ID], r)
		}
	}
	for key, cards := range columns {
		ranks, err := b.ranksBelow(ctx, column{id.Lead, key}, len(cards))
		if err != nil {
			return nil, err
		}
		for i, r := range cards {
			r.next.Rank = ranks[i]
		}
	}
	return rows, nil
}
