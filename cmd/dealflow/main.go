// Dealflow is an API server for sales pipelines, and the commands that go with
// it. Each command has a file of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"dealflow/internal/document"
)

// The exit codes, as `dealflow --help` tells them.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Once told to end, a second signal ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// streams are where a command reads and writes.
type streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// program is every command.
type program struct {
	Serve        serveCmd        `cmd:"" default:"withargs" help:"Serve the API. This is what dealflow does unless told otherwise."`
	Migrate      migrateCmd      `cmd:"" help:"Bring the database's schema up to date, or see whether it is."`
	Organization organizationCmd `cmd:"" help:"Make and list organizations."`
	Token        tokenCmd        `cmd:"" help:"Print a token to call the API with."`
	Keys         keysCmd         `cmd:"" help:"Make, list and revoke the API keys of partners."`
	Documents    documentsCmd    `cmd:"" help:"Publish, check, list and retire the documents that partners run."`
	Demo         demoCmd         `cmd:"" help:"Make data up, to look at and to measure with."`
	Import       importCmd       `cmd:"" help:"Bring deals or leads in from a CSV file."`
	Export       exportCmd       `cmd:"" help:"Write deals or leads to a CSV file."`
	Photos       photosCmd       `cmd:"" help:"Tidy up the leads' photos."`
	Schema       schemaCmd       `cmd:"" help:"Print the GraphQL schema."`

	Version kong.VersionFlag `env:"-" help:"Print the version and leave."`
}

const description = `An API server for sales pipelines: pipelines, their stages, and the deals and leads that move through them.

dealflow alone serves the API with an embedded database, in the file dealflow.db, and prints where, and a token to begin with.

Every flag can be set by an environment variable too, which the command's help names. Exit codes: 0 when all went well, 1 when something failed, 2 when the command line makes no sense.`

// run runs the command that args name, and returns the program's exit code.
// The flags' environment variables are the process's.
func run(ctx context.Context, args []string, std streams) int {
	var leave *int // set by --help and --version, which have printed all there is
	parser, err := kong.New(&program{},
		kong.Name("dealflow"),
		kong.Description(description),
		kong.DefaultEnvars("DEALFLOW"),
		kong.Vars{"version": version(), "groups": document.StandardGroups},
		kong.Writers(std.Out, std.Err),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Exit(func(code int) { leave = &code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		return report(std, fmt.Errorf("the program is at fault: %w", err))
	}
	command, err := parser.Parse(args)
	if leave != nil {
		return *leave
	}
	if err == nil {
		err = checkRanges(command)
	}
	if err != nil {
		return report(std, usageError{err})
	}
	return report(std, command.Run())
}

// usageError is an error of the command line or of the environment.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// report says what went wrong, if anything did, and returns the exit code.
func report(std streams, err error) int {
	if err == nil {
		return exitOK
	}
	// Errors that were joined come in lines.
	fmt.Fprintf(std.Err, "dealflow: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
	if errors.As(err, new(usageError)) {
		fmt.Fprintln(std.Err, "To see what there is, run dealflow --help, or dealflow COMMAND --help.")
		return exitUsage
	}
	return exitError
}

// version is what the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "dealflow (unknown version)"
	}
	return "dealflow " + info.Main.Version
}
