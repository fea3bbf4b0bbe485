package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/odordiff/odordiff/internal/breaker"
)

// pool returns n upstreams as Caddy would have provisioned them.
func pool(n int) reverseproxy.UpstreamPool {
	var upstreams reverseproxy.UpstreamPool
	for i := range n {
		upstreams = append(upstreams, &reverseproxy.Upstream{
			Dial: fmt.Sprintf("127.0.0.1:%d", 9001+i), Host: new(reverseproxy.Host),
		})
	}
	return upstreams
}

// request returns a request with the vars that Caddy's server gives it.
func request(ctx context.Context, i int) *http.Request {
	ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, map[string]any{
		caddyhttp.ClientIPVarKey: fmt.Sprintf("192.0.2.%d", i%250),
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("/%d?k=%d", i, i), nil)
	r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1234", i%250)
	r.Header.Set("X-Tenant", fmt.Sprint(i))
	return r
}

// openFor is how long the breakers of these tests stay open: longer than a test
// runs.
const openFor = time.Minute

// group returns the breakers of a proxy that shares them with no other.
func group(tripAfter uint32) *breaker.Group {
	return breaker.NewRegistry().Group("", breaker.Settings{TripAfter: tripAfter, OpenFor: openFor, OpenMax: openFor})
}

// policy returns a policy around the inner one, which is given in Caddyfile
// syntax.
func policy(t *testing.T, inner string) *Selection {
	t.Helper()
	p := &Selection{breakers: group(1)}
	name, _, _ := strings.Cut(inner, " ")
	module, err := caddy.GetModule("http.reverse_proxy.selection_policies." + name)
	if err != nil {
		t.Fatal(err)
	}
	selector := module.New()
	if err := selector.(caddyfile.Unmarshaler).UnmarshalCaddyfile(caddyfile.NewTestDispenser(inner)); err != nil {
		t.Fatal(err)
	}
	if provisioner, ok := selector.(caddy.Provisioner); ok {
		ctx, cancel := caddy.NewContext(caddy.Context{Context: t.Context()})
		t.Cleanup(cancel)
		if err := provisioner.Provision(ctx); err != nil {
			t.Fatal(err)
		}
	}
	p.inner = selector.(reverseproxy.Selector)
	return p
}

// tally selects for a thousand requests and counts by upstream.
func tally(t *testing.T, p *Selection, upstreams reverseproxy.UpstreamPool) []int {
	t.Helper()
	counts := make([]int, len(upstreams))
	for i := range 1000 {
		if chosen := p.Select(upstreams, request(t.Context(), i), httptest.NewRecorder()); chosen != nil {
			counts[slices.Index(upstreams, chosen)]++
		}
	}
	return counts
}

var inners = []string{
	"random", "random_choose 2", "least_conn", "round_robin", "weighted_round_robin 3 1 2", "first",
	"ip_hash", "client_ip_hash", "uri_hash", "query k", "header X-Tenant", "cookie",
}

func TestEveryInnerPolicyPassesOverAnOpenBreaker(t *testing.T) {
	for _, inner := range inners {
		t.Run(inner, func(t *testing.T) {
			p, upstreams := policy(t, inner), pool(3)
			p.breakerOf(upstreams[0]).Fail(nil)
			counts := tally(t, p, upstreams)
			if counts[0] != 0 || counts[1]+counts[2] != 1000 {
				t.Errorf("chosen %v", counts)
			}
			// of idle upstreams
			prefersFirst := inner == "first" || inner == "random_choose 2"
			if !prefersFirst && (counts[1] == 0 || counts[2] == 0) {
				t.Errorf("chosen %v: one of the admitted is left out", counts)
			}
		})
	}
}

func TestEveryInnerPolicyChoosesNoneWhereAllAreOpen(t *testing.T) {
	for _, inner := range inners {
		p, upstreams := policy(t, inner), pool(3)
		for _, upstream := range upstreams {
			p.breakerOf(upstream).Fail(nil)
		}
		if counts := tally(t, p, upstreams); !slices.Equal(counts, []int{0, 0, 0}) {
			t.Errorf("%s chose %v", inner, counts)
		}
	}
}

