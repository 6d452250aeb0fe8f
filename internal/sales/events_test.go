package sales_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/event"
	"dealflow/ent/leadstatus"
	"dealflow/internal/id"
	"dealflow/internal/sales"
)

// diary tells what a shop's changes wrote into the event log, in words.
type diary struct {
	*shop
	names map[uuid.UUID]string // of all that there is or was
	seen  int
}

// meet learns the name of something.
func (d *diary) meet(name string, one ent.Node) {
	d.Helper()
	_, key, err := id.Parse(one.GlobalID())
	d.must(err)
	d.names[key] = name
}

// new is what was written since it was last asked, an event a line: its kind and
// what it is about, from which stage to which, and the fields that changed.
func (d *diary) new() []string {
	d.Helper()
	for _, one := range d.db.Stage.Query().AllX(d.ctx) {
		d.names[one.ID] = d.names[one.PipelineID] + "." + one.Name
	}
	for _, one := range d.db.Deal.Query().AllX(d.ctx) {
		if d.names[one.ID] == "" {
			d.names[one.ID] = one.Title
		}
	}
	events := d.db.Event.Query().Order(event.BySeq()).AllX(d.ctx)
	var lines []string
	for i, e := range events {
		if e.Seq != int64(i)+1 || e.UserID == nil || *e.UserID != d.viewer.UserID || !e.CreatedAt.Equal(*d.clock) && i >= d.seen {
			d.Errorf("event %d is number %d, by %v at %v", i+1, e.Seq, e.UserID, e.CreatedAt)
		}
		if i >= d.seen {
			lines = append(lines, d.line(e))
		}
	}
	d.seen = len(events)
	return lines
}

func (d *diary) line(e *ent.Event) string {
	text := fmt.Sprint(e.Kind, " ", d.names[e.EntityID])
	if e.FromStageID != nil || e.ToStageID != nil {
		text += fmt.Sprintf(" %s>%s", d.place(e.FromStageID, e.FromPipelineID), d.place(e.ToStageID, e.ToPipelineID))
	}
	for _, one := range e.Changes {
		text += " " + one.Field
	}
	if (e.CommentID != nil) != strings.HasPrefix(string(e.Kind), "COMMENT") {
		d.Errorf("the comment of %s is %v", text, e.CommentID)
	}
	return text
}

// place is the name of a stage, which has that of its pipeline in it.
func (d *diary) place(stage, pipeline *uuid.UUID) string {
	if stage == nil {
		if pipeline != nil {
			d.Errorf("the pipeline %s has no stage", d.names[*pipeline])
		}
		return ""
	}
	if pipeline == nil || !strings.HasPrefix(d.names[*stage], d.names[*pipeline]+".") {
		d.Errorf("the pipeline of the stage %s is another one", d.names[*stage])
	}
	return d.names[*stage]
}

// entry is a change and what it is to write.
type entry struct {
	name   string
	change func() error
	want   []string
}

// wrote runs changes one after the other.
func (d *diary) wrote(entries []entry) {
	d.Helper()
	heard := 0
	d.OnEvents(func(uuid.UUID) { heard++ })
	for _, one := range entries {
		d.later(time.Hour)
		heard = 0
		if err := one.change(); err != nil {
			d.Fatalf("%s: %v", one.name, err)
		}
		got := d.new()
		d.equal(one.name, strings.Join(got, "\n"), strings.Join(one.want, "\n"))
		if told := heard == 1; told != (len(one.want) > 0) || heard > 1 {
			d.Errorf("%s: those who follow the log heard of it %d times", one.name, heard)
		}
	}
}

// done leaves out what a change answers.
func done[T any](_ T, err error) error { return err }

