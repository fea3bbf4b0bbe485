package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestHealthSaysMoreToOperators(t *testing.T) {
	e := startGateway(t)
	backend := e.startBackend(t)
	get := func(path, token string) answer {
		header := http.Header{}
		if token != "" {
			header.Set("Authorization", "Bearer "+token)
		}
		return e.send(t, http.MethodGet, path, header, "")
	}
	var report struct {
		Status string `json:"status"`
		Checks []struct {
			Name string `json:"name"`
		} `json:"checks"`
	}
	parse := func(a answer) {
		report.Checks = nil
		if err := json.Unmarshal(a.body, &report); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
	}

	anonymous := get("/health", "")
	anonymous.wantOK(t)
	parse(anonymous)
	if report.Status == "" || report.Checks != nil {
		t.Errorf("anonymous: %s", anonymous.body)
	}
	get("/health", "nonsense").wantProblem(t, http.StatusUnauthorized, "credential-invalid")
	// Who may generate need not know what the gateway is made of, and is not turned away either.
	client := get("/health", e.token(t))
	client.wantOK(t)
	parse(client)
	if report.Status == "" || report.Checks != nil {
		t.Errorf("a client: %s", client.body)
	}
	operator := get("/health", e.token(t, "--scope", "operator"))
	operator.wantOK(t)
	parse(operator)
	names := map[string]bool{}
	for _, check := range report.Checks {
		names[check.Name] = true
	}
	for _, check := range []string{"policy", "upstream", "keyring", "breakers", "disk", "memory"} {
		if !names[check] {
			t.Errorf("no check %q in %s", check, operator.body)
		}
	}

	backend.kill()
	eventually(t, "degraded without the backend", func() bool {
		parse(get("/health", ""))
		return report.Status == "degraded"
	})
	// It still answers from the ladder, so balancers should keep sending.
	get("/health/ready", "").wantOK(t)
	get("/health/live", "").wantOK(t)
}

func TestAnOperatorsTokenDoesNotGenerate(t *testing.T) {
	e := startGateway(t)
	e.generate(t, e.token(t, "--scope", "operator"), prompt).wantProblem(t, http.StatusForbidden, "scope-insufficient")
}

func TestEveryAnswerHasTheSecurityHeaders(t *testing.T) {
	e := startGateway(t)
	e.startBackend(t)
	token := e.token(t)
	for name, got := range map[string]answer{
		"answer":    e.generate(t, token, prompt),
		"refusal":   e.generate(t, "", prompt),
		"not found": e.send(t, http.MethodGet, "/elsewhere", nil, ""),
		"health":    e.send(t, http.MethodGet, "/health/live", nil, ""),
	} {
		for _, field := range []string{
			"Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Request-Id",
		} {
			if got.Header.Get(field) == "" {
				t.Errorf("%s: no %s", name, field)
			}
		}
		if server := got.Header.Values("Server"); len(server) > 0 {
			t.Errorf("%s: Server: %s", name, server)
		}
	}
}

func TestUnknownPathsGetAProblem(t *testing.T) {
	e := startGateway(t)
	e.send(t, http.MethodGet, "/elsewhere", nil, "").wantProblem(t, http.StatusNotFound, "not-found")
}

func TestAnotherHostIsMisdirected(t *testing.T) {
	e := startGateway(t)
	req, err := http.NewRequest(http.MethodGet, e.url+"/health/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "elsewhere.example"
	resp, err := e.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("status %d, want 421", resp.StatusCode)
	}
}

func TestClientsCannotClaimAnIdentity(t *testing.T) {
	e := startGateway(t)
	seen := e.startEcho(t)
	header := http.Header{
		"Content-Type": {"application/json"}, "Authorization": {"Bearer " + e.token(t, "--subject", "alice")},
		"Gate-Principal": {"admin"}, "Gate-Tenant": {"root"}, "Gate-Anything": {"x"}, "X-Request-Id": {"chosen-by-the-client"},
	}
	e.send(t, http.MethodPost, generatePath, header, prompt).wantOK(t)
	got := <-seen
	if p := got.Header.Values("Gate-Principal"); len(p) != 1 || p[0] != "alice" {
		t.Errorf("Gate-Principal = %q, want alice", p)
	}
	for _, field := range []string{"Gate-Tenant", "Gate-Anything", "Authorization"} {
		if v := got.Header.Get(field); v != "" {
			t.Errorf("%s: %s reached the upstream", field, v)
		}
	}
	if id := got.Header.Values("X-Request-Id"); len(id) != 1 || id[0] == "chosen-by-the-client" {
		t.Errorf("X-Request-Id = %q", id)
	}
}

func TestLogsHoldNoSecretsAndNoPrompts(t *testing.T) {
	e := startGateway(t)
	e.startBackend(t)
	token := e.token(t)
	e.generate(t, token, `{"prompt": "an unmistakable petrichor"}`).wantOK(t)
	e.generate(t, token, `{"prompt": "an unmistakable sarin"}`).wantProblem(t, http.StatusForbidden, "policy-denied")
	signed := e.sign(t, prompt)
	got := e.send(t, http.MethodPost, generatePath, signed, prompt)
	got.wantOK(t)
	eventually(t, "the request is logged with its id", func() bool {
		return strings.Contains(e.out.String(), got.Header.Get("X-Request-Id"))
	})
	log := e.out.String()
	for what, secret := range map[string]string{
		"the token": token, "the token's signature": token[strings.LastIndexByte(token, '.')+1:],
		"the signature": signed.Get("Signature"), "a prompt": "unmistakable",
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s", what)
		}
	}
}
