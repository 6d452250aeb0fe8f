package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"dealflow/ent"
	"dealflow/ent/intercept"
	"dealflow/ent/organization"
	"dealflow/internal/auth"
)

// This file is the wall between organizations. Whatever goes through the client
// is confined to the organization of the context's viewer: queries find its rows
// alone, updates and deletes touch them alone, and what is created is its own.
// Without a viewer nothing works, rather than everything.
//
// What it does not do:
//   - Raw SQL, and functions given to Modify, carry their own predicate. The statements
//     of Together and LockRow are given theirs, each member its own where a group runs them.
//   - A foreign key is not checked to point inside the organization. The rules in
//     internal/sales look up every id that a request names through this client,
//     and so never hold the id of a foreign row.

// ErrNoViewer is the answer to a context that says neither whose rows are meant
// nor, with System, that all are.
var ErrNoViewer = errors.New("store: the context has no viewer: use auth.WithViewer, " +
	"or store.System for a task that crosses organizations")

// ErrForeign is the answer to a write into another organization.
var ErrForeign = errors.New("store: the row belongs to another organization")

// column names, in every table but that of the organizations, whose a row is.
const column = "organization_id"

type systemKey struct{}

// System returns a context that crosses organizations, whoever its viewer is.
// It is for an operator's tasks, such as migrating or making an organization,
// and never for what a request asks for.
func System(ctx context.Context) context.Context {
	return context.WithValue(ctx, systemKey{}, true)
}

func isSystem(ctx context.Context) bool { return ctx.Value(systemKey{}) != nil }

// viewerOrganization is where ctx is confined to.
func viewerOrganization(ctx context.Context) (uuid.UUID, error) {
	viewer, ok := auth.ViewerFrom(ctx)
	if !ok || viewer.OrganizationID == uuid.Nil {
		return uuid.Nil, ErrNoViewer
	}
	return viewer.OrganizationID, nil
}

// confine builds the wall around a client and the transactions it makes.
func confine(client *ent.Client) {
	client.Intercept(intercept.TraverseFunc(confineQuery))
	client.Use(confineMutation)
}

// confineQuery runs for each query, and for each step of a query that walks
// along edges or loads them.
func confineQuery(ctx context.Context, q intercept.Query) error {
	wall, err := wallOf(ctx, q.Type())
	if wall != nil {
		q.WhereP(wall)
	}
	return err
}

// wallOf is the predicate of the rows of a type that ctx may read, or nil when it
// may read all.
func wallOf(ctx context.Context, typ string) (predicate, error) {
	if isSystem(ctx) {
		return nil, nil //nolint:nilnil // there is no wall
	}
	org, err := viewerOrganization(ctx)
	if err != nil {
		return nil, err
	}
	return within(typ, org), nil
}

func confineMutation(next ent.Mutator) ent.Mutator {
	return ent.MutateFunc(func(ctx context.Context, m ent.Mutation) (ent.Value, error) {
		if isSystem(ctx) {
			return next.Mutate(ctx, m)
		}
		org, err := viewerOrganization(ctx)
		if err != nil {
			return nil, err
		}
		if m.Op().Is(ent.OpCreate) {
			err = claim(m, org)
		} else {
			err = restrict(ctx, m, org)
		}
		if err != nil {
			return nil, err
		}
		return next.Mutate(ctx, m)
	})
}

// claim gives a new row to the organization.
func claim(m ent.Mutation, org uuid.UUID) error {
	if m.Type() == ent.TypeOrganization {
		return fmt.Errorf("store: only store.System makes organizations: %w", ErrForeign)
	}
	if owner, ok := m.Field(column); ok && owner != org {
		return ErrForeign
	}
	return m.SetField(column, org)
}

// restrict keeps an update or a delete to the organization's rows.
func restrict(ctx context.Context, m ent.Mutation, org uuid.UUID) error {
	m.(interface{ WhereP(...predicate) }).WhereP(within(m.Type(), org))
	if !m.Op().Is(ent.OpUpdateOne) || changesRow(m) {
		return nil
	}
	// There will be no UPDATE for the predicate to stand in: ent goes straight
	// to the edges' join tables, and then reads the row by its id alone.
	is, err := owner(ctx, m)
	if err == nil && is != org {
		err = ErrForeign
	}
	return err
}

// changesRow tells whether the row itself changes, and not just its edges.
func changesRow(m ent.Mutation) bool {
	return len(m.Fields())+len(m.AddedFields())+len(m.ClearedFields()) > 0
}

// owner is the organization of the one row that an update is about.
func owner(ctx context.Context, m ent.Mutation) (uuid.UUID, error) {
	if m.Type() == ent.TypeOrganization {
		id, _ := m.(interface{ ID() (uuid.UUID, bool) }).ID()
		return id, nil
	}
	value, err := m.OldField(ctx, column)
	if err != nil {
		return uuid.Nil, err
	}
	return value.(uuid.UUID), nil
}

// predicate is what every type of ent's own predicates is made of.
type predicate = func(*entsql.Selector)

// within is the predicate of the rows of a type, or of its table, that belong to an
// organization.
func within(typ string, org uuid.UUID) predicate {
	name := column
	if typ == ent.TypeOrganization || typ == organization.Table {
		name = organization.FieldID
	}
	return func(s *entsql.Selector) { s.Where(entsql.EQ(s.C(name), org)) }
}

// upsertWall refuses an upsert that could update another organization's row,
// which ent's hooks do not see. Where the conflict is on an index that has the
// organization in it, the row that is there has the same one as the row that
// claim let through.
type upsertWall struct{ to entsql.ExecQuerier }

func (w upsertWall) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := checkUpsert(ctx, query); err != nil {
		return nil, err
	}
	return w.to.ExecContext(ctx, query, args...)
}

func (w upsertWall) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := checkUpsert(ctx, query); err != nil {
		return nil, err
	}
	return w.to.QueryContext(ctx, query, args...)
}

func checkUpsert(ctx context.Context, query string) error {
	if !strings.HasPrefix(query, "INSERT") || isSystem(ctx) {
		return nil
	}
	_, conflict, _ := strings.Cut(query, " ON CONFLICT ")
	target, _, updates := strings.Cut(conflict, "DO UPDATE")
	if updates && !strings.Contains(target, column) {
		return fmt.Errorf("store: an upsert names the columns of an index with %s in it: %w", column, ErrForeign)
	}
	return nil
}
