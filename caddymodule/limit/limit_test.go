package limit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/dunglas/httpsfv"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/odordiff/odordiff/caddymodule/edgetest"
	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/queue"
	"github.com/odordiff/odordiff/internal/redisconn"
	"github.com/odordiff/odordiff/internal/redistest"
	"github.com/odordiff/odordiff/internal/window"
)

func TestMain(m *testing.M) { edgetest.VerifyTestMain(m) }

// newHandler returns a handler with a store of its own.
func newHandler(t *testing.T, h Handler) *Handler {
	t.Helper()
	if err := h.configure(); err != nil {
		t.Fatal(err)
	}
	h.store, h.logger = window.NewMemory(window.MemoryOptions{}), zap.NewNop()
	h.inFlight, h.queue = inflight.NewMemory(), queue.New()
	return &h
}

// request is one request and what it knows about its sender.
type request struct {
	from    string
	user    string
	headers map[string]string
	body    string
	// principal is who sent it; nil for nobody.
	principal *exchange.Principal
}

// answer is what came of it.
type answer struct {
	passed bool
	header http.Header
	err    error
	x      *exchange.Exchange
}

// ask sends the request through handlers, one after the other.
func ask(t *testing.T, q request, handlers ...*Handler) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	plain := httptest.NewRequest(http.MethodPost, "/api/v1/generate", strings.NewReader(q.body))
	for name, value := range q.headers {
		plain.Header.Set(name, value)
	}
	repl := caddy.NewReplacer()
	r := caddyhttp.PrepareRequest(plain, repl, rec, new(caddyhttp.Server))
	caddyhttp.SetVar(r.Context(), caddyhttp.ClientIPVarKey, q.from)
	if q.user != "" {
		repl.Set("http.auth.user.id", q.user)
	}
	a := answer{header: rec.Header(), x: gate.ExchangeOf(r)}
	a.x.Principal = q.principal
	var chain caddyhttp.Handler = caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
		a.passed = true
		return nil
	})
	for _, h := range slices.Backward(handlers) {
		next := chain
		chain = caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error { return h.ServeHTTP(w, r, next) })
	}
	a.err = chain.ServeHTTP(rec, r)
	if a.passed != (a.err == nil) {
		t.Fatalf("passed on: %v, error %v", a.passed, a.err)
	}
	return a
}

// problemOf returns the problem that the request was refused with.
func (a answer) problemOf(t *testing.T) *problem.Problem {
	t.Helper()
	var p *problem.Problem
	if !errors.As(a.err, &p) {
		t.Fatalf("error %v is not a problem", a.err)
	}
	if handlerErr := (caddyhttp.HandlerError{}); !errors.As(a.err, &handlerErr) || handlerErr.StatusCode != p.Status {
		t.Fatalf("error %v does not carry the status %d", a.err, p.Status)
	}
	return p
}

func TestAnAllowedRequestIsToldItsLimits(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "address", Key: "{http.vars.client_ip}", Rate: "3/1m"},
		{Name: "everyone", Key: "all", Rate: "100/1h"},
	}})
	a := ask(t, request{from: "192.0.2.1"}, h)
	if got, want := a.header.Get("RateLimit-Policy"), `"address";q=3;w=60, "everyone";q=100;w=3600`; got != want {
		t.Errorf("RateLimit-Policy: %s, want %s", got, want)
	}
	limits := a.header.Get("RateLimit")
	if !strings.HasPrefix(limits, `"address";r=2;t=6`) || !strings.Contains(limits, `, "everyone";r=99;t=36`) {
		t.Errorf("RateLimit: %s", limits)
	}
	if len(a.x.Limits) != 2 || a.x.Limits[0].Name != "address" || a.x.Limits[0].Remaining != 2 {
		t.Errorf("limits %+v", a.x.Limits)
	}
}

