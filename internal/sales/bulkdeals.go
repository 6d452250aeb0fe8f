package sales

import (
	"context"
	"iter"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/activity"
	"dealflow/ent/contact"
	"dealflow/ent/deal"
	"dealflow/ent/predicate"
	"dealflow/ent/stage"
	"dealflow/internal/id"
	"dealflow/internal/rank"
	"dealflow/internal/store"
)

// ImportedDeal is a row of another system that is to be a deal. What is not
// sent stays as it is, or, in a new deal, is empty; null clears.
type ImportedDeal struct {
	// ExternalID names the row. When a deal has it, or it is the id of a deal
	// itself, the row is that deal's news, and else a new deal.
	ExternalID        *string
	StageID           uuid.UUID
	Title             string
	Status            graphql.Omittable[deal.Status]
	Value             graphql.Omittable[*MoneyInput]
	Probability       graphql.Omittable[*float64]
	Contact           graphql.Omittable[*ContactInput]
	Assignee          graphql.Omittable[*ImportedUser]
	Source            graphql.Omittable[*string]
	Tags              graphql.Omittable[[]string]
	ExpectedCloseDate graphql.Omittable[*time.Time]
	LostReason        graphql.Omittable[*string]

	// The times are history: they go with what happened, that the deal was
	// made, came into its stage or got its status, and are not looked at when
	// nothing has.
	CreatedAt          *time.Time
	StageEnteredAt     *time.Time
	LastStatusChangeAt *time.Time
}

func (d *ImportedDeal) history() history {
	return history{d.CreatedAt, d.StageEnteredAt, d.LastStatusChangeAt}
}

// ImportDealsInput is a batch of rows, some hundred of them.
type ImportDealsInput struct {
	Deals []*ImportedDeal
	// AllowDuplicates lets a contact have several open deals in a pipeline.
	AllowDuplicates bool
	// Retold dates the activities too as the rows say, as if the deals had
	// been made here.
	Retold bool
}

// ImportDeals brings rows in, each by the rules of CreateDeal or UpdateDeal, in
// one transaction. New deals go below the cards of their stages, in the order of
// the rows. It answers what became of each row.
func (s *Sales) ImportDeals(ctx context.Context, input ImportDealsInput) ([]Imported, error) {
	return bulk(ctx, s, func(ctx context.Context, c *change) ([]Imported, error) {
		b := newDealBatch(c, input)
		// Stages are locked before deals, and those before contacts, as they
		// are by a change of one deal.
		for _, step := range []func(context.Context) error{
			b.findStages, b.findDeals, b.patch, b.findUsers, b.findContacts, b.update, b.insert,
		} {
			if err := step(ctx); err != nil {
				return nil, err
			}
		}
		return outcomes(b.rows), nil
	})
}

// dealBatch is rows on their way in.
type dealBatch struct {
	*change
	rows   []*dealRow
	allow  bool
	retold bool
}

// dealRow is a row on its way in.
type dealRow struct {
	row
	sent      *ImportedDeal
	described *ent.Contact
	assignee  *ImportedUser
	stage     *ent.Stage
	old       *ent.Deal // nil for a new deal
	next      ent.Deal
	contact   *ent.Contact // of the next deal, as far as the row speaks of it
}

// newDealBatch reads of each row what it is looked up by.
func newDealBatch(c *change, input ImportDealsInput) *dealBatch {
	b := &dealBatch{change: c, allow: input.AllowDuplicates, retold: input.Retold}
	seen := map[string]bool{}
	for _, sent := range input.Deals {
		r := &dealRow{sent: sent}
		r.readKey(sent.ExternalID, seen)
		r.described = r.importedContact(given(sent.Contact, nil))
		r.assignee = r.importedUser("assignee", given(sent.Assignee, nil))
		r.past(c.at, sent.history())
		b.rows = append(b.rows, r)
	}
	return b
}

