package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/odordiff/odordiff/internal/eventually"
	"github.com/odordiff/odordiff/internal/redistest"
)

func TestHealthSaysMoreToOperators(t *testing.T) {
	t.Parallel()
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
	// Who may generate need not know what the gateway is made of, and is not
	// turned away either.
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
	eventually.True(t, "degraded without the backend", func() bool {
		parse(get("/health", ""))
		return report.Status == "degraded"
	})
	// It still answers from the ladder, so balancers should keep sending.
	get("/health/ready", "").wantOK(t)
	get("/health/live", "").wantOK(t)
}

func TestProbesNeedNeitherANameNorACredential(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t)
	ask := func(method, path string) answer {
		req, err := http.NewRequest(method, e.probes+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "10.0.0.7:8081" // as a kubelet has it
		resp, err := e.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(resp)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	ask(http.MethodGet, "/health/live").wantOK(t)
	ask(http.MethodGet, "/health/ready").wantOK(t)
	metrics := ask(http.MethodGet, "/metrics")
	metrics.wantOK(t)
	for _, name := range []string{"gate_health_check_status", "caddy_http_requests_total", "go_goroutines"} {
		if !strings.Contains(string(metrics.body), name) {
			t.Errorf("no %s among the metrics", name)
		}
	}
	for _, path := range []string{"/health", "/config/", "/stop", "/load", "/api/v1/openapi.json", generatePath} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := ask(method, path); got.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s: status %d, want 404", method, path, got.StatusCode)
			}
		}
	}
	if log := e.out.String(); strings.Contains(log, "/health/ready") || strings.Contains(log, "10.0.0.7") {
		t.Errorf("probes are logged: %s", log)
	}
}

func TestReadinessDoesNotWaitForABackendThatHangs(t *testing.T) {
	t.Parallel()
	e := layout(t)
	// connections are made, and nobody answers
	hanging, err := net.Listen("tcp", e.upstream)
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	e.startWith(t, "details_scope operator", "timeout 1m\n\t\t\tdetails_scope operator")
	client := &http.Client{Timeout: patience / 2}
	defer client.CloseIdleConnections()
	for range 4 {
		resp, err := client.Get(e.probes + "/health/ready")
		if err != nil {
			t.Fatalf("with a check that may take a minute: %v", err)
		}
		got, err := read(resp)
		if err != nil || got.StatusCode != http.StatusOK {
			t.Errorf("%d %s, %v", got.StatusCode, got.body, err)
		}
	}
}

func TestARedisThatRefusesWritesIsSeenByOperatorsAndScrapers(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	e := layout(t)
	e.env = append(e.env, "ODORDIFF_REDIS="+redis.URL())
	e.startWith(t, "details_scope operator", "interval 100ms\n\t\t\tdetails_scope operator")
	operator := http.Header{"Authorization": {"Bearer " + e.token(t, "--scope", "operator")}}
	shows := func(check, gauge string) func() bool {
		return func() bool {
			health := e.send(t, http.MethodGet, "/health", operator, "")
			return strings.Contains(string(health.body), check) && strings.Contains(e.metrics(t), "\ngate_redis_degraded "+gauge+"\n")
		}
	}
	eventually.True(t, "Redis is in use", shows("takes charges and nonces", "0"))
	if err := redis.Client().ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the replica's refusal is seen", shows("READONLY", "1"))
	if err := redis.Client().ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "all is well again without traffic", shows("takes charges and nonces", "0"))
}

func (e *edge) metrics(t *testing.T) string {
	t.Helper()
	resp, err := http.Get(e.probes + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	return string(got.body)
}

func TestProbesAreNotOfferedBeyondLoopback(t *testing.T) {
	t.Parallel()
	e := layout(t)
	e.env = append(e.env, "ODORDIFF_BIND=0.0.0.0")
	e.startWith(t)
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || network.IP.IsLoopback() || network.IP.To4() == nil {
			continue
		}
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(network.IP.String(), port(e.probes)), time.Second)
		if err == nil {
			conn.Close()
			t.Errorf("%s answers on the probes' port", network.IP)
		}
	}
}

func TestAPasswordOfRedisIsNotInTheConfig(t *testing.T) {
	t.Parallel()
	const password = "hunter2-for-tests"
	redis := redistest.Start(t, "--requirepass", password)
	e := layout(t)
	e.env = append(e.env, "ODORDIFF_REDIS=redis://:"+password+"@"+redis.Addr)
	e.startWith(t)
	config := e.adminGet(t, "/config/")
	if !strings.Contains(config, "{env.ODORDIFF_REDIS}") || strings.Contains(config, password) {
		t.Errorf("the config: %s", config)
	}
	eventually.True(t, "Redis is in use", func() bool {
		operator := http.Header{"Authorization": {"Bearer " + e.token(t, "--scope", "operator")}}
		return strings.Contains(string(e.send(t, http.MethodGet, "/health", operator, "").body), "takes charges and nonces")
	})
	if strings.Contains(e.out.String(), password) {
		t.Error("the password is in the log")
	}
}

func TestAPasswordThatStandsInTheConfigIsWarnedOf(t *testing.T) {
	t.Parallel()
	e := startGateway(t, "{env.ODORDIFF_REDIS}", "redis://:hunter2-for-tests@127.0.0.1:1")
	eventually.True(t, "the warning is logged", func() bool {
		return strings.Contains(e.out.String(), "the password of Redis stands in the configuration")
	})
}