func TestARefusedRequestIsToldWhatItViolatesAndWhenToTryAgain(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "small", Key: "{http.vars.client_ip}", Rate: "1/1m"},
		{Name: "large", Key: "all", Rate: "100/1h"},
	}})
	ask(t, request{from: "192.0.2.1"}, h)
	a := ask(t, request{from: "192.0.2.1"}, h)
	p := a.problemOf(t)
	if p.Kind != problem.QuotaExceeded {
		t.Fatalf("problem %s", p.Name)
	}
	if diff := cmp.Diff([]string{"small"}, p.Extensions["violated-policies"]); diff != "" {
		t.Error(diff)
	}
	after, err := strconv.Atoi(p.Fields.Get("Retry-After"))
	if err != nil || after < 60 || after > 61+7 {
		t.Errorf("Retry-After: %q, want 60 s and up to a tenth more", p.Fields.Get("Retry-After"))
	}
	list, err := httpsfv.UnmarshalList(a.header.Values("RateLimit"))
	if err != nil || len(list) != 2 {
		t.Fatalf("RateLimit %q: %v", a.header.Values("RateLimit"), err)
	}
	small := list[0].(httpsfv.Item)
	remaining, _ := small.Params.Get("r")
	reset, _ := small.Params.Get("t")
	if small.Value != "small" || remaining != int64(0) || reset.(int64) > int64(after) {
		t.Errorf("RateLimit %q, Retry-After %d", a.header.Values("RateLimit"), after)
	}
	if len(a.x.Limits) != 0 {
		t.Errorf("a refused request has limits: %+v", a.x.Limits)
	}
	if !strings.Contains(a.header.Get("RateLimit"), `"large";r=99`) {
		t.Errorf("large was charged for a refused request: %s", a.header.Get("RateLimit"))
	}
}

func TestTwoGateLimitsInAChainTellTheirLimitsTogether(t *testing.T) {
	first := newHandler(t, Handler{Limits: []Limit{{Name: "first", Key: "all", Rate: "9/1m"}}})
	second := newHandler(t, Handler{Limits: []Limit{{Name: "second", Key: "all", Rate: "1/1m"}}})
	for _, passes := range []bool{true, false} {
		a := ask(t, request{from: "192.0.2.1"}, first, second)
		if a.passed != passes {
			t.Fatalf("passed: %v", a.passed)
		}
		if got := a.header.Values("RateLimit-Policy"); len(got) != 1 || got[0] != `"first";q=9;w=60, "second";q=1;w=60` {
			t.Errorf("RateLimit-Policy: %q", got)
		}
		if list, err := httpsfv.UnmarshalList(a.header.Values("RateLimit")); err != nil || len(list) != 2 {
			t.Errorf("RateLimit: %q, %v", a.header.Values("RateLimit"), err)
		}
		if passes && len(a.x.Limits) != 2 {
			t.Errorf("limits %+v", a.x.Limits)
		}
	}
}

func TestKeysTellClientsApart(t *testing.T) {
	const ip, user = "{http.vars.client_ip}", "{http.auth.user.id}"
	cases := []struct {
		name   string
		limit  Limit
		a, b   request
		shared bool
	}{
		{"two IPv4 addresses", Limit{Key: ip}, request{from: "192.0.2.1"}, request{from: "192.0.2.2"}, false},
		{"one IPv4 network", Limit{Key: ip, IPv4Prefix: new(24)}, request{from: "192.0.2.1"}, request{from: "192.0.2.2"}, true},
		{"one IPv6 network by default", Limit{Key: ip}, request{from: "2001:db8::1"}, request{from: "2001:db8::ffff:2"}, true},
		{"two IPv6 networks", Limit{Key: ip}, request{from: "2001:db8::1"}, request{from: "2001:db8:0:1::1"}, false},
		{"a narrower IPv6 prefix", Limit{Key: ip, IPv6Prefix: new(128)}, request{from: "2001:db8::1"}, request{from: "2001:db8::2"}, false},
		{"an IPv4 address in IPv6", Limit{Key: ip}, request{from: "192.0.2.1"}, request{from: "::ffff:192.0.2.1"}, true},
		{"two mapped IPv4 addresses", Limit{Key: ip}, request{from: "::ffff:192.0.2.1"}, request{from: "::ffff:192.0.2.2"}, false},
		{"an IPv6 zone", Limit{Key: ip}, request{from: "fe80::1%eth0"}, request{from: "fe80::1%eth1"}, true},
		{"a constant", Limit{Key: "all"}, request{from: "192.0.2.1"}, request{from: "198.51.100.1"}, true},
		{"two users at one address", Limit{Key: user}, request{from: "192.0.2.1", user: "alice"}, request{from: "192.0.2.1", user: "bob"}, false},
		{"one user at two addresses", Limit{Key: user}, request{from: "192.0.2.1", user: "alice"}, request{from: "192.0.2.2", user: "alice"}, true},
		{"two strangers", Limit{Key: user}, request{from: "192.0.2.1"}, request{from: "192.0.2.2"}, false},
		{"one stranger", Limit{Key: user}, request{from: "192.0.2.1"}, request{from: "192.0.2.1"}, true},
		{"two strangers to a key of several parts", Limit{Key: "t/" + user + "/" + user}, request{from: "192.0.2.1"}, request{from: "192.0.2.2"}, false},
		{"two users of a key of several parts", Limit{Key: "t/" + user}, request{from: "192.0.2.1", user: "a"}, request{from: "192.0.2.1", user: "b"}, false},
		{"a key of which a part is known", Limit{Key: ip + "/" + user}, request{from: "192.0.2.1"}, request{from: "192.0.2.2"}, false},
		{"a user named like a stranger's address", Limit{Key: user}, request{from: "192.0.2.1"}, request{from: "192.0.2.2", user: "192.0.2.1"}, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			tc.limit.Name, tc.limit.Rate = "l", "1/1m"
			h := newHandler(t, Handler{Limits: []Limit{tc.limit}})
			if !ask(t, tc.a, h).passed {
				t.Fatal("the first request was refused")
			}
			if refused := !ask(t, tc.b, h).passed; refused != tc.shared {
				t.Errorf("the second was refused: %v, want %v", refused, tc.shared)
			}
		})
	}
}

