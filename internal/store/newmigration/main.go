// Command newmigration writes what the migrations lack: the step from the
// schema that they make to the one that ent/schema describes.
//
//	go run ./internal/store/newmigration NAME
//
// It is run at the top of the module, after go generate ./ent, and needs the
// programs of a Postgres server. Read what it writes: it cannot know that a
// column was renamed, or what rows that are there already should hold. On
// SQLite, a table that is copied and dropped loses its triggers: make them anew.
// An index that is made there needs figures for the planner: 0003_statistics.sql
// says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"

	"dealflow/internal/testdb"
)

// folder holds a folder of migrations for each database.
const folder = "internal/store/migrations"

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "newmigration:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 1 {
		return errors.New("usage: go run ./internal/store/newmigration NAME")
	}
	version, err := nextVersion()
	if err != nil {
		return err
	}
	file := fmt.Sprintf("%04d_%s.sql", version, args[0])
	if err := writeSQLite(ctx, filepath.Join(folder, "sqlite", file), out); err != nil {
		return err
	}
	return writePostgres(ctx, filepath.Join(folder, "postgres", file), out)
}

// nextVersion follows the newest migration of either database.
func nextVersion() (int, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.sql"))
	if err != nil {
		return 0, err
	}
	if len(files) == 0 {
		return 0, fmt.Errorf("there is no %s here: run this at the top of the module", folder)
	}
	newest := 0
	for _, file := range files {
		number, _, _ := strings.Cut(filepath.Base(file), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return 0, fmt.Errorf("%s does not begin with a number", file)
		}
		newest = max(newest, version)
	}
	return newest + 1, nil
}

func writeSQLite(ctx context.Context, file string, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "newmigration-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return write(ctx, dialect.SQLite, "sqlite:"+dir+"/migrated.db", "sqlite:"+dir+"/described.db", file, out)
}

func writePostgres(ctx context.Context, file string, out io.Writer) error {
	cluster, err := testdb.Start(ctx)
	if err != nil {
		return err
	}
	defer cluster.Stop()
	// Every cluster comes with two databases.
	return write(ctx, dialect.Postgres, cluster.URL("postgres"), cluster.URL("template1"), file, out)
}

// write writes the migration of one database, if there is anything to do.
func write(ctx context.Context, d, migratedURL, describedURL, file string, out io.Writer) error {
	plan, _, err := drift(ctx, d, migratedURL, describedURL)
	if err != nil {
		return err
	}
	if len(plan.Changes) == 0 {
		fmt.Fprintln(out, d, "has all that ent describes")
		return nil
	}
	fmt.Fprintln(out, "wrote", file)
	return os.WriteFile(file, format(plan), 0o644)
}

// format is a migration as goose reads it.
func format(plan *migrate.Plan) []byte {
	var b strings.Builder
	b.WriteString("-- +goose Up\n")
	for _, c := range plan.Changes {
		fmt.Fprintf(&b, "-- %s\n%s;\n", c.Comment, c.Cmd)
	}
	return []byte(b.String())
}