func TestEventsOfDeals(t *testing.T) {
	eachShop(t, func(s *shop) {
		d := &diary{shop: s, names: map[uuid.UUID]string{}}
		a, b := s.pipeline("A", "new", "offer"), s.pipeline("B", "spare")
		d.meet("A", a)
		d.meet("B", b)
		first, offer, spare := s.stage("new"), s.stage("offer"), s.stage("spare")
		var big, small *ent.Deal
		made := func(into **ent.Deal, title string) func() error {
			return func() error {
				*into = s.deal(title, title+"@example.com", first)
				return nil
			}
		}
		move := func(one **ent.Deal, to *ent.Stage, at sales.Place) func() error {
			return func() error {
				return done(s.MoveDeal(s.ctx, sales.MoveDealInput{ID: (*one).GlobalID(), StageID: ptr(to.GlobalID()), At: &at}))
			}
		}
		update := func(shape func(*sales.UpdateDealInput)) func() error {
			return func() error {
				input := sales.UpdateDealInput{ID: big.GlobalID()}
				shape(&input)
				return done(s.UpdateDeal(s.ctx, input))
			}
		}
		d.new()
		d.wrote([]entry{
			{"create", made(&big, "big"), []string{"CARD_CREATED big >A.new title status stageId contactId"}},
			{"create another", made(&small, "small"), []string{"CARD_CREATED small >A.new title status stageId contactId"}},
			{"move to another stage", move(&big, offer, sales.PlaceLast), []string{"CARD_MOVED big A.new>A.offer stageId"}},
			{"move to another board", move(&big, spare, sales.PlaceLast), []string{"CARD_MOVED big A.offer>B.spare stageId"}},
			{"move back", move(&big, first, sales.PlaceLast), []string{"CARD_MOVED big B.spare>A.new stageId"}},
			{"move within the stage", move(&big, first, sales.PlaceFirst), []string{"CARD_MOVED big A.new>A.new"}},
			{"move to where it is", move(&big, first, sales.PlaceFirst), nil},
			{"update", update(func(i *sales.UpdateDealInput) { i.Title = graphql.OmittableOf(ptr("bigger")) }), []string{"CARD_UPDATED big A.new>A.new title"}},
			{"update to what it is", update(func(i *sales.UpdateDealInput) { i.Title = graphql.OmittableOf(ptr("bigger")) }), nil},
			{"update its stage", update(func(i *sales.UpdateDealInput) { i.StageID = graphql.OmittableOf(ptr(offer.GlobalID())) }), []string{"CARD_MOVED big A.new>A.offer stageId"}},
			{"win", func() error {
				return done(s.ChangeDealStatus(s.ctx, sales.ChangeDealStatusInput{ID: big.GlobalID(), Status: deal.StatusWON}))
			}, []string{"CARD_UPDATED big A.offer>A.offer status"}},
			{"lose elsewhere", func() error {
				return done(s.ChangeDealStatus(s.ctx, sales.ChangeDealStatusInput{ID: big.GlobalID(), Status: deal.StatusLOST, StageID: ptr(first.GlobalID())}))
			}, []string{"CARD_MOVED big A.offer>A.new status stageId"}},
			{"delete", func() error { return done(s.DeleteDeal(s.ctx, sales.DeleteDealInput{ID: small.GlobalID()})) }, []string{"CARD_REMOVED small A.new> title status stageId contactId"}},
			{"delete a contact", func() error {
				key := id.Contact.Encode(*s.db.Deal.GetX(s.ctx, uuidOf(s, big)).ContactID)
				return done(s.DeleteContact(s.ctx, sales.DeleteContactInput{ID: key}))
			}, []string{"CARD_UPDATED big A.new>A.new contactId"}},
		})
	})
}

func uuidOf(s *shop, one ent.Node) uuid.UUID {
	_, key, err := id.Parse(one.GlobalID())
	s.must(err)
	return key
}

