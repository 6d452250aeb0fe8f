package main

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"dealflow/ent"
	"dealflow/internal/store"
)

// extras are the tables and indexes that the migrations make by hand, for ent
// cannot. The migrations say what each is for.
var extras = map[string][]string{
	dialect.SQLite: {
		"deals_search", "deals_fts", "deals_fts_config", "deals_fts_data", "deals_fts_docsize", "deals_fts_idx",
		"leads_search", "leads_fts", "leads_fts_config", "leads_fts_data", "leads_fts_docsize", "leads_fts_idx",
		"lead_businesses_business",
	},
	dialect.Postgres: {"deals_search", "leads_search", "lead_businesses_business"},
}

// drift compares the schema that the migrations make with the one that ent
// describes. It returns a plan of what to do about the difference, and which
// extras it has come across. Both schemas are made, each in an empty database,
// since databases reword checks and defaults.
func drift(ctx context.Context, d, migratedURL, describedURL string) (_ *migrate.Plan, met []string, err error) {
	if err := makeByMigrations(ctx, migratedURL); err != nil {
		return nil, nil, err
	}
	if err := makeByEnt(ctx, d, describedURL); err != nil {
		return nil, nil, err
	}
	migrated, err := openDB(d, migratedURL)
	if err != nil {
		return nil, nil, err
	}
	defer migrated.Close()
	described, err := openDB(d, describedURL)
	if err != nil {
		return nil, nil, err
	}
	defer described.Close()
	return compare(ctx, d, migrated, described)
}

func compare(ctx context.Context, d string, migrated, described *sql.DB) (_ *migrate.Plan, met []string, err error) {
	_, from, err := inspect(ctx, d, migrated)
	if err != nil {
		return nil, nil, err
	}
	driver, to, err := inspect(ctx, d, described)
	if err != nil {
		return nil, nil, err
	}
	changes, err := driver.SchemaDiff(from, to)
	if err != nil {
		return nil, nil, err
	}
	changes, met = withoutExtras(d, changes)
	plan, err := driver.PlanChanges(ctx, "", changes, func(o *migrate.PlanOptions) {
		o.SchemaQualifier = new(string) // none: it is not for us to say which schema
		o.Indent = "  "
	})
	return plan, met, err
}

func makeByMigrations(ctx context.Context, url string) error {
	s, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(s.Migrate(ctx), s.Close())
}

func makeByEnt(ctx context.Context, d, url string) error {
	db, err := openDB(d, url)
	if err != nil {
		return err
	}
	client := ent.NewClient(ent.Driver(entsql.OpenDB(d, db)))
	return errors.Join(client.Schema.Create(ctx), client.Close())
}

// inspect reads the schema of a database, but for what belongs to goose.
func inspect(ctx context.Context, d string, db *sql.DB) (migrate.Driver, *schema.Schema, error) {
	open := postgres.Open
	if d == dialect.SQLite {
		open = sqlite.Open
	}
	driver, err := open(db)
	if err != nil {
		return nil, nil, err
	}
	found, err := driver.InspectSchema(ctx, "", &schema.InspectOptions{
		Mode:    schema.InspectSchemas | schema.InspectTables,
		Exclude: []string{"goose_db_version"},
	})
	return driver, found, err
}

func openDB(d, url string) (*sql.DB, error) {
	if d == dialect.SQLite {
		// Ent makes no schema without foreign keys.
		return sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")+"?_pragma=foreign_keys(1)")
	}
	return sql.Open("postgres", url)
}

// withoutExtras takes out the changes that would undo an extra, and names those
// extras.
func withoutExtras(d string, changes []schema.Change) (rest []schema.Change, met []string) {
	for _, c := range changes {
		if table, ok := c.(*schema.ModifyTable); ok {
			var inside []string
			table.Changes, inside = withoutExtras(d, table.Changes)
			met = append(met, inside...)
			if len(table.Changes) == 0 {
				continue
			}
		}
		if name := dropped(c); slices.Contains(extras[d], name) {
			met = append(met, name)
			continue
		}
		rest = append(rest, c)
	}
	return rest, met
}

// dropped is the name of the table or index that a change drops, if it does.
func dropped(c schema.Change) string {
	switch c := c.(type) {
	case *schema.DropTable:
		return c.T.Name
	case *schema.DropIndex:
		return c.I.Name
	default:
		return ""
	}
}
