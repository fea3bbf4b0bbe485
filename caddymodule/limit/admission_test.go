package limit

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/internal/inflight"
)

func TestARequestTakesAPlaceAndIsChargedOrNeither(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "minute", Key: "all", Rate: "2/1m"},
		{Name: "streams", Key: "all", InFlight: new(1)},
		{Name: "hour", Key: "all", Rate: "9/1h"},
	}})
	// Another request is under way.
	other, _, err := h.inFlight.Acquire(t.Context(), []inflight.Demand{{Limit: h.Limits[1].atOnce, Key: "key:all"}})
	if err != nil {
		t.Fatal(err)
	}
	refused := ask(t, request{}, h)
	for field, want := range map[string]string{
		"RateLimit-Policy": `"minute";q=2;w=60, "streams";q=1;qu="concurrent-requests", "hour";q=9;w=3600`,
		"RateLimit":        `"minute";r=2, "streams";r=0, "hour";r=9`,
	} {
		if got := refused.header.Get(field); got != want {
			t.Errorf("refused for want of a place: %s: %s, want %s", field, got, want)
		}
	}
	other.Release()
	for range 2 {
		if a := ask(t, request{}, h); !a.passed {
			t.Fatal(a.err)
		}
	}
	refused = ask(t, request{}, h)
	if got := refused.header.Get("RateLimit"); !strings.HasPrefix(got, `"minute";r=0;t=`) || !strings.Contains(got, `, "streams";r=1, "hour";r=7;t=`) {
		t.Errorf("refused by the window: %s", got)
	}
}

func TestARequestWhoseHandlerPanicsGivesItsPlaceBack(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "streams", Key: "all", InFlight: new(1)}}})
	func() {
		defer func() { _ = recover() }()
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, new(caddyhttp.Server))
		_ = h.ServeHTTP(w, r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error { panic("in a handler") }))
		t.Error("the handler did not panic")
	}()
	if a := ask(t, request{}, h); !a.passed {
		t.Error(a.err)
	}
}

func TestALimitHasARateOrCountsRequestsUnderWay(t *testing.T) {
	wait := caddy.Duration(time.Second)
	for name, tc := range map[string]struct {
		limit Limit
		want  string
	}{
		"neither":    {Limit{Queue: &wait}, "rate is missing"},
		"both":       {Limit{Rate: "1/1m", InFlight: new(1)}, "has a rate already"},
		"a cost":     {Limit{InFlight: new(1), Cost: "2"}, "one place"},
		"items":      {Limit{InFlight: new(1), Items: "/prompts"}, "one place"},
		"no place":   {Limit{InFlight: new(0)}, "from 1 to 100000"},
		"no waiting": {Limit{InFlight: new(1), Queue: new(caddy.Duration)}, "from 1ms to 1h"},
	} {
		tc.limit.Name, tc.limit.Key = "l", "all"
		h := Handler{Limits: []Limit{tc.limit}}
		if err := h.configure(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
}
