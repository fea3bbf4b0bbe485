package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/freeport"
)

const repository = ".."

// connections is how many clients of the ladder send at a time, each on a
// connection of its own.
const connections = 32

// gateway is a rung that runs, in a process of its own, and a client of it.
type gateway struct {
	rung
	url, admin, token string
	// leaders are its processes. One that leads a process group stands for all
	// of the group.
	leaders     []int
	client      *http.Client
	connections int
	sent        atomic.Uint64
	failed      atomic.Bool
}

// build builds the binary without the race detector, which is for test/e2e:
// what is measured is what ships.
func build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "odordiff")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", binary, "./cmd/odordiff")
	cmd.Dir = repository
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the binary: %v\n%s", err, out)
	}
	return binary
}

// start runs a rung until the test ends, and waits until it serves.
func start(t testing.TB, binary string, r rung, upstream *httptest.Server, added ...string) *gateway {
	t.Helper()
	g := launch(t, binary, r, upstream, added...)
	g.waitUntilItServes(t)
	return g
}

// launch runs a rung until the test ends, with what is added to its
// environment.
func launch(t testing.TB, binary string, r rung, upstream *httptest.Server, added ...string) *gateway {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(config, []byte(r.caddyfile(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	port, admin := freeport.Get(t), "localhost:"+freeport.Get(t)
	env := append(os.Environ(),
		"ODORDIFF_STATE="+dir, "ODORDIFF_POLICIES="+policies(t), "ODORDIFF_SITE=127.0.0.1",
		"ODORDIFF_UPSTREAM="+strings.TrimPrefix(upstream.URL, "http://"),
		"ODORDIFF_ADMIN="+admin, "ODORDIFF_HTTPS_PORT="+port, "ODORDIFF_HTTP_PORT="+freeport.Get(t),
		"ODORDIFF_PROBE_PORT="+freeport.Get(t),
	)
	env = append(env, added...)
	run(t, env, binary, "keyring", "init")
	g := &gateway{
		rung: r, url: "http://127.0.0.1:" + port, admin: "http://" + admin,
		token: strings.TrimSpace(run(t, env, binary, "token", "--ttl", "24h")),
	}
	g.connected(connections)
	g.begin()

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(binary, "run", "--config", config)
	cmd.Env, cmd.Stderr = env, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	g.leaders = []int{cmd.Process.Pid}
	t.Cleanup(func() {
		g.client.CloseIdleConnections()
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Errorf("%s: %v", r.name, err)
			g.failed.Store(true)
		}
		if g.failed.Load() {
			logged, _ := os.ReadFile(log.Name())
			t.Logf("%s logged at last:\n%s", r.name, logged[max(0, len(logged)-4096):])
		}
	})
	return g
}

// begin chooses the first body, so that none was sent in an earlier run.
func (g *gateway) begin() { g.sent.Store(rand.Uint64()) }

// connected has the gateway's clients keep so many connections.
func (g *gateway) connected(connections int) *gateway {
	g.connections = connections
	g.client = &http.Client{Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}}
	return g
}

// policies returns the shipped policies' directory.
func policies(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join(repository, "policies"))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// patience is how long a gateway may take to come up.
const patience = 60 * time.Second

func (g *gateway) waitUntilItServes(t testing.TB) {
	t.Helper()
	err := errors.New("it was never asked")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if err = g.send(); err == nil {
			g.failed.Store(false)
			return
		}
	}
	t.Fatalf("after %s, %v", patience, err)
}

// send makes one request and reads the whole answer. Anything but a 200 that
// shows the rung's work is an error.
func (g *gateway) send() error {
	resp, answer, err := g.post(g.token)
	switch {
	case err != nil:
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	case g.field != "" && resp.Header.Get(g.field) == "":
		err = fmt.Errorf("the response has no %s", g.field)
	}
	if err != nil {
		g.failed.Store(true)
		return fmt.Errorf("%s: %w", g.name, err)
	}
	return nil
}

func (g *gateway) post(token string) (*http.Response, []byte, error) {
	req, err := g.request(token)
	if err != nil {
		return nil, nil, err
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp, answer, err
}

// request makes a request with a body that none had before.
func (g *gateway) request(token string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, g.url+"/api/v1/generate", strings.NewReader(body(g.sent.Add(1))))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// notes are what prompts are made of: as many as four bits can name.
var notes = [16]string{
	"bergamot", "lavender", "cedar", "vetiver", "jasmine", "amber", "musk", "rose",
	"patchouli", "lemon", "neroli", "vanilla", "oakmoss", "iris", "incense", "mint",
}

// body returns the body for a number, of some 200 bytes, that no other number
// of 64 bits has: no cache, whatever its size, has the answer to it.
func body(number uint64) string {
	// odd, so no two meet; neighbours have nothing in common
	number *= 0x9e3779b97f4a7c15
	words := make([]string, 0, 16)
	for range cap(words) {
		words = append(words, notes[number&15])
		number >>= 4
	}
	return `{"prompt": "a fresh scent of ` + strings.Join(words, " ") + ` in the evening", "num_molecules": 5}`
}

// newUpstream answers like the backend, at once. A request that lost its body
// on the way is refused.
func newUpstream(t testing.TB) *httptest.Server {
	t.Helper()
	answer := []byte(`{"molecules": [` + strings.Repeat(`{"smiles": "CC(=O)OCC1=CC=CC=C1"},`, 18) + `{}]}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A client that leaves is no matter of the upstream.
		if n, _ := io.Copy(io.Discard, r.Body); n == 0 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	t.Cleanup(server.Close)
	return server
}

func run(t testing.TB, env []string, binary string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("odordiff %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}
