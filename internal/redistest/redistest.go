// Package redistest starts real Redis servers for tests. Each listens on a free
// loopback port, works in a temporary directory, and ends with its test.
package redistest

import (
	"bytes"
	"errors"
	"net"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/freeport"
)

// Server is a running redis-server. A method that fails ends the test that
// started the server.
type Server struct {
	// Addr is where it listens, as host:port.
	Addr string

	t       testing.TB
	path    string
	args    []string
	process *exec.Cmd
	output  *bytes.Buffer
	busPort string        // of a cluster's node
	own     *redis.Client // see client
}

// Start starts a server that keeps nothing on disk. Further arguments are
// settings as on redis-server's command line, such as "--requirepass", "x".
// The test fails where redis-server is not installed.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	return start(t, append([]string{"--save", "", "--appendonly", "no"}, settings...)...)
}

// start starts redis-server in whatever mode the arguments say.
func start(t testing.TB, args ...string) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal("install redis-server (make test does): this test needs a real one")
	}
	port := freeport.Get(t)
	s := &Server{
		Addr: net.JoinHostPort("127.0.0.1", port), t: t, path: path,
		args: append(args, "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir()),
	}
	s.Restart()
	t.Cleanup(s.stop)
	return s
}

// URL is the server's address as a redis:// URL.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Client returns a client with go-redis's defaults, closed when the test ends.
func (s *Server) Client() *redis.Client {
	s.t.Helper()
	client := redis.NewClient(&redis.Options{
		Addr: s.Addr,
		// They race with connections that are opened at the same time.
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Pause freezes the server (SIGSTOP): connections stay open and nothing
// answers.
func (s *Server) Pause() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
}

// Resume ends a Pause.
func (s *Server) Resume() {
	s.t.Helper()
	s.signal(syscall.SIGCONT)
}

// Kill ends the server at once (SIGKILL) and waits until it is gone.
func (s *Server) Kill() {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("redis-server is not running")
	}
	s.stop()
}

// Restart starts the server again, empty, on the same port, and returns when it
// answers.
func (s *Server) Restart() {
	s.t.Helper()
	if s.process != nil {
		s.Kill()
	}
	s.output = new(bytes.Buffer)
	s.process = exec.Command(s.path, s.args...)
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := s.process.Start(); err != nil {
		s.t.Fatalf("starting redis-server: %v", err)
	}
	s.await()
}

func (s *Server) await() {
	s.t.Helper()
	if !eventually.Holds(func() bool { return answers(s.Addr) }) {
		s.stop()
		s.t.Fatalf("redis-server does not answer on %s:\n%s", s.Addr, s.output)
	}
}

// answers speaks to the port without a client, whose pool would remember
// failures. A server that demands a password answers too.
func answers(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	reply := make([]byte, 64)
	n, err := conn.Read(reply)
	return err == nil && (bytes.HasPrefix(reply[:n], []byte("+PONG")) || bytes.HasPrefix(reply[:n], []byte("-NOAUTH")))
}

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("redis-server is not running")
	}
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatalf("sending %v to redis-server: %v", sig, err)
	}
}

// stop kills even a paused server and reaps it.
func (s *Server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	err := s.process.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		s.t.Errorf("waiting for redis-server: %v", err)
	}
	s.process = nil
}
