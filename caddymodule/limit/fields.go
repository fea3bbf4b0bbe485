package limit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/window"
)

// The fields of draft-ietf-httpapi-ratelimit-headers, as net/http spells them.
const (
	policyField = "Ratelimit-Policy"
	limitField  = "Ratelimit"
)

// tell adds the limits to those of earlier handlers in the chain. Whatever
// response is sent at last has them.
func (h *Handler) tell(response *exchange.Response, states []window.State) {
	if !slices.ContainsFunc(states, told) {
		return
	}
	var room [2][256]byte
	policies := append(room[0][:0], response.Get(policyField)...)
	limits := append(room[1][:0], response.Get(limitField)...)
	for _, s := range states {
		if told(s) {
			policies = appendPolicy(appendName(policies, s.Limit.Name), s)
			limits = appendState(appendName(limits, s.Limit.Name), s)
		}
	}
	response.Set(policyField, h.policies.of(policies))
	response.Set(limitField, string(limits))
}

// appendName begins another member of a list of structured fields (RFC 9651,
// section 3.1). The names of limits have nothing that a string must escape.
func appendName(list []byte, name string) []byte {
	if len(list) > 0 {
		list = append(list, ", "...)
	}
	return append(append(append(list, '"'), name...), '"')
}

// appendPolicy appends what a limit allows: q units in w seconds.
func appendPolicy(list []byte, s window.State) []byte {
	list = appendParameter(list, 'q', s.Limit.Rate)
	return appendParameter(list, 'w', wholeSeconds(s.Limit.Window))
}

// appendState appends what is left: r units, and more in t seconds.
func appendState(list []byte, s window.State) []byte {
	list = appendParameter(list, 'r', s.Remaining)
	if s.Reset > 0 {
		list = appendParameter(list, 't', wholeSeconds(s.Reset))
	}
	return list
}

func appendParameter(list []byte, name byte, value int64) []byte {
	return strconv.AppendInt(append(list, ';', name, '='), value, 10)
}

// lastText keeps the last text that was made: the policies of a handler are
// nearly always the same.
type lastText struct{ text atomic.Pointer[string] }

func (l *lastText) of(text []byte) string {
	if last := l.text.Load(); last != nil && *last == string(text) {
		return *last
	}
	made := string(text)
	l.text.Store(&made)
	return made
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
		if !s.Refused || s.Limit.Shadow {
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
	if s.Limit.Rate == 0 { // an operator's override
		return fmt.Sprintf("the limit %q lets nothing pass for a time", s.Limit.Name)
	}
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
