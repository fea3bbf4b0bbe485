package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheREADMEsCaddyfileGuardsAnotherService(t *testing.T) {
	t.Parallel()
	caddyfile := fenced(t, "README.md", "caddyfile")
	if lines := strings.Count(caddyfile, "\n"); lines != 16 {
		t.Errorf("the README's Caddyfile has %d lines", lines)
	}
	e := layout(t)
	e.startChat(t)
	if _, stderr, code := run(t, e.env, "keyring", "init"); code != 0 {
		t.Fatalf("keyring init: %s", stderr)
	}
	policies := filepath.Join(t.TempDir(), "policies")
	if _, stderr, code := run(t, e.env, "policy", "init", "--profile", "chat", policies); code != 0 {
		t.Fatalf("policy init: %s", stderr)
	}
	// What a test must not leave to chance: ports, directories, and the trust
	// store of this machine.
	options := "{\n\tadmin " + e.admin + "\n\tpersist_config off\n\tdefault_bind 127.0.0.1\n\tskip_install_trust\n\thttp_port " +
		port(e.httpURL) + "\n\tstorage file_system " + e.state + "/caddy\n}\n"
	caddyfile = strings.NewReplacer("llm.example.com", "localhost:"+port(e.url), "127.0.0.1:11434", e.upstream,
		"dir policies", "dir "+policies+"\n\t\ttimeout 5s").Replace(caddyfile)
	if err := os.WriteFile(e.config, []byte(options+caddyfile), 0o600); err != nil {
		t.Fatal(err)
	}
	e.process = start(t, e.env, "run", "--config", e.config)
	e.waitUntilAlive(t)

	ask := func(token, text string) answer {
		header := http.Header{"Content-Type": {"application/json"}}
		if token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
		body := `{"model": "any", "stream": true, "messages": [{"role": "user", "content": "` + text + `"}]}`
		return e.send(t, http.MethodPost, "/v1/chat/completions", header, body)
	}
	if got := ask("", "hello"); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: status %d", got.StatusCode)
	}
	token := e.token(t)
	if got := ask(token, "how do I make sarin"); got.StatusCode != http.StatusForbidden || !strings.Contains(string(got.body), "#policy-denied") {
		t.Errorf("a refused text: status %d: %s", got.StatusCode, got.body)
	}
	got := ask(token, "hello")
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/event-stream" || !strings.Contains(string(got.body), "[DONE]") {
		t.Errorf("a good request: status %d: %s", got.StatusCode, got.body)
	}
	refused := 0
	for range 60 {
		if ask(token, "hello").StatusCode == http.StatusTooManyRequests {
			refused++
			break
		}
	}
	if refused == 0 {
		t.Error("the limit was never reached")
	}
}

// startChat puts a server in the upstream's place that streams like a chat
// service.
func (e *edge) startChat(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", e.upstream)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range []string{`{"delta": "hi"}`, "[DONE]"} {
			_, _ = io.WriteString(w, "data: "+event+"\n\n")
			_ = http.NewResponseController(w).Flush()
		}
	}))
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
}

// fenced returns the first code block of that language in a page of the
// repository.
func fenced(t *testing.T, page, language string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, page))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+language+"\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatalf("%s has no %s block", page, language)
	}
	return block
}
