package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"entgo.io/ent/dialect/sql"

	"dealflow/ent"
	"dealflow/ent/apikey"
	"dealflow/internal/auth"
	"dealflow/internal/id"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

// keysCmd is `dealflow keys`.
type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make an API key for a partner's program, and print it."`
	List   keysListCmd   `cmd:"" help:"List an organization's API keys."`
	Revoke keysRevokeCmd `cmd:"" help:"Revoke an API key."`
}

// Help implements kong.HelpProvider.
func (keysCmd) Help() string {
	return `A key lets a partner's program in, as itself: it runs the documents that were published for its client (see dealflow documents), with the key's permissions, and nothing else. The program sends it as Authorization: Bearer dfk_... The server keeps only a hash of it: whoever loses a key gets a new one.

A client may have several keys. To change one without a break, make the next, give it to the program, and revoke the one before once it is used no more.

Examples:

    dealflow keys create --org demo --client acme-erp --name "Acme ERP" --permission VIEW_LEADS --ttl 8760h
    dealflow keys list --org demo
    dealflow keys revoke key_01jd5v0000e8mrx3k9q2w7n4tc`
}

// keysCreateCmd is `dealflow keys create`.
type keysCreateCmd struct {
	Org        string            `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	Client     string            `required:"" placeholder:"NAME" help:"The client whose published documents the key runs."`
	Name       string            `required:"" help:"What the key is called, for people."`
	Permission []auth.Permission `required:"" enum:"VIEW_SALES_PIPELINES,EDIT_SALES_PIPELINES,VIEW_LEADS,EDIT_LEADS,MANAGE_ORGANIZATION" help:"What the key may do, as often as needed: ${enum}."`
	Budget     int               `default:"0" min:"0" max:"1000000" placeholder:"POINTS" help:"What its operations may cost a second. Default: 0, which is the server's default."`
	TTL        time.Duration     `name:"ttl" xor:"end" min:"0s" max:"87600h" placeholder:"DURATION" help:"How long the key is good for, such as 8760h. Default: until it is revoked."`
	Expires    time.Time         `xor:"end" placeholder:"TIME" help:"When the key ends, such as 2027-01-31T00:00:00Z; instead of --ttl."`
	databaseFlags
}

// Run runs the command.
func (c *keysCreateCmd) Run(ctx context.Context, std streams) (err error) {
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	made, err := sales.New(s, nil, time.Now).CreateAPIKey(ctx, c.input(time.Now()))
	if err != nil {
		return err
	}
	fmt.Fprintln(std.Out, made.Secret)
	fmt.Fprintf(std.Err, "This is %s, for the client %s. Keep it where secrets are kept: nobody is shown it again.\n", made.GlobalID(), made.Client)
	return nil
}

func (c *keysCreateCmd) input(now time.Time) sales.CreateAPIKeyInput {
	input := sales.CreateAPIKeyInput{Name: c.Name, Client: c.Client, Permissions: c.Permission}
	if c.Budget > 0 {
		input.Budget = &c.Budget
	}
	end := c.Expires
	if c.TTL > 0 {
		end = now.Add(c.TTL)
	}
	if !end.IsZero() {
		end = end.UTC().Truncate(time.Microsecond)
		input.ExpiresAt = &end
	}
	return input
}

// keysListCmd is `dealflow keys list`.
type keysListCmd struct {
	Org    string `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	Client string `placeholder:"NAME" help:"Only the keys of this client."`
	databaseFlags
}

// Run runs the command.
func (c *keysListCmd) Run(ctx context.Context, std streams) (err error) {
	s, ctx, err := c.openFor(ctx, c.Org)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	query := s.Client.APIKey.Query().Order(apikey.ByClient(), apikey.ByCreatedAt(sql.OrderDesc()), apikey.ByID())
	if c.Client != "" {
		query.Where(apikey.Client(c.Client))
	}
	list, err := query.All(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tCLIENT\tPERMISSIONS\tBUDGET\tLAST USED\tSTATE")
	for _, key := range list {
		budget := "default"
		if key.Budget != nil {
			budget = fmt.Sprint(*key.Budget)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", key.GlobalID(), key.Name, key.Client,
			strings.Join(key.Permissions, ","), budget, cmp.Or(shortTime(key.LastUsedAt), "never"), stateOf(key, time.Now()))
	}
	return table.Flush()
}

// stateOf is whether a key is good, and until when.
func stateOf(key *ent.APIKey, now time.Time) string {
	switch {
	case key.RevokedAt != nil:
		return "revoked " + shortTime(key.RevokedAt)
	case key.ExpiresAt == nil:
		return "good"
	case !now.Before(*key.ExpiresAt):
		return "expired " + shortTime(key.ExpiresAt)
	}
	return "good until " + shortTime(key.ExpiresAt)
}

// shortTime is a time to the second; "" for none.
func shortTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// keysRevokeCmd is `dealflow keys revoke`.
type keysRevokeCmd struct {
	ID string `arg:"" help:"The key's id, key_..., as dealflow keys list shows it."`
	databaseFlags
}

// Run runs the command.
func (c *keysRevokeCmd) Run(ctx context.Context, std streams) (err error) {
	key, err := id.APIKey.Decode(c.ID)
	if err != nil {
		return fmt.Errorf("%w: see those there are with `dealflow keys list`", err)
	}
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	found, err := s.Client.APIKey.Query().Where(apikey.ID(key)).WithOrganization().Only(store.System(ctx))
	if ent.IsNotFound(err) {
		return fmt.Errorf("there is no API key %s: see those there are with `dealflow keys list`", c.ID)
	}
	if err != nil {
		return err
	}
	revoked, err := sales.New(s, nil, time.Now).RevokeAPIKey(asOperator(ctx, found.Edges.Organization), sales.RevokeAPIKeyInput{ID: c.ID})
	if err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "%s, %q of the client %s, is %s.\n", c.ID, revoked.Name, revoked.Client, stateOf(revoked, time.Now()))
	return nil
}