func TestNamesakesHaveWindowsOfTheirOwn(t *testing.T) {
	for _, key := range []string{"{http.auth.user.id}", "plan-{http.auth.user.plan}"} {
		l := Limit{Name: "l", Key: key, Rate: "1/1m"}
		if err := l.Options().Provision(); err != nil {
			t.Fatal(err)
		}
		if err := l.configure(); err != nil {
			t.Fatal(err)
		}
		repl := caddy.NewReplacer()
		repl.Set("http.auth.user.id", "bob")
		repl.Set("http.auth.user.plan", "gold")
		seen := make(map[string]exchange.Principal)
		for _, p := range []exchange.Principal{
			{ID: "bob"}, {ID: "bob", Tenant: "a"}, {ID: "bob", Tenant: "b"}, {ID: "bob", Authority: "a"}, {ID: "bob", Authority: "a", Tenant: "b"},
		} {
			window := l.key(repl, &exchange.Exchange{Principal: &p})
			if other, taken := seen[window]; taken {
				t.Errorf("%s: %+v and %+v share the window %q", key, p, other, window)
			}
			seen[window] = p
		}
		again := l.key(repl, &exchange.Exchange{Principal: &exchange.Principal{ID: "bob", Tenant: "a", Method: "signature"}})
		if seen[again].Tenant != "a" {
			t.Errorf("%s: the window depends on the credential", key)
		}
	}
}

func TestCostsAreChargedAndNeverLessThanOne(t *testing.T) {
	for value, want := range map[string]int64{
		"40": 40, "1": 1, "": 1, "0": 1, "-5": 1, "many": 1, "1.5": 1,
	} {
		h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "100/1m", Cost: "{http.request.header.X-Cost}"}}})
		a := ask(t, request{headers: map[string]string{"X-Cost": value}}, h)
		if !a.passed || a.x.Limits[0].Remaining != 100-want {
			t.Errorf("cost %q: %+v, want %d to be charged", value, a, want)
		}
	}
	fixed := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "100/1m", Cost: "7"}}})
	if a := ask(t, request{}, fixed); a.x.Limits[0].Remaining != 93 {
		t.Errorf("a cost of 7: %+v", a.x.Limits)
	}
}

func TestABodyIsChargedForItsItems(t *testing.T) {
	for body, want := range map[string]int64{
		`{"prompts": ["a", "b", "c"]}`:  6,
		`{"prompts": ["a"]}`:            2,
		`{"prompts": []}`:               2,
		`{"prompts": {"a": 1, "b": 2}}`: 2,
		`{"prompt": "a"}`:               2,
		`["a", "b"]`:                    2,
		`{"prompts": ["a", "b"]`:        2,
		"":                              2,
	} {
		h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "100/1m", Cost: "2", Items: "/prompts"}}})
		if a := ask(t, request{body: body}, h); !a.passed || a.x.Limits[0].Remaining != 100-want {
			t.Errorf("%s: %+v, want %d to be charged", body, a, want)
		}
	}
}

func TestTheBodyIsThereForWhoComesNext(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "100/1m", Items: "/prompts"}}})
	const body = `{"prompts": ["a"]}`
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), httptest.NewRecorder(), new(caddyhttp.Server))
	err := h.ServeHTTP(httptest.NewRecorder(), r, caddyhttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		got, err := io.ReadAll(r.Body)
		if string(got) != body {
			t.Errorf("the body is %q", got)
		}
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
}

func TestMoreItemsThanTheRateAreNeverLetIn(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "2/1m", Items: "/prompts"}}})
	if p := ask(t, request{body: `{"prompts": ["a", "b", "c"]}`}, h).problemOf(t); p.Kind != problem.CostTooHigh {
		t.Errorf("%v", p)
	}
	huge := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "2/1m", Cost: "9223372036854775807", Items: "/prompts"}}})
	if p := ask(t, request{body: `{"prompts": ["a", "b", "c"]}`}, huge).problemOf(t); p.Kind != problem.CostTooHigh {
		t.Errorf("%v", p)
	}
	large := `{"prompts": ["` + strings.Repeat("a", exchange.DefaultMaxBody) + `"]}`
	if p := ask(t, request{body: large}, h).problemOf(t); p.Kind != problem.TooLarge {
		t.Errorf("%v", p)
	}
}