func TestWeightsStayWithTheirUpstreams(t *testing.T) {
	p, upstreams := policy(t, "weighted_round_robin 5 0 3 1"), pool(4)
	if counts := tally(t, p, upstreams); counts[1] != 0 || counts[0] < 500 {
		t.Errorf("all closed: chosen %v", counts)
	}
	p.breakerOf(upstreams[0]).Fail(nil)
	counts := tally(t, p, upstreams)
	if counts[0] != 0 || counts[1] != 0 || counts[2] < 650 || counts[2] > 850 {
		t.Errorf("weights 0, 3 and 1: chosen %v", counts)
	}
	p.breakerOf(upstreams[2]).Fail(nil)
	p.breakerOf(upstreams[3]).Fail(nil)
	if counts := tally(t, p, upstreams); counts[1] != 0 {
		t.Errorf("an upstream with weight 0 was chosen: %v", counts)
	}
}

// trip opens the upstream's breaker and waits until it admits a probe. It runs
// in a synctest bubble, whose clock moves at once: no real time passes.
func trip(t *testing.T, p *Selection, upstream *reverseproxy.Upstream) *breaker.Breaker {
	t.Helper()
	b := p.breakerOf(upstream)
	b.Allow().Failure(nil)
	time.Sleep(2 * openFor)
	if !b.Ready() {
		t.Fatal("not ready to probe")
	}
	return b
}

func TestOnlyTheChosenUpstreamIsAskedForAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, upstreams := policy(t, "first"), pool(3)
		first, second := trip(t, p, upstreams[0]), trip(t, p, upstreams[1])
		if chosen := p.Select(upstreams, request(t.Context(), 0), nil); chosen != upstreams[0] {
			t.Fatalf("chosen %v", chosen)
		}
		if first.Ready() || !second.Ready() {
			t.Errorf("probes left: first %v, second %v", first.Ready(), second.Ready())
		}
	})
}

func TestAnUnusedPermitIsReleasedWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, upstreams := policy(t, "first"), pool(1)
		b := trip(t, p, upstreams[0])
		ctx, end := context.WithCancel(t.Context())
		p.Select(upstreams, request(ctx, 0), nil)
		if b.Ready() {
			t.Error("the probe is free while the request runs")
		}
		end()
		synctest.Wait()
		if !b.Ready() || b.Snapshot().State != breaker.HalfOpen {
			t.Errorf("after the request: %+v", b.Snapshot())
		}
	})
}

func TestAnUnusedPermitIsReleasedBeforeTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, upstreams := policy(t, "first"), pool(1)
		trip(t, p, upstreams[0])
		r := request(t.Context(), 0)
		for attempt := range 3 {
			if p.Select(upstreams, r, nil) == nil {
				t.Fatalf("attempt %d finds the probe taken", attempt)
			}
		}
	})
}

func TestARetryGoesElsewhereWhereItCan(t *testing.T) {
	for _, inner := range inners {
		p, upstreams := policy(t, inner), pool(3)
		p.breakers = group(1000)
		for i := range 20 {
			r := request(t.Context(), i)
			var tried []*reverseproxy.Upstream
			for range 3 {
				chosen := p.Select(upstreams, r, httptest.NewRecorder())
				redeem(r.Context(), chosen).Failure(nil)
				if chosen == nil || slices.Contains(tried, chosen) {
					t.Fatalf("%s: tried %v, then %v", inner, tried, chosen)
				}
				tried = append(tried, chosen)
			}
			if p.Select(upstreams, r, httptest.NewRecorder()) == nil {
				t.Fatalf("%s: no fourth attempt", inner)
			}
		}
	}
}

func TestARetryStaysWhereNoOtherIsAdmitted(t *testing.T) {
	p, upstreams := policy(t, "first"), pool(2)
	r := request(t.Context(), 0)
	p.breakerOf(upstreams[1]).Fail(nil)
	for range 3 {
		if chosen := p.Select(upstreams, r, nil); chosen != upstreams[0] {
			t.Fatalf("chosen %v", chosen)
		}
	}
}

