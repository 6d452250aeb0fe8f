package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"dealflow"
	"dealflow/internal/auth"
	"dealflow/internal/cost"
	"dealflow/internal/document"
	"dealflow/internal/read"
)

// documentsCmd is `dealflow documents`.
type documentsCmd struct {
	Publish documentsPublishCmd `cmd:"" help:"Publish what a client's manifest has, all of it or nothing."`
	Check   documentsCheckCmd   `cmd:"" help:"Check a manifest, without a server or a database."`
	List    documentsListCmd    `cmd:"" help:"List what was published."`
	Retire  documentsRetireCmd  `cmd:"" help:"Take a document out of use."`
}

// Help implements kong.HelpProvider.
func (documentsCmd) Help() string {
	return `A document is an operation that was published for a client, such as a partner's program. The client's API keys (see dealflow keys) run its documents, which they name by their ids, and nothing else. Its build writes them into a manifest: Apollo's persisted query manifest, Relay's persisted queries, or the persisted documents of graphql-codegen's client preset.

Publish a manifest before the version of the program that it belongs to. What was published before stays, under its own ids, until it is retired, so that older versions go on working. An id is of one text for ever.

With --standard it is the documents that come with this program: what users of other sales APIs look for, under names that they would guess. A client reaches each of its documents by plain HTTP, too, at /api/CLIENT/NAME; /api/CLIENT/openapi.json describes them.

Of each document, COST is what it may cost at most, in points, when every page whose size is a variable is as large as pages may be. Compare it with what the server allows: --max-cost of dealflow serve, which is to be the same here. A document that costs more than that, or than a key of the client may spend, even when its variables ask for nothing, can never run, and is refused.

Examples:

    dealflow documents check persisted-documents.json --permission VIEW_LEADS
    dealflow documents publish persisted-documents.json --org demo --client acme-erp
    dealflow documents publish --standard --group leads --org demo --client acme-erp
    dealflow documents list --org demo --client acme-erp
    dealflow documents retire --org demo --client acme-erp LeadsOfToday`
}

// manifestFlags name a manifest, and say who is to run it.
type manifestFlags struct {
	Manifest   string            `arg:"" optional:"" type:"existingfile" help:"The file that the client's build has written."`
	Standard   bool              `help:"The documents that come with this program, in place of a manifest's."`
	Group      []string          `enum:"${groups}" placeholder:"GROUP" help:"Of the documents that come with this program only this group, as often as needed: ${enum}."`
	Permission []auth.Permission `enum:"VIEW_SALES_PIPELINES,EDIT_SALES_PIPELINES,VIEW_LEADS,EDIT_LEADS,MANAGE_ORGANIZATION" help:"A permission that whoever runs the documents has, as often as needed: ${enum}."`
}

// read reads the manifest, or what takes its place.
func (f manifestFlags) read() ([]document.Entry, error) {
	switch {
	case f.Standard && f.Manifest != "":
		return nil, errors.New("give a manifest or --standard, not both")
	case f.Standard:
		return document.Standard(f.Group...), nil
	case len(f.Group) > 0:
		return nil, errors.New("--group is of the documents that come with this program: add --standard")
	case f.Manifest == "":
		return nil, errors.New("give a manifest, or --standard for the documents that come with this program")
	}
	file, err := os.Open(f.Manifest)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return document.ReadManifest(file)
}

// holder is who has the permissions that were given; nobody, if none were.
func (f manifestFlags) holder() []document.Holder {
	if len(f.Permission) == 0 {
		return nil
	}
	return []document.Holder{{Name: "a key with the permissions given", Permissions: auth.PermissionsOf(f.Permission...)}}
}

