// Package graph is the GraphQL layer: resolvers by noun, each a few lines, that
// read through loaders and write through the rules in internal/sales.
package graph

//go:generate sh -c "cd .. && go tool gqlgen generate"
