package limit

import (
	"strconv"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
	"pgregory.net/rapid"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/window"
)

// TestTheFieldsAreStructuredFields compares what is told, handler by handler,
// with what a library of structured fields makes of the same.
func TestTheFieldsAreStructuredFields(t *testing.T) {
	state := rapid.Custom(func(t *rapid.T) window.State {
		rate := rapid.Int64Range(1, window.MaxRate).Draw(t, "rate")
		return window.State{
			Limit: window.Limit{
				Name:   rapid.StringMatching(validName.String()).Draw(t, "name"),
				Rate:   rate,
				Window: time.Duration(rapid.Int64Range(int64(window.MinWindow), int64(window.MaxWindow)).Draw(t, "window")),
				Shadow: rapid.IntRange(0, 4).Draw(t, "shadow") == 0,
			},
			Remaining: rapid.Int64Range(0, rate).Draw(t, "remaining"),
			Reset:     time.Duration(rapid.Int64Range(0, int64(window.MaxWindow)).Draw(t, "reset")),
			Lifted:    rapid.IntRange(0, 4).Draw(t, "lifted") == 0,
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		response := new(exchange.Response)
		var policies, limits httpsfv.List
		for range rapid.IntRange(1, 3).Draw(t, "handlers") {
			states := rapid.SliceOfN(state, 1, 4).Draw(t, "states")
			tell(response, states)
			for _, s := range states {
				if s.Limit.Shadow || s.Lifted {
					continue
				}
				policy, limit := httpsfv.NewItem(s.Limit.Name), httpsfv.NewItem(s.Limit.Name)
				policy.Params.Add("q", s.Limit.Rate)
				policy.Params.Add("w", wholeSeconds(s.Limit.Window))
				limit.Params.Add("r", s.Remaining)
				if s.Reset > 0 {
					limit.Params.Add("t", effectiveWindow(s))
				}
				policies, limits = append(policies, policy), append(limits, limit)
			}
		}
		for field, want := range map[string]httpsfv.List{"RateLimit-Policy": policies, "RateLimit": limits} {
			text, err := httpsfv.Marshal(want)
			if err != nil {
				t.Fatal(err)
			}
			if got := response.Get(field); got != text {
				t.Errorf("%s: %s, want %s", field, got, text)
			}
		}
	})
}

// tell tells the states of a handler's limits.
func tell(response *exchange.Response, states []window.State) {
	h, b := &Handler{policies: new(lastText)}, new(bill)
	for i, s := range states {
		h.Limits = append(h.Limits, Limit{Name: s.Limit.Name})
		b.charges = append(b.charges, window.Charge{Limit: s.Limit})
		b.of[i] = i
	}
	h.tell(response, b, &admission{states: states, of: b.of})
}

// TestNobodyIsInvitedToAHigherPaceThanTheRates says what the draft demands of
// the effective window.
func TestNobodyIsInvitedToAHigherPaceThanTheRates(t *testing.T) {
	hourly := window.Limit{Name: "l", Rate: 3600, Window: time.Hour}
	for name, tc := range map[string]struct {
		state window.State
		want  int64
	}{
		"a fresh window":             {window.State{Limit: hourly, Remaining: 3599, Reset: time.Hour + time.Minute}, 3660},
		"more comes soon":            {window.State{Limit: hourly, Remaining: 1800, Reset: time.Second}, 1800},
		"nothing is left":            {window.State{Limit: hourly, Reset: 5 * time.Second}, 5},
		"a refusal":                  {window.State{Limit: hourly, Reset: 5 * time.Second, Refused: true, RetryAfter: 5 * time.Second}, 5},
		"a refusal of a high cost":   {window.State{Limit: hourly, Remaining: 1800, Reset: time.Second, Refused: true, RetryAfter: 9 * time.Second}, 9},
		"a refusal of what is never": {window.State{Limit: hourly, Remaining: 1800, Reset: time.Second, Refused: true, Never: true}, 1800},
	} {
		t.Run(name, func(t *testing.T) {
			if got := effectiveWindow(tc.state); got != tc.want {
				t.Errorf("%d, want %d", got, tc.want)
			}
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		s := window.State{Limit: window.Limit{
			Rate:   rapid.Int64Range(1, window.MaxRate).Draw(t, "rate"),
			Window: time.Duration(rapid.Int64Range(1, 366*24*3600).Draw(t, "window")) * time.Second,
		}}
		s.Remaining = rapid.Int64Range(0, s.Limit.Rate).Draw(t, "remaining")
		s.Reset = time.Duration(rapid.Int64Range(1, int64(s.Limit.Window)).Draw(t, "reset"))
		pace := float64(s.Remaining) / float64(effectiveWindow(s))
		if most := float64(s.Limit.Rate) / s.Limit.Window.Seconds(); pace > most*(1+1e-9) {
			t.Errorf("%+v invites to %v a second, more than %v", s, pace, most)
		}
	})
}

func TestUnitsAndPartitionsAreToldWhereThatIsWanted(t *testing.T) {
	h := newHandler(t, Handler{Limits: []Limit{
		{Name: "plain", Key: "all", Rate: "9/1m"},
		{Name: "tokens", Key: "{http.request.header.X-Tenant}", Rate: "1000/1m", Cost: "10", Unit: "tokens", PartitionKey: true},
	}})
	partitions := make(map[any]bool)
	for _, tenant := range []string{"acme", "globex", "acme"} {
		a := ask(t, request{headers: map[string]string{"X-Tenant": tenant}}, h)
		policies, err := httpsfv.UnmarshalList(a.header.Values("RateLimit-Policy"))
		if err != nil || len(policies) != 2 {
			t.Fatalf("RateLimit-Policy %q: %v", a.header.Values("RateLimit-Policy"), err)
		}
		limits, err := httpsfv.UnmarshalList(a.header.Values("RateLimit"))
		if err != nil || len(limits) != 2 {
			t.Fatalf("RateLimit %q: %v", a.header.Values("RateLimit"), err)
		}
		if names := policies[0].(httpsfv.Item).Params.Names(); len(names) != 2 {
			t.Errorf("the plain limit has the parameters %q", names)
		}
		tokens := policies[1].(httpsfv.Item).Params
		if unit, _ := tokens.Get("qu"); unit != "tokens" {
			t.Errorf("qu: %v", unit)
		}
		pk, _ := tokens.Get("pk")
		also, _ := limits[1].(httpsfv.Item).Params.Get("pk")
		if got, ok := pk.([]byte); !ok || len(got) != 16 || string(got) != string(also.([]byte)) {
			t.Errorf("pk: %v and %v", pk, also)
		}
		partitions[string(pk.([]byte))] = true
	}
	if len(partitions) != 2 {
		t.Errorf("two tenants have %d partitions", len(partitions))
	}
}

func TestTheOldFieldsTellTheLimitOfWhichTheLeastIsLeft(t *testing.T) {
	wide := Handler{Limits: []Limit{{Name: "wide", Key: "all", Rate: "100/1h"}}, XRateLimit: "seconds"}
	narrow := Handler{Limits: []Limit{{Name: "more", Key: "all", Rate: "50/1m"}, {Name: "narrow", Key: "all", Rate: "9/1m"}}, XRateLimit: "seconds"}
	for name, handlers := range map[string][]*Handler{
		"the narrow one last":  {newHandler(t, wide), newHandler(t, narrow)},
		"the narrow one first": {newHandler(t, narrow), newHandler(t, wide)},
	} {
		t.Run(name, func(t *testing.T) {
			h := ask(t, request{}, handlers...).header
			reset, err := strconv.Atoi(h.Get("X-RateLimit-Reset"))
			if h.Get("X-RateLimit-Limit") != "9" || h.Get("X-RateLimit-Remaining") != "8" || err != nil || reset < 60 || reset > 61 {
				t.Errorf("%v", h)
			}
		})
	}
	stamped := Handler{Limits: narrow.Limits, XRateLimit: "timestamp"}
	before := time.Now().Unix()
	reset, err := strconv.ParseInt(ask(t, request{}, newHandler(t, stamped)).header.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil || reset < before+60 || reset > time.Now().Unix()+61 {
		t.Errorf("X-RateLimit-Reset %d, %v, at %d", reset, err, before)
	}
	if h := ask(t, request{}, newHandler(t, Handler{Limits: wide.Limits})).header; h.Get("X-RateLimit-Limit") != "" {
		t.Errorf("unasked: %v", h)
	}
}
