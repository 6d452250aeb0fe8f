package faulttest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	natsd "github.com/nats-io/nats-server/v2/server"
)

// supervise runs a server for as long as its own standard input stays open, so
// that the server goes when the test does, however that ends. It says the
// server's process id first.
const supervise = `exec 3<&0
"$@" 3<&- </dev/null &
echo pid $!
exec >/dev/null
cat <&3 >/dev/null
kill -9 $! 2>/dev/null
wait
`

// server is a process that serves the API, which comes and goes.
type server struct {
	trial  *trial
	number int
	dir    string
	// database is where it finds Postgres.
	database string

	supervisor *exec.Cmd
	alive      io.Closer     // its standard input
	gone       chan struct{} // closed when the server's process has ended
	pid        int

	mu  sync.Mutex
	url string // where it is, or was
}

func newServer(t *trial, number int) *server {
	return &server{trial: t, number: number, dir: t.TempDir(), database: t.postgres.URL("postgres")}
}

// start runs the server and waits until it serves.
func (s *server) start() {
	t := s.trial
	args := []string{"-c", supervise, "server", t.config.Program, "serve", "--listen", "127.0.0.1:0", "--shutdown-timeout", "30s"}
	if t.nats != nil {
		args = append(args, "--nats", t.nats.url())
	}
	cmd := exec.Command("/bin/sh", args...) //nolint:noctx // it ends by its standard input
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "DEALFLOW_DATABASE="+s.database, "DEALFLOW_JWT_SECRET="+secret)
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = s.run(cmd)
	}
	if err != nil {
		t.Errorf("server %d does not start: %v\n%s", s.number, err, s.tail())
		return
	}
	s.supervisor, s.alive = cmd, stdin
}

var announced = regexp.MustCompile(`API\s+(http://\S+)`)

// run starts the supervisor and waits for the server's announcement.
func (s *server) run(cmd *exec.Cmd) error {
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stderr = log
	out, pipe, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd.Stdout = pipe
	err = cmd.Start()
	_ = pipe.Close() // the processes have their own
	if err != nil {
		return errors.Join(err, out.Close())
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if pid, ok := strings.CutPrefix(lines.Text(), "pid "); ok {
			s.pid, _ = strconv.Atoi(pid)
		}
		if match := announced.FindStringSubmatch(lines.Text()); match != nil {
			s.setURL(match[1])
			s.gone = make(chan struct{})
			go s.drain(out)
			return nil
		}
	}
	return errors.Join(errors.New("it ended without having served"), lines.Err(), out.Close())
}

// drain reads what else the server prints until its process ends.
func (s *server) drain(out *os.File) {
	defer close(s.gone)
	defer out.Close()
	_, _ = io.Copy(io.Discard, out)
}

// end sends the server's process a signal, and returns when it has ended.
func (s *server) end(signal syscall.Signal) {
	t := s.trial
	t.must(syscall.Kill(s.pid, signal))
	t.await(fmt.Sprintf("the end of server %d by %v", s.number, signal), func() bool {
		select {
		case <-s.gone:
			return true
		default:
			return false
		}
	})
	t.must(s.alive.Close())
	_ = s.supervisor.Wait() // its exit code says nothing
}

// stopServers ends them as an operator does, and looks for what they complained of.
func (t *trial) stopServers() {
	for _, s := range t.servers {
		s.end(syscall.SIGTERM)
		text, err := os.ReadFile(s.log())
		t.must(err)
		for _, bad := range []string{"DATA RACE", "panic", "goroutine "} {
			if strings.Contains(string(text), bad) {
				t.Errorf("server %d wrote %q into its log:\n%s", s.number, bad, text)
			}
		}
	}
}

func (s *server) setURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.url = url
}

// where is the server's address, of the API.
func (s *server) where() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

func (s *server) log() string { return filepath.Join(s.dir, "log") }

// tail is the end of what the server wrote into its log.
func (s *server) tail() string {
	text, err := os.ReadFile(s.log())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// natsServer is a NATS server, which comes and goes at one address.
type natsServer struct {
	trial *trial
	port  int
	run   *natsd.Server
}

func startNATS(t *trial) *natsServer {
	n := &natsServer{trial: t, port: natsd.RANDOM_PORT}
	n.start()
	t.Cleanup(n.end)
	return n
}

func (n *natsServer) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", n.port) }

func (n *natsServer) start() {
	run, err := natsd.NewServer(&natsd.Options{Host: "127.0.0.1", Port: n.port, NoLog: true, NoSigs: true})
	n.trial.must(err)
	go run.Start()
	if !run.ReadyForConnections(time.Minute) {
		n.trial.Fatal("NATS does not start")
	}
	n.run, n.port = run, run.Addr().(*net.TCPAddr).Port
}

func (n *natsServer) end() {
	n.run.Shutdown()
	n.run.WaitForShutdown()
}
