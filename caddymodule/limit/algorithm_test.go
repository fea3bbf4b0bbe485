package limit

import "testing"

func TestALimitCountsByItsAlgorithm(t *testing.T) {
	for name, tc := range map[string]struct {
		limit  Limit
		passes int
		policy string
	}{
		"a sliding window": {Limit{Rate: "3/1h"}, 3, `"l";q=3;w=3600`},
		"a log":            {Limit{Rate: "3/1h", Algorithm: "sliding_log"}, 3, `"l";q=3;w=3600`},
		"a bucket":         {Limit{Rate: "3/1h", Algorithm: "token_bucket"}, 3, `"l";q=3;w=3600`},
		"a larger bucket":  {Limit{Rate: "3/1h", Algorithm: "token_bucket", Burst: new(6)}, 6, `"l";q=6;w=7200`},
		"a smaller bucket": {Limit{Rate: "6/1h", Algorithm: "token_bucket", Burst: new(2)}, 2, `"l";q=2;w=1200`},
	} {
		t.Run(name, func(t *testing.T) {
			tc.limit.Name, tc.limit.Key = "l", "all"
			h := newHandler(t, Handler{Limits: []Limit{tc.limit}})
			for i := range tc.passes + 1 {
				a := ask(t, request{}, h)
				if a.passed != (i < tc.passes) {
					t.Errorf("request %d: passed %v", i+1, a.passed)
				}
				if got := a.header.Get("RateLimit-Policy"); got != tc.policy {
					t.Errorf("RateLimit-Policy: %s, want %s", got, tc.policy)
				}
			}
		})
	}
}

func TestARateThatTheAlgorithmCannotCountIsNotTaken(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{{
		Name: "l", Key: "all", Rate: "{http.request.header.X-Rate}/1m", RateDefault: "5/1m", Algorithm: "sliding_log",
	}}})
	for value, want := range map[string]string{"1000": `"l";q=1000;w=60`, "1001": `"l";q=5;w=60`} {
		a := ask(t, request{headers: map[string]string{"X-Rate": value}}, h)
		if got := a.header.Get("RateLimit-Policy"); got != want {
			t.Errorf("%s: RateLimit-Policy: %s, want %s", value, got, want)
		}
	}
}
