package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go/http3"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/freeport"
)

const (
	generatePath = "/api/v1/generate"
	// the fast one: these tests are of the gateway
	prompt = `{"prompt": "fresh citrus over wet cedar", "num_molecules": 5, "engine": "library"}`
)

// edge is a running gateway and how to talk to it.
type edge struct {
	*process
	url      string
	httpURL  string
	admin    string
	probes   string // URL of the plain listener
	state    string
	policies string
	config   string
	upstream string
	env      []string
	client   *http.Client
	own      []tls.Certificate // the client's
}

// layout is where a gateway's files and ports are, before it runs.
func layout(t testing.TB) *edge {
	t.Helper()
	ports := []string{freeport.Get(t), freeport.Get(t), freeport.Get(t), freeport.Get(t), freeport.Get(t)}
	e := &edge{
		url:      "https://localhost:" + ports[0],
		httpURL:  "http://localhost:" + ports[1],
		admin:    "localhost:" + ports[2],
		upstream: "127.0.0.1:" + ports[3],
		probes:   "http://127.0.0.1:" + ports[4],
		state:    filepath.Join(t.TempDir(), "state"),
		policies: filepath.Join(t.TempDir(), "policies"),
		config:   filepath.Join(t.TempDir(), "Caddyfile"),
	}
	if err := os.CopyFS(e.policies, os.DirFS(filepath.Join(repository, "policies"))); err != nil {
		t.Fatal(err)
	}
	e.env = []string{
		"ODORDIFF_STATE=" + e.state, "ODORDIFF_POLICIES=" + e.policies, "ODORDIFF_UPSTREAM=" + e.upstream,
		"ODORDIFF_HTTPS_PORT=" + ports[0], "ODORDIFF_HTTP_PORT=" + ports[1], "ODORDIFF_ADMIN=" + e.admin,
		"ODORDIFF_PROBE_PORT=" + ports[4],
	}
	return e
}

// startUp runs `odordiff up`.
func startUp(t *testing.T) *edge {
	t.Helper()
	e := layout(t)
	e.process = start(t, e.env, "up", "--state", e.state, "--policies", e.policies, "--backend", e.upstream, "--admin", e.admin,
		"--https-port", port(e.url), "--http-port", port(e.httpURL))
	e.waitUntilAlive(t)
	return e
}

// startGateway runs `odordiff run` with the shipped Caddyfile, in which the
// given old and new strings have been exchanged.
func startGateway(t testing.TB, oldNew ...string) *edge {
	t.Helper()
	e := layout(t)
	e.startWith(t, oldNew...)
	return e
}

func (e *edge) startWith(t testing.TB, oldNew ...string) {
	t.Helper()
	// A backend may have made it.
	if err := os.MkdirAll(e.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(e.state, "keyring.json"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	e.configure(t, oldNew...)
	e.process = start(t, e.env, "run", "--config", e.config)
	e.waitUntilAlive(t)
}

var (
	shippedOnce sync.Once
	shippedEdge *edge
)

// shipped returns the gateway with the shipped Caddyfile, and a backend behind
// it, that all tests share which only look: they change no file, stop nothing,
// and neither count what it does nor read its log.
func shipped(t *testing.T) *edge {
	t.Helper()
	shippedOnce.Do(func() {
		started := make(chan struct{})
		go func() {
			defer close(started)
			e := startGateway(whole)
			e.startBackend(whole)
			shippedEdge = e
		}()
		<-started
	})
	if shippedEdge == nil {
		t.Fatal("the shared gateway does not start")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the shared gateway has printed:\n%s", shippedEdge.out)
		}
	})
	return shippedEdge
}

// roomy are limits that tests about something else do not reach.
var roomy = []string{"rate 300/1m", "rate 1000000/1m", "rate 600/1m", "rate 1000000/1m", "rate 60/1m", "rate 1000000/1m"}

// patient is a policy that is given time: machines of tests are slow at times,
// the race detector always.
var patient = []string{"prompt /prompt", "prompt /prompt\n\t\t\ttimeout 5s"}