func TestEventsOfLeads(t *testing.T) {
	eachShop(t, func(s *shop) {
		d := &diary{shop: s, names: map[uuid.UUID]string{}}
		d.meet("A", s.pipeline("A", "new", "offer"))
		first, offer := s.stage("new"), s.stage("offer")
		eve, bob := &ent.Lead{}, &ent.Lead{}
		make := func(into *ent.Lead, name string, in *ent.Stage) func() error {
			return func() error {
				*into = *s.lead(name, in)
				d.meet(name, into)
				return nil
			}
		}
		both := func() []string { return []string{eve.GlobalID(), bob.GlobalID()} }
		status := must(s.CreateLeadStatus(s.ctx, sales.CreateLeadStatusInput{Name: "vip", PrimaryColor: leadstatus.PrimaryColorBLUE}))(s.T)
		var comment *ent.Comment
		d.new()
		d.wrote([]entry{
			{"create on a board", make(eve, "eve", first), []string{"CARD_CREATED eve >A.new firstName state statusId stageId"}},
			{"create on none", make(bob, "bob", nil), []string{"CARD_CREATED bob firstName state statusId"}},
			{"move", func() error {
				return done(s.MoveLead(s.ctx, sales.MoveLeadInput{ID: eve.GlobalID(), StageID: ptr(offer.GlobalID())}))
			}, []string{"CARD_MOVED eve A.new>A.offer stageId"}},
			{"add to a stage", func() error {
				_, _, err := s.AddLeadToStage(s.ctx, sales.AddLeadToStageInput{LeadID: bob.GlobalID(), StageID: first.GlobalID()})
				return err
			}, []string{"CARD_MOVED bob >A.new stageId"}},
			{"remove from a stage", func() error {
				_, _, err := s.RemoveLeadFromStage(s.ctx, sales.RemoveLeadFromStageInput{LeadID: bob.GlobalID(), StageID: first.GlobalID()})
				return err
			}, []string{"CARD_MOVED bob A.new> stageId"}},
			{"update", func() error {
				return done(s.UpdateLead(s.ctx, sales.UpdateLeadInput{ID: eve.GlobalID(), LastName: graphql.OmittableOf(ptr("Smith"))}))
			}, []string{"CARD_UPDATED eve A.offer>A.offer lastName"}},
			{"archive", func() error { return done(s.ArchiveLeads(s.ctx, sales.ArchiveLeadsInput{IDs: both()})) }, []string{"CARD_ARCHIVED eve A.offer>A.offer archivedAt", "CARD_ARCHIVED bob archivedAt"}},
			{"archive again", func() error { return done(s.ArchiveLeads(s.ctx, sales.ArchiveLeadsInput{IDs: both()})) }, nil},
			{"restore", func() error { return done(s.RestoreLeads(s.ctx, sales.RestoreLeadsInput{IDs: both()})) }, []string{"CARD_RESTORED eve A.offer>A.offer archivedAt", "CARD_RESTORED bob archivedAt"}},
			{"change status", func() error {
				return done(s.ChangeLeadStatus(s.ctx, sales.ChangeLeadStatusInput{IDs: both(), StatusID: status.GlobalID()}))
			}, []string{"CARD_UPDATED eve A.offer>A.offer statusId", "CARD_UPDATED bob statusId"}},
			{"comment", func() (err error) {
				comment, err = s.AddComment(s.ctx, sales.AddCommentInput{SubjectID: eve.GlobalID(), Content: "hi"})
				return err
			}, []string{"COMMENT_ADDED eve"}},
			{"edit the comment", func() error {
				return done(s.EditComment(s.ctx, sales.EditCommentInput{ID: comment.GlobalID(), Content: "ho"}))
			}, []string{"COMMENT_EDITED eve"}},
			{"delete the comment", func() error {
				return done(s.DeleteComment(s.ctx, sales.DeleteCommentInput{ID: comment.GlobalID()}))
			}, []string{"COMMENT_DELETED eve"}},
			{"delete", func() error { return done(s.DeleteLeads(s.ctx, sales.DeleteLeadsInput{IDs: both()})) }, []string{"CARD_REMOVED eve A.offer> firstName lastName state statusId stageId", "CARD_REMOVED bob firstName state statusId"}},
		})
	})
}

func TestEventsOfBoards(t *testing.T) {
	eachShop(t, func(s *shop) {
		d := &diary{shop: s, names: map[uuid.UUID]string{}}
		a, b := &ent.Pipeline{}, &ent.Pipeline{}
		make := func(into *ent.Pipeline, name string, stages ...string) func() error {
			return func() error {
				*into = *s.pipeline(name, stages...)
				d.meet(name, into)
				return nil
			}
		}
		byName := func(name string) string { return s.stage(name).GlobalID() }
		d.wrote([]entry{
			{"create", make(a, "A", "new", "offer"), []string{"PIPELINE_CHANGED A name isActive isDefault", "STAGE_CREATED A.new >A.new pipelineId name order probability", "STAGE_CREATED A.offer >A.offer pipelineId name order probability"}},
			{"create another", make(b, "B", "spare"), []string{"PIPELINE_CHANGED B name isActive isDefault", "STAGE_CREATED B.spare >B.spare pipelineId name order probability"}},
			{"rename", func() error {
				return done(s.UpdatePipeline(s.ctx, sales.UpdatePipelineInput{ID: a.GlobalID(), Description: graphql.OmittableOf(ptr("ours"))}))
			}, []string{"PIPELINE_CHANGED A description"}},
			{"archive", func() error { return done(s.ArchivePipeline(s.ctx, sales.ArchivePipelineInput{ID: b.GlobalID()})) }, []string{"PIPELINE_CHANGED B archivedAt"}},
			{"unarchive", func() error { return done(s.UnarchivePipeline(s.ctx, sales.UnarchivePipelineInput{ID: b.GlobalID()})) }, []string{"PIPELINE_CHANGED B archivedAt"}},
			{"add a stage", func() error {
				_, _, err := s.CreateStage(s.ctx, sales.CreateStageInput{PipelineID: ptr(a.GlobalID()), Name: "won", Order: ptr(1)})
				return err
			}, []string{"STAGES_REORDERED A", "STAGE_CREATED A.won >A.won pipelineId name order probability"}},
			{"change a stage", func() error {
				return done(s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: byName("won"), Probability: graphql.OmittableOf(ptr(0.9))}))
			}, []string{"STAGE_UPDATED A.won A.won>A.won probability"}},
			{"move a stage", func() error {
				return done(s.UpdateStage(s.ctx, sales.UpdateStageInput{ID: byName("won"), Order: graphql.OmittableOf(ptr(2))}))
			}, []string{"STAGES_REORDERED A", "STAGE_UPDATED A.won A.won>A.won order"}},
			{"reorder", func() error {
				return done(s.ReorderStages(s.ctx, sales.ReorderStagesInput{PipelineID: a.GlobalID(), StageIDs: []string{byName("offer"), byName("new"), byName("won")}}))
			}, []string{"STAGES_REORDERED A"}},
			{"cards", func() error {
				s.deal("big", "big@example.com", s.stage("new"))
				return nil
			}, []string{"CARD_CREATED big >A.new title status stageId contactId"}},
			{"delete a stage", func() error {
				_, _, err := s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: byName("new"), MoveCardsToStageID: ptr(byName("won"))})
				return err
			}, []string{"CARD_MOVED big A.new>A.won stageId", "STAGES_REORDERED A", "STAGE_REMOVED A.new A.new> pipelineId name order probability"}},
			{"delete", func() error {
				return done(s.DeletePipeline(s.ctx, sales.DeletePipelineInput{ID: a.GlobalID(), MoveCardsToStageID: ptr(byName("spare"))}))
			}, []string{"CARD_MOVED big A.won>B.spare stageId", "STAGE_REMOVED A.offer A.offer> pipelineId name order probability", "STAGE_REMOVED A.won A.won> pipelineId name order probability", "PIPELINE_CHANGED A name description isActive isDefault", "PIPELINE_CHANGED B isDefault"}},
		})
	})
}

