package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
)

// limits runs `odordiff limits` against the gateway and returns what it prints.
func (e *edge) limits(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := run(t, e.env, append([]string{"limits"}, append(args, "--config", e.config)...)...)
	if code != 0 {
		t.Fatalf("odordiff limits %s: exit code %d: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

func TestAnOperatorSeesWhoIsLimitedAndGivesThemMore(t *testing.T) {
	t.Parallel()
	first, second := sharing(t, startRedis(t), inTime, fivePerHour...)
	token := first.token(t, "--subject", "alice")
	for range 5 {
		first.generate(t, token, prompt).wantOK(t)
	}
	second.generate(t, token, prompt).wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")

	state := first.limits(t, "get", "principal", "alice")
	_, rest, found := strings.Cut(state, "hash of the key")
	if !found || !strings.Contains(state, "used             5\nremaining        0\n") {
		t.Fatalf("of alice it is known:\n%s", state)
	}
	hash := strings.Fields(rest)[0]
	if list := second.limits(t, "list"); !strings.Contains(list, "principal in 1h") || !strings.Contains(list, hash) {
		t.Errorf("the list does not say that %s is refused:\n%s", hash, list)
	}
	second.limits(t, "set", "principal", "alice", "--rate", "7", "--for", "2h", "--reason", "a batch of hers")
	eventually.True(t, "the override holds on the other gateway", func() bool {
		return strings.Contains(first.limits(t, "get", "principal", "--hash", hash), "allows           7 in 1h")
	})
	for range 2 {
		first.generate(t, token, prompt).wantOK(t)
	}
	refused := first.generate(t, token, prompt)
	refused.wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	if policy := refused.Header.Get("RateLimit-Policy"); !strings.Contains(policy, `"principal";q=7;w=3600`) {
		t.Errorf("the answer says %s", policy)
	}
	first.limits(t, "reset", "principal", "alice")
	second.generate(t, token, prompt).wantOK(t)
	first.wantRecorded(t, "admin.limit_reset")
	second.wantRecorded(t, "admin.limit_set")
}

// wantRecorded fails the test unless the gateway's trail has an event of the
// name that says who made the change.
func (e *edge) wantRecorded(t *testing.T, event string) {
	t.Helper()
	eventually.True(t, event+" is in the audit trail", func() bool {
		stdout, _, _ := run(t, e.env, "audit", "query", "--event", event)
		return strings.Contains(stdout, `"limit":"principal"`) && strings.Contains(stdout, `"by":"`) && !strings.Contains(stdout, "alice")
	})
}

func TestABlockedClientIsRefusedUntilItIsReleased(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t)
	token := e.token(t, "--subject", "mallory")
	e.generate(t, token, prompt).wantOK(t)
	e.limits(t, "set", "principal", "mallory", "--blocked", "--for", "2h")
	refused := e.generate(t, token, prompt)
	refused.wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	if refused.Header.Get("Retry-After") == "" {
		t.Error("the answer does not say when the block ends")
	}
	e.generate(t, e.token(t, "--subject", "alice"), prompt).wantOK(t)
	e.limits(t, "set", "principal", "mallory", "--remove")
	e.generate(t, token, prompt).wantOK(t)
}
