package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/deal"
	"dealflow/ent/intercept"
	"dealflow/ent/lead"
	"dealflow/ent/migrate"
	"dealflow/ent/organization"
	"dealflow/ent/stage"
	"dealflow/internal/auth"
	"dealflow/internal/store"
	"dealflow/internal/store/storetest"
)

// changeable is a field of each entity that an update may set, and a new value.
var changeable = map[string]struct {
	field string
	value any
}{
	ent.TypeAPIKey:           {"revoked_at", time.Unix(0, 0)},
	ent.TypeActivity:         {}, // none
	ent.TypeBusiness:         {"name", "changed"},
	ent.TypeComment:          {"content", "changed"},
	ent.TypeContact:          {"name", "changed"},
	ent.TypeDeal:             {"title", "changed"},
	ent.TypeDocument:         {"retired_at", time.Unix(0, 0)},
	ent.TypeEvent:            {}, // none
	ent.TypeEventHead:        {"seq", int64(2)},
	ent.TypeIdempotentAnswer: {"body", []byte("changed")},
	ent.TypeLead:             {"first_name", "changed"},
	ent.TypeLeadStatus:       {"name", "changed"},
	ent.TypeOrganization:     {"currency", "EUR"},
	ent.TypePipeline:         {"name", "changed"},
	ent.TypeStage:            {"name", "changed"},
	ent.TypeStageStay:        {"left_at", now},
	ent.TypeUser:             {"name", "changed"},
}

// entity is an ent client of one entity, taken by reflection so that no entity
// is forgotten here.
type entity struct {
	name   string
	client reflect.Value
}

func entities(db *ent.Client) []entity {
	var list []entity
	clients := reflect.ValueOf(db).Elem()
	for i := range clients.NumField() {
		name, is := strings.CutSuffix(clients.Field(i).Type().String(), "Client")
		if name, ours := strings.CutPrefix(name, "*ent."); is && ours {
			list = append(list, entity{name, clients.Field(i)})
		}
	}
	return list
}

// call calls a method; its last result, if that is an error, comes apart.
func call(on reflect.Value, method string, args ...any) (result reflect.Value, err error) {
	in := make([]reflect.Value, len(args))
	for i, arg := range args {
		in[i] = reflect.ValueOf(arg)
	}
	out := on.MethodByName(method).Call(in)
	if last := out[len(out)-1]; last.Type() == reflect.TypeFor[error]() {
		err, _ = last.Interface().(error)
	}
	return out[0], err
}

func (e entity) query() reflect.Value {
	q, _ := call(e.client, "Query")
	return q
}

// queryRow is a query of the row with an id.
func (e entity) queryRow(t *testing.T, id uuid.UUID) reflect.Value {
	q := e.query()
	query, err := intercept.NewQuery(q.Interface())
	if err != nil {
		t.Fatal(err)
	}
	query.WhereP(hasID(id))
	return q
}

func hasID(id uuid.UUID) func(*entsql.Selector) {
	return func(s *entsql.Selector) { s.Where(entsql.EQ(s.C("id"), id)) }
}

// set sets the changeable field in a builder of updates.
func (e entity) set(t *testing.T, update reflect.Value) {
	m, _ := call(update, "Mutation")
	c := changeable[e.name]
	if err := m.Interface().(ent.Mutation).SetField(c.field, c.value); err != nil {
		t.Fatal(err)
	}
}

// dump is all that a tenant has, as the operator sees it.
func dump(t *testing.T, db *ent.Client, n *tenant) string {
	t.Helper()
	var b strings.Builder
	for _, e := range entities(db) {
		row, err := call(e.client, "Get", store.System(t.Context()), n.rows[e.name])
		if err != nil {
			t.Errorf("%s is gone: %v", e.name, err)
			continue
		}
		text, err := json.Marshal(row.Interface())
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(e.name + " " + string(text) + "\n")
	}
	return b.String()
}

func TestEveryTableIsInsideTheWall(t *testing.T) {
	for _, table := range migrate.Tables {
		if table == migrate.OrganizationsTable || table == migrate.LeadBusinessesTable {
			continue // the tenant itself, and rows that are reached through others alone
		}
		if !slices.ContainsFunc(table.Columns, func(c *schema.Column) bool { return c.Name == "organization_id" && !c.Nullable }) {
			t.Errorf("%s has no organization_id", table.Name)
		}
	}
}

