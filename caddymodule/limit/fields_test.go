package limit

import (
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
		return window.State{
			Limit: window.Limit{
				Name:   rapid.StringMatching(validName.String()).Draw(t, "name"),
				Rate:   rapid.Int64Range(1, window.MaxRate).Draw(t, "rate"),
				Window: time.Duration(rapid.Int64Range(int64(window.MinWindow), int64(window.MaxWindow)).Draw(t, "window")),
				Shadow: rapid.IntRange(0, 4).Draw(t, "shadow") == 0,
			},
			Remaining: rapid.Int64Range(0, window.MaxRate).Draw(t, "remaining"),
			Reset:     time.Duration(rapid.Int64Range(0, int64(window.MaxWindow)).Draw(t, "reset")),
			Lifted:    rapid.IntRange(0, 4).Draw(t, "lifted") == 0,
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		response := new(exchange.Response)
		var policies, limits httpsfv.List
		for range rapid.IntRange(1, 3).Draw(t, "handlers") {
			states := rapid.SliceOfN(state, 1, 4).Draw(t, "states")
			(&Handler{policies: new(lastText)}).tell(response, states)
			for _, s := range states {
				if s.Limit.Shadow || s.Lifted {
					continue
				}
				policy, limit := httpsfv.NewItem(s.Limit.Name), httpsfv.NewItem(s.Limit.Name)
				policy.Params.Add("q", s.Limit.Rate)
				policy.Params.Add("w", wholeSeconds(s.Limit.Window))
				limit.Params.Add("r", s.Remaining)
				if s.Reset > 0 {
					limit.Params.Add("t", wholeSeconds(s.Reset))
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