// An import writes an event for each row that changes something.
func TestEventsOfAnImport(t *testing.T) {
	eachShop(t, func(s *shop) {
		d := &diary{shop: s, names: map[uuid.UUID]string{}}
		d.meet("A", s.pipeline("A", "new", "offer"))
		first, offer := s.stage("new"), s.stage("offer")
		rows := []*sales.ImportedDeal{imported("1", first), imported("2", offer), imported("3", first)}
		bring := func() error {
			return done(s.ImportDeals(s.ctx, sales.ImportDealsInput{Deals: rows, AllowDuplicates: true}))
		}
		d.new()
		d.wrote([]entry{
			{"new rows", bring, []string{"CARD_CREATED Deal 1 >A.new title status stageId externalId", "CARD_CREATED Deal 2 >A.offer title status stageId externalId", "CARD_CREATED Deal 3 >A.new title status stageId externalId"}},
			{"the same rows", bring, nil},
			{"rows that changed", func() error {
				rows[0].Title, rows[1] = "another", imported("2", first)
				return bring()
			}, []string{"CARD_UPDATED Deal 1 A.new>A.new title", "CARD_MOVED Deal 2 A.offer>A.new stageId"}},
		})
	})
}

// What is refused, or fails after all, has not happened.
func TestNoEventsOfWhatDidNotHappen(t *testing.T) {
	eachShop(t, func(s *shop) {
		d := &diary{shop: s, names: map[uuid.UUID]string{}}
		a := s.pipeline("A", "new", "offer")
		d.meet("A", a)
		one := s.deal("big", "big@example.com", s.stage("new"))
		d.new()
		refused := func(err error) error {
			if err == nil {
				s.Error("it was not refused")
			}
			return nil
		}
		d.wrote([]entry{
			{"an old version", func() error {
				return refused(done(s.MoveDeal(s.ctx, sales.MoveDealInput{ID: one.GlobalID(), StageID: ptr(s.stage("offer").GlobalID()), ExpectedVersion: ptr(99)})))
			}, nil},
			{"a stage with cards", func() error {
				_, _, err := s.DeleteStage(s.ctx, sales.DeleteStageInput{ID: s.stage("new").GlobalID()})
				return refused(err)
			}, nil},
			{"nobody's deal", func() error {
				return refused(done(s.DeleteDeal(s.ctx, sales.DeleteDealInput{ID: id.Deal.Encode(uuid.New())})))
			}, nil},
			{"a transaction that fails at its end", func() error {
				return refused(s.Together(s.ctx, func(ctx context.Context) error {
					rows := []*sales.ImportedDeal{imported("1", s.stage("offer"))}
					s.must(done(s.ImportDeals(ctx, sales.ImportDealsInput{Deals: rows, AllowDuplicates: true})))
					return fmt.Errorf("the file ends in the middle")
				}))
			}, nil},
		})
	})
}
