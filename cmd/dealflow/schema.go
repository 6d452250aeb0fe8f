package main

import (
	"io"

	"dealflow"
)

// schemaCmd is `dealflow schema`.
type schemaCmd struct{}

// Help implements kong.HelpProvider.
func (schemaCmd) Help() string {
	return `It is what the server has at /schema.graphql, for tools that write code from it.

Example:

    dealflow schema > schema.graphql`
}

// Run runs the command.
func (schemaCmd) Run(std streams) error {
	_, err := io.WriteString(std.Out, dealflow.Schema())
	return err
}
