package caddymodule_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/internal/eventually"
)

// scrape returns the metrics of an edge that has the directive metrics at
// /metrics, by their names and labels. What is wrong with them is an error.
func scrape(t *testing.T, e *edgetest.Edge) map[string]float64 {
	t.Helper()
	return scrapeAt(t, e.Client, e.URL)
}

func scrapeAt(t *testing.T, client *http.Client, url string) map[string]float64 {
	t.Helper()
	res, err := client.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", res.StatusCode, err)
	}
	problems, err := promlint.New(bytes.NewReader(page)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	samples := map[string]float64{}
	for line := range strings.Lines(string(page)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if value == "" {
			name, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		} else {
			name += "}"
		}
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			samples[name] = number
		}
	}
	return samples
}

// wantMore waits until the metrics whose names begin with the prefix have that
// much more than before. A request is counted when its handlers are done, which
// may be after its client has the answer.
func wantMore(t *testing.T, e *edgetest.Edge, before map[string]float64, prefix string, want map[string]float64) {
	t.Helper()
	var got map[string]float64
	if !eventually.Holds(func() bool {
		got = map[string]float64{}
		for name, value := range scrape(t, e) {
			if strings.HasPrefix(name, prefix) && value != before[name] {
				got[strings.TrimPrefix(name, prefix)] = value - before[name]
			}
		}
		return maps.Equal(got, want)
	}) {
		t.Fatalf("%s: %v, want %v", prefix, got, want)
	}
}

// startScraped starts an edge with every gate, at /generate, and metrics.
func startScraped(t *testing.T) *traced {
	t.Helper()
	e := startTraced(t)
	e.Load("metrics /metrics\n" + strings.Replace(e.site(e.upstream.Listener.Addr().String()), "route {", "route /generate* {", 1))
	return e
}

func TestEachHandlerAndEachRouteHasItsRateErrorsAndDuration(t *testing.T) {
	e := startScraped(t)
	before := scrape(t, e.Edge)
	e.send("a", e.token, "rose")
	e.send("b", "", "rose")
	e.send("c", e.token, "forbidden words")
	e.send("c", e.token, "rose")
	e.send("c", e.token, "rose")
	e.fails.Store(true)
	e.send("d", e.token, "iris")
	count := func(handler, outcome string) string {
		return fmt.Sprintf(`{handler="gate_%s",outcome="%s"}`, handler, outcome)
	}
	wantMore(t, e.Edge, before, "gate_handler_seconds_count", map[string]float64{
		count("capacity", "allowed"): 6,
		count("limit", "allowed"):    5, count("limit", "refused"): 1,
		count("auth", "allowed"): 4, count("auth", "refused"): 1,
		count("policy", "allowed"): 3, count("policy", "refused"): 1,
		count("fallback", "allowed"): 2, count("fallback", "failed"): 1,
	})
	wantMore(t, e.Edge, before, "gate_request_seconds_count", map[string]float64{
		`{route="/generate*",status="2xx"}`: 2, `{route="/generate*",status="4xx"}`: 3, `{route="/generate*",status="5xx"}`: 1,
	})
	wantMore(t, e.Edge, before, "gate_first_byte_seconds_count", map[string]float64{`{route="/generate*"}`: 6})
	wantMore(t, e.Edge, before, "gate_attempt_seconds_count", map[string]float64{`{result="2xx"}`: 2, `{result="5xx"}`: 1})
	after := scrape(t, e.Edge)
	took := func(name string) float64 { return after[name] - before[name] }
	if took(`gate_handler_seconds_sum{handler="gate_fallback",outcome="allowed"}`) <= took(`gate_attempt_seconds_sum{result="2xx"}`) {
		t.Error("the ladder's work ends before that of the attempt inside it")
	}
}

