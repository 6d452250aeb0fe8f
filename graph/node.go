package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"dealflow/ent"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/read"
)

// find reads the row with an id of the API; nil when there is none.
func find[T any](ctx context.Context, kind *read.Kind[T], as id.Kind, text string) (*T, error) {
	key, err := as.Decode(text)
	if err != nil {
		return nil, err
	}
	rows, err := read.ByID(ctx, loadersFrom(ctx).db, kind, []uuid.UUID{key}, columns(ctx, kind))
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// Node resolves Query.node.
func (q query) Node(ctx context.Context, text string) (ent.Node, error) {
	kind, key, err := id.Parse(text)
	if err != nil {
		return nil, err
	}
	found := map[uuid.UUID]ent.Node{}
	err = readNodes(ctx, kind, []uuid.UUID{key}, found)
	return found[key], err
}

// Nodes resolves Query.nodes: one statement a kind of id. An id that is none is
// an error at its place in the list, and the others are answered.
func (q query) Nodes(ctx context.Context, texts []string) ([]ent.Node, error) {
	if len(texts) > read.MaxPage {
		return nil, read.Wrong("ids", "There may be at most %d ids.", read.MaxPage)
	}
	wanted := map[id.Kind][]uuid.UUID{}
	for i, text := range texts {
		kind, key, err := id.Parse(text)
		if err != nil {
			graphql.AddError(ctx, gqlerror.WrapPath(append(graphql.GetPath(ctx), ast.PathIndex(i)), err))
			continue
		}
		wanted[kind] = append(wanted[kind], key)
	}
	found := map[uuid.UUID]ent.Node{}
	for kind, keys := range wanted {
		if err := readNodes(ctx, kind, keys, found); err != nil {
			return nil, err
		}
	}
	nodes := make([]ent.Node, len(texts))
	for i, text := range texts {
		_, key, _ := id.Parse(text)
		if node, ok := found[key]; ok && node.GlobalID() == text {
			nodes[i] = node
		}
	}
	return nodes, nil
}

// readNodes reads the nodes of one kind that the viewer may see.
func readNodes(ctx context.Context, kind id.Kind, keys []uuid.UUID, into map[uuid.UUID]ent.Node) error {
	viewer, _ := auth.ViewerFrom(ctx)
	if needed, guarded := viewPermission(kind); guarded && !viewer.Permissions.Has(needed) {
		return nil
	}
	switch kind {
	case id.Organization:
		return collect(ctx, read.Organizations, keys, into)
	case id.User:
		return collect(ctx, read.Users, keys, into)
	case id.Pipeline:
		return collect(ctx, read.Pipelines, keys, into)
	case id.Stage:
		return collect(ctx, read.Stages, keys, into)
	case id.Deal:
		return collect(ctx, read.Deals, keys, into)
	case id.Lead:
		return collect(ctx, read.Leads, keys, into)
	case id.LeadStatus:
		return collect(ctx, read.LeadStatuses, keys, into)
	case id.Contact:
		return collect(ctx, read.Contacts, keys, into)
	case id.Business:
		return collect(ctx, read.Businesses, keys, into)
	case id.APIKey:
		return collect(ctx, read.APIKeys, keys, into)
	case id.Comment:
		return collectVisible(ctx, read.Comments, keys, into, commentPermission)
	case id.Activity:
		return collectVisible(ctx, read.Activities, keys, into, activityPermission)
	case id.StageStay:
		return collectVisible(ctx, read.StageStays, keys, into, stayPermission)
	}
	return nil
}

// viewPermission is what it takes to see a kind of node. What hangs on a lead or
// a deal is looked at row by row.
func viewPermission(kind id.Kind) (auth.Permission, bool) {
	switch kind {
	case id.Pipeline, id.Stage, id.Deal, id.Contact, id.User:
		return auth.ViewSalesPipelines, true
	case id.Lead, id.LeadStatus, id.Business:
		return auth.ViewLeads, true
	case id.APIKey:
		return auth.ManageOrganization, true
	}
	return "", false
}

// node is a row that is a Node.
type node[T any] interface {
	*T
	ent.Node
}

func collect[T any, N node[T]](ctx context.Context, kind *read.Kind[T], keys []uuid.UUID, into map[uuid.UUID]ent.Node) error {
	return collectVisible[T, N](ctx, kind, keys, into, nil)
}

// collectVisible reads the nodes that the viewer has the permission for, which
// permission tells for each; a node that is not visible is not there.
func collectVisible[T any, N node[T]](ctx context.Context, kind *read.Kind[T], keys []uuid.UUID, into map[uuid.UUID]ent.Node, permission func(*T) auth.Permission) error {
	l := loadersFrom(ctx)
	rows, err := read.ByID(ctx, l.db, kind, keys, nil)
	if err != nil {
		return err
	}
	join(l, rows)
	viewer, _ := auth.ViewerFrom(ctx)
	for key, row := range kind.Index(rows) {
		if permission == nil || viewer.Permissions.Has(permission(row)) {
			into[key] = N(row)
		}
	}
	return nil
}
