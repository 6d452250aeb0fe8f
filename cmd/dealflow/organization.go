package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"dealflow/ent"
	"dealflow/ent/organization"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// organizationCmd is `dealflow organization`.
type organizationCmd struct {
	Create organizationCreateCmd `cmd:"" help:"Make an organization, and print its id."`
	List   organizationListCmd   `cmd:"" help:"List the organizations."`
}

// Help implements kong.HelpProvider.
func (organizationCmd) Help() string {
	return `An organization owns everything that is made within it, and sees nothing of the others. A token names one.

Examples:

    dealflow organization create "Acme Ltd" --currency EUR
    dealflow organization list`
}

// organizationCreateCmd is `dealflow organization create`.
type organizationCreateCmd struct {
	Name     string `arg:"" help:"The organization's name, which no other one has."`
	Currency string `default:"USD" placeholder:"CODE" help:"The currency of its deals unless they say otherwise, by its ISO 4217 code. Default: ${default}"`
	databaseFlags
}

// Run runs the command.
func (c *organizationCreateCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.open(ctx, store.Options{}, false)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	made, err := sales.New(s, nil, time.Now).CreateOrganization(ctx, c.Name, c.Currency)
	if err != nil {
		return err
	}
	fmt.Fprintln(std.Out, id.Organization.Encode(made.ID))
	return nil
}

// organizationListCmd is `dealflow organization list`.
type organizationListCmd struct {
	databaseFlags
}

// Run runs the command.
func (c *organizationListCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	list, err := s.Client.Organization.Query().
		Order(organization.ByName(), organization.ByID()).
		All(store.System(ctx))
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tCURRENCY")
	for _, o := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\n", id.Organization.Encode(o.ID), o.Name, o.Currency)
	}
	return table.Flush()
}

// openFor opens the database for a command about one organization, which its name or
// its id says, and makes a context in which the command acts there as its operator.
func (f databaseFlags) openFor(ctx context.Context, nameOrID string) (*store.Store, context.Context, error) {
	s, err := f.openExisting(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := findOrganization(ctx, s, nameOrID)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, asOperator(ctx, found), nil
}

// asOperator is the context of who runs commands: nobody's user, who may do all
// within the organization.
func asOperator(ctx context.Context, organization *ent.Organization) context.Context {
	return auth.WithViewer(ctx, auth.Viewer{
		OrganizationID: organization.ID, Role: auth.RoleAdmin, Permissions: auth.RoleAdmin.Permissions(),
	})
}

// findOrganization is the organization with a name or an id.
func findOrganization(ctx context.Context, s *store.Store, nameOrID string) (*ent.Organization, error) {
	is := organization.Name(nameOrID)
	if key, err := id.Organization.Decode(nameOrID); err == nil {
		is = organization.Or(is, organization.ID(key))
	}
	found, err := s.Client.Organization.Query().Where(is).First(store.System(ctx))
	if ent.IsNotFound(err) {
		return nil, fmt.Errorf("there is no organization %q: see those there are with `dealflow organization list`, "+
			"or make it with `dealflow organization create %q`", nameOrID, nameOrID)
	}
	return found, err
}
