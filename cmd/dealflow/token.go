package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dealflow/internal/auth"
)

// secretFlags say what this program signs tokens with, and what it says in them.
type secretFlags struct {
	JWTSecret   string `group:"Tokens:" name:"jwt-secret" placeholder:"SECRET" help:"The secret of HS256 tokens, at least 32 bytes. Better set by its variable, for others can see a command line."`
	JWTIssuer   string `group:"Tokens:" name:"jwt-issuer" placeholder:"NAME" help:"The iss claim that tokens must have."`
	JWTAudience string `group:"Tokens:" name:"jwt-audience" placeholder:"NAME" help:"The aud claim that tokens must have."`
}

// config is the tokens' configuration, with the given secret.
func (f secretFlags) config(secret []byte) auth.Config {
	return auth.Config{Secret: secret, Issuer: f.JWTIssuer, Audience: f.JWTAudience}
}

// checkSecret refuses a secret that can be guessed.
func (f secretFlags) checkSecret() error {
	if n := len(f.JWTSecret); n > 0 && n < auth.MinSecret {
		return fmt.Errorf("--jwt-secret (DEALFLOW_JWT_SECRET) has %d bytes and needs at least %d, such as `openssl rand -base64 32` prints", n, auth.MinSecret)
	}
	return nil
}

// localSecret is the secret beside the embedded database, which is made if it is
// not there; none for any other database.
func localSecret(db databaseFlags) ([]byte, error) {
	file, embedded := db.file()
	if !embedded {
		return nil, nil
	}
	return auth.LocalSecret(file + ".key")
}

// tokenCmd is `dealflow token`.
type tokenCmd struct {
	Org        string            `required:"" placeholder:"NAME" help:"The organization, by its name or id."`
	User       string            `required:"" placeholder:"SUBJECT" help:"Who the token speaks for: the sub claim. The user is made when the token is first used."`
	Role       auth.Role         `enum:"PARTNER,VIEWER,SALES,ADMIN" default:"VIEWER" help:"The user's role: ${enum}. Default: ${default}"`
	Permission []auth.Permission `enum:"VIEW_SALES_PIPELINES,EDIT_SALES_PIPELINES,VIEW_LEADS,EDIT_LEADS,MANAGE_ORGANIZATION" help:"A permission beyond the role's, as often as needed: ${enum}."`
	TTL        time.Duration     `name:"ttl" default:"24h" min:"1s" max:"87600h" help:"How long the token is good for. Default: ${default}"`
	Name       string            `help:"The user's name, for colleagues to see."`
	Email      string            `help:"The user's email, for colleagues to see."`

	secretFlags
	databaseFlags
}

// Help implements kong.HelpProvider.
func (tokenCmd) Help() string {
	return `For the embedded database, tokens are signed with the secret that the server made beside it. Otherwise give --jwt-secret, the one that the server has.

Examples:

    dealflow token --org demo --user ada --role ADMIN
    dealflow token --org demo --user crm --role PARTNER --permission VIEW_LEADS --ttl 8760h
    curl localhost:8080/graphql -H "Authorization: Bearer $(dealflow token --org demo --user ada)" --json '{"query": "{ viewer { permissions } }"}'`
}

// Run runs the command.
func (c *tokenCmd) Run(ctx context.Context, std streams) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer closing(s, &err)
	secret, err := c.secret() // which it may make, beside the database
	if err != nil {
		return err
	}
	organization, err := findOrganization(ctx, s, c.Org)
	if err != nil {
		return err
	}
	token, err := auth.Sign(c.config(secret), auth.Viewer{
		OrganizationID: organization.ID,
		Subject:        c.User,
		Name:           c.Name,
		Email:          c.Email,
		Role:           c.Role,
		Permissions:    auth.PermissionsOf(c.Permission...),
	}, c.TTL)
	if err != nil {
		return err
	}
	fmt.Fprintln(std.Out, token)
	return nil
}

// secret is what the server checks tokens with.
func (c *tokenCmd) secret() ([]byte, error) {
	if c.JWTSecret != "" {
		return []byte(c.JWTSecret), c.checkSecret()
	}
	secret, err := localSecret(c.databaseFlags)
	if err == nil && secret == nil {
		err = errors.New("tokens for a server on Postgres are signed with its secret: give --jwt-secret (DEALFLOW_JWT_SECRET)")
	}
	return secret, err
}