func TestForeignRowsAreOutOfReach(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, foreign := newTenant(t, s, "own"), newTenant(t, s, "foreign")
		before := dump(t, s.Client, foreign)
		for _, e := range entities(s.Client) {
			t.Run(e.name, func(t *testing.T) {
				mine, theirs := own.rows[e.name], foreign.rows[e.name]
				if mine == uuid.Nil || theirs == uuid.Nil {
					t.Fatal("newTenant makes no row of this type")
				}
				t.Run("read", func(t *testing.T) { testRead(t, e, own.ctx, mine, theirs) })
				t.Run("update", func(t *testing.T) { testUpdate(t, e, own.ctx, mine, theirs) })
				t.Run("delete", func(t *testing.T) { testDelete(t, e, own.ctx, theirs) })
				t.Run("create", func(t *testing.T) { testCreate(t, e, own.ctx, foreign.organization.ID) })
				t.Run("edges", func(t *testing.T) { testEdges(t, e, own.ctx, theirs) })
				t.Run("ErrNoViewer", func(t *testing.T) { testNoViewer(t, e, mine) })
			})
		}
		if diff := cmp.Diff(before, dump(t, s.Client, foreign)); diff != "" {
			t.Errorf("the other organization changed:\n%s", diff)
		}
	})
}

func testRead(t *testing.T, e entity, ctx context.Context, mine, theirs uuid.UUID) {
	if _, err := call(e.client, "Get", ctx, mine); err != nil {
		t.Errorf("Get of one's own: %v", err)
	}
	if _, err := call(e.client, "Get", ctx, theirs); !ent.IsNotFound(err) {
		t.Errorf("Get: err = %v, want not found", err)
	}
	if _, err := call(e.queryRow(t, theirs), "Only", ctx); !ent.IsNotFound(err) {
		t.Errorf("Only: err = %v, want not found", err)
	}
	if _, err := call(e.queryRow(t, theirs), "First", ctx); !ent.IsNotFound(err) {
		t.Errorf("First: err = %v, want not found", err)
	}
	if got, err := call(e.queryRow(t, theirs), "Exist", ctx); err != nil || got.Bool() {
		t.Errorf("Exist = %v, %v", got, err)
	}
	if got, err := call(e.query(), "Count", ctx); err != nil || got.Int() != 1 {
		t.Errorf("Count = %v, %v, want 1", got, err)
	}
	if got, err := call(e.query(), "All", ctx); err != nil || got.Len() != 1 {
		t.Errorf("All = %v, %v, want one row", got, err)
	}
	if got, err := call(e.query(), "IDs", ctx); err != nil || !cmp.Equal(got.Interface(), []uuid.UUID{mine}) {
		t.Errorf("IDs = %v, %v, want %v", got, err, mine)
	}
	for _, method := range []string{"Select", "GroupBy"} {
		by, _ := call(e.query(), method, "id")
		if got, err := call(by, "Strings", ctx); err != nil || !cmp.Equal(got.Interface(), []string{mine.String()}) {
			t.Errorf("%s = %v, %v, want %v", method, got, err, mine)
		}
	}
}

func testUpdate(t *testing.T, e entity, ctx context.Context, mine, theirs uuid.UUID) {
	// An update of nothing is answered with the row.
	idle, _ := call(e.client, "UpdateOneID", theirs)
	if _, err := call(idle, "Save", ctx); err == nil {
		t.Error("an UpdateOneID that changes nothing returns the row")
	}
	idle, _ = call(e.client, "UpdateOneID", mine)
	if _, err := call(idle, "Save", ctx); err != nil {
		t.Errorf("an UpdateOneID of one's own that changes nothing: %v", err)
	}
	change, ok := changeable[e.name]
	if !ok {
		t.Fatal("not in changeable")
	}
	if change.field == "" {
		return
	}
	one, _ := call(e.client, "UpdateOneID", theirs)
	e.set(t, one)
	if _, err := call(one, "Save", ctx); !ent.IsNotFound(err) {
		t.Errorf("UpdateOneID: err = %v, want not found", err)
	}
	all, _ := call(e.client, "Update")
	e.set(t, all)
	if got, err := call(all, "Save", ctx); err != nil || got.Int() != 1 {
		t.Errorf("Update changes %v rows, %v, want 1", got, err)
	}
}

func testDelete(t *testing.T, e entity, ctx context.Context, theirs uuid.UUID) {
	one, _ := call(e.client, "DeleteOneID", theirs)
	if _, err := call(one, "Exec", ctx); !ent.IsNotFound(err) {
		t.Errorf("DeleteOneID: err = %v, want not found", err)
	}
	many, _ := call(e.client, "Delete")
	where := many.MethodByName("Where")
	where.Call([]reflect.Value{reflect.ValueOf(hasID(theirs)).Convert(where.Type().In(0).Elem())})
	if got, err := call(many, "Exec", ctx); err != nil || got.Int() != 0 {
		t.Errorf("Delete deletes %v rows, %v, want none", got, err)
	}
}