// configure writes the Caddyfile: the shipped one with strings exchanged,
// first those given, and then those of roomy and patient that are left.
func (e *edge) configure(t testing.TB, oldNew ...string) {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join(repository, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(shipped)
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(text, oldNew[i]) {
			t.Fatalf("the shipped Caddyfile does not contain %q", oldNew[i])
		}
		text = strings.ReplaceAll(text, oldNew[i], oldNew[i+1])
	}
	text = strings.NewReplacer(slices.Concat(roomy, patient)...).Replace(text)
	if err := os.WriteFile(e.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// startBackend runs `odordiff infer`, with more flags, where the gateway
// expects it.
func (e *edge) startBackend(t testing.TB, flags ...string) *process {
	t.Helper()
	backend := start(t, e.env, append([]string{"infer", "--listen", e.upstream}, flags...)...)
	eventually.True(t, "the backend is ready", func() bool {
		resp, err := http.Get("http://" + e.upstream + "/health/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return backend
}

func (e *edge) waitUntilAlive(t testing.TB) {
	t.Helper()
	eventually.True(t, "the edge is alive", func() bool {
		if e.ended() {
			t.Fatalf("odordiff ended: %v\n%s", e.err, e.out)
		}
		if !e.isLoaded() {
			return false
		}
		client, err := e.trust()
		if err != nil {
			return false
		}
		resp, err := client.Get(e.url + "/health/live")
		if err != nil {
			return false
		}
		resp.Body.Close()
		e.client = client
		return true
	})
	t.Cleanup(func() { e.client.CloseIdleConnections() })
}

// isLoaded waits while the configuration is loaded, and reports whether it is.
// Caddy accepts connections before its TLS app is started, and with the level
// DEBUG reads then what that app is about to write.
func (e *edge) isLoaded() bool {
	resp, err := http.Get("http://" + e.admin + "/config/admin")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// trust returns a client that trusts the gateway's own certificate authority,
// and nothing else.
func (e *edge) trust() (*http.Client, error) {
	root, err := os.ReadFile(filepath.Join(e.state, "caddy", "pki", "authorities", "local", "root.crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	return &http.Client{
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: e.own}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 32,
		},
	}, nil
}

// speaking returns a client of one version of HTTP.
func (e *edge) speaking(t *testing.T, protocol string) *http.Client {
	t.Helper()
	client, err := e.trust()
	if err != nil {
		t.Fatal(err)
	}
	tcp := client.Transport.(*http.Transport)
	t.Cleanup(tcp.CloseIdleConnections)
	switch protocol {
	case "HTTP/1.1":
		tcp.ForceAttemptHTTP2 = false
	case "HTTP/3.0":
		udp := &http3.Transport{TLSClientConfig: tcp.TLSClientConfig}
		t.Cleanup(func() { udp.Close() })
		client.Transport = udp
	}
	return client
}

// token returns a JWT from `odordiff token`.
func (e *edge) token(t testing.TB, args ...string) string {
	t.Helper()
	stdout, stderr, code := run(t, e.env, append([]string{"token"}, args...)...)
	if code != 0 {
		t.Fatalf("odordiff token: %s", stderr)
	}
	return strings.TrimSpace(stdout)
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	body []byte
}

// generate posts a body to /api/v1/generate with a bearer token, which may be
// empty.
func (e *edge) generate(t *testing.T, token, body string) answer {
	t.Helper()
	header := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return e.send(t, http.MethodPost, generatePath, header, body)
}

func (e *edge) send(t *testing.T, method, path string, header http.Header, body string) answer {
	t.Helper()
	got, err := e.try(method, path, header, body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (e *edge) try(method, path string, header http.Header, body string) (answer, error) {
	req, err := http.NewRequest(method, e.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	// net/http keeps it apart; empty is that of the URL
	req.Host = req.Header.Get("Host")
	resp, err := e.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	return read(resp)
}

func read(resp *http.Response) (answer, error) {
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	return answer{resp, content}, err
}

// problem is the body of a refusal.
type problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail"`
	RequestID string `json:"request_id"`
	Reasons   []struct {
		ID      string `json:"id"`
		Message string `json:"message"`
	} `json:"reasons"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

// wantProblem checks that the answer is a well-formed refusal of the kind.
func (a answer) wantProblem(t *testing.T, status int, kind string) problem {
	t.Helper()
	var p problem
	if a.StatusCode != status {
		t.Fatalf("status %d, want %d %s: %s", a.StatusCode, status, kind, a.body)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("Content-Type %q: %s", got, a.body)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	if !strings.HasSuffix(p.Type, "#"+kind) || p.Status != status || p.Title == "" {
		t.Errorf("problem %+v, want a %s", p, kind)
	}
	if p.RequestID == "" || p.RequestID != a.Header.Get("X-Request-Id") {
		t.Errorf("request_id %q, X-Request-Id %q: want the same", p.RequestID, a.Header.Get("X-Request-Id"))
	}
	return p
}

// wantOK checks that the answer is a 200.
func (a answer) wantOK(t *testing.T) {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s", a.StatusCode, a.body)
	}
}

func port(url string) string { return url[strings.LastIndexByte(url, ':')+1:] }