// documentsPublishCmd is `dealflow documents publish`.
type documentsPublishCmd struct {
	Org    string `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	Client string `required:"" placeholder:"NAME" help:"The client that is to run the documents."`
	manifestFlags
	databaseFlags
	costFlags
}

// Run runs the command.
func (c *documentsPublishCmd) Run(ctx context.Context, std streams) (err error) {
	limits, err := c.costs()
	if err != nil {
		return err
	}
	entries, err := c.read()
	if err != nil {
		return refusedManifest(std, err)
	}
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	holders := c.holder()
	if holders == nil {
		if holders, err = document.Holders(ctx, s, c.Client, time.Now()); err != nil {
			return err
		}
	}
	server := serverOf(builtIn(), limits)
	list, err := document.Check(server, entries, holders)
	if err != nil {
		return refusedManifest(std, err)
	}
	outcomes, err := document.Publish(ctx, s, c.Client, list, time.Now())
	if err != nil {
		return refusedManifest(std, err)
	}
	if len(holders) == 0 {
		fmt.Fprintf(std.Err, "The client %s has no API key yet that could run these: make one with `dealflow keys create`.\n", c.Client)
	}
	return listChecked(std, server.Prices, list, outcomes)
}

// documentsCheckCmd is `dealflow documents check`.
type documentsCheckCmd struct {
	Schema string `placeholder:"FILE" type:"existingfile" help:"The schema to check against, as a server has it at /schema.graphql. Default: that of this program."`
	manifestFlags
	maxCostFlag
}

// Run runs the command.
func (c *documentsCheckCmd) Run(std streams) error {
	schema, err := c.schema()
	if err != nil {
		return err
	}
	entries, err := c.read()
	if err != nil {
		return refusedManifest(std, err)
	}
	limits, err := cost.Limits{Max: c.MaxCost, Burst: c.MaxCost}.WithDefaults()
	if err != nil {
		return err
	}
	server := serverOf(schema, limits)
	list, err := document.Check(server, entries, c.holder())
	if err != nil {
		return refusedManifest(std, err)
	}
	return listChecked(std, server.Prices, list, nil)
}

func (c *documentsCheckCmd) schema() (*ast.Schema, error) {
	if c.Schema == "" {
		return builtIn(), nil
	}
	text, err := os.ReadFile(c.Schema)
	if err != nil {
		return nil, err
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: c.Schema, Input: string(text)})
	if err != nil {
		return nil, fmt.Errorf("%s is no GraphQL schema: %w", c.Schema, err)
	}
	return schema, nil
}

// builtIn is the schema that this program serves.
func builtIn() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: dealflow.Schema()})
}

// serverOf is a server with a schema and limits.
func serverOf(schema *ast.Schema, limits cost.Limits) document.Server {
	prices, err := cost.NewPrices(schema, read.MaxPage)
	if err != nil {
		prices = nil // the schema is a file, without the directives of costs
	}
	return document.Server{Schema: schema, Prices: prices, Limits: limits}
}

// refusedManifest lists what is wrong with a manifest, a line each.
func refusedManifest(std streams, err error) error {
	problems, ok := errors.AsType[document.Problems](err)
	if !ok {
		return err
	}
	for _, one := range problems {
		fmt.Fprintln(std.Err, one)
	}
	return fmt.Errorf("the manifest has problems: %d, and so nothing was done", len(problems))
}

// listChecked lists documents that are good, and what became of each, if anything
// was to.
func listChecked(std streams, prices *cost.Prices, list []document.Checked, outcomes []document.Outcome) error {
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKIND\tID\tNEEDS\tCOST\tOUTCOME")
	for i, one := range list {
		outcome := "good"
		if outcomes != nil {
			outcome = string(outcomes[i])
		}
		var needs []string
		for _, permission := range one.Needs.List() {
			needs = append(needs, string(permission))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", one.Name, strings.ToLower(string(one.Kind)), one.Key,
			cmp.Or(strings.Join(needs, ","), "-"), costAtMost(prices, one.Operation), outcome)
	}
	return table.Flush()
}

// costAtMost is what an operation may cost, in points, when each page whose size is
// a variable is as large as pages may be.
func costAtMost(prices *cost.Prices, operation *ast.OperationDefinition) string {
	if prices == nil {
		return "-"
	}
	variables := map[string]any{}
	for _, one := range operation.VariableDefinitions {
		if one.Type.NamedType == "Int" {
			variables[one.Variable] = json.Number("-1") // of no page: it counts as the largest
		}
	}
	return fmt.Sprint(prices.Of(operation, variables).Total())
}

// documentsListCmd is `dealflow documents list`.
type documentsListCmd struct {
	Org    string `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	Client string `placeholder:"NAME" help:"Only the documents of this client."`
	databaseFlags
}

// Run runs the command.
func (c *documentsListCmd) Run(ctx context.Context, std streams) (err error) {
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	list, err := document.List(ctx, s, c.Client)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLIENT\tNAME\tKIND\tID\tPUBLISHED\tLAST USED\tRETIRED")
	for _, one := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", one.Client, one.Name, strings.ToLower(string(one.Kind)), one.Key,
			shortTime(&one.PublishedAt), cmp.Or(shortTime(one.LastUsedAt), "never"), cmp.Or(shortTime(one.RetiredAt), "-"))
	}
	return table.Flush()
}

// documentsRetireCmd is `dealflow documents retire`.
type documentsRetireCmd struct {
	Org      string `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	Client   string `required:"" placeholder:"NAME" help:"The client whose document it is."`
	Document string `arg:"" name:"id-or-name" help:"The document's id, for one version; or its name, for all of them."`
	databaseFlags
}

// Run runs the command.
func (c *documentsRetireCmd) Run(ctx context.Context, std streams) (err error) {
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	retired, err := document.Retire(ctx, s, c.Client, c.Document, time.Now())
	if err != nil {
		return err
	}
	for _, one := range retired {
		fmt.Fprintf(std.Out, "retired %s %s\n", one.Name, one.Key)
	}
	if len(retired) == 0 {
		fmt.Fprintln(std.Out, "It was retired already.")
	}
	return nil
}