func testCreate(t *testing.T, e entity, ctx context.Context, foreign uuid.UUID) {
	create, _ := call(e.client, "Create")
	if e.name != ent.TypeOrganization {
		m, _ := call(create, "Mutation")
		if err := m.Interface().(ent.Mutation).SetField("organization_id", foreign); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := call(create, "Save", ctx); !errors.Is(err, store.ErrForeign) {
		t.Errorf("Create: err = %v, want ErrForeign", err)
	}
	bulk := e.client.MethodByName("CreateBulk").Call([]reflect.Value{create})[0]
	if _, err := call(bulk, "Save", ctx); !errors.Is(err, store.ErrForeign) {
		t.Errorf("CreateBulk: err = %v, want ErrForeign", err)
	}
}

// testEdges walks from a foreign row along all of its edges.
func testEdges(t *testing.T, e entity, ctx context.Context, theirs uuid.UUID) {
	row, err := call(e.client, "Get", store.System(ctx), theirs)
	if err != nil {
		t.Fatal(err)
	}
	for i := range row.NumMethod() {
		name := row.Type().Method(i).Name
		if !strings.HasPrefix(name, "Query") || name == "QueryContext" {
			continue
		}
		edge, _ := call(row, name)
		if got, err := call(edge, "Count", ctx); err != nil || got.Int() != 0 {
			t.Errorf("%s finds %v rows, %v, want none", name, got, err)
		}
	}
}

func testNoViewer(t *testing.T, e entity, id uuid.UUID) {
	ctx := t.Context()
	one, _ := call(e.client, "UpdateOneID", id)
	update, _ := call(e.client, "Update")
	del, _ := call(e.client, "Delete")
	create, _ := call(e.client, "Create")
	for name, builder := range map[string]reflect.Value{"One": one, "Update": update, "Delete": del, "Create": create} {
		if _, err := call(builder, "Exec", ctx); !errors.Is(err, store.ErrNoViewer) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	for _, method := range []string{"All", "Count", "Exist", "First", "IDs"} {
		if _, err := call(e.query(), method, ctx); !errors.Is(err, store.ErrNoViewer) {
			t.Errorf("%s: err = %v", method, err)
		}
	}
	nowhere := auth.WithViewer(ctx, auth.Viewer{Subject: "ada"})
	if _, err := call(e.client, "Get", nowhere, id); !errors.Is(err, store.ErrNoViewer) {
		t.Errorf("Get for a viewer without an organization: err = %v", err)
	}
}

func TestWalkAlongEdges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, foreign := newTenant(t, s, "own"), newTenant(t, s, "foreign")
		db := s.Client

		t.Run("from all rows", func(t *testing.T) {
			if n := db.Deal.Query().QueryStage().QueryPipeline().QueryOrganization().CountX(own.ctx); n != 1 {
				t.Errorf("found %d organizations", n)
			}
			if n := db.Lead.Query().QueryBusinesses().QueryLeads().CountX(own.ctx); n != 1 {
				t.Errorf("found %d leads", n)
			}
		})

		// What should never be: rows that point into another organization.
		system := store.System(t.Context())
		db.Deal.UpdateOne(own.deal).SetStage(foreign.stage).ExecX(system)
		db.Lead.UpdateOne(own.lead).AddBusinesses(foreign.business).ExecX(system)

		t.Run("into another organization", func(t *testing.T) {
			d := db.Deal.Query().WithStage().OnlyX(own.ctx)
			if d.Edges.Stage != nil {
				t.Error("WithStage loads the foreign stage")
			}
			if db.Deal.Query().QueryStage().ExistX(own.ctx) {
				t.Error("QueryStage finds the foreign stage")
			}
			l := db.Lead.Query().WithBusinesses().OnlyX(own.ctx)
			if len(l.Edges.Businesses) != 1 || l.Edges.Businesses[0].ID != own.business.ID {
				t.Errorf("WithBusinesses loads %v", l.Edges.Businesses)
			}
		})
	})
}

func TestEdgesOfForeignRowsStay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, foreign := newTenant(t, s, "own"), newTenant(t, s, "foreign")
		db := s.Client
		joined := func() int {
			return db.Lead.Query().QueryBusinesses().CountX(store.System(t.Context()))
		}
		if err := db.Lead.UpdateOneID(foreign.lead.ID).ClearBusinesses().Exec(own.ctx); !ent.IsNotFound(err) {
			t.Errorf("by id: err = %v, want not found", err)
		}
		if err := db.Lead.UpdateOne(foreign.lead).ClearBusinesses().Exec(own.ctx); !errors.Is(err, store.ErrForeign) {
			t.Errorf("by the row: err = %v, want ErrForeign", err)
		}
		if n := db.Lead.Update().Where(lead.ID(foreign.lead.ID)).ClearBusinesses().SaveX(own.ctx); n != 0 {
			t.Errorf("in bulk: changed %d leads", n)
		}
		if joined() != 2 {
			t.Error("the foreign lead lost its business")
		}
		db.Lead.UpdateOneID(own.lead.ID).ClearBusinesses().ExecX(own.ctx)
		if joined() != 1 {
			t.Error("the own lead kept its business")
		}
	})
}

