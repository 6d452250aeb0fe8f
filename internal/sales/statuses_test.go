package sales_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/leadstatus"
	"dealflow/internal/id"
	"dealflow/internal/sales"
)

// statusNames are the names of the lead statuses, in their order.
func (o *office) statusNames(tb testing.TB) []string {
	tb.Helper()
	var names []string
	for _, status := range o.mustStatuses(tb) {
		names = append(names, status.Name)
	}
	return names
}

func TestCreateLeadStatus(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		got := must(o.CreateLeadStatus(o.ctx, sales.CreateLeadStatusInput{Name: " Größer ", PrimaryColor: leadstatus.PrimaryColorPINK}))(t)
		if got.Name != "Größer" || got.PrimaryColor != leadstatus.PrimaryColorPINK || got.Position != 4 {
			t.Errorf("status = %v", got)
		}
		wantList(t, o.actions(t, got.ID), "CREATED name primaryColor order")
		tests := map[string]struct{ name, want string }{
			"a name in another case": {"GRÖßER", "ALREADY_EXISTS input.name: Lead status already exists."},
			"no name":                {" ", "REQUIRED input.name: The name field is mandatory."},
			"a long name":            {strings.Repeat("x", 101), "INVALID input.name: The name field has 101 characters; at most 100 are allowed."},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				_, err := o.CreateLeadStatus(o.ctx, sales.CreateLeadStatusInput{Name: test.name, PrimaryColor: leadstatus.PrimaryColorRED})
				wantErrors(t, err, test.want)
			})
		}
		t.Run("in another organization", func(t *testing.T) {
			other := o.mustOther(t, "Rival")
			must(other.CreateLeadStatus(other.ctx, sales.CreateLeadStatusInput{Name: "größer", PrimaryColor: leadstatus.PrimaryColorRED}))(t)
		})
	})
}

// TestCreateLeadStatusRace expects places without gaps or doubles, and one of
// those with the same name to be made.
func TestCreateLeadStatusRace(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		var wait sync.WaitGroup
		for _, name := range []string{"a", "A", "b", "B", "c", "C"} {
			wait.Go(func() {
				_, err := o.CreateLeadStatus(o.ctx, sales.CreateLeadStatusInput{Name: name, PrimaryColor: leadstatus.PrimaryColorRED})
				if err != nil {
					wantErrors(t, err, "ALREADY_EXISTS input.name: Lead status already exists.")
				}
			})
		}
		wait.Wait()
		if names := o.statusNames(t); len(names) != 7 {
			t.Errorf("statuses = %q", names)
		}
	})
}

func TestUpdateLeadStatus(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		old := o.mustStatuses(t)[1]
		got := must(o.UpdateLeadStatus(o.ctx, sales.UpdateLeadStatusInput{ID: old.GlobalID(), Name: set("CONTACTED"), PrimaryColor: set(leadstatus.PrimaryColorRED)}))(t)
		if got.Name != "CONTACTED" || got.PrimaryColor != leadstatus.PrimaryColorRED || got.Version != 2 || got.Position != 1 {
			t.Errorf("status = %v", got)
		}
		same := must(o.UpdateLeadStatus(o.ctx, sales.UpdateLeadStatusInput{ID: old.GlobalID(), Name: set("CONTACTED")}))(t)
		if same.Version != 2 {
			t.Errorf("version = %d", same.Version)
		}
		wantList(t, o.actions(t, old.ID), "CREATED name primaryColor order", "UPDATED name primaryColor")
		tests := map[string]struct {
			input sales.UpdateLeadStatusInput
			want  string
		}{
			"not there":     {sales.UpdateLeadStatusInput{ID: id.LeadStatus.Encode(id.New())}, "NOT_FOUND input.id: Lead status not found."},
			"a taken name":  {sales.UpdateLeadStatusInput{ID: old.GlobalID(), Name: set("new")}, "ALREADY_EXISTS input.name: Lead status already exists."},
			"no colour":     {sales.UpdateLeadStatusInput{ID: old.GlobalID(), PrimaryColor: null[leadstatus.PrimaryColor]()}, "REQUIRED input.primaryColor: The primaryColor field is mandatory: leave it out to keep it, null does not clear it."},
			"a version ago": {sales.UpdateLeadStatusInput{ID: old.GlobalID(), ExpectedVersion: ptr(1)}, "CONFLICT input.expectedVersion: It has version 2 now, not 1. Read it again and repeat the change."},
		}
		for title, test := range tests {
			t.Run(title, func(t *testing.T) {
				_, err := o.UpdateLeadStatus(o.ctx, test.input)
				wantErrors(t, err, test.want)
			})
		}
	})
}

