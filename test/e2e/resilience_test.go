package e2e

import (
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
)

func TestADeadBackendIsAnsweredForAndRecoversFrom(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	backend := e.startBackend(t)
	token := e.token(t)
	const other = `{"prompt": "a rose that was never asked for"}`
	live := e.generate(t, token, prompt)
	live.wantOK(t)

	backend.kill()
	stale := e.generate(t, token, prompt)
	stale.wantOK(t)
	if rung := stale.Header.Get("Gate-Served-By"); rung != "stale" {
		t.Errorf("Gate-Served-By = %q, want stale", rung)
	}
	if string(stale.body) != string(live.body) {
		t.Error("the stale answer differs from the live one")
	}
	if _, err := strconv.Atoi(stale.Header.Get("Age")); err != nil {
		t.Errorf("Age = %q", stale.Header.Get("Age"))
	}

	t.Run("the same request in other words is the same request", func(t *testing.T) {
		e.generate(t, token, `{ "engine":"library", "num_molecules":5, "prompt":"fresh citrus over wet ced\u0061r" }`).wantOK(t)
	})
	t.Run("another principal does not get it", func(t *testing.T) {
		e.generate(t, e.token(t, "--subject", "someone-else"), prompt).
			wantProblem(t, http.StatusServiceUnavailable, "upstream-unavailable")
	})
	t.Run("an unknown request gets a problem", func(t *testing.T) {
		got := e.generate(t, token, other)
		got.wantProblem(t, http.StatusServiceUnavailable, "upstream-unavailable")
		if seconds, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || seconds < 1 {
			t.Errorf("Retry-After = %q", got.Header.Get("Retry-After"))
		}
		if strings.Contains(string(got.body), e.upstream) {
			t.Error("the problem shows the upstream's address")
		}
		eventually.True(t, "the log has the cause under the request's id", func() bool {
			for line := range strings.Lines(e.out.String()) {
				if strings.Contains(line, `"request_id":"`+got.Header.Get("X-Request-Id")) && strings.Contains(line, "connection refused") {
					return true
				}
			}
			return false
		})
	})
	t.Run("the breaker opens", func(t *testing.T) {
		for range 5 {
			e.generate(t, token, other)
		}
		if state := e.metric(t, `gate_breaker_state`, e.upstream); state != "2" && state != "1" {
			t.Errorf("the breaker's state is %s, want open (2) or half-open (1)", state)
		}
	})

	e.startBackend(t)
	eventually.True(t, "the breaker closes and the answers are live", func() bool {
		got := e.generate(t, token, prompt)
		return got.StatusCode == http.StatusOK && got.Header.Get("Gate-Served-By") == "live"
	})
	if state := e.metric(t, `gate_breaker_state`, e.upstream); state != "0" {
		t.Errorf("the breaker's state is %s, want closed (0)", state)
	}
}

// metric returns the value of the metric whose line names the label value.
func (e *edge) metric(t *testing.T, name, labelValue string) string {
	t.Helper()
	resp, err := http.Get("http://" + e.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	a, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(a.body)) {
		if strings.HasPrefix(line, name+"{") && strings.Contains(line, labelValue) {
			return strings.Fields(line)[len(strings.Fields(line))-1]
		}
	}
	t.Fatalf("no metric %s with %s", name, labelValue)
	return ""
}

func TestAReloadForgetsNothing(t *testing.T) {
	t.Parallel()
	e := startGateway(t, fivePerHour...)
	backend := e.startBackend(t)
	token := e.token(t)
	signed := e.sign(t, prompt)
	e.send(t, http.MethodPost, generatePath, signed, prompt).wantOK(t)
	for range 3 {
		e.generate(t, token, prompt).wantOK(t)
	}
	e.edit(t, "gate_fallback {", "gate_fallback {\n\t\t\tretry_after 6s")
	e.reload(t)

	t.Run("nonces", func(t *testing.T) {
		e.send(t, http.MethodPost, generatePath, signed, prompt).wantProblem(t, http.StatusUnauthorized, "credential-replayed")
	})
	t.Run("stale answers", func(t *testing.T) {
		backend.kill()
		if got := e.generate(t, token, prompt); got.Header.Get("Gate-Served-By") != "stale" {
			t.Errorf("status %d, rung %q", got.StatusCode, got.Header.Get("Gate-Served-By"))
		}
	})
	t.Run("windows", func(t *testing.T) {
		// One signed and four by token, both of the principal of the one key.
		e.generate(t, token, prompt).wantProblem(t, http.StatusTooManyRequests, "quota-exceeded")
	})
}

func TestABrokenCaddyfileChangesNothing(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t)
	token := e.token(t)
	e.edit(t, "gate_fallback {", "gate_fallback {\n\t\t\tretry_after soon")
	_, stderr, code := run(t, e.env, "reload", "--config", e.config, "--address", e.admin)
	if code == 0 || !strings.Contains(stderr, "soon") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	e.generate(t, token, prompt).wantOK(t)
}

func (e *edge) reload(t *testing.T) {
	t.Helper()
	if _, stderr, code := run(t, e.env, "reload", "--config", e.config, "--address", e.admin); code != 0 {
		t.Fatalf("reload: %s", stderr)
	}
}

// edit exchanges a string in the Caddyfile.
func (e *edge) edit(t *testing.T, before, after string) {
	t.Helper()
	text, err := os.ReadFile(e.config)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), before) {
		t.Fatalf("the Caddyfile does not contain %q", before)
	}
	if err := os.WriteFile(e.config, []byte(strings.ReplaceAll(string(text), before, after)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestCaddysOwnCommandsWork(t *testing.T) {
	t.Parallel()
	e := layout(t)
	if _, stderr, code := run(t, e.env, "keyring", "init"); code != 0 {
		t.Fatal(stderr)
	}
	e.configure(t)
	for _, args := range [][]string{
		{"validate", "--config", e.config},
		{"adapt", "--config", e.config, "--validate"},
		{"fmt", "--diff", "Caddyfile"},
		{"list-modules"},
		{"version"},
	} {
		t.Run(strings.Join(args[:1], " "), func(t *testing.T) {
			if stdout, stderr, code := run(t, e.env, args...); code != 0 {
				t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
			}
		})
	}
}