func TestUpsert(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, foreign := newTenant(t, s, "own"), newTenant(t, s, "foreign")
		before := dump(t, s.Client, foreign)
		target := []entsql.ConflictOption{
			entsql.ConflictColumns(deal.FieldOrganizationID, deal.FieldExternalID),
			entsql.ConflictWhere(entsql.NotNull(deal.FieldExternalID)),
		}

		t.Run("updates one's own row", func(t *testing.T) {
			newDeal(own, s.Client, "again").SetExternalID("d1").OnConflict(target...).UpdateNewValues().ExecX(own.ctx)
			s.Client.Deal.CreateBulk(newDeal(own, s.Client, "and again").SetExternalID("d1")).
				OnConflict(target...).UpdateNewValues().ExecX(own.ctx)
			if d := s.Client.Deal.GetX(own.ctx, own.deal.ID); d.Title != "and again" {
				t.Errorf("title = %q", d.Title)
			}
		})

		t.Run("refuses to touch a foreign row", func(t *testing.T) {
			steal := func() *ent.DealCreate { return newDeal(own, s.Client, "stolen").SetID(foreign.deal.ID) }
			for name, err := range map[string]error{
				"one":    steal().OnConflictColumns(deal.FieldID).UpdateNewValues().Exec(own.ctx),
				"bulk":   s.Client.Deal.CreateBulk(steal()).OnConflictColumns(deal.FieldID).UpdateNewValues().Exec(own.ctx),
				"ignore": steal().OnConflictColumns(deal.FieldID).Ignore().Exec(own.ctx),
			} {
				if !errors.Is(err, store.ErrForeign) {
					t.Errorf("%s: err = %v, want ErrForeign", name, err)
				}
			}
			err := s.Tx(own.ctx, func(ctx context.Context, db *ent.Client) error {
				return newDeal(own, db, "stolen").SetID(foreign.deal.ID).
					OnConflictColumns(deal.FieldID).UpdateNewValues().Exec(ctx)
			})
			if !errors.Is(err, store.ErrForeign) {
				t.Errorf("in a transaction: err = %v, want ErrForeign", err)
			}
		})

		t.Run("may do nothing", func(t *testing.T) {
			err := newDeal(own, s.Client, "stolen").SetID(foreign.deal.ID).
				OnConflictColumns(deal.FieldID).DoNothing().Exec(own.ctx)
			if err != nil && !strings.Contains(err.Error(), "no rows") {
				t.Error(err)
			}
		})
		if diff := cmp.Diff(before, dump(t, s.Client, foreign)); diff != "" {
			t.Errorf("the other organization changed:\n%s", diff)
		}
	})
}

func TestSystem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		one, other := newTenant(t, s, "one"), newTenant(t, s, "other")
		ctx := store.System(one.ctx) // even with a viewer
		if n := s.Client.Deal.Query().CountX(ctx); n != 2 {
			t.Errorf("found %d deals, want both", n)
		}
		s.Client.Stage.UpdateOneID(other.stage.ID).SetName("Mine").ExecX(ctx)
		if !s.Client.Stage.Query().Where(stage.Name("Mine")).ExistX(other.ctx) {
			t.Error("the stage has kept its name")
		}
		if _, err := newDeal(one, s.Client, "nobody's").Save(ctx); err == nil {
			t.Error("a deal was made that belongs to no organization")
		}
		d := newDeal(one, s.Client, "theirs").SetOrganization(other.organization).SaveX(ctx)
		if d.OrganizationID != other.organization.ID {
			t.Error("the organization that was given is not taken")
		}
		if !s.Client.Organization.Query().Where(organization.Name("other")).ExistX(ctx) {
			t.Error("no other organization")
		}
	})
}

func TestWallInTx(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		own, foreign := newTenant(t, s, "own"), newTenant(t, s, "foreign")
		err := s.Tx(own.ctx, func(ctx context.Context, db *ent.Client) error {
			if n := db.Deal.Query().CountX(ctx); n != 1 {
				t.Errorf("found %d deals, want 1", n)
			}
			return db.Deal.DeleteOneID(foreign.deal.ID).Exec(ctx)
		})
		if !ent.IsNotFound(err) {
			t.Errorf("err = %v, want not found", err)
		}
	})
}
