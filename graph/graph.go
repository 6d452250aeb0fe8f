package graph

import (
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/graph/generated"
	"dealflow/internal/photo"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// Config is what the resolvers need.
type Config struct {
	Store  *store.Store
	Sales  *sales.Sales
	Photos photo.Links
	Now    func() time.Time
	Log    *slog.Logger
}

// New returns the schema, ready to execute. Operations need Loaders too.
func New(cfg Config) graphql.ExecutableSchema {
	return generated.NewExecutableSchema(generated.Config{
		Resolvers:  &resolvers{cfg},
		Directives: generated.DirectiveRoot{Requires: requires},
	})
}

// resolvers leads to the resolvers of each type.
type resolvers struct{ Config }

func (r *resolvers) Query() generated.QueryResolver               { return query{r} }
func (r *resolvers) Mutation() generated.MutationResolver         { return mutation{r} }
func (r *resolvers) Pipeline() generated.PipelineResolver         { return pipelines{} }
func (r *resolvers) Stage() generated.StageResolver               { return stages{} }
func (r *resolvers) BoardSummary() generated.BoardSummaryResolver { return summaries{} }
func (r *resolvers) Deal() generated.DealResolver                 { return deals{r} }
func (r *resolvers) StageStay() generated.StageStayResolver       { return stays{r} }
func (r *resolvers) Contact() generated.ContactResolver           { return contacts{} }
func (r *resolvers) Lead() generated.LeadResolver                 { return leads{r} }
func (r *resolvers) LeadStatus() generated.LeadStatusResolver     { return statuses{} }
func (r *resolvers) Comment() generated.CommentResolver           { return comments{} }
func (r *resolvers) Activity() generated.ActivityResolver         { return activities{} }

// query and mutation hold the fields of the root types, which stand with their nouns.
type (
	query    struct{ *resolvers }
	mutation struct{ *resolvers }
)
