package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
)

// Two gateways share a state directory for a moment when a binary is replaced.
func TestEachGatewayOfAStateDirectoryKeepsATrail(t *testing.T) {
	t.Parallel()
	first, second := layout(t), layout(t)
	second.state = first.state
	first.startWith(t)
	second.env = append(second.env, "ODORDIFF_STATE="+first.state)
	second.configure(t)
	if _, stderr, code := run(t, second.env, "run", "--config", second.config); code == 0 || !strings.Contains(stderr, "give each its own folder") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	trail := filepath.Join(first.state, "audit")
	second.env = append(second.env, "ODORDIFF_AUDIT="+filepath.Join(trail, "2"))
	second.startWith(t)

	refused := first.generate(t, "", prompt)
	refused.wantProblem(t, http.StatusUnauthorized, "credential-missing")
	id := refused.Header.Get("X-Request-Id")
	ask := func(e *edge, args ...string) string {
		t.Helper()
		stdout, stderr, code := run(t, e.env, append([]string{"audit"}, args...)...)
		if code != 0 {
			t.Fatalf("audit %s: %s", args, stderr)
		}
		return stdout
	}
	eventually.True(t, "the refusal is recorded", func() bool {
		return strings.Contains(ask(first, "query", "--folder", trail), id)
	})
	if out := ask(second, "query"); strings.Contains(out, id) {
		t.Errorf("the other gateway recorded %s", out)
	}
	first.stop(t)
	second.stop(t)
	for _, folder := range []string{trail, filepath.Join(trail, "2")} {
		if out := ask(first, "verify", "--folder", folder); !strings.Contains(out, "no fault") {
			t.Error(out)
		}
	}
}
