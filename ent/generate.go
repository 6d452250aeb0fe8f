// Package ent is Dealflow's store: generated from ent/schema by `make generate`.
package ent

//go:generate go tool ent generate --feature intercept,sql/modifier,sql/lock,sql/upsert,sql/execquery,sql/versioned-migration --template ./template ./schema