func TestALimitReadsNoBodyOfWhatItDoesNotMatch(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "2/1m", Items: "/prompts"}}})
	h.Limits[0].matchers = caddyhttp.MatcherSets{{caddyhttp.MatchPath{"/batch"}}}
	if a := ask(t, request{body: strings.Repeat("a", exchange.DefaultMaxBody+1)}, h); !a.passed || a.x.Read() {
		t.Errorf("%v; the body was read: %v", a.err, a.x.Read())
	}
}

func TestACostAboveTheRateIsExplained(t *testing.T) {
	for _, cost := range []string{"101", "99999999999999999999999"} {
		h := newHandler(t, Handler{Limits: []Limit{{Name: "tokens", Key: "all", Rate: "100/1m", Cost: "{http.request.header.X-Cost}"}}})
		p := ask(t, request{headers: map[string]string{"X-Cost": cost}}, h).problemOf(t)
		if p.Kind != problem.CostTooHigh || !strings.Contains(p.Detail, "allows 100 in 60 s altogether") {
			t.Errorf("cost %s: %v", cost, p)
		}
		if after := p.Fields.Get("Retry-After"); after != "" {
			t.Errorf("cost %s: Retry-After %s for what never fits", cost, after)
		}
	}
}

func TestOneCostAboveItsRateOutweighsFullWindows(t *testing.T) {
	full := Limit{Name: "full", Key: "all", Rate: "1/1h"}
	small := Limit{Name: "small", Key: "all", Rate: "1/1m", Cost: "{http.request.header.X-Cost}"}
	for name, limits := range map[string][]Limit{"full first": {full, small}, "small first": {small, full}} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t, Handler{Limits: limits})
			ask(t, request{}, h)
			p := ask(t, request{headers: map[string]string{"X-Cost": "2"}}, h).problemOf(t)
			if p.Kind != problem.CostTooHigh || !strings.Contains(p.Detail, `"small"`) || p.Fields.Get("Retry-After") != "" {
				t.Errorf("%v, %v", p, p.Fields)
			}
		})
	}
}

func TestALongWindowAddsAMinuteAtMostToItsWait(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "yearly", Key: "all", Rate: "1/366d"}}})
	ask(t, request{}, h)
	most := int64((366*24*time.Hour*61/60 + time.Minute) / time.Second)
	for range 20 {
		p := ask(t, request{}, h).problemOf(t)
		if after, err := strconv.ParseInt(p.Fields.Get("Retry-After"), 10, 64); err != nil || after > most {
			t.Errorf("Retry-After: %s, want %d at most", p.Fields.Get("Retry-After"), most)
		}
	}
}

// degradedStore is a store that is gone.
type degradedStore struct{ window.Store }

func (degradedStore) Decide(context.Context, []window.Charge) (window.Verdict, error) {
	return window.Verdict{}, errors.New("gone")
}

func (degradedStore) Connect(context.Context) error { return errors.New("gone") }
func (degradedStore) Join(context.Context, string, time.Duration) (int, error) {
	return 0, errors.New("gone")
}
func (degradedStore) Eval(context.Context, window.Script, []string, ...any) ([]int64, error) {
	return nil, errors.New("gone")
}

func TestWithoutRedisOnlyWhatIsInForceIsTold(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "shared", Key: "all", Rate: "20/1m"},
		{Name: "open", Key: "all", Rate: "5/1m", OnError: "allow"},
	}})
	store := window.NewFailover(degradedStore{window.NewMemory(window.MemoryOptions{})}, window.NewMemory(window.MemoryOptions{}), window.FailoverOptions{Nodes: 4})
	defer func() { _ = store.Close() }()
	h.store = store
	a := ask(t, request{}, h)
	if got, want := a.header.Get("RateLimit-Policy"), `"shared";q=5;w=60`; got != want {
		t.Errorf("RateLimit-Policy: %s, want %s", got, want)
	}
	if got, want := a.header.Get("RateLimit"), `"shared";r=4;`; !strings.HasPrefix(got, want) || strings.Contains(got, "open") {
		t.Errorf("RateLimit: %s, want %s…", got, want)
	}
	if len(a.x.Limits) != 1 {
		t.Errorf("limits %+v", a.x.Limits)
	}
}

