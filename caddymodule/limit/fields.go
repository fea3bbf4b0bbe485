package limit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/window"
)

// The fields of draft-ietf-httpapi-ratelimit-headers.
const (
	policyField = "RateLimit-Policy"
	limitField  = "RateLimit"
)

// tell adds the limits to those of earlier handlers in the chain. Whatever
// response is sent at last has them.
func tell(response *exchange.Response, states []window.State) {
	if len(states) == 0 {
		return
	}
	var policies, limits httpsfv.List
	for _, s := range states {
		policies = append(policies, policyItem(s.Limit))
		limits = append(limits, limitItem(s))
	}
	extend(response, policyField, policies)
	extend(response, limitField, limits)
}

// policyItem renders what a limit allows: q units in w seconds.
func policyItem(l window.Limit) httpsfv.Item {
	item := httpsfv.NewItem(l.Name)
	item.Params.Add("q", l.Rate)
	item.Params.Add("w", wholeSeconds(l.Window))
	return item
}

// limitItem renders what is left: r units, and more in t seconds.
func limitItem(s window.State) httpsfv.Item {
	item := httpsfv.NewItem(s.Limit.Name)
	item.Params.Add("r", s.Remaining)
	if s.Reset > 0 {
		item.Params.Add("t", wholeSeconds(s.Reset))
	}
	return item
}

func extend(response *exchange.Response, field string, list httpsfv.List) {
	text, err := httpsfv.Marshal(list)
	if err != nil {
		// Names and numbers are checked when the config is loaded.
		panic(fmt.Sprintf("limit: rendering %s: %v", field, err))
	}
	if told := response.Get(field); told != "" {
		text = told + ", " + text
	}
	response.Set(field, text)
}

// wholeSeconds rounds up, so that a client that waits that long has waited long
// enough.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

// exceeded returns the problem of a request that at least one limit has
// refused.
func exceeded(states []window.State, charges []window.Charge) *problem.Problem {
	costs := make(map[string]int64, len(charges))
	for _, c := range charges {
		costs[c.Limit.Name] = c.Cost
	}
	var violated []string
	var worst window.State
	for _, s := range states {
		if !s.Refused {
			continue
		}
		violated = append(violated, s.Limit.Name)
		if s.Never && !worst.Never || s.Never == worst.Never && s.RetryAfter >= worst.RetryAfter {
			worst = s
		}
	}
	detail := explain(worst, costs[worst.Limit.Name])
	if worst.Never {
		return problem.CostTooHigh.New(detail).With("violated-policies", violated).By(violated...)
	}
	return problem.QuotaExceeded.New(detail).With("violated-policies", violated).By(violated...).
		RetryAfter(jitter(worst.RetryAfter))
}

func explain(s window.State, cost int64) string {
	allows := fmt.Sprintf("the limit %q allows %d in %d s", s.Limit.Name, s.Limit.Rate, wholeSeconds(s.Limit.Window))
	if cost > s.Limit.Rate {
		return fmt.Sprintf("%s altogether, but the request costs %d", allows, cost)
	}
	return allows
}

// jitter adds a random part of up to a tenth, at least a second and at most a
// minute, so that clients that were refused together do not come back together.
func jitter(d time.Duration) time.Duration {
	return d + rand.N(min(max(d/10, time.Second), time.Minute)) //nolint:gosec // jitter needs no secrecy
}
