package main

import (
	"context"
	"time"

	"dealflow/ent"
	"dealflow/ent/organization"
	"dealflow/internal/auth"
	"dealflow/internal/demo"
	"dealflow/internal/sales"
	"dealflow/internal/store"
)

const (
	// demoName is the organization that an empty embedded database begins with.
	demoName = "demo"

	// demoTokenTime is how long the token that serve prints is good for.
	demoTokenTime = 30 * 24 * time.Hour
)

// beginWithDemo makes the organization demo in an empty embedded database, with
// something to look at.
func (f databaseFlags) beginWithDemo(ctx context.Context, db *store.Store, rules *sales.Sales) error {
	if _, embedded := f.file(); !embedded {
		return nil
	}
	begun, err := db.Client.Organization.Query().Exist(store.System(ctx))
	if err != nil || begun {
		return err
	}
	made, err := rules.CreateOrganization(ctx, demoName, "USD")
	if err != nil {
		return err
	}
	return demo.Starter(ctx, rules, made, time.Now())
}

// developmentToken is a token to try the server with. It is "" but on a
// developer's machine, where the server made the secret itself; and there, once
// nothing is called demo any more.
func (c *serveCmd) developmentToken(ctx context.Context, s secrets, db *store.Store) (string, error) {
	if !s.local {
		return "", nil
	}
	demo, err := db.Client.Organization.Query().Where(organization.Name(demoName)).Only(store.System(ctx))
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return auth.Sign(c.config(s.tokens), auth.Viewer{
		OrganizationID: demo.ID, Subject: "admin", Name: "Admin", Role: auth.RoleAdmin,
	}, demoTokenTime)
}