func TestAPlaceholderThatHasNoValueIsWarnedOfOnce(t *testing.T) {
	for name, test := range map[string]struct {
		key, cost, user string
		want            string
	}{
		"a claim that a principal lacks":        {key: "{http.auth.user.idd}", user: "ada", want: "http.auth.user.idd"},
		"within a longer key":                   {key: "{http.vars.client_ip} {http.auth.user.idd}", user: "ada", want: "http.auth.user.idd"},
		"a claim of nobody":                     {key: "{http.auth.user.plan}"},
		"the principal of nobody":               {key: "{http.auth.user.id}"},
		"a principal without a tenant":          {key: "{http.auth.user.tenant}", user: "ada"},
		"a shorthand that is none":              {key: "{client_ipp}", want: "client_ipp"},
		"a cost that nobody sets":               {key: "all", cost: "{tokens}", want: "tokens"},
		"a field of some requests":              {key: "{http.request.header.X-Tenant}"},
		"a variable that nobody has set so far": {key: "{http.vars.tenant}"},
	} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(zap.WarnLevel)
			h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: test.key, Rate: "9/1m", Cost: test.cost}}})
			h.logger = zap.New(core)
			for range 3 {
				ask(t, request{from: "192.0.2.1", user: test.user}, h)
			}
			var got []string
			for _, line := range logs.All() {
				got = append(got, fmt.Sprint(line.ContextMap()["placeholder"]))
			}
			if want := strings.Fields(test.want); !slices.Equal(got, want) {
				t.Errorf("warned of %q, want %q", got, want)
			}
		})
	}
}

func TestAddressListsComeBeforeLimits(t *testing.T) {
	h := newHandler(t, Handler{
		Limits: []Limit{{Name: "l", Key: "all", Rate: "1/1m"}},
		Allow:  []string{"10.0.0.0/8", "2001:db8::/32"},
		Deny:   []string{"203.0.113.0/24", "10.6.6.6"},
	})
	ask(t, request{from: "192.0.2.1"}, h)
	for from, want := range map[string]*problem.Kind{
		"192.0.2.1":          problem.QuotaExceeded,
		"10.1.2.3":           nil,
		"::ffff:10.1.2.3":    nil,
		"2001:db8::7":        nil,
		"203.0.113.9":        problem.AddressDenied,
		"::ffff:203.0.113.9": problem.AddressDenied,
		"10.6.6.6":           problem.AddressDenied,
		"not an address":     problem.QuotaExceeded,
	} {
		a := ask(t, request{from: from}, h)
		switch {
		case want == nil && !a.passed:
			t.Errorf("%s: %v, want it to pass", from, a.err)
		case want != nil && a.problemOf(t).Kind != want:
			t.Errorf("%s: %v, want %s", from, a.err, want.Name)
		}
	}
}

func TestAShadowCountsButNeitherRefusesNorTells(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "seen", Key: "all", Rate: "9/1m"},
		{Name: "shadow-under-test", Key: "all", Rate: "1/1m", Shadow: true},
	}})
	counts := countsDecisions(t, map[[2]string]float64{
		{"shadow-under-test", "allowed"}: 1, {"shadow-under-test", "shadow"}: 2,
	})
	for range 3 {
		a := ask(t, request{}, h)
		if !a.passed || strings.Contains(a.header.Get("RateLimit")+a.header.Get("RateLimit-Policy"), "shadow") || len(a.x.Limits) != 1 {
			t.Fatalf("%+v", a)
		}
	}
	counts()
}

func TestMetricsTellWhatEachLimitDid(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "metered-a", Key: "all", Rate: "1/1m"},
		{Name: "metered-b", Key: "all", Rate: "5/1m"},
	}})
	counts := countsDecisions(t, map[[2]string]float64{
		{"metered-a", "allowed"}: 1, {"metered-a", "refused"}: 2,
		{"metered-b", "allowed"}: 1, {"metered-b", "spared"}: 2,
	})
	for range 3 {
		ask(t, request{}, h)
	}
	counts()
}

// countsDecisions returns a function that checks by how much the counters of
// limits and results have grown since.
func countsDecisions(t *testing.T, want map[[2]string]float64) func() {
	t.Helper()
	before := make(map[[2]string]float64)
	for labels := range want {
		before[labels] = valueOf(t, decisions.WithLabelValues(labels[:]...))
	}
	return func() {
		t.Helper()
		for labels, growth := range want {
			if got := valueOf(t, decisions.WithLabelValues(labels[:]...)) - before[labels]; got != growth {
				t.Errorf("%v grew by %v, want %v", labels, got, growth)
			}
		}
	}
}

