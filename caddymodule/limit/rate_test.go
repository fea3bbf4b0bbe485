package limit

import (
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestEachRequestHasTheRateThatItsPlaceholdersGive(t *testing.T) {
	for name, tc := range map[string]struct {
		rate, most string
		value      string
		want       string // in RateLimit-Policy
		result     string // what the metric counts
	}{
		"a number":              {rate: "{http.request.header.X-Rate}/1h", value: "70", want: `"l";q=70;w=3600`},
		"a whole rate":          {rate: "{http.request.header.X-Rate}", value: "70/1m", want: `"l";q=70;w=60`},
		"none":                  {rate: "{http.request.header.X-Rate}/1h", want: `"l";q=5;w=60`, result: "absent"},
		"no whole rate":         {rate: "{http.request.header.X-Rate}", want: `"l";q=5;w=60`, result: "absent"},
		"words":                 {rate: "{http.request.header.X-Rate}/1h", value: "many", want: `"l";q=5;w=60`, result: "invalid"},
		"nothing at all":        {rate: "{http.request.header.X-Rate}/1h", value: "0", want: `"l";q=5;w=60`, result: "invalid"},
		"a negative number":     {rate: "{http.request.header.X-Rate}/1h", value: "-1", want: `"l";q=5;w=60`, result: "invalid"},
		"more than can be told": {rate: "{http.request.header.X-Rate}/1h", value: "1000000000000000", want: `"l";q=5;w=60`, result: "invalid"},
		"another window":        {rate: "{http.request.header.X-Rate}/1h", value: "9/1d", want: `"l";q=5;w=60`, result: "invalid"},
		"within the bound":      {rate: "{http.request.header.X-Rate}/1h", most: "100/1h", value: "100", want: `"l";q=100;w=3600`},
		"above the bound":       {rate: "{http.request.header.X-Rate}/1h", most: "100/1h", value: "101", want: `"l";q=100;w=3600`, result: "clamped"},
		"a shorter window":      {rate: "{http.request.header.X-Rate}", most: "120/1h", value: "2/1m", want: `"l";q=2;w=60`},
		"too much of a shorter": {rate: "{http.request.header.X-Rate}", most: "120/1h", value: "3/1m", want: `"l";q=2;w=60`, result: "clamped"},
		"far too short":         {rate: "{http.request.header.X-Rate}", most: "120/1h", value: "1/1s", want: `"l";q=120;w=3600`, result: "clamped"},
		"a longer window":       {rate: "{http.request.header.X-Rate}", most: "120/1h", value: "121/1d", want: `"l";q=120;w=86400`, result: "clamped"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: tc.rate, RateDefault: "5/1m", RateMax: tc.most}}})
			before := valuesCounted(t)
			a := ask(t, request{headers: map[string]string{"X-Rate": tc.value}}, h)
			if got := a.header.Get("RateLimit-Policy"); got != tc.want {
				t.Errorf("RateLimit-Policy: %s, want %s", got, tc.want)
			}
			for result, count := range valuesCounted(t) {
				want := 0.0
				if result == tc.result {
					want = 1
				}
				if count-before[result] != want {
					t.Errorf("%v values counted as %s, want %v", count-before[result], result, want)
				}
			}
		})
	}
}

// valuesCounted returns how many values of the rate of l were not taken as they
// were.
func valuesCounted(t *testing.T) map[string]float64 {
	t.Helper()
	counted := make(map[string]float64)
	for _, result := range []string{"absent", "invalid", "clamped"} {
		counted[result] = valueOf(t, values.WithLabelValues("l", "rate", result))
	}
	return counted
}

func TestNoBoundedRateLetsMoreThroughThanTheBound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		b := requestRate{most: 1 + random.Int64N(1000), span: time.Second * time.Duration(1+random.Int64N(10_000))}
		rate, span := b.bound(1+random.Int64N(2000), time.Second*time.Duration(1+random.Int64N(20_000)))
		windows := (b.span + span - 1) / span
		if rate < 1 || rate*int64(windows) > b.most {
			t.Fatalf("%d in %v lets through %d in %v, more than %d", rate, span, rate*int64(windows), b.span, b.most)
		}
	}
}

func TestAUselessValueIsWarnedOfOnce(t *testing.T) {
	for option, l := range map[string]Limit{
		"rate": {Name: "l", Key: "all", Rate: "{http.request.header.X-Value}/1m", RateDefault: "9/1m"},
		"cost": {Name: "l", Key: "all", Rate: "9/1m", Cost: "{http.request.header.X-Value}"},
	} {
		t.Run(option, func(t *testing.T) {
			core, logs := observer.New(zap.WarnLevel)
			h := newHandler(t, Handler{Limits: []Limit{l}})
			h.logger = zap.New(core)
			for _, value := range []string{"", "2", "secret", "other"} {
				ask(t, request{headers: map[string]string{"X-Value": value}}, h)
			}
			if logs.Len() != 1 {
				t.Fatalf("%d lines, want one", logs.Len())
			}
			fields := logs.All()[0].ContextMap()
			if fields["limit"] != "l" || fields["option"] != option || len(fields) != 2 {
				t.Errorf("fields %v", fields)
			}
		})
	}
}

func TestARateOfItsOwnCountsInTheSameWindow(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{Name: "l", Key: "all", Rate: "{http.request.header.X-Rate}/1h", RateDefault: "1/1h"}}})
	for _, step := range []struct {
		rate   string
		passes bool
	}{{"1", true}, {"1", false}, {"3", true}, {"3", true}, {"3", false}, {"2", false}} {
		if a := ask(t, request{headers: map[string]string{"X-Rate": step.rate}}, h); a.passed != step.passes {
			t.Fatalf("at %s in the hour: passed %v, %v", step.rate, a.passed, a.err)
		}
	}
}
