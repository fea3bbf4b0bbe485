package bench

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/freeport"
)

const repository = ".."

// side is one of the two gateways: a process, and a client that trusts it.
type side struct {
	name, url, token string
	client           *http.Client
	sent             atomic.Int64
}

func build(b *testing.B) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "odordiff")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", binary, "./cmd/odordiff")
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("building the binary: %v\n%s", err, out)
	}
	return binary
}

// shipped is the Caddyfile of the repository with limits out of reach.
func shipped(b *testing.B) string {
	b.Helper()
	content, err := os.ReadFile(filepath.Join(repository, "Caddyfile"))
	if err != nil {
		b.Fatal(err)
	}
	rate := regexp.MustCompile(`rate \d+/1m`)
	if !rate.Match(content) {
		b.Fatal("the shipped Caddyfile has no rate per minute to raise")
	}
	return string(rate.ReplaceAll(content, []byte("rate 100000000/1m")))
}

// start runs a gateway with the given Caddyfile until the benchmark ends.
func start(b *testing.B, binary, name, caddyfile string, upstream *httptest.Server) *side {
	b.Helper()
	dir := b.TempDir()
	config := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(config, []byte(caddyfile), 0o600); err != nil {
		b.Fatal(err)
	}
	policies, err := filepath.Abs(filepath.Join(repository, "policies"))
	if err != nil {
		b.Fatal(err)
	}
	https := freeport.Take(b)
	env := append(os.Environ(),
		"ODORDIFF_STATE="+dir, "ODORDIFF_POLICIES="+policies,
		"ODORDIFF_UPSTREAM="+strings.TrimPrefix(upstream.URL, "http://"),
		"ODORDIFF_ADMIN=localhost:"+freeport.Take(b), "ODORDIFF_HTTP_PORT="+freeport.Take(b), "ODORDIFF_HTTPS_PORT="+https,
	)
	run(b, env, binary, "keyring", "init")
	s := &side{name: name, url: "https://localhost:" + https, token: strings.TrimSpace(run(b, env, binary, "token"))}

	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(binary, "run", "--config", config)
	cmd.Env, cmd.Stderr = env, log
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			b.Errorf("%s: %v", name, err)
		}
	})
	s.waitUntilAlive(b, filepath.Join(dir, "caddy/pki/authorities/local/root.crt"))
	return s
}

// patience is how long a gateway may take to come up.
const patience = 30 * time.Second

func (s *side) waitUntilAlive(b *testing.B, rootFile string) {
	b.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		client, err := trusting(rootFile)
		if err != nil {
			continue
		}
		resp, err := client.Get(s.url + "/health/live")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			s.client = client
			return
		}
	}
	b.Fatalf("%s is not alive after %s", s.name, patience)
}

func trusting(rootFile string) (*http.Client, error) {
	pem, err := os.ReadFile(rootFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13},
		MaxIdleConnsPerHost: 64,
	}}, nil
}

func run(b *testing.B, env []string, binary string, args ...string) string {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), binary, args...)
	cmd.Env = env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("odordiff %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out)
}
