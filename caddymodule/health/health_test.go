package health

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/problem"
)

func TestMain(m *testing.M) { edgetest.VerifyTestMain(m) }

func TestLiveIsOKWhateverElseFails(t *testing.T) {
	handler := provisioned(t, Handler{})
	fail(t, handler, "redis")
	got := ask(t, handler, http.MethodGet, "/health/live", nil)
	if got.code != http.StatusOK || got.body != `{"status":"ok"}`+"\n" {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestReadySaysWhichCriticalChecksFailedAndNoMore(t *testing.T) {
	handler := provisioned(t, Handler{})
	if got := ask(t, handler, http.MethodGet, "/health/ready", nil); got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	fail(t, handler, "redis")
	got := ask(t, handler, http.MethodGet, "/health/ready", new(exchange.Principal))
	if got.code != http.StatusServiceUnavailable || got.body != `{"status":"failed","failing":["redis"]}`+"\n" {
		t.Errorf("%d %s", got.code, got.body)
	}
}

func TestTheWholeTellsDetailsToThePrincipalOnly(t *testing.T) {
	handler := provisioned(t, Handler{})
	fail(t, handler, "redis")

	anonymous := ask(t, handler, http.MethodGet, "/api/health", nil)
	if anonymous.code != http.StatusServiceUnavailable || anonymous.body != `{"status":"failed"}`+"\n" {
		t.Errorf("anonymous: %d %s", anonymous.code, anonymous.body)
	}

	authorised := ask(t, handler, http.MethodGet, "/health", &exchange.Principal{ID: "ann"})
	var answer struct {
		Checks []struct {
			Name, Status, Detail string
			Critical             bool
			History              []struct{ From, To string }
		}
	}
	if err := json.Unmarshal([]byte(authorised.body), &answer); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, check := range answer.Checks {
		names = append(names, check.Name)
	}
	if want := []string{"disk", "load", "memory", "redis"}; !slices.Equal(names, want) {
		t.Fatalf("checks = %v, want %v", names, want)
	}
	redis := answer.Checks[3]
	if !redis.Critical || redis.Status != "failed" || redis.Detail != "secret address" || len(redis.History) != 1 {
		t.Errorf("redis = %+v", redis)
	}
}

func TestDetailsAreForTheirScope(t *testing.T) {
	for _, tc := range []struct {
		name      string
		needed    string
		principal *exchange.Principal
		want      bool
	}{
		{"nobody", "operator", nil, false},
		{"a principal without scopes", "operator", &exchange.Principal{ID: "ann"}, false},
		{"other scopes", "operator", &exchange.Principal{ID: "ann", Scopes: []string{"generate", "operators"}}, false},
		{"the scope", "operator", &exchange.Principal{ID: "ann", Scopes: []string{"operator"}}, true},
		{"the scope among others", "operator", &exchange.Principal{ID: "ann", Scopes: []string{"generate", "operator"}}, true},
		{"no scope needed", "", &exchange.Principal{ID: "ann"}, true},
		{"no scope needed, but nobody", "", nil, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := ask(t, provisioned(t, Handler{DetailsScope: tc.needed}), http.MethodGet, "/health", tc.principal)
			if got.code != http.StatusOK || !strings.Contains(got.body, `"status":"ok"`) {
				t.Errorf("%d %s", got.code, got.body)
			}
			if shown := strings.Contains(got.body, `"checks"`); shown != tc.want {
				t.Errorf("details shown: %t, want %t: %s", shown, tc.want, got.body)
			}
		})
	}
}

func TestAnswersAreNeverCached(t *testing.T) {
	handler := provisioned(t, Handler{})
	for _, path := range []string{"/health", "/health/live", "/health/ready"} {
		got := ask(t, handler, http.MethodGet, path, nil)
		if got.header.Get("Cache-Control") != "no-store" || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", path, got.header)
		}
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	handler := provisioned(t, Handler{})
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
		_, err := serve(handler, method, "/health/ready", nil)
		var p *problem.Problem
		if !errors.As(err, &p) || p.Kind != problem.MethodNotAllowed || p.Fields.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestOtherPathsGoOn(t *testing.T) {
	handler := provisioned(t, Handler{})
	for _, path := range []string{"/", "/healthz", "/health/", "/health/other", "/live", "/unhealth"} {
		if got := ask(t, handler, http.MethodGet, path, nil); got.code != http.StatusTeapot {
			t.Errorf("%s was answered with %d", path, got.code)
		}
	}
}

func TestAHeadHasTheFieldsOfItsGet(t *testing.T) {
	handler := provisioned(t, Handler{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handler.ServeHTTP(w, prepared(w, r, nil), teapot); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	resp, err := server.Client().Head(server.URL + "/health/ready")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || len(body) != 0 {
		t.Errorf("HEAD has a body: %q, %v", body, err)
	}
	if resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(`{"status":"ok"}`+"\n")) {
		t.Errorf("%s, length %d", resp.Status, resp.ContentLength)
	}
}

func TestAHungCheckCostsItsTimeoutOnce(t *testing.T) {
	handler := provisioned(t, Handler{})
	hang := make(chan struct{})
	returned := make(chan struct{})
	t.Cleanup(handler.registry.Register(healthcheck.Check{
		Name: "hung", Critical: true, Timeout: 100 * time.Millisecond,
		Run: func(context.Context) healthcheck.Result {
			defer close(returned)
			<-hang
			return healthcheck.Result{}
		},
	}))
	start := time.Now()
	for range 20 {
		if got := ask(t, handler, http.MethodGet, "/health/ready", nil); got.code != http.StatusServiceUnavailable {
			t.Errorf("%d %s", got.code, got.body)
		}
	}
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("20 probes of a hung check took %s, want its timeout of 100ms once", took)
	}
	close(hang)
	<-returned
}

func TestProbesAndScrapesDoNotWaitForAHangingUpstream(t *testing.T) {
	hang := make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	defer upstream.Close()
	defer close(hang)
	for name, tc := range map[string]struct {
		critical bool
		want     int
		body     string
	}{
		"not critical": {false, http.StatusOK, `{"status":"degraded"}`},
		"critical":     {true, http.StatusServiceUnavailable, `{"status":"failed","failing":["upstream"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			handler := provisioned(t, Handler{
				Timeout:   new(caddy.Duration(time.Minute)),
				Upstreams: []Upstream{{URL: upstream.URL, Critical: tc.critical}},
			})
			handler.maxWait = maxWait
			start := time.Now()
			for range 4 {
				if got := ask(t, handler, http.MethodGet, "/health/ready", nil); got.code != tc.want || strings.TrimSpace(got.body) != tc.body {
					t.Errorf("%d %s", got.code, got.body)
				}
			}
			if shown := gauges(t, handler); slices.Contains(slices.Collect(maps.Keys(shown)), "upstream") {
				t.Errorf("there is a figure for a check that found nothing yet: %v", shown)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("four probes and a scrape took %s, with an upstream that has a minute", took)
			}
		})
	}
}

func TestProbesOnlyAnswersTheTwoProbesByTheChecksOfOthers(t *testing.T) {
	full := provisioned(t, Handler{})
	probes := &Handler{ProbesOnly: true}
	if err := probes.Provision(newContext(t)); err != nil {
		t.Fatal(err)
	}
	probes.maxWait = time.Minute
	defer probes.Cleanup()
	for path, want := range map[string]int{"/health/live": 200, "/health/ready": 200, "/health": http.StatusTeapot} {
		if got := ask(t, probes, http.MethodGet, path, nil); got.code != want {
			t.Errorf("%s: %d, want %d", path, got.code, want)
		}
	}
	fail(t, full, "redis")
	if got := ask(t, probes, http.MethodGet, "/health/ready", nil); got.code != http.StatusServiceUnavailable {
		t.Errorf("with a critical check failed: %d %s", got.code, got.body)
	}
	if err := probes.Cleanup(); err != nil {
		t.Fatal(err)
	}
	if got := status(t, full, "disk"); got != healthcheck.OK {
		t.Errorf("the disk's check is %s after the probes left", got)
	}
}

func TestAnUpstreamIsWatched(t *testing.T) {
	var down atomic.Bool
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if down.Load() || r.URL.Path != "/health/ready" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer upstream.Close()
	t.Setenv("TEST_UPSTREAM", upstream.URL)

	for _, tc := range []struct {
		critical bool
		want     int
	}{{false, http.StatusOK}, {true, http.StatusServiceUnavailable}} {
		down.Store(false)
		handler := provisioned(t, Handler{
			Interval:  new(caddy.Duration(time.Microsecond)),
			Upstreams: []Upstream{{URL: "{env.TEST_UPSTREAM}/health/ready", Critical: tc.critical}},
		})
		if got := ask(t, handler, http.MethodGet, "/health/ready", nil); got.code != http.StatusOK {
			t.Errorf("with the upstream up: %d %s", got.code, got.body)
		}
		down.Store(true)
		if got := ask(t, handler, http.MethodGet, "/health/ready", nil); got.code != tc.want {
			t.Errorf("with the upstream down, critical %t: %d %s", tc.critical, got.code, got.body)
		}
		if got := status(t, handler, "upstream"); got != healthcheck.Failed {
			t.Errorf("the upstream is %s", got)
		}
		if err := handler.Cleanup(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadyIsFalseWhileShuttingDown(t *testing.T) {
	handler := provisioned(t, Handler{})
	r := httptest.NewRequest(http.MethodGet, "/health/ready", nil)
	repl := caddy.NewReplacer()
	repl.Set("http.shutting_down", true)
	r = r.WithContext(context.WithValue(r.Context(), caddy.ReplacerCtxKey, repl))
	rec := httptest.NewRecorder()
	if err := handler.ServeHTTP(rec, r, teapot); err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusServiceUnavailable || !strings.Contains(rec.Body.String(), "shutting down") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

func TestMetricsShowEachCheck(t *testing.T) {
	handler := provisioned(t, Handler{})
	fail(t, handler, "redis")
	got := gauges(t, handler)
	if want := map[string]float64{"disk": 0, "load": 0, "memory": 0, "redis": 2}; !maps.Equal(got, want) {
		t.Errorf("gauges = %v, want %v", got, want)
	}
}

// gauges are the statuses that a scrape finds, by check.
func gauges(t *testing.T, handler *Handler) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(collector{handler.registry, handler.maxWait}); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "gate_health_check_status" {
		t.Fatalf("gathered %v, %v", families, err)
	}
	got := make(map[string]float64)
	for _, metric := range families[0].GetMetric() {
		got[metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
	}
	return got
}

func TestAReloadKeepsTheHistoryAndSwapsTheChecks(t *testing.T) {
	upstream := httptest.NewServer(http.NotFoundHandler())
	defer upstream.Close()
	first := provisioned(t, Handler{Upstreams: []Upstream{{URL: upstream.URL, Name: "one"}}})
	fail(t, first, "redis")
	ask(t, first, http.MethodGet, "/health", nil)

	second := provisioned(t, Handler{Upstreams: []Upstream{{URL: upstream.URL, Name: "two"}}})
	if err := first.Cleanup(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, state := range second.registry.Report(t.Context()).Checks {
		names = append(names, state.Name)
		if state.Name == "redis" && len(state.History) != 1 {
			t.Errorf("redis has the history %+v", state.History)
		}
	}
	if want := []string{"disk", "load", "memory", "redis", "two"}; !slices.Equal(names, want) {
		t.Errorf("checks = %v, want %v", names, want)
	}
}

func TestDefaults(t *testing.T) {
	existing := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(existing, "not", "made", "yet"))
	handler := Handler{Upstreams: []Upstream{{URL: "http://127.0.0.1:1"}}}
	if err := handler.Provision(newContext(t)); err != nil {
		t.Fatal(err)
	}
	defer handler.Cleanup()
	if got, want := handler.Disk.figures(), (healthcheck.Thresholds{Degraded: 90, Failed: 98}); got != want || handler.Disk.Directory != existing {
		t.Errorf("disk %s %+v, want %s %+v", handler.Disk.Directory, got, existing, want)
	}
	if memory, load := handler.Memory.figures(), handler.Load.figures(); memory != (healthcheck.Thresholds{Degraded: 95}) || load != (healthcheck.Thresholds{Degraded: 4}) {
		t.Errorf("memory %+v, load %+v", memory, load)
	}
	if name := handler.Upstreams[0].Name; name != "upstream" {
		t.Errorf("the upstream is called %q", name)
	}
}

func TestBadConfigIsRefusedAndRegistersNothing(t *testing.T) {
	for _, tc := range []struct {
		name    string
		handler Handler
		want    string
	}{
		{"a URL without scheme", Handler{Upstreams: []Upstream{{URL: "127.0.0.1:8090"}}}, `upstream: url: "127.0.0.1:8090" is not an http or https URL`},
		{"another scheme", Handler{Upstreams: []Upstream{{URL: "ftp://host/"}}}, "is not an http or https URL"},
		{"no URL", Handler{Upstreams: []Upstream{{}}}, "upstream: url is missing"},
		{"an unknown placeholder", Handler{Upstreams: []Upstream{{URL: "http://{nope.nope}/"}}}, "upstream: url: "},
		{"two of a name", Handler{Upstreams: []Upstream{{URL: "http://a"}, {URL: "http://b"}}}, `two upstreams are called "upstream"`},
		{"a scope that cannot be", Handler{DetailsScope: "operator generate"}, `details_scope: "operator generate"`},
		{"over 100%", Handler{Memory: &Memory{Thresholds{Degraded: new(101.0)}}}, `memory: degraded: "101" is not a number from 0 to 100`},
		{"negative", Handler{Load: &Load{Thresholds{Degraded: new(-1.0)}}}, `load: degraded: "-1" is not`},
		{"the wrong way round", Handler{Disk: &Disk{Thresholds: Thresholds{Degraded: new(90.0), Failed: new(80.0)}}}, "disk: failed (80) comes before degraded (90)"},
		{"a long timeout", Handler{Timeout: new(caddy.Duration(time.Hour))}, `timeout: "1h" is not a duration from 1ms to 1m`},
		{"probes only, and more", Handler{ProbesOnly: true, DetailsScope: "operator"}, "probes_only goes with no other option"},
		{"a long interval", Handler{Interval: new(caddy.Duration(2 * time.Hour))}, `interval: "2h" is not`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			handler := &tc.handler
			err := handler.Provision(newContext(t))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one with %q", err, tc.want)
			}
			if left := handler.registry.Report(t.Context()).Checks; len(left) != 0 {
				t.Errorf("registered: %+v", left)
			}
			if err := handler.Cleanup(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCleanupBeforeProvision(t *testing.T) {
	if err := new(Handler).Cleanup(); err != nil {
		t.Error(err)
	}
}

// newContext returns the context of a config of its own, with a gate app that
// is let go when the test ends.
func newContext(t *testing.T) caddy.Context {
	t.Helper()
	config, err := caddy.ProvisionContext(&caddy.Config{Admin: &caddy.AdminConfig{Disabled: true}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := caddy.NewContext(config)
	t.Cleanup(cancel)
	return ctx
}

// provisioned returns the handler, provisioned in a config of its own. Where it
// says nothing of the host, a busy or full one does not disturb the test.
func provisioned(t *testing.T, handler Handler) *Handler {
	t.Helper()
	never := Thresholds{Degraded: new(0.0)}
	handler.Disk = cmp.Or(handler.Disk, &Disk{Directory: t.TempDir()})
	handler.Memory = cmp.Or(handler.Memory, &Memory{never})
	handler.Load = cmp.Or(handler.Load, &Load{never})
	if err := handler.Provision(newContext(t)); err != nil {
		t.Fatal(err)
	}
	handler.maxWait = time.Minute // machines of tests are slow at times
	t.Cleanup(func() {
		if err := handler.Cleanup(); err != nil {
			t.Error(err)
		}
	})
	return &handler
}

// fail adds a critical check that fails.
func fail(t *testing.T, handler *Handler, name string) {
	t.Helper()
	t.Cleanup(handler.registry.Register(healthcheck.Check{
		Name: name, Critical: true,
		Run: func(context.Context) healthcheck.Result {
			return healthcheck.Result{Status: healthcheck.Failed, Detail: "secret address"}
		},
	}))
}

func status(t *testing.T, handler *Handler, name string) healthcheck.Status {
	t.Helper()
	for _, state := range handler.registry.Report(t.Context()).Checks {
		if state.Name == name {
			return state.Status
		}
	}
	t.Fatalf("no check %q", name)
	return 0
}

type answer struct {
	code   int
	header http.Header
	body   string
}

// teapot stands for the handlers behind.
var teapot = caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusTeapot)
	return nil
})

func ask(t *testing.T, handler *Handler, method, path string, principal *exchange.Principal) answer {
	t.Helper()
	got, err := serve(handler, method, path, principal)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func serve(handler *Handler, method, path string, principal *exchange.Principal) (answer, error) {
	rec := httptest.NewRecorder()
	r := prepared(rec, httptest.NewRequest(method, path, nil), principal)
	err := handler.ServeHTTP(rec, r, teapot)
	return answer{rec.Code, rec.Header(), rec.Body.String()}, err
}

// prepared gives the request what Caddy's server gives it.
func prepared(w http.ResponseWriter, r *http.Request, principal *exchange.Principal) *http.Request {
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, new(caddyhttp.Server))
	gate.ExchangeOf(r).Principal = principal
	return r
}
