package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/odordiff/odordiff/internal/eventually"
)

// logLines returns the lines of a logger that are logged so far.
func (e *edge) logLines(t *testing.T, logger string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.SplitSeq(e.out.String(), "\n") {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["logger"] == logger {
			found = append(found, entry)
		}
	}
	return found
}

// wantRecord waits for the records of a refused request, and returns the only
// one.
func (e *edge) wantRecord(t *testing.T, id string) map[string]any {
	t.Helper()
	var found []map[string]any
	eventually.True(t, "the request "+id+" is logged", func() bool {
		return strings.Contains(e.out.String(), id)
	})
	for _, entry := range e.logLines(t, "gate.refusals") {
		if entry["request_id"] == id {
			found = append(found, entry)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d records of the request %s: %v", len(found), id, found)
	}
	return found[0]
}

func TestEachRefusalLeavesOneRecord(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "rate 60/1m", "rate 2/1m")
	backend := e.startBackend(t)
	alice := e.token(t, "--subject", "alice")
	bearer := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + alice}}
	bob := bearer.Clone()
	bob.Set("Authorization", "Bearer "+e.token(t, "--subject", "bob"))

	type want struct {
		problem, reason string
		status          float64
		principal       any
		by              string // the gravest
		revision, cause bool
	}
	check := func(name string, got answer, w want) {
		t.Helper()
		p := got.wantProblem(t, int(w.status), w.problem)
		entry := e.wantRecord(t, p.RequestID)
		by, _ := entry["by"].([]any)
		gravest := ""
		if len(by) > 0 {
			gravest, _ = by[0].(string)
		}
		if entry["problem"] != w.problem || entry["status"] != w.status || entry["principal"] != w.principal || gravest != w.by {
			t.Errorf("%s: %v", name, entry)
		}
		if _, ok := entry["policy_revision"]; ok != w.revision {
			t.Errorf("%s: policy_revision: %v", name, entry)
		}
		if _, ok := entry["error"]; ok != w.cause {
			t.Errorf("%s: error: %v", name, entry)
		}
		if entry["client_ip"] != "127.0.0.0" {
			t.Errorf("%s: client_ip: %v", name, entry)
		}
		labels := `problem="` + w.problem + `",reason="` + w.reason + `",status="` + got.Status[:3] + `"}`
		if value := e.metric(t, "gate_refusals_total", labels); value != "1" {
			t.Errorf("%s: %s is %q", name, labels, value)
		}
	}
	check("no credential", e.generate(t, "", prompt), want{problem: "credential-missing", status: 401})
	check("bad credential", e.generate(t, "nonsense", prompt),
		want{problem: "credential-invalid", status: 401, by: "gate_jwt", reason: "gate_jwt"})
	check("policy", e.generate(t, alice, `{"prompt": "an unmistakable sarin"}`),
		want{problem: "policy-denied", status: 403, principal: "alice", by: "chemical-weapon", reason: "chemical-weapon", revision: true})
	e.generate(t, alice, prompt).wantOK(t)
	check("limit", e.generate(t, alice, prompt),
		want{problem: "quota-exceeded", status: 429, principal: "alice", by: "principal", reason: "principal"})
	check("schema", e.send(t, http.MethodPost, generatePath, bob, `{"prompt": 5}`),
		want{problem: "invalid-request", status: 422, principal: "bob"})
	check("Caddy's request_body", e.send(t, http.MethodPost, generatePath, bob, strings.Repeat(" ", 70<<10)),
		want{problem: "body-too-large", status: 413})
	check("Caddy's error", e.send(t, http.MethodGet, "/elsewhere", nil, ""), want{problem: "not-found", status: 404})

	// An answer of a lower rung is no refusal; one of none is.
	carol := e.token(t, "--subject", "carol")
	e.generate(t, carol, prompt).wantOK(t)
	backend.kill()
	stale := e.generate(t, carol, prompt)
	stale.wantOK(t)
	if by := stale.Header.Get("Gate-Served-By"); by != "stale" {
		t.Fatalf("served by %q", by)
	}
	for _, entry := range e.logLines(t, "gate.refusals") {
		if entry["request_id"] == stale.Header.Get("X-Request-Id") {
			t.Errorf("a stale answer was recorded as a refusal: %v", entry)
		}
	}
	dave := e.token(t, "--subject", "dave")
	check("upstream", e.generate(t, dave, `{"prompt": "amber"}`),
		want{problem: "upstream-unavailable", status: 503, principal: "dave", revision: true, cause: true})
	if log := e.out.String(); strings.Contains(log, "unmistakable") {
		t.Error("the log holds a prompt")
	}
}

func TestRefusalsWithoutGateProblemKeepTheirFields(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "\tgate_problem {\n\t\tmax_header 32KiB # 431 above it\n\t}\n", "", "\t\tgate_problem # also", "\t\t# also")
	got := e.generate(t, "", prompt)
	if got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" || len(got.body) != 0 {
		t.Errorf("%d %v %s", got.StatusCode, got.Header, got.body)
	}
	eventually.True(t, "the refusal is recorded", func() bool { return len(e.logLines(t, "gate.refusals")) == 1 })
	warned := map[any]bool{}
	for _, entry := range e.logLines(t, "gate") {
		if strings.Contains(entry["msg"].(string), "add gate_problem") {
			warned[entry["handler"]] = true
		}
	}
	for _, handler := range []string{"gate_auth", "gate_limit", "gate_policy", "gate_fallback", "gate_health"} {
		if !warned[handler] {
			t.Errorf("no warning for %s among %v", handler, warned)
		}
	}
}

func TestTheShippedCaddyfileLeavesNoRefusalBare(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	if log := e.out.String(); strings.Contains(log, "add gate_problem") {
		t.Error("it warns of refusals without a body")
	}
}
