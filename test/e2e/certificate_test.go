package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a certificate authority for clients.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{certificate: &x509.Certificate{
		Subject: pkix.Name{CommonName: "clients"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	made := a.issue(t, a.certificate, time.Now().Add(time.Hour))
	a.key = made.PrivateKey.(*ecdsa.PrivateKey)
	a.certificate = made.Leaf
	return a
}

// issue signs a certificate; before it has a key, its own.
func (a *authority) issue(t *testing.T, of *x509.Certificate, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	of.SerialNumber, of.NotBefore, of.NotAfter = big.NewInt(time.Now().UnixNano()), until.Add(-2*time.Hour), until
	der, err := x509.CreateCertificate(rand.Reader, of, a.certificate, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// client issues the certificate of a client.
func (a *authority) client(t *testing.T, name string, until time.Time) []tls.Certificate {
	t.Helper()
	return []tls.Certificate{a.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, until)}
}

func (a *authority) file(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clients.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// startForCertificates runs a gateway as docs/operations/edge.md has it:
// clients need a certificate, and the first limit is for each of these.
func startForCertificates(t *testing.T, clients *authority, own []tls.Certificate) *edge {
	t.Helper()
	e := layout(t)
	e.own = own
	e.startWith(t,
		"\timport headers\n\t# Every", "\ttls {\n\t\tclient_auth {\n\t\t\tmode require_and_verify\n\t\t\ttrust_pool file "+clients.file(t)+"\n\t\t}\n\t}\n\timport headers\n\t# Every",
		"key {client_ip}\n\t\t\t\trate 300/1m", "key {http.request.tls.client.fingerprint}\n\t\t\t\trate 2/1m",
		"\t\t\tlb_policy gate_breaker {", "\t\t\theader_up X-Client-Subject {http.request.tls.client.subject}\n\t\t\tlb_policy gate_breaker {")
	return e
}

func TestOnlyCertificatesOfTheClientsAuthorityComeIn(t *testing.T) {
	t.Parallel()
	clients, valid := newAuthority(t), time.Now().Add(time.Hour)
	e := startForCertificates(t, clients, clients.client(t, "alice", valid))
	for name, own := range map[string][]tls.Certificate{
		"none":                 nil,
		"of another authority": newAuthority(t).client(t, "alice", valid),
		"expired":              clients.client(t, "alice", time.Now().Add(-time.Minute)),
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
	clients, valid := newAuthority(t), time.Now().Add(time.Hour)
	e := startForCertificates(t, clients, clients.client(t, "alice", valid))
	seen := e.startEcho(t)
	header := bearer(e.token(t))
	header.Set("X-Client-Subject", "CN=admin")
	e.send(t, http.MethodPost, generatePath, header, prompt).wantOK(t)
	if subject := (<-seen).Header.Values("X-Client-Subject"); strings.Join(subject, "|") != "CN=alice" {
		t.Errorf("the backend is told of %q", subject)
	}
	e.generate(t, "", prompt).wantProblem(t, http.StatusUnauthorized, "credential-missing")
	e.generate(t, "", prompt).wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	e.own = clients.client(t, "bob", valid)
	e.client = e.speaking(t, "HTTP/2.0")
	e.generate(t, "", prompt).wantProblem(t, http.StatusUnauthorized, "credential-missing")
}