// findStages finds and locks the stages.
func (b *dealBatch) findStages(ctx context.Context) error {
	var keys []uuid.UUID
	for r := range good(b.rows) {
		keys = append(keys, r.sent.StageID)
	}
	stages, err := b.lockStages(ctx, keys)
	if err != nil {
		return err
	}
	for r := range good(b.rows) {
		if r.stage = stages[r.sent.StageID]; r.stage == nil {
			r.add(CodeNotFound, "exists", in("stageId"), "Stage not found.")
		}
	}
	return nil
}

// lockStages finds and locks stages, by id.
func (c *change) lockStages(ctx context.Context, keys []uuid.UUID) (map[uuid.UUID]*ent.Stage, error) {
	keys = distinct(keys)
	found, err := c.db.Stage.Query().Where(stage.IDIn(keys...)).Order(stage.ByID()).Modify(store.Lock).All(ctx)
	stages := make(map[uuid.UUID]*ent.Stage, len(found))
	for _, one := range found {
		stages[one.ID] = one
	}
	c.events.know(found...)
	return stages, err
}

// findDeals finds and locks the deals that rows are news of.
func (b *dealBatch) findDeals(ctx context.Context) error {
	external, own := keysOf(b.rows, id.Deal)
	found, err := b.lockDealsWith(ctx, deal.ExternalIDIn(external...))
	if err != nil {
		return err
	}
	// Another query, for one with both would read all deals: no index has both.
	if len(own) > 0 {
		more, err := b.lockDealsWith(ctx, deal.IDIn(own...))
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	known := byExternalID(found, func(d *ent.Deal) *string { return d.ExternalID })
	for r := range good(b.rows) {
		r.old = known[r.key]
	}
	return nil
}

// lockDealsWith finds and locks deals, by id.
func (c *change) lockDealsWith(ctx context.Context, is predicate.Deal) ([]*ent.Deal, error) {
	return c.db.Deal.Query().Where(is).Order(deal.ByID()).Modify(store.Lock).All(ctx)
}

// patch makes of each row what is to become of its deal, but for what has to be
// found first.
func (b *dealBatch) patch(ctx context.Context) error {
	currency, err := b.currency(ctx)
	if err != nil {
		return err
	}
	for r := range good(b.rows) {
		r.patch(currency)
	}
	return nil
}

func (r *dealRow) patch(currency string) {
	sent, old := r.sent, ent.Deal{Status: deal.StatusOPEN}
	if r.old != nil {
		old = *r.old
	} else if r.key != "" {
		old.ExternalID = &r.key
	}
	r.next = old
	r.next.Title = r.text("title", sent.Title, maxTitle)
	r.next.Status = given(sent.Status, old.Status)
	r.next.Probability = r.probability(in("probability"), given(sent.Probability, old.Probability))
	r.next.Source = r.optional("source", given(sent.Source, old.Source), maxName)
	r.next.Tags = r.labels(in("tags"), given(sent.Tags, old.Tags), maxTags)
	r.next.ExpectedCloseDate = given(sent.ExpectedCloseDate, old.ExpectedCloseDate)
	r.next.LostReason = r.optional("lostReason", given(sent.LostReason, old.LostReason), maxText)
	if value, ok := sent.Value.ValueOK(); ok {
		r.next.ValueAmount, r.next.ValueCurrency = nil, nil
		if read := r.money("value", value, currency); read != nil {
			r.next.ValueAmount, r.next.ValueCurrency = &read.Amount, &read.Currency
		}
	}
}

// findUsers finds or makes those whom deals are assigned to.
func (b *dealBatch) findUsers(ctx context.Context) error {
	var wanted []ImportedUser
	for r := range good(b.rows) {
		if r.assignee != nil {
			wanted = append(wanted, *r.assignee)
		}
	}
	users, err := b.importUsers(ctx, wanted)
	if err != nil {
		return err
	}
	for r := range good(b.rows) {
		if r.sent.Assignee.IsSet() {
			r.next.AssignedToID = nil
		}
		if r.assignee != nil {
			key := users[*r.assignee]
			r.next.AssignedToID = &key
		}
	}
	return nil
}

// findContacts finds or makes the contacts whom deals are with.
func (b *dealBatch) findContacts(ctx context.Context) error {
	var rows []*dealRow
	var described []*ent.Contact
	for r := range good(b.rows) {
		if r.sent.Contact.IsSet() {
			r.next.ContactID = nil
		}
		if r.described != nil {
			rows, described = append(rows, r), append(described, r.described)
		}
	}
	contacts, err := b.importContacts(ctx, described)
	if err != nil {
		return err
	}
	for i, r := range rows {
		r.contact, r.next.ContactID = contacts[i], &contacts[i].ID
	}
	return nil
}

// update writes what became of the deals that there are.
func (b *dealBatch) update(ctx context.Context) error {
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
	return b.recordMany(ctx, activity.ActionUPDATED, activity.EntityTypeDEAL, keys, func(i int) diff { return changes[i] })
}

// updateRow is saveDeal with the times of the row. A deal that did not change is
// left alone.
func (b *dealBatch) updateRow(ctx context.Context, r *dealRow) (diff, error) {
	if r.old.StageID != r.stage.ID {
		if err := b.place(ctx, &r.next, r.stage, bottom); err != nil {
			return nil, err
		}
		r.next.StageEnteredAt = b.later(r.sent.StageEnteredAt, r.old.StageEnteredAt)
	}
	changes := dealDiff(r.old, &r.next)
	if len(changes) == 0 {
		r.done(ImportUnchanged, r.old.ID)
		return nil, nil
	}
	if r.next.Status != r.old.Status {
		r.next.LastStatusChangeAt = b.later(r.sent.LastStatusChangeAt, r.old.LastStatusChangeAt)
	}
	if err := b.keepSingleOpenDeal(ctx, r.old, &r.next, b.allow); err != nil {
		return nil, err
	}
	if err := b.renewText(ctx, r); err != nil {
		return nil, err
	}
	b.updateDeal(r.old, &r.next)
	r.done(ImportUpdated, r.old.ID)
	b.tellChange(activity.ActionUPDATED, card{id.Deal, r.old.ID}, &r.old.StageID, &r.next.StageID, false, changes)
	if r.old.StageID != r.next.StageID {
		b.then(r.next.StageEnteredAt).switchStage(card{id.Deal, r.old.ID}, &r.old.StageID, r.stage)
	}
	return changes, b.writeNow(ctx)
}

// renewText renews what a search finds a deal by. The text that was read with
// the deal is no good: the contact may have changed since, with this batch.
func (b *dealBatch) renewText(ctx context.Context, r *dealRow) (err error) {
	if r.contact == nil && r.next.ContactID != nil {
		if r.contact, err = b.findContact(ctx, *r.next.ContactID, "contactId"); err != nil {
			return err
		}
	}
	r.next.SearchText = dealText(&r.next, r.contact)
	return nil
}

// insert writes the new deals, with their stays and activities.
func (b *dealBatch) insert(ctx context.Context) error {
	if err := b.singleOpenDeals(ctx); err != nil {
		return err
	}
	rows, err := b.rankNew(ctx)
	if err != nil {
		return err
	}
	return inChunks(len(rows), func(from, to int) error { return b.insertRows(ctx, rows[from:to]) })
}

func (b *dealBatch) insertRows(ctx context.Context, rows []*dealRow) error {
	deals := make([]*ent.DealCreate, len(rows))
	stays := make([]ent.StageStay, len(rows))
	made := make([]madeCard, len(rows))
	for i, r := range rows {
		history := r.sent.history()
		at := history.made(b.at)
		deals[i] = b.createDeal(&r.next).
			SetID(r.next.ID).
			SetCreatedAt(at).
			SetStageEnteredAt(or(r.sent.StageEnteredAt, at)).
			SetLastStatusChangeAt(or(r.sent.LastStatusChangeAt, at))
		stays[i] = b.then(or(r.sent.StageEnteredAt, at)).stay(card{id.Deal, r.next.ID}, r.stage)
		made[i] = madeCard{r.next.ID, &r.stage.ID, at, dealDiff(&ent.Deal{}, &r.next)}
		r.done(ImportNew, r.next.ID)
	}
	if err := b.db.Deal.CreateBulk(deals...).Exec(ctx); err != nil {
		return err
	}
	b.write(insertStays(stays...))
	return b.recordMade(ctx, id.Deal, made, b.retold)
}

// rankNew completes the new deals: each goes below the cards of its stage.
func (b *dealBatch) rankNew(ctx context.Context) ([]*dealRow, error) {
	var rows []*dealRow
	columns := map[uuid.UUID][]*dealRow{}
	for r := range b.fresh() {
		r.next.ID, r.next.PipelineID, r.next.StageID = id.New(), r.stage.PipelineID, r.stage.ID
		r.next.SearchText = dealText(&r.next, r.contact)
		rows, columns[r.stage.ID] = append(rows, r), append(columns[r.stage.ID], r)
	}
	for key, cards := range columns {
		ranks, err := b.ranksBelow(ctx, column{id.Deal, key}, len(cards))
		if err != nil {
			return nil, err
		}
		for i, r := range cards {
			r.next.Rank = ranks[i]
		}
	}
	return rows, nil
}

// ranksBelow are ranks below all cards of a column, whose stage is locked.
func (c *change) ranksBelow(ctx context.Context, col column, n int) ([]string, error) {
	last, err := c.firstRank(ctx, col, uuid.Nil, sql.Desc, nil)
	if err != nil {
		return nil, err
	}
	return rank.SpreadBetween(last, "", n)
}

// fresh are the good rows that are new deals.
func (b *dealBatch) fresh() iter.Seq[*dealRow] {
	return func(yield func(*dealRow) bool) {
		for r := range good(b.rows) {
			if r.old == nil && !yield(r) {
				return
			}
		}
	}
}

// singleOpenDeals is singleOpenDeal for the new deals, in their order.
func (b *dealBatch) singleOpenDeals(ctx context.Context) error {
	wanted := map[uuid.UUID][]uuid.UUID{} // by pipeline
	for r := range b.fresh() {
		if r.contact != nil && r.next.Status == deal.StatusOPEN {
			wanted[r.stage.PipelineID] = append(wanted[r.stage.PipelineID], r.contact.ID)
		}
	}
	for owner, contacts := range wanted {
		busy, err := b.withOpenDeal(ctx, owner, contacts)
		if err != nil {
			return err
		}
		b.markDuplicates(owner, busy)
	}
	return nil
}

// withOpenDeal are those of some contacts who have an open deal in a pipeline.
func (c *change) withOpenDeal(ctx context.Context, owner uuid.UUID, contacts []uuid.UUID) (map[uuid.UUID]bool, error) {
	found, err := c.db.Contact.Query().
		Where(contact.IDIn(distinct(contacts)...), func(s *sql.Selector) {
			open := sql.Dialect(s.Dialect()).Table(deal.Table)
			s.Where(sql.Exists(sql.Dialect(s.Dialect()).Select(open.C(deal.FieldID)).From(open).Where(sql.And(
				sql.ColumnsEQ(open.C(deal.FieldContactID), s.C(contact.FieldID)),
				sql.EQ(open.C(deal.FieldPipelineID), owner),
				sql.EQ(open.C(deal.FieldStatus), deal.StatusOPEN),
			))))
		}).
		IDs(ctx)
	busy := make(map[uuid.UUID]bool, len(found))
	for _, key := range found {
		busy[key] = true
	}
	return busy, err
}

// markDuplicates marks, or refuses, the new open deals in a pipeline of contacts
// who have one by then.
func (b *dealBatch) markDuplicates(owner uuid.UUID, busy map[uuid.UUID]bool) {
	for r := range b.fresh() {
		if r.contact == nil || r.next.Status != deal.StatusOPEN || r.stage.PipelineID != owner {
			continue
		}
		if r.next.Duplicate = busy[r.contact.ID]; r.next.Duplicate && !b.allow {
			r.add(CodeDuplicateDeal, "duplicate", in("contact"), "The contact already has an open deal in this pipeline.")
			continue
		}
		busy[r.contact.ID] = true
	}
}