func TestAnAttemptWithoutAnAnswerIsCountedByItsReason(t *testing.T) {
	e := edgetest.Start(t, `metrics /metrics
	reverse_proxy `+edgetest.FreeAddress(t)+` {
		transport gate
	}`)
	before := scrape(t, e)
	res, err := e.Client.Get(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	wantMore(t, e, before, "gate_attempt_seconds_count", map[string]float64{`{result="connection"}`: 1})
}

// A client's words are no label, however it writes its path.
func TestARouteIsThePathThatTheConfigNames(t *testing.T) {
	e := edgetest.Start(t, `route /metrics {
		metrics
	}
	@traffic not path /metrics
	gate_capacity @traffic
	@uploads {
		method POST
		path /files/* /images/*
	}
	gate_limit @uploads uploads all 100/1m
	route /api/* {
		gate_limit api all 100/1m
		gate_capacity /api/batch* {
			total 64
		}
		respond OK
	}
	handle_path /mounted/* {
		gate_limit mounted all 100/1m
		route /inside {
			gate_limit inside all 100/1m
		}
		respond OK
	}
	respond OK`)
	for _, c := range []struct{ method, path, route string }{
		{http.MethodGet, "/", "other"},
		{http.MethodGet, "/made/up", "other"},
		{http.MethodPost, "/files/secret-name", "/files/* /images/*"},
		{http.MethodGet, "/files/secret-name", "other"},
		{http.MethodGet, "/api/secret-name", "/api/*"},
		{http.MethodGet, "/API/other", "/api/*"},
		{http.MethodPost, "/api/batch/1", "/api/batch*"},
		{http.MethodGet, "/mounted/1", "/mounted/*"},
		{http.MethodGet, "/mounted/inside", "/inside"},
	} {
		before := scrape(t, e)
		r, err := http.NewRequestWithContext(t.Context(), c.method, e.URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := e.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		wantMore(t, e, before, "gate_request_seconds_count", map[string]float64{
			fmt.Sprintf(`{route="%s",status="2xx"}`, c.route): 1,
		})
	}
}

func TestWhatHasABoundSaysHowFullItIs(t *testing.T) {
	held, free := make(chan struct{}), make(chan struct{})
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		held <- struct{}{}
		<-free
	}))
	t.Cleanup(upstream.Close)
	e := edgetest.Start(t, `metrics /metrics
	route /held {
		gate_capacity {
			per_address 3
			total 7
		}
		gate_limit by {http.request.header.X-Key} 100/1m
		gate_fallback {
			stale {
				max_size 2MiB
			}
		}
		reverse_proxy `+upstream.Listener.Addr().String()+`
	}`)
	before := scrape(t, e)
	done := make(chan error)
	go func() {
		res, err := e.Client.Get(e.URL + "/held")
		if err == nil {
			err = res.Body.Close()
		}
		done <- err
	}()
	<-held
	during := scrape(t, e)
	close(free)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	const slots = `{kind="requests",per_address="3",total="7"}`
	for name, want := range map[string]float64{
		"gate_slots" + slots: 7, "gate_slots_held" + slots: 1, "gate_slots_waiting" + slots: 0,
		"gate_stale_bound_bytes": 2 << 20, "gate_nonces_bound": 1 << 18, `gate_limit_windows_bound{limit="by"}`: 1 << 18,
	} {
		if got, there := during[name]; got != want || !there {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	const windows = `gate_limit_windows{limit="by"}`
	if before[windows]+1 != during[windows] {
		t.Errorf("%v windows, then %v", before[windows], during[windows])
	}
	if during["gate_offheap_bytes"] < 2<<20 {
		t.Errorf("gate_offheap_bytes is %v", during["gate_offheap_bytes"])
	}
}

func TestAConfigThatIsRefusedIsSeenByScrapers(t *testing.T) {
	const site = "metrics /metrics\ngate_capacity"
	e := edgetest.Start(t, site)
	want := func(when string, successful float64) float64 {
		t.Helper()
		samples := scrape(t, e)
		if got := samples["caddy_config_last_reload_successful"]; got != successful {
			t.Errorf("%s: caddy_config_last_reload_successful is %v", when, got)
		}
		return samples["caddy_config_last_reload_success_timestamp_seconds"]
	}
	loaded := want("loaded", 1)
	if loaded == 0 {
		t.Error("it is not said when the config was loaded")
	}
	bad := []byte(`{"admin": {"disabled": true}, "apps": {"gate": {"redis": {"url": "nonsense"}}}}`)
	if err := caddy.Load(bad, true); err == nil {
		t.Fatal("the config is accepted")
	}
	if got := want("refused", 0); got != loaded {
		t.Errorf("it is said to be loaded at %v and then at %v", loaded, got)
	}
	e.Load(site)
	if got := want("loaded again", 1); got <= loaded {
		t.Errorf("loaded again at %v, first at %v", got, loaded)
	}
}

func TestAPolicysRevisionAndItsAgeAreSeenByScrapers(t *testing.T) {
	began := float64(time.Now().Unix())
	e := startScraped(t)
	dir := fmt.Sprintf(`{dir=%q`, e.policies)
	samples := scrape(t, e.Edge)
	var revisions []string
	for name := range samples {
		if strings.HasPrefix(name, "gate_policy_revision_info"+dir) {
			revisions = append(revisions, name)
		}
	}
	if len(revisions) != 1 || len(revisions[0]) < len("gate_policy_revision_info"+dir)+len(`,revision="0123"}`) {
		t.Errorf("revisions %v", revisions)
	}
	if since := samples["gate_policy_in_force_since_timestamp_seconds"+dir+"}"]; since < began {
		t.Errorf("in force since %v, and the test began at %v", since, began)
	}
	if _, refused := samples["gate_policy_refused_since_timestamp_seconds"+dir+"}"]; refused {
		t.Error("it is said to be refused")
	}
	if err := os.WriteFile(filepath.Join(e.policies, "gate.rego"), []byte("package gate\nnonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the refusal", func() bool {
		return scrape(t, e.Edge)["gate_policy_refused_since_timestamp_seconds"+dir+"}"] >= began
	})
}

func TestTheEndOfEachHostsCertificateIsSeenByScrapers(t *testing.T) {
	_, port, _ := strings.Cut(edgetest.FreeAddress(t), ":")
	plain := "http://" + edgetest.FreeAddress(t)
	config, err := edgetest.Adapt(fmt.Sprintf(`{
	admin off
	persist_config off
	storage file_system %[1]s
	local_certs
	skip_install_trust
	auto_https disable_redirects
	log {
		level ERROR
	}
}
https://one.localhost:%[2]s, https://TWO.localhost:%[2]s {
	gate_capacity
}
%[3]s {
	gate_capacity
	metrics /metrics
}
`, t.TempDir(), port, plain))
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	defer func() {
		http.DefaultClient.CloseIdleConnections()
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	}()
	soon, late := float64(time.Now().Unix()), float64(time.Now().Add(30*24*time.Hour).Unix())
	for _, host := range []string{"one.localhost", "two.localhost"} {
		name := fmt.Sprintf("gate_certificate_not_after_timestamp_seconds{host=%q}", host)
		eventually.True(t, name, func() bool {
			ends := scrapeAt(t, http.DefaultClient, plain)[name]
			return ends > soon && ends < late
		})
	}
	for name := range scrapeAt(t, http.DefaultClient, plain) {
		if strings.HasPrefix(name, "gate_certificate") && !strings.Contains(name, ".localhost") {
			t.Errorf("also %s", name)
		}
	}
}
