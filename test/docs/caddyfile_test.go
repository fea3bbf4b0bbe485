package docs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard" // Caddy's own modules

	_ "github.com/odordiff/odordiff/caddymodule"
	"github.com/odordiff/odordiff/internal/keyring"
)

// stateDirectory is the one that the pages' Caddyfiles name.
const stateDirectory = "/var/lib/odordiff"

var caddyfilePattern = regexp.MustCompile("(?s)```caddyfile\n(.*?)```")

// Each block marked as a Caddyfile is one that a reader may copy: Caddy adapts
// it, and every module of it is provisioned and validated.
func TestEveryCaddyfileOfThePagesLoads(t *testing.T) {
	var blocks []struct{ page, text string }
	for _, page := range pages(t) {
		for _, match := range caddyfilePattern.FindAllStringSubmatch(read(t, page), -1) {
			blocks = append(blocks, struct{ page, text string }{page, match[1]})
		}
	}
	if len(blocks) < 10 {
		t.Fatalf("found only %d Caddyfiles", len(blocks))
	}
	state := operatorsDirectory(t)
	for _, block := range blocks {
		t.Run(block.page, func(t *testing.T) {
			if err := load(strings.ReplaceAll(block.text, stateDirectory, state)); err != nil {
				t.Errorf("%v\n%s", err, block.text)
			}
		})
	}
}

// operatorsDirectory changes to a directory that has what the Caddyfiles name:
// the policies, a keyring, public keys and the authority of those who scrape.
func operatorsDirectory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	policies, err := filepath.Abs(filepath.Join(repository, "policies"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "policies"), os.DirFS(policies)); err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Ensure(filepath.Join(dir, "keyring.json")); err != nil {
		t.Fatal(err)
	}
	keys := []byte(read(t, "caddymodule/auth/testdata/jwks.json"))
	if err := os.WriteFile(filepath.Join(dir, "jwks.json"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	authority := []byte(read(t, "test/docs/testdata/scrapers.pem"))
	if err := os.WriteFile(filepath.Join(dir, "scrapers.pem"), authority, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("ODORDIFF_STATE", dir)
	t.Setenv("ODORDIFF_REDIS", "off")
	storage := caddy.DefaultStorage.Path
	caddy.DefaultStorage.Path = filepath.Join(dir, "caddy")
	t.Cleanup(func() { caddy.DefaultStorage.Path = storage })
	return dir
}

// load adapts and validates a Caddyfile, or directives of one.
func load(block string) error {
	if !isWhole(block) {
		block = "http://localhost {\n" + block + "}\n"
	}
	adapted, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(block), nil)
	if err != nil {
		return err
	}
	var config caddy.Config
	if err := json.Unmarshal(adapted, &config); err != nil {
		return err
	}
	return caddy.Validate(&config)
}

// isWhole reports whether the block begins with global options or a site.
func isWhole(block string) bool {
	first, _, _ := strings.Cut(block, " ")
	return strings.HasPrefix(block, "{\n") || strings.ContainsAny(first, ".:")
}
