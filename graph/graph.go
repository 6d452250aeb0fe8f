package graph

import (
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"dealflow/graph/generated"
	"dealflow/internal/event"
	"dealflow/internal/photo"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// Config is what the resolvers need.
type Config struct {
	Store  *store.Store
	Sales  *sales.Sales
	Events *event.Log
	Photos photo.Links
	Now    func() time.Time
	Log    *slog.Logger
	// Unplanned leaves all queries to gqlgen's executor.
	Unplanned bool
	// Observe, if any, hears on which path each query was answered.
	Observe func(Path)
}

// New returns the schema, ready to execute. Operations need Loaders too.
func New(cfg Config) graphql.ExecutableSchema {
	return withPlans(generated.NewExecutableSchema(generated.Config{
		Resolvers:  &resolvers{cfg},
		Directives: generated.DirectiveRoot{Requires: requires, Echo: echo},
	}), cfg)
}

// resolvers leads to the resolvers of each type.
type resolvers struct{ Config }

func (r *resolvers) Query() generated.QueryResolver               { return query{r} }
func (r *resolvers) Mutation() generated.MutationResolver         { return mutation{r} }
func (r *resolvers) Subscription() generated.SubscriptionResolver { return subscription{r} }
func (r *resolvers) Pipeline() generated.PipelineResolver         { return pipelines{} }
func (r *resolvers) Stage() generated.StageResolver               { return stages{} }
func (r *resolvers) BoardSummary() generated.BoardSummaryResolver { return summaries{} }
func (r *resolvers) Deal() generated.DealResolver                 { return deals{r} }
func (r *resolvers) StageStay() generated.StageStayResolver       { return stays{r} }
func (r *resolvers) Contact() generated.ContactResolver           { return contacts{} }
func (r *resolvers) Lead() generated.LeadResolver                 { return leads{r} }
func (r *resolvers) LeadStatus() generated.LeadStatusResolver     { return statuses{} }
func (r *resolvers) ApiKey() generated.ApiKeyResolver             { return keys{} }
func (r *resolvers) Comment() generated.CommentResolver           { return comments{} }
func (r *resolvers) Activity() generated.ActivityResolver         { return activities{} }

// The types of events.

func (r *resolvers) CardCreated() generated.CardCreatedResolver {
	return happened[event.CardCreated, *event.CardCreated]{}
}
func (r *resolvers) CardUpdated() generated.CardUpdatedResolver {
	return happened[event.CardUpdated, *event.CardUpdated]{}
}
func (r *resolvers) CardMoved() generated.CardMovedResolver {
	return happened[event.CardMoved, *event.CardMoved]{}
}
func (r *resolvers) CardRemoved() generated.CardRemovedResolver {
	return happened[event.CardRemoved, *event.CardRemoved]{}
}
func (r *resolvers) CardArchived() generated.CardArchivedResolver {
	return happened[event.CardArchived, *event.CardArchived]{}
}
func (r *resolvers) CardRestored() generated.CardRestoredResolver {
	return happened[event.CardRestored, *event.CardRestored]{}
}
func (r *resolvers) StageCreated() generated.StageCreatedResolver {
	return happened[event.StageCreated, *event.StageCreated]{}
}
func (r *resolvers) StageUpdated() generated.StageUpdatedResolver {
	return happened[event.StageUpdated, *event.StageUpdated]{}
}
func (r *resolvers) StagesReordered() generated.StagesReorderedResolver {
	return happened[event.StagesReordered, *event.StagesReordered]{}
}
func (r *resolvers) StageRemoved() generated.StageRemovedResolver {
	return happened[event.StageRemoved, *event.StageRemoved]{}
}
func (r *resolvers) PipelineChanged() generated.PipelineChangedResolver {
	return happened[event.PipelineChanged, *event.PipelineChanged]{}
}
func (r *resolvers) CommentAdded() generated.CommentAddedResolver {
	return happened[event.CommentAdded, *event.CommentAdded]{}
}
func (r *resolvers) CommentEdited() generated.CommentEditedResolver {
	return happened[event.CommentEdited, *event.CommentEdited]{}
}
func (r *resolvers) CommentDeleted() generated.CommentDeletedResolver {
	return happened[event.CommentDeleted, *event.CommentDeleted]{}
}

// query and mutation hold the fields of the root types, which stand with their nouns.
type (
	query    struct{ *resolvers }
	mutation struct{ *resolvers }
)