func TestAnEmptyAddressOfRedisIsAnError(t *testing.T) {
	t.Parallel()
	e := layout(t)
	if _, stderr, code := run(t, e.env, "keyring", "init"); code != 0 {
		t.Fatal(stderr)
	}
	e.configure(t)
	_, stderr, code := run(t, append(e.env, "ODORDIFF_REDIS="), "run", "--config", e.config)
	if code == 0 || !strings.Contains(stderr, "ODORDIFF_REDIS") || !strings.Contains(stderr, "off for none") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}

func (e *edge) adminGet(t *testing.T, path string) string {
	t.Helper()
	resp, err := http.Get("http://" + e.admin + path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	return string(got.body)
}

func TestTheDescriptionOfTheAPIIsPublic(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	const path = "/api/v1/openapi.json"
	got := e.send(t, http.MethodGet, path, nil, "")
	got.wantOK(t)
	if !strings.Contains(string(got.body), `"openapi": "3.1.0"`) || strings.Contains(string(got.body), `"/metrics"`) {
		t.Errorf("%s", got.body)
	}
	if ids := got.Header.Values("X-Request-Id"); len(ids) != 1 {
		t.Errorf("X-Request-Id occurs %d times", len(ids))
	}
	for _, other := range []string{path + "/", path + "x", "/api/v1/molecules/similar?smiles=C", "/api/v1/openapi.json/../generate", "/api/v1/%2e/generate"} {
		if got := e.send(t, http.MethodGet, other, nil, ""); got.StatusCode == http.StatusOK {
			t.Errorf("%s is public, too: %s", other, got.body)
		}
	}
}

func TestNobodySpeaksToTheBackendThroughTheDescription(t *testing.T) {
	t.Parallel()
	e := startGateway(t)
	seen := e.startEcho(t)
	header := http.Header{"Gate-Principal": {"admin"}, "Content-Type": {"application/json"}}
	for _, path := range []string{"/api/v1/openapi.json?x=1", "/API/v1/OpenAPI.json", "/api/v1/generate/../openapi.json"} {
		if got := e.send(t, http.MethodPost, path, header, prompt); got.StatusCode != http.StatusOK {
			continue
		}
		r := <-seen
		if r.URL.Path != "/api/v1/openapi.json" || r.URL.RawQuery != "" || r.Header.Get("Gate-Principal") != "" {
			t.Errorf("%s reached the backend as %s of %q", path, r.URL, r.Header.Get("Gate-Principal"))
		}
	}
}

func TestAnOperatorsTokenDoesNotGenerate(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	e.generate(t, e.token(t, "--scope", "operator"), prompt).wantProblem(t, http.StatusForbidden, "scope-insufficient")
}

func TestUnknownPathsGetAProblem(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	e.send(t, http.MethodGet, "/elsewhere", nil, "").wantProblem(t, http.StatusNotFound, "not-found")
}

func TestAnotherHostIsMisdirected(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	req, err := http.NewRequest(http.MethodGet, e.url+"/health/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "elsewhere.example"
	resp, err := e.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read(resp)
	if err != nil {
		t.Fatal(err)
	}
	got.wantProblem(t, http.StatusMisdirectedRequest, "misdirected-request")
	wantSecurityHeaders(t, got)
}

func TestPlainHTTPRedirectsToTheSiteAlone(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	req, err := http.NewRequest(http.MethodPost, e.httpURL+generatePath+"?a=b", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"", "elsewhere.example"} {
		req.Host = host
		resp, err := e.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := e.url + generatePath + "?a=b"; resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") != want {
			t.Errorf("%q: %d to %s, want 308 to %s", host, resp.StatusCode, resp.Header.Get("Location"), want)
		}
		if resp.Header.Get("Content-Security-Policy") == "" || resp.Header.Get("X-Request-Id") == "" || resp.Header.Get("Server") != "" {
			t.Errorf("%q: header %v", host, resp.Header)
		}
		if hsts := resp.Header.Get("Strict-Transport-Security"); hsts != "" {
			t.Errorf("%q: Strict-Transport-Security: %s over plain HTTP", host, hsts)
		}
	}
}

func TestALongHeaderGetsAProblem(t *testing.T) {
	t.Parallel()
	e := shipped(t)
	got := e.send(t, http.MethodGet, "/health/live", http.Header{"X-Long": {strings.Repeat("x", 33<<10)}}, "")
	got.wantProblem(t, http.StatusRequestHeaderFieldsTooLarge, "header-too-large")
	wantSecurityHeaders(t, got)
}

func TestClientsCannotClaimAnIdentity(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	e := startGateway(t)
	e.startBackend(t)
	token := e.token(t)
	e.generate(t, token, `{"prompt": "an unmistakable petrichor"}`).wantOK(t)
	e.generate(t, token, `{"prompt": "an unmistakable sarin"}`).wantProblem(t, http.StatusForbidden, "policy-denied")
	signed := e.sign(t, prompt)
	got := e.send(t, http.MethodPost, generatePath, signed, prompt)
	got.wantOK(t)
	eventually.True(t, "the request is logged with its id", func() bool {
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
