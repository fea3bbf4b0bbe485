package deploy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // Caddy's own modules

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/internal/keyring"
)

// The pod's files are replaced by files of this machine.
func TestTheCaddyfilesOfKubernetesLoad(t *testing.T) {
	for _, overlay := range []string{"gateway", "sidecar"} {
		t.Run(overlay, func(t *testing.T) {
			pod := podFiles(t)
			common := pod.Replace(string(read(t, "deploy/kubernetes/base/common.caddyfile")))
			site := pod.Replace(string(read(t, filepath.Join("deploy/kubernetes", overlay, "Caddyfile"))))
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "common.caddyfile"), []byte(common), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Setenv("ODORDIFF_SITE", "odor.example.com")
			t.Setenv("ODORDIFF_UPSTREAM", "127.0.0.1:8090")
			adapted, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(site), map[string]any{"filename": filepath.Join(dir, "Caddyfile")})
			if err != nil || len(warnings) > 0 {
				t.Fatal(err, warnings)
			}
			var config caddy.Config
			if err := json.Unmarshal(adapted, &config); err != nil {
				t.Fatal(err)
			}
			if err := caddy.Validate(&config); err != nil {
				t.Error(err)
			}
		})
	}
}

// podFiles makes what a pod mounts, and returns what puts its paths in the
// place of the pod's.
func podFiles(t *testing.T) *strings.Replacer {
	t.Helper()
	dir := t.TempDir()
	if _, err := keyring.Ensure(filepath.Join(dir, "keyring", "keyring.json")); err != nil {
		t.Fatal(err)
	}
	certificate, key := selfSigned(t)
	for name, content := range map[string][]byte{
		"redis/redis": []byte("redis://:secret@127.0.0.1:6379\n"), "tls/tls.crt": certificate, "tls/tls.key": key,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	policies, err := filepath.Abs(filepath.Join(repository, "policies"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("/run/secrets", dir, "/var/lib/odordiff", t.TempDir(), "/etc/odordiff/policies", policies)
}

func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"odor.example.com"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}
