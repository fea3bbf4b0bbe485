package gate

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/odordiff/odordiff/internal/redisconn"
)

// fenced returns the page's first block in the language.
func fenced(t *testing.T, page, language string) string {
	t.Helper()
	_, block, found := strings.Cut(page, "```"+language+"\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatalf("docs/gateway/gate.md has no block of %s", language)
	}
	return block
}

func TestTheDocumentedConfigIsTheSameInBothLanguages(t *testing.T) {
	page, err := os.ReadFile("../../docs/gateway/gate.md")
	if err != nil {
		t.Fatal(err)
	}
	option := strings.TrimSpace(fenced(t, string(page), "caddyfile"))
	option = strings.TrimSuffix(strings.TrimPrefix(option, "{"), "}")
	var fromCaddyfile App
	if err := fromCaddyfile.UnmarshalCaddyfile(caddyfile.NewTestDispenser(option)); err != nil {
		t.Fatal(err)
	}
	var config struct{ Apps struct{ Gate App } }
	if err := json.Unmarshal([]byte(fenced(t, string(page), "json")), &config); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Apps.Gate, fromCaddyfile, cmpopts.IgnoreUnexported(App{})); diff != "" {
		t.Error(diff)
	}
}

func TestTheDocumentedURLsOfRedisAreAccepted(t *testing.T) {
	page, err := os.ReadFile("../../docs/gateway/gate.md")
	if err != nil {
		t.Fatal(err)
	}
	urls := regexp.MustCompile("`((?:rediss?|unix)://[^`]+)` \\|").FindAllStringSubmatch(string(page), -1)
	if len(urls) < 6 {
		t.Fatalf("found %d URLs, want one for each form", len(urls))
	}
	for _, match := range urls {
		client, err := redisconn.Open(match[1], 0)
		if err != nil {
			t.Errorf("%s: %v", match[1], err)
			continue
		}
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
}