// valueOf reads a counter.
func valueOf(t *testing.T, counter prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := counter.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

func TestWithoutRedisEachLimitDoesWhatItSays(t *testing.T) {
	server := redistest.Start(t)
	client, err := redisconn.OpenImpatient(server.URL(), 0)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := window.NewRedis(client, window.RedisOptions{})
	if err != nil {
		t.Fatal(err)
	}
	store := window.NewFailover(shared, window.NewMemory(window.MemoryOptions{}), window.FailoverOptions{Nodes: 2})
	defer func() { _ = errors.Join(store.Close(), client.Close()) }()
	server.Kill()

	with := func(name, onError string, shadow bool) *Handler {
		h := newHandler(t, Handler{Limits: []Limit{{Name: name, Key: "all", Rate: "2/1m", OnError: onError, Shadow: shadow}}})
		h.store = store
		return h
	}
	before := valueOf(t, storeErrors)
	for _, tc := range []struct {
		handler *Handler
		passes  int
		kind    *problem.Kind
	}{
		{with("local", "", false), 1, problem.ReducedCapacity}, // half of 2
		{with("allow", "allow", false), 5, nil},
		{with("deny", "deny", false), 0, problem.LimitUnavailable},
		{with("shadow", "deny", true), 5, nil},
	} {
		name := tc.handler.Limits[0].Name
		for i := range 5 {
			a := ask(t, request{}, tc.handler)
			if a.passed != (i < tc.passes) {
				t.Fatalf("%s, request %d: %v", name, i, a.err)
			}
			if a.passed {
				continue
			}
			if p := a.problemOf(t); p.Kind != tc.kind || p.Fields.Get("Retry-After") == "" {
				t.Errorf("%s: %v, want %s with Retry-After", name, p, tc.kind.Name)
			}
		}
	}
	if got := valueOf(t, storeErrors) - before; got != 20 {
		t.Errorf("20 decisions without Redis counted as %v", got)
	}
}

// storeFunc is a store that fails in a way of its own.
type storeFunc func(context.Context) error

func (f storeFunc) Decide(ctx context.Context, _ []window.Charge) (window.Verdict, error) {
	return window.Verdict{}, f(ctx)
}
func (storeFunc) Settle(context.Context, []window.Settlement) error { return nil }
func (storeFunc) Forget(context.Context, window.Charge) error       { return nil }
func (storeFunc) Close() error                                      { return nil }

func TestARefusalByTheWholeRateIsNoReducedCapacity(t *testing.T) {
	limit := window.Limit{Name: "l", Rate: 10, Window: time.Minute}
	share := window.Limit{Name: "l", Rate: 5, Window: time.Minute}
	refusedBy := func(l window.Limit, degraded bool) window.State {
		return window.State{Limit: l, Refused: true, Degraded: degraded, RetryAfter: time.Second}
	}
	for name, tc := range map[string]struct {
		states []window.State
		want   *problem.Kind
	}{
		"a share":                      {[]window.State{refusedBy(share, true)}, problem.ReducedCapacity},
		"the only gateway's share":     {[]window.State{refusedBy(limit, true)}, problem.QuotaExceeded},
		"the rate":                     {[]window.State{refusedBy(limit, false)}, problem.QuotaExceeded},
		"a share and another's rate":   {[]window.State{refusedBy(share, true), refusedBy(limit, true)}, problem.QuotaExceeded},
		"a share beside what has room": {[]window.State{{Limit: limit}, refusedBy(share, true)}, problem.ReducedCapacity},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bill{charges: []window.Charge{{Limit: limit, Cost: 1}, {Limit: limit, Cost: 1}}, of: [window.MaxCharges]int{0, 1}}
			p := (&admission{states: tc.states, of: b.of}).exceeded(b, 0)
			if p.Kind != tc.want || p.Fields.Get("Retry-After") == "" {
				t.Errorf("%v with Retry-After %q, want %s", p, p.Fields.Get("Retry-After"), tc.want.Name)
			}
		})
	}
}

func TestAFailingStoreRefusesWithoutTellingWhy(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "1/1m"}}})
	h.store = storeFunc(func(context.Context) error { return errors.New("secret: host 10.1.2.3") })
	p := ask(t, request{}, h).problemOf(t)
	if p.Kind != problem.LimitUnavailable || strings.Contains(p.Detail, "secret") || !strings.Contains(p.Error(), "secret") {
		t.Errorf("problem %+v; the cause belongs in the log only", p)
	}
}

