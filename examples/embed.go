// Package examples holds mappings for `dealflow import`. Those that read what
// `dealflow export` writes are built into the program.
package examples

import _ "embed" // for the files

// ExportDeals is the mapping that reads an export of deals.
//
//go:embed export-deals.yaml
var ExportDeals []byte

// ExportLeads is the mapping that reads an export of leads.
//
//go:embed export-leads.yaml
var ExportLeads []byte
