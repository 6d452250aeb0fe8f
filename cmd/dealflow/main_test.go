package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dealflow/internal/id"
	"dealflow/internal/testdb"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dealflow": main})
}

// TestScripts runs testdata/script/*.txtar against the program, each in a
// directory of its own. `go test ./cmd/dealflow -update` rewrites what they
// compare with.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("COLUMNS", "80") // the width of help
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":    await,
			"http":     request,
			"photo":    storePhoto,
			"refused":  refused,
			"postgres": func(ts *testscript.TestScript, _ bool, _ []string) { ts.Setenv("POSTGRES", testdb.Postgres(t)) },
		},
	})
}

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// await is `await FILE PATTERN [NAME]`: it waits until a file that a program in
// the background writes has a match, and puts the first group into a variable.
func await(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[1])
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if !errors.Is(err, fs.ErrNotExist) { // it may not have begun
			ts.Check(err)
		}
		if match := pattern.FindStringSubmatch(string(text)); match != nil {
			if len(args) > 2 {
				ts.Setenv(args[2], match[1])
			}
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no %s in %s:\n%s", args[1], args[0], text)
		}
	}
}

// request is `http METHOD URL [TOKEN [BODY]]`: it prints the status, the headers
// and the body of the answer.
func request(ts *testscript.TestScript, _ bool, args []string) {
	args = append(args, "", "")
	r, err := http.NewRequest(args[0], args[1], strings.NewReader(args[3]))
	ts.Check(err)
	r.Header.Set("Content-Type", "application/json")
	if args[2] != "" {
		r.Header.Set("Authorization", "Bearer "+args[2])
	}
	response, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer response.Body.Close()
	fmt.Fprintln(ts.Stdout(), response.Status)
	ts.Check(response.Header.Write(ts.Stdout()))
	_, err = io.Copy(ts.Stdout(), response.Body)
	ts.Check(err)
}

// refused is `refused URL TOKEN`: it asks again and again until a token that was good
// is so no more. How long that may take, a test of package auth says, with a clock of its
// own; here the time only ends a test that would hang.
func refused(ts *testscript.TestScript, _ bool, args []string) {
	for start := time.Now(); time.Since(start) < 30*time.Second; {
		r, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader("{}"))
		ts.Check(err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+args[1])
		response, err := http.DefaultClient.Do(r)
		ts.Check(err)
		ts.Check(response.Body.Close())
		if response.StatusCode == http.StatusUnauthorized {
			return
		}
	}
	ts.Fatalf("the token is still good")
}

// storePhoto is `photo ORGANIZATION NAME AGE`: it puts a file where the server
// keeps the organization's photos, as if it had been uploaded a while ago.
func storePhoto(ts *testscript.TestScript, _ bool, args []string) {
	organization, err := id.Organization.Decode(args[0])
	ts.Check(err)
	age, err := time.ParseDuration(args[2])
	ts.Check(err)
	path := ts.MkAbs(filepath.Join("photos", organization.String(), args[1]))
	at := time.Now().Add(-age)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o700))
	ts.Check(os.WriteFile(path, nil, 0o600))
	ts.Check(os.Chtimes(path, at, at))
}