func TestAClientThatLeftIsNotTheStoresFault(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "1/1m"}}})
	h.store = storeFunc(context.Context.Err)
	before := valueOf(t, storeErrors)
	rec := httptest.NewRecorder()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := caddyhttp.PrepareRequest(httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx), caddy.NewReplacer(), rec, new(caddyhttp.Server))
	err := h.ServeHTTP(rec, r, nil)
	if handlerErr := (caddyhttp.HandlerError{}); !errors.As(err, &handlerErr) || handlerErr.StatusCode != 499 {
		t.Errorf("error %v, want status 499", err)
	}
	if valueOf(t, storeErrors) != before {
		t.Error("it counts as an error of the store")
	}
}

func TestConfigurationErrorsNameTheFieldAndTheFix(t *testing.T) {
	good := Limit{Name: "l", Key: "all", Rate: "1/1m"}
	edit := func(change func(*Limit)) Handler {
		l := good
		change(&l)
		return Handler{Limits: []Limit{l}}
	}
	many := Handler{}
	for i := range window.MaxCharges + 1 {
		many.Limits = append(many.Limits, Limit{Name: fmt.Sprint("l", i), Key: "all", Rate: "1/1m"})
	}
	for _, tc := range []struct {
		name    string
		handler Handler
		want    []string
	}{
		{"no name", edit(func(l *Limit) { l.Name = "" }), []string{"name"}},
		{"a quoted name", edit(func(l *Limit) { l.Name = `a"b` }), []string{"name", "letters"}},
		{"no key", edit(func(l *Limit) { l.Key = "" }), []string{"limit l: key is missing"}},
		{"no rate", edit(func(l *Limit) { l.Rate = "" }), []string{"rate is missing", "60/1m"}},
		{"a rate without window", edit(func(l *Limit) { l.Rate = "60" }), []string{`limit l: rate: "60" is not`, "60/1m"}},
		{"a rate of no number", edit(func(l *Limit) { l.Rate = "x/1m" }), []string{`"x/1m"`, "60/1m"}},
		{"a rate of a fraction", edit(func(l *Limit) { l.Rate = "1.5/1m" }), []string{`"1.5/1m"`, "whole number"}},
		{"a rate of no duration", edit(func(l *Limit) { l.Rate = "60/min" }), []string{`"60/min"`, "60/1m"}},
		{"a rate of zero", edit(func(l *Limit) { l.Rate = "0/1m" }), []string{`rate: "0/1m"`}},
		{"a negative rate", edit(func(l *Limit) { l.Rate = "-1/1m" }), []string{`rate: "-1/1m"`}},
		{"a window too short", edit(func(l *Limit) { l.Rate = "1/10ms" }), []string{`rate: "1/10ms"`, "window from 1s"}},
		{"a rate of requests without default", edit(func(l *Limit) { l.Rate = "{http.auth.user.rate}/1m" }), []string{"rate_default is missing", "{http.auth.user.rate}/1m", "rate_default 60/1m"}},
		{"a default that is no rate", edit(func(l *Limit) { l.Rate, l.RateDefault = "{http.auth.user.rate}/1m", "60" }), []string{`rate_default: "60" is not`}},
		{"a default without need", edit(func(l *Limit) { l.RateDefault = "60/1m" }), []string{"rate", "rate_default", "leave them out"}},
		{"a bound without need", edit(func(l *Limit) { l.RateMax = "60/1m" }), []string{"rate", "rate_max", "leave them out"}},
		{"a rate of an unset variable", edit(func(l *Limit) { l.Rate = "{env.ODORDIFF_TEST_UNSET}/1m" }), []string{`rate: "/1m" is not`, "rate 60/1m"}},
		{"a misspelled rate", edit(func(l *Limit) { l.Rate, l.RateDefault = "{http.request.heder.X-Rate}/1m", "1/1m" }), []string{"rate", "heder"}},
		{"a cost of zero", edit(func(l *Limit) { l.Cost = "0" }), []string{`cost: "0"`, "positive"}},
		{"items that are no pointer", edit(func(l *Limit) { l.Items = "prompts" }), []string{`items: "prompts"`, "/prompts"}},
		{"items and tokens", edit(func(l *Limit) { l.Items, l.Tokens = "/prompts", new(Tokens) }), []string{"items", "tokens", "keep one"}},
		{"tokens of no pointer", edit(func(l *Limit) { l.Tokens = &Tokens{Input: []string{"prompt"}} }), []string{`input: "prompt"`, "/messages"}},
		{"a figure of no field", edit(func(l *Limit) { l.Settle = []string{"X Tokens"} }), []string{`settle: "X Tokens"`, "/usage/total_tokens"}},
		{"a cost of words", edit(func(l *Limit) { l.Cost = "lots" }), []string{`cost: "lots"`}},
		{"a wide IPv6 prefix", edit(func(l *Limit) { l.IPv6Prefix = new(129) }), []string{`ipv6_prefix: "129"`}},
		{"a negative IPv4 prefix", edit(func(l *Limit) { l.IPv4Prefix = new(-1) }), []string{`ipv4_prefix: "-1"`}},
		{"an unknown on_error", edit(func(l *Limit) { l.OnError = "panic" }), []string{`on_error: "panic"`, "local, deny, allow"}},
		{"a misspelled key", edit(func(l *Limit) { l.Key = "{http.request.remote.hosst}" }), []string{"key", "{http.request.remote.hosst}"}},
		{"a misspelled field of the certificate", edit(func(l *Limit) { l.Key = "{http.request.tls.client.subjekt}" }), []string{"key", "client.subjekt"}},
		{"a misspelled cost", edit(func(l *Limit) { l.Cost = "{http.request.heder.X-Cost}" }), []string{"cost", "heder"}},
		{"a burst of no bucket", edit(func(l *Limit) { l.Burst = new(6) }), []string{"burst", "algorithm token_bucket"}},
		{"a leased log", edit(func(l *Limit) { l.Lease, l.Algorithm = new(caddy.Duration(time.Second)), "sliding_log" }), []string{"lease", "sliding window"}},
		{"too large a log", edit(func(l *Limit) { l.Rate, l.Algorithm = "1001/1m", "sliding_log" }), []string{"rate 1001", "1000"}},
		{"an unknown algorithm", edit(func(l *Limit) { l.Algorithm = "leaky" }), []string{"algorithm", "token_bucket"}},
		{"too few keys", edit(func(l *Limit) { l.MaxKeys = new(3) }), []string{"max_keys", "1024"}},
		{"two of a name", Handler{Limits: []Limit{good, good}}, []string{`"l"`, "twice"}},
		{"nothing", Handler{}, []string{"limits", "60/1m", "deny"}},
		{"exceptions from nothing", Handler{Allow: []string{"10.0.0.0/8"}}, []string{"limits", "60/1m", "deny"}},
		{"too many", many, []string{"33 limits", "32"}},
		{"a bad allow", Handler{Allow: []string{"10.0.0.0/99"}}, []string{"allow", "10.0.0.0/99"}},
		{"a bad deny", Handler{Deny: []string{"example.org"}}, []string{"deny", "example.org"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.handler.configure()
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v should mention %q", err, want)
				}
			}
		})
	}
}