func TestARedeemedPermitIsTheTransports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, upstreams := policy(t, "first"), pool(2)
		b := trip(t, p, upstreams[0])
		ctx, end := context.WithCancel(t.Context())
		r := request(ctx, 0)
		p.Select(upstreams, r, nil)

		if redeem(r.Context(), upstreams[1]) != nil {
			t.Error("redeemed for another upstream")
		}
		permit := redeem(r.Context(), upstreams[0])
		if permit == nil || redeem(r.Context(), upstreams[0]) != nil {
			t.Fatal("a permit is redeemed exactly once")
		}
		end()
		synctest.Wait()
		if b.Ready() {
			t.Error("released though redeemed")
		}
		permit.Success()
		if b.Snapshot().State != breaker.Closed {
			t.Errorf("after a success: %+v", b.Snapshot())
		}
	})
}

func TestOfManyRequestsAtOnceOnlyOneProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, upstreams := policy(t, "first"), pool(2)
		trip(t, p, upstreams[0])
		chosen := make([]*reverseproxy.Upstream, 50)
		var requests sync.WaitGroup
		for i := range chosen {
			requests.Go(func() { chosen[i] = p.Select(upstreams, request(t.Context(), i), nil) })
		}
		requests.Wait()
		counts := map[*reverseproxy.Upstream]int{}
		for _, upstream := range chosen {
			counts[upstream]++
		}
		if counts[upstreams[0]] != 1 || counts[upstreams[1]] != 49 {
			t.Errorf("probing %d, elsewhere %d", counts[upstreams[0]], counts[upstreams[1]])
		}
	})
}

func TestSelectionReadsItsCaddyfile(t *testing.T) {
	tests := map[string]string{
		`gate_breaker`: `{}`,
		`gate_breaker {
			name          slow
			inner         cookie lb {
				max_age 1h
			}
			trip_after    3
			open_for      500ms
			open_max      1m
			half_open     2
			probe_timeout 10s
		}`: `{"name":"slow","inner":{"max_age":3600000000000,"name":"lb","policy":"cookie"},"trip_after":3,` +
			`"open_for":500000000,"open_max":60000000000,"half_open":2,"probe_timeout":10000000000}`,
	}
	for input, want := range tests {
		var p Selection
		if err := p.UnmarshalCaddyfile(caddyfile.NewTestDispenser(input)); err != nil {
			t.Errorf("%s: %v", input, err)
			continue
		}
		got, err := json.Marshal(p)
		if err != nil || string(got) != want {
			t.Errorf("%s\n got %s, %v\nwant %s", input, got, err, want)
		}
	}
}

func TestMistakesInTheSelectionsOptionsAreNamed(t *testing.T) {
	for option, want := range map[string]string{
		"probe_timeout 1ns":         `probe_timeout: "1ns" is not a duration from 1ms to 1h`,
		"inner nearest":             "selection_policies.nearest",
		"inner first\ninner random": "inner is there twice",
		"trip_afer 3":               "did you mean trip_after?",
	} {
		var p Selection
		err := p.UnmarshalCaddyfile(caddyfile.NewTestDispenser("gate_breaker {\n" + option + "\n}"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v does not name %q", option, err, want)
		}
	}
	var p Selection
	if err := p.UnmarshalCaddyfile(caddyfile.NewTestDispenser("gate_breaker least_conn")); err == nil {
		t.Error("an inner policy without the word inner is accepted")
	}
}

func TestValidateRefusesWhatMakesNoSense(t *testing.T) {
	for name, test := range map[string]struct {
		selection Selection
		ok        bool
	}{
		"itself inside":   {Selection{inner: new(Selection)}, false},
		"open_max under":  {Selection{OpenFor: new(caddy.Duration(time.Minute)), OpenMax: new(caddy.Duration(time.Second))}, false},
		"a long open_for": {Selection{OpenFor: new(caddy.Duration(time.Minute))}, true},
		"the defaults":    {Selection{inner: reverseproxy.RandomSelection{}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.selection.Options().Provision(); err != nil {
				t.Fatal(err)
			}
			if err := test.selection.Validate(); (err == nil) != test.ok {
				t.Errorf("error %v", err)
			}
		})
	}
}

func BenchmarkSelect(b *testing.B) {
	p := &Selection{breakers: group(5), inner: reverseproxy.LeastConnSelection{}}
	upstreams, r := pool(2), request(b.Context(), 0)
	b.ReportAllocs()
	for b.Loop() {
		redeem(r.Context(), p.Select(upstreams, r, nil)).Success()
	}
}
