package testdb

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// superuser is the cluster's one role. It owns every database.
const superuser = "dealflow"

// Longest directory that leaves room for "/.s.PGSQL.5432" in a socket's
// address, which the smallest of the Unixes limits to 104 bytes.
const maxSocketDir = 88

// Cluster is a throwaway Postgres server. Its data, its log and its socket
// live in one temporary directory that only the server's user can enter.
type Cluster struct {
	dir        string
	bin        string
	supervisor *exec.Cmd
	alive      *os.File // the supervisor tears everything down when this closes
	stop       sync.Once
}

// supervise runs a cluster for as long as its standard input stays open, and
// removes every trace of it afterwards. The other end of that input is a pipe
// held by the process that called Start, so a crash, a SIGKILL or a plain exit
// all end the cluster; PR_SET_PDEATHSIG would do so on Linux alone, when the
// starting thread ends rather than its process, and would leave the directory.
//
// The default collation is a person's (ICU, en-US), as in most real servers,
// so that a query which needs COLLATE "C" fails here and not in production.
const supervise = `
dir=$1 bin=$2 user=$3
finish() {
	"$bin/pg_ctl" -D "$dir/data" -m immediate -w stop
	cd / && rm -rf "$dir"
}
init() {
	"$bin/initdb" -D "$dir/data" -U "$user" --auth=trust --encoding=UTF8 --locale=C --no-sync "$@"
}
exec 2>>"$dir/log" 3>&1 1>&2
if ! { init --locale-provider=icu --icu-locale=en-US || init; }; then
	cat "$dir/log" >&3
	finish
	exit 1
fi
cat >>"$dir/data/postgresql.conf" <<-END
	listen_addresses = ''
	unix_socket_directories = '$dir'
	unix_socket_permissions = 0700
	port = 5432
	max_connections = 200
	shared_buffers = 128MB
	fsync = off
	synchronous_commit = off
	full_page_writes = off
	timezone = 'UTC'
	log_timezone = 'UTC'
END
if ! "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 start </dev/null 3>&-; then
	cat "$dir/log" >&3
	finish
	exit 1
fi
echo ready >&3
exec 3>&-
cat >/dev/null
finish
`

// Start makes a new cluster and returns when it accepts connections. It takes
// about two seconds. Stop ends it; so does the end of this process.
func Start(ctx context.Context) (*Cluster, error) {
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	attr, err := attributes()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(attr.Credential)
	if err != nil {
		return nil, err
	}
	c, err := start(ctx, dir, bin, attr)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, nil
}

// start runs the supervisor over an empty directory and waits for its word.
func start(ctx context.Context, dir, bin string, attr *syscall.SysProcAttr) (*Cluster, error) {
	stdin, alive, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	report, stdout, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, alive.Close())
	}
	defer report.Close()

	// Not CommandContext: killing the supervisor would orphan its server.
	cmd := exec.Command("/bin/sh", "-c", supervise, "testdb", dir, bin, superuser) //nolint:noctx // see above
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"} // without PGPORT, PGHOST and the like
	cmd.Stdin, cmd.Stdout = stdin, stdout
	cmd.SysProcAttr = attr
	err = cmd.Start()
	_ = stdout.Close() // the supervisor has its own
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting Postgres: %w", err), alive.Close())
	}

	c := &Cluster{dir: dir, bin: bin, supervisor: cmd, alive: alive}
	if err := awaitReady(ctx, report); err != nil {
		c.Stop()
		return nil, fmt.Errorf("starting Postgres: %w", err)
	}
	return c, nil
}