func TestReorderLeadStatuses(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		was := o.mustStatuses(t)
		at := func(status *ent.LeadStatus, order int) *sales.LeadStatusOrderInput {
			return &sales.LeadStatusOrderInput{ID: status.GlobalID(), Order: order}
		}
		got := must(o.ReorderLeadStatuses(o.ctx, sales.ReorderLeadStatusesInput{Statuses: []*sales.LeadStatusOrderInput{at(was[2], 9), at(was[3], 4)}}))(t)
		wantList(t, o.statusNames(t), "Unqualified", "Qualified", "New", "Contacted")
		for i, status := range got {
			if status.Position != i || status.Version != 2 {
				t.Errorf("status %d = %v", i, status)
			}
		}
		wantList(t, o.actions(t, was[2].ID), "CREATED name primaryColor order", "REORDERED order")
		again := must(o.ReorderLeadStatuses(o.ctx, sales.ReorderLeadStatusesInput{}))(t)
		if again[0].Version != 2 {
			t.Errorf("nothing to do, and the version = %d", again[0].Version)
		}
		t.Run("wrong", func(t *testing.T) {
			_, err := o.ReorderLeadStatuses(o.ctx, sales.ReorderLeadStatusesInput{Statuses: []*sales.LeadStatusOrderInput{
				at(was[0], 1), at(was[0], 2), at(was[1], 1), at(was[2], -1),
			}})
			wantErrors(t, err,
				"INVALID input.statuses.1.id: "+was[0].GlobalID()+" stands in the list twice.",
				"INVALID input.statuses.2.order: Another status has the order 1.",
				"INVALID input.statuses.3.order: The order field must be from 0 to 500.")
			_, err = o.ReorderLeadStatuses(o.ctx, sales.ReorderLeadStatusesInput{Statuses: []*sales.LeadStatusOrderInput{at(was[0], 1), at(&ent.LeadStatus{ID: id.New()}, 0)}})
			wantErrors(t, err, "NOT_FOUND input.statuses.1.id: Lead status not found.")
		})
	})
}

func TestDeleteLeadStatus(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		statuses := o.mustStatuses(t)
		remove := func(status *ent.LeadStatus) error {
			_, err := o.DeleteLeadStatus(o.ctx, sales.DeleteLeadStatusInput{ID: status.GlobalID()})
			return err
		}
		t.Run("unused", func(t *testing.T) {
			if err := remove(statuses[1]); err != nil {
				t.Error(err)
			}
			wantList(t, o.statusNames(t), "New", "Qualified", "Unqualified")
			wantList(t, o.actions(t, statuses[1].ID), "CREATED name primaryColor order", "DELETED name primaryColor order")
		})
		t.Run("gone", func(t *testing.T) {
			wantErrors(t, remove(statuses[1]), "NOT_FOUND input.id: Lead status not found.")
		})
		one, two := o.mustLead(t, withStatus(statuses[2])), o.mustLead(t, withStatus(statuses[2]))
		must(o.ArchiveLeads(o.ctx, sales.ArchiveLeadsInput{IDs: idsOf(one)}))(t)
		t.Run("in use", func(t *testing.T) {
			err := remove(statuses[2])
			wantErrors(t, err, "BLOCKED input.id: Cannot delete status: 2 leads have it. Give them another status first.")
			var all sales.Errors
			if !errors.As(err, &all) || all[0].(sales.BlockedError).Count != 2 {
				t.Errorf("error = %#v", err)
			}
			must(o.DeleteLeads(o.ctx, sales.DeleteLeadsInput{IDs: idsOf(two)}))(t)
			wantErrors(t, remove(statuses[2]), "BLOCKED input.id: Cannot delete status: 1 lead has it. Give it another status first.")
		})
		t.Run("the last", func(t *testing.T) {
			must(o.DeleteLeads(o.ctx, sales.DeleteLeadsInput{IDs: idsOf(one)}))(t)
			for _, status := range []*ent.LeadStatus{statuses[2], statuses[3]} {
				if err := remove(status); err != nil {
					t.Error(err)
				}
			}
			wantErrors(t, remove(statuses[0]), "BLOCKED input.id: Cannot delete status: it is the last one. Create another one first.")
		})
	})
}

// TestDeleteLeadStatusRace expects no lead to end up with a status that is gone,
// and nobody to be told that the server failed.
func TestDeleteLeadStatusRace(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		for range 5 {
			status := must(o.CreateLeadStatus(o.ctx, sales.CreateLeadStatusInput{Name: uuid.NewString(), PrimaryColor: leadstatus.PrimaryColorRED}))(t)
			input := sales.CreateLeadInput{FirstName: "Grace", State: "ACTIVE", StatusID: ptr(status.GlobalID())}
			var wait sync.WaitGroup
			var made, deleted error
			wait.Go(func() { _, made = o.CreateLead(o.ctx, input) })
			wait.Go(func() { _, deleted = o.DeleteLeadStatus(o.ctx, sales.DeleteLeadStatusInput{ID: status.GlobalID()}) })
			wait.Wait()
			switch {
			case made == nil:
				wantErrors(t, deleted, "BLOCKED input.id: Cannot delete status: 1 lead has it. Give it another status first.")
			case deleted == nil:
				wantErrors(t, made, "NOT_FOUND input.statusId: Lead status not found.")
			default:
				t.Errorf("neither happened: %v; %v", made, deleted)
			}
		}
	})
}
