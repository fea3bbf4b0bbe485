package e2e

import (
	"crypto/tls"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/certtest"
)

// startForCertificates runs a gateway as docs/operations/edge.md has it:
// clients need a certificate, and the first limit is for each of these.
func startForCertificates(t *testing.T, clients *certtest.Authority, own tls.Certificate) *edge {
	t.Helper()
	authority := filepath.Join(t.TempDir(), "clients.pem")
	clients.Write(t, authority)
	e := layout(t)
	e.own = []tls.Certificate{own}
	e.startWith(t,
		"\timport headers\n\t# Every", "\ttls {\n\t\tclient_auth {\n\t\t\tmode require_and_verify\n\t\t\ttrust_pool file "+authority+"\n\t\t}\n\t}\n\timport headers\n\t# Every",
		"key {client_ip}\n\t\t\t\trate 300/1m", "key {http.request.tls.client.fingerprint}\n\t\t\t\trate 2/1m",
		"\t\t\tlb_policy gate_breaker {", "\t\t\theader_up X-Client-Subject {http.request.tls.client.subject}\n\t\t\tlb_policy gate_breaker {")
	return e
}

func TestOnlyCertificatesOfTheClientsAuthorityComeIn(t *testing.T) {
	t.Parallel()
	clients, valid := certtest.New(t), time.Now().Add(time.Hour)
	e := startForCertificates(t, clients, clients.Client(t, "alice", valid))
	for name, own := range map[string][]tls.Certificate{
		"none":                 nil,
		"of another authority": {certtest.New(t).Client(t, "alice", valid)},
		"expired":              {clients.Client(t, "alice", time.Now().Add(-time.Minute))},
	} {
		for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0", "HTTP/3.0"} {
			e.own = own
			if resp, err := e.speaking(t, protocol).Get(e.url + "/health/live"); err == nil {
				resp.Body.Close()
				t.Errorf("%s over %s: %s", name, protocol, resp.Status)
			}
		}
	}
	// A handshake for another name needs no certificate, and leads nowhere.
	e.own = nil
	client := e.speaking(t, "HTTP/2.0")
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "elsewhere.example"
	if resp, err := client.Get(e.url + "/health/live"); err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("by another name: %s", resp.Status)
		}
	}
}

func TestACertificateIsLimitedByItselfAndTheBackendLearnsWhoseItIs(t *testing.T) {
	t.Parallel()
	clients, valid := certtest.New(t), time.Now().Add(time.Hour)
	e := startForCertificates(t, clients, clients.Client(t, "alice", valid))
	seen := e.startEcho(t)
	header := bearer(e.token(t))
	header.Set("X-Client-Subject", "CN=admin")
	e.send(t, http.MethodPost, generatePath, header, prompt).wantOK(t)
	if subject := (<-seen).Header.Values("X-Client-Subject"); strings.Join(subject, "|") != "CN=alice" {
		t.Errorf("the backend is told of %q", subject)
	}
	e.generate(t, "", prompt).wantProblem(t, http.StatusUnauthorized, "credential-missing")
	e.generate(t, "", prompt).wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	e.own = []tls.Certificate{clients.Client(t, "bob", valid)}
	e.client = e.speaking(t, "HTTP/2.0")
	e.generate(t, "", prompt).wantProblem(t, http.StatusUnauthorized, "credential-missing")
}
