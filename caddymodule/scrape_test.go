package caddymodule_test

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/certtest"
	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/keyring"
	"github.com/odordiff/odordiff/internal/token"
)

// documented runs the Caddyfile of the page on metrics that has the word in it.
// It returns the address of its site.
func documented(t *testing.T, word, state string) (url string) {
	t.Helper()
	page, err := os.ReadFile("../docs/operations/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile("(?s)```caddyfile\nhttps://localhost:\\d+ (.*?)```").FindAllStringSubmatch(string(page), -1) {
		if !strings.Contains(match[1], word) {
			continue
		}
		_, port, _ := strings.Cut(edgetest.FreeAddress(t), ":")
		url = "https://localhost:" + port
		config, err := edgetest.Adapt(`{
	admin off
	persist_config off
	default_bind 127.0.0.1
	storage file_system ` + t.TempDir() + `
	skip_install_trust
	auto_https disable_redirects
	servers {
		protocols h1 h2
	}
	log {
		level ERROR
	}
}
` + url + " " + strings.ReplaceAll(match[1], "/var/lib/odordiff", state))
		if err != nil {
			t.Fatal(err)
		}
		if err := caddy.Load(config, true); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := caddy.Stop(); err != nil {
				t.Error(err)
			}
		})
		return url
	}
	t.Fatalf("the page has no Caddyfile with %s", word)
	return ""
}

// asScraper sends a request with a certificate and a token, either of which may
// be left out. It returns the status, 0 where there was no connection.
func asScraper(t *testing.T, url, bearer string, certificates ...tls.Certificate) int {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, Certificates: certificates,
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := (&http.Client{Transport: transport, Timeout: 20 * time.Second}).Do(r)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestATokenOfTheScopeMayScrapeAndNothingElse(t *testing.T) {
	state := t.TempDir()
	t.Setenv("ODORDIFF_STATE", state)
	key := keyring.Key{ID: "tokens", Algorithm: keyring.HS256, Secret: keyring.Secret(strings.Repeat("t", 32))}
	if err := (keyring.Keys{key}).Write(filepath.Join(state, "keyring.json")); err != nil {
		t.Fatal(err)
	}
	tokenOf := func(scope string) string {
		minted, err := token.Mint(key, token.Claims{
			Subject: "prometheus", Issuer: "odordiff", Audience: []string{"odordiff"}, Scopes: []string{scope},
			IssuedAt: time.Now(), Expiry: time.Now().Add(time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
		return minted
	}
	url := documented(t, "require_scope metrics", state)
	eventually.True(t, "the certificate", func() bool { return asScraper(t, url+"/metrics", "") != 0 })
	for _, c := range []struct {
		path, bearer string
		want         int
	}{
		{"/metrics", "", http.StatusUnauthorized},
		{"/metrics", tokenOf("generate"), http.StatusForbidden},
		{"/metrics", tokenOf("metrics"), http.StatusOK},
		{"/config/", tokenOf("metrics"), http.StatusNotFound},
	} {
		if got := asScraper(t, url+c.path, c.bearer); got != c.want {
			t.Errorf("%s: %d, want %d", c.path, got, c.want)
		}
	}
}

func TestACertificateOfTheAuthorityMayScrapeAndNoOther(t *testing.T) {
	state := t.TempDir()
	ours, soon := certtest.New(t), time.Now().Add(time.Hour)
	ours.Write(t, filepath.Join(state, "scrapers.pem"))
	url := documented(t, "client_auth", state) + "/metrics"
	eventually.True(t, "the certificate", func() bool {
		return asScraper(t, url, "", ours.Client(t, "prometheus", soon)) == http.StatusOK
	})
	if got := asScraper(t, url, ""); got != 0 {
		t.Errorf("without a certificate: %d", got)
	}
	if got := asScraper(t, url, "", certtest.New(t).Client(t, "prometheus", soon)); got != 0 {
		t.Errorf("with one of another authority: %d", got)
	}
}
