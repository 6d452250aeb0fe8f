// Package dealflow holds the schema of the API, for the program to print and
// to serve as it was written.
package dealflow

import _ "embed"

//go:embed schema.graphql
var schema string

// Schema is the API's schema, in GraphQL's own language.
func Schema() string { return schema }
