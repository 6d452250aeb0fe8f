package testdb

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test binary is also the other process that some tests need.
const asVictim = "TESTDB_AS_VICTIM"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asVictim) != "":
		victim()
	case os.Getenv(asNeighbour) != "":
		neighbour()
	default:
		os.Exit(m.Run())
	}
}

func TestCluster(t *testing.T) {
	c, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()

	t.Run("is private to this user", func(t *testing.T) {
		info, err := os.Stat(c.dir)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("directory is %v, want only its owner to enter", info.Mode())
		}
		if got := scan[string](t, c.URL("postgres"), "SHOW listen_addresses"); got != "" {
			t.Errorf("listens on %q, want no network at all", got)
		}
	})

	t.Run("sorts as people do unless told otherwise", func(t *testing.T) {
		if !scan[bool](t, c.URL("postgres"), `SELECT 'a' < 'B'`) {
			t.Skip("this Postgres was built without ICU")
		}
		if scan[bool](t, c.URL("postgres"), `SELECT 'a' < 'B' COLLATE "C"`) {
			t.Error(`COLLATE "C" does not compare bytes`)
		}
	})

	t.Run("stops with a connection open", func(t *testing.T) {
		db := open(t, c.URL("postgres"))
		if err := db.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Stop()
		c.Stop() // harmless
		if err := db.PingContext(t.Context()); err == nil {
			t.Error("the server still answers")
		}
		if _, err := os.Stat(c.dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its directory is still there: %v", err)
		}
	})
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Setenv("TMPDIR", socketDir(t))
	why := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := Start(ctx); !errors.Is(err, why) {
		t.Errorf("err = %v, want %v", err, why)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
}

func TestStartReportsPostgresOwnWords(t *testing.T) {
	dir := socketDir(t)
	bin := filepath.Join(dir, "bin")
	mkdir(t, bin)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		program(t, filepath.Join(bin, name), "echo no room on disk; exit 1")
	}
	t.Setenv("TMPDIR", dir)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	if _, err := Start(t.Context()); err == nil || !strings.Contains(err.Error(), "no room on disk") {
		t.Errorf("err = %v, want the program's own message", err)
	}
}

func TestClusterEndsWithItsProcess(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asVictim+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	dir := u.Query().Get("host")
	db := open(t, u.String())
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()

	// Nothing tells another process of the end, so look again and again.
	deadline := time.After(30 * time.Second)
	for tick := time.Tick(10 * time.Millisecond); ; {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			break
		}
		select {
		case <-tick:
		case <-deadline:
			t.Fatal("the cluster outlived its process")
		}
	}
	if err := db.PingContext(t.Context()); err == nil {
		t.Error("the server still answers")
	}
}

// victim starts a cluster, says where, and waits to be killed.
func victim() {
	c, err := Start(context.Background())
	if err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString(c.URL("postgres") + "\n")
	select {}
}

func TestFindBinaries(t *testing.T) {
	root := t.TempDir()
	install := func(dir string, programs ...string) string {
		dir = filepath.Join(root, dir)
		mkdir(t, dir)
		for _, name := range programs {
			program(t, filepath.Join(dir, name), "")
		}
		return dir
	}
	all := []string{"initdb", "pg_ctl", "postgres"}
	pattern := filepath.Join(root, "lib/*/bin")
	none := filepath.Join(root, "none/*/bin")
	install("lib/9.6/bin", all...)
	newest := install("lib/15/bin", all...)
	install("lib/17/bin", "pg_ctl") // the client's package alone
	onPath := install("path", all...)
	clientOnPath := install("client", "pg_ctl")
	links := install("links")
	if err := os.Symlink(filepath.Join(newest, "initdb"), filepath.Join(links, "initdb")); err != nil {
		t.Fatal(err)
	}

	for name, tt := range map[string]struct{ path, pattern, want string }{
		"PATH first":                {onPath, pattern, onPath},
		"where a link on PATH goes": {links, none, newest},
		"else the newest whole one": {clientOnPath, pattern, newest},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := findBinaries(tt.path, tt.pattern)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
	t.Run("none: the error names the package", func(t *testing.T) {
		_, err := findBinaries(clientOnPath, none)
		if err == nil || !strings.Contains(err.Error(), "apt-get install postgresql") {
			t.Errorf("err = %v", err)
		}
	})
}

// socketDir is a directory whose path is short and that any user may enter,
// unlike tb.TempDir's.
func socketDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/tmp", "dealflow-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // another user runs Postgres
		tb.Fatal(err)
	}
	return dir
}

func mkdir(tb testing.TB, dir string) {
	tb.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
}

// program makes a shell script that can be run.
func program(tb testing.TB, path, body string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		tb.Fatal(err)
	}
}

// open connects to a database by the URL that this package gives.
func open(tb testing.TB, url string) *sql.DB {
	tb.Helper()
	db, err := connect(url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { db.Close() })
	return db
}

// scan returns the one value that a query answers.
func scan[T any](tb testing.TB, url, query string) T {
	tb.Helper()
	var v T
	if err := open(tb, url).QueryRowContext(tb.Context(), query).Scan(&v); err != nil {
		tb.Fatalf("%s: %v", query, err)
	}
	return v
}