func TestRatesMayComeFromTheEnvironment(t *testing.T) {
	t.Setenv("ODORDIFF_TEST_RATE", "7")
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "{env.ODORDIFF_TEST_RATE}/1d"}}})
	if got := h.Limits[0].limit; got.Rate != 7 || got.Window != 24*time.Hour {
		t.Errorf("limit %+v", got)
	}
}

func TestRetryAfterWaitsForTheSlowestOfTheRefusingLimits(t *testing.T) {
	short := Limit{Name: "short", Key: "all", Rate: "1/1m"}
	long := Limit{Name: "long", Key: "all", Rate: "1/10m"}
	for name, limits := range map[string][]Limit{"short first": {short, long}, "long first": {long, short}} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t, Handler{Limits: limits})
			ask(t, request{}, h)
			p := ask(t, request{}, h).problemOf(t)
			if after, err := strconv.Atoi(p.Fields.Get("Retry-After")); err != nil || after < 600 {
				t.Errorf("Retry-After: %s, want 600 or more", p.Fields.Get("Retry-After"))
			}
			if n := len(p.Extensions["violated-policies"].([]string)); n != 2 || !strings.Contains(p.Detail, "long") {
				t.Errorf("%d violated policies, detail %q", n, p.Detail)
			}
		})
	}
}

func TestTimesAreToldInWholeSecondsRoundedUp(t *testing.T) {
	response := new(exchange.Response)
	tell(response, []window.State{{
		Limit:     window.Limit{Name: "l", Rate: window.MaxRate, Window: 1500 * time.Millisecond},
		Remaining: 1, Reset: 61*time.Second + time.Microsecond,
	}})
	if got, want := response.Get("RateLimit-Policy"), `"l";q=999999999999999;w=2`; got != want {
		t.Errorf("RateLimit-Policy: %s, want %s", got, want)
	}
	if got, want := response.Get("RateLimit"), `"l";r=1;t=62`; got != want {
		t.Errorf("RateLimit: %s, want %s", got, want)
	}
	response = new(exchange.Response)
	tell(response, []window.State{{Limit: window.Limit{Name: "l", Rate: 1, Window: time.Second}, Remaining: 1}})
	if got, want := response.Get("RateLimit"), `"l";r=1`; got != want {
		t.Errorf("RateLimit of an unused window: %s, want %s", got, want)
	}
}