// awaitReady reads the supervisor's output until it says that the server
// accepts connections. Anything else it says is why there is none.
func awaitReady(ctx context.Context, report *os.File) error {
	defer context.AfterFunc(ctx, func() { _ = report.SetReadDeadline(time.Unix(1, 0)) })()
	r := bufio.NewReader(report)
	line, err := r.ReadString('\n')
	if line == "ready\n" {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	rest, _ := io.ReadAll(r)
	if log := strings.TrimSpace(line + string(rest)); log != "" {
		return errors.New(log)
	}
	return fmt.Errorf("the supervisor said nothing: %w", err)
}

// URL is the address of one of the cluster's databases, as lib/pq takes it.
// "postgres" is the one to create others from.
func (c *Cluster) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}, "port": {"5432"}, "sslmode": {"disable"}}.Encode(),
	}
	return u.String()
}

// Stop ends the server at once, cutting its connections, and removes its
// directory. Later calls do nothing.
func (c *Cluster) Stop() {
	c.stop.Do(func() {
		_ = c.alive.Close()
		// The supervisor has nothing to tell that a caller could act on: it
		// fails when the server had already gone.
		_ = c.supervisor.Wait()
	})
}

// Halt stops the server and keeps its data: at once, as a crash would, or else
// once it has ended its connections. Resume starts it again.
func (c *Cluster) Halt(ctx context.Context, crash bool) error {
	mode := "fast"
	if crash {
		mode = "immediate"
	}
	return c.control(ctx, "-m", mode, "stop")
}

// Resume starts the server that Halt stopped, and returns when it accepts
// connections.
func (c *Cluster) Resume(ctx context.Context) error {
	return c.control(ctx, "-l", filepath.Join(c.dir, "log"), "-t", "60", "start")
}

// control runs pg_ctl on the cluster.
func (c *Cluster) control(ctx context.Context, args ...string) error {
	args = append([]string{"-D", filepath.Join(c.dir, "data"), "-w"}, args...)
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "pg_ctl"), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = c.dir, c.supervisor.Env, c.supervisor.SysProcAttr
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl: %w: %s", err, output)
	}
	return nil
}

// Binaries returns the folder of Postgres's programs, for tests that use more of
// them than the server, such as pg_dump.
func Binaries() (string, error) {
	return findBinaries(os.Getenv("PATH"), "/usr/lib/postgresql/*/bin")
}

// findBinaries returns the folder of Postgres's programs: the one on PATH, or
// else the newest of those that match the pattern, which is where Debian keeps
// its own, off PATH.
func findBinaries(path, pattern string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		initdb, err := filepath.EvalSymlinks(filepath.Join(dir, "initdb"))
		if err == nil && complete(filepath.Dir(initdb)) {
			return filepath.Dir(initdb), nil
		}
	}
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	newest, version := "", -1.0
	for _, dir := range dirs {
		v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
		if err == nil && v > version && complete(dir) {
			newest, version = dir, v
		}
	}
	if newest == "" {
		return "", fmt.Errorf("no Postgres server programs (initdb, pg_ctl, postgres) on PATH or in %s: "+
			"install the package postgresql, on Debian: apt-get install postgresql", pattern)
	}
	return newest, nil
}

// complete reports whether a folder has all the programs that a cluster needs.
func complete(dir string) bool {
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode()&0o111 == 0 {
			return false
		}
	}
	return true
}

// attributes is how to run the supervisor: in a process group of its own, so
// that a Ctrl-C leaves its cleaning up alone, and as another user when this
// process is root, whom Postgres refuses.
func attributes() (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{Setpgid: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			cred := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
			return &syscall.SysProcAttr{Setpgid: true, Credential: cred}, nil
		}
	}
	return nil, errors.New("Postgres refuses to run as root, and there is no user postgres or nobody to run it as")
}

// makeDir makes the cluster's directory and gives it to the server's user.
func makeDir(cred *syscall.Credential) (string, error) {
	base := os.TempDir()
	if len(base) > maxSocketDir-len("/dealflow-postgres-4294967295") {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "dealflow-postgres-")
	if err != nil || cred == nil {
		return dir, err
	}
	if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
		return "", errors.Join(err, os.Remove(dir))
	}
	return dir, nil
}
