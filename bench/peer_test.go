package bench

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/odordiff/odordiff/internal/freeport"
)

// peer is a gateway of others.
type peer struct {
	name string
	// does is what it does for a request, and what it falls short of.
	does string
	// programs are what it consists of, in the order of their start.
	programs []program
	// configs are templates below peers/, which a [place] fills.
	configs []string
	// has are the parts that the templates ask for.
	has []string
	// algorithm is that of the token that it verifies; empty where it verifies
	// none, and an HS256 token is sent all the same.
	algorithm string
	// path is where it takes the requests, if it cannot take those of the ladder;
	// header is added to each.
	path   string
	header map[string]string
}

// program is a process of a peer. Its arguments are templates.
type program struct {
	name string
	args []string
}

// place is what a peer's templates are filled with.
type place struct {
	Port, Second      string // to listen at; the second is a helper's
	Upstream          string // its address
	Dir               string // for files of the peer, also its configuration
	Peers             string // where `make bench-peers` installs
	Policies          string // the shipped ones, in what a stock OPA reads
	User              string
	Secret, PublicKey string // of tokens; the key is a file
	Algorithm         string
	has               []string
}

// Has reports whether the peer has a part.
func (s place) Has(part string) bool { return slices.Contains(s.has, part) }

// fill fills a template.
func (s place) fill(text string) (string, error) {
	parsed, err := template.New("").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, s); err != nil {
		return "", err
	}
	return out.String(), nil
}

// installed is where `make bench-peers` puts what is no package of Debian.
const installed = repository + "/bin/peers"

// find returns a program's path. Debian has nginx and haproxy where only root
// looks.
func (p program) find() (string, error) {
	for _, dir := range []string{installed, "", "/usr/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, p.name)); err == nil {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("there is no %s here", p.name)
}

// missing reports why a peer cannot run; nil if it can.
func (p peer) missing() error {
	for _, prog := range p.programs {
		if _, err := prog.find(); err != nil {
			return err
		}
		for _, arg := range prog.args {
			script, found := strings.CutPrefix(arg, "{{.Peers}}/")
			if !found {
				continue
			}
			if _, err := os.Stat(filepath.Join(installed, script)); err != nil {
				return fmt.Errorf("there is no %s here", script)
			}
		}
	}
	return nil
}

// newPlace makes ports, a directory and keys for a peer.
func newPlace(t testing.TB, p peer, upstream *httptest.Server) (s place, token string) {
	t.Helper()
	peers, err := filepath.Abs(installed)
	if err != nil {
		t.Fatal(err)
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s = place{
		Port: freeport.Get(t), Second: freeport.Get(t), Upstream: strings.TrimPrefix(upstream.URL, "http://"),
		Dir: t.TempDir(), Peers: peers, User: who.Username, Algorithm: p.algorithm, has: p.has,
	}
	keys := newKeys(t, s.Dir)
	s.Secret, s.PublicKey = string(keys.secret), keys.publicFile
	if s.Has("opa") {
		s.Policies = filepath.Join(s.Dir, "policies")
		copyPolicies(t, s.Policies)
	}
	if p.algorithm == "ES256" {
		return s, keys.es256(t)
	}
	return s, keys.hs256()
}

// copyPolicies copies the shipped policies without what a stock OPA does not
// understand: tests, which call functions of ours, and schemas.
func copyPolicies(t testing.TB, into string) {
	t.Helper()
	if err := os.CopyFS(into, os.DirFS(policies(t))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(into, "schemas")); err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"*_test.rego", "*/*_test.rego"} {
		tests, err := filepath.Glob(filepath.Join(into, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			if err := os.Remove(test); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// configure writes the peer's configuration.
func (p peer) configure(t testing.TB, s place) {
	t.Helper()
	for _, name := range p.configs {
		content, err := os.ReadFile(filepath.Join("peers", name))
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.fill(string(content))
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// startPeer runs a peer until the test ends.
func startPeer(t testing.TB, p peer, upstream *httptest.Server) *gateway {
	t.Helper()
	s, token := newPlace(t, p, upstream)
	p.configure(t, s)
	g := &gateway{rung: rung{name: p.name}, url: "http://127.0.0.1:" + s.Port, token: token}
	g.connected(connections)
	g.client.Transport = changing{p.path, p.headerAt(t, s), g.client.Transport.(*http.Transport)}
	g.begin()
	for _, prog := range p.programs {
		g.leaders = append(g.leaders, startProgram(t, g, prog, s))
	}
	g.waitUntilItServes(t)
	if p.algorithm != "" {
		refused := []int{http.StatusUnauthorized, http.StatusForbidden}
		if resp, answer, err := g.post(""); err != nil || !slices.Contains(refused, resp.StatusCode) {
			t.Fatalf("%s: without a token: %v %v %s", p.name, err, resp, answer)
		}
	}
	return g
}

// headerAt fills what is added to each request.
func (p peer) headerAt(t testing.TB, s place) http.Header {
	t.Helper()
	header := http.Header{}
	for name, value := range p.header {
		filled, err := s.fill(value)
		if err != nil {
			t.Fatal(err)
		}
		header.Set(name, filled)
	}
	return header
}

// startProgram starts a program as the leader of a process group, and returns
// its id.
func startProgram(t testing.TB, g *gateway, p program, s place) int {
	t.Helper()
	path, err := p.find()
	if err != nil {
		t.Fatal(err)
	}
	args := make([]string, len(p.args))
	for i, arg := range p.args {
		if args[i], err = s.fill(arg); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	log, err := os.Create(filepath.Join(s.Dir, p.name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(collector(), "NODE_ENV=production", "TRUSTED_CUSTOM_HOSTS=127.0.0.1")
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.client.CloseIdleConnections()
		// How a program ends when it is asked to is not what is measured.
		_ = cmd.Wait()
		if g.failed.Load() {
			logged, _ := os.ReadFile(log.Name())
			t.Logf("%s logged at last:\n%s", p.name, logged[max(0, len(logged)-1024):])
		}
	})
	return cmd.Process.Pid
}

// collector is the environment with the setting of Go's collector that our
// binary gives itself, so that it favours nobody.
func collector() []string {
	if _, set := os.LookupEnv("GOGC"); set {
		return os.Environ()
	}
	return append(os.Environ(), "GOGC=400")
}

// changing gives each request another path, if that is not empty, and more
// fields.
type changing struct {
	path   string
	header http.Header
	*http.Transport
}

// RoundTrip sends a changed copy of the request.
func (c changing) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.path == "" && len(c.header) == 0 {
		return c.Transport.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	if c.path != "" {
		r.URL.Path = c.path
	}
	maps.Copy(r.Header, c.header)
	return c.Transport.RoundTrip(r)
}
