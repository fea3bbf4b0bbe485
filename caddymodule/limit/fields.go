package limit

import (
	"encoding/base64"
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
func (h *Handler) tell(response *exchange.Response, b *bill, a *admission) {
	if !slices.ContainsFunc(a.states, told) {
		return
	}
	var room [2][256]byte
	policies := append(room[0][:0], response.Get(policyField)...)
	limits := append(room[1][:0], response.Get(limitField)...)
	for i, s := range a.states {
		if !told(s) {
			continue
		}
		l, c := &h.Limits[a.of[i]], b.chargeOf(a.of[i])
		policies = l.appendPartition(l.appendPolicy(appendName(policies, l.Name), s), c)
		limits = l.appendPartition(appendState(appendName(limits, l.Name), s), c)
	}
	response.Set(policyField, h.policies.of(policies))
	response.Set(limitField, string(limits))
	if h.XRateLimit != "" {
		h.tellOldFields(response, a.states)
	}
}

// appendName begins another member of a list of structured fields (RFC 9651,
// section 3.1). The names of limits have nothing that a string must escape.
func appendName(list []byte, name string) []byte {
	if len(list) > 0 {
		list = append(list, ", "...)
	}
	return append(append(append(list, '"'), name...), '"')
}

// appendPolicy appends what a limit allows: q units in w seconds, and what the
// units are, or so many requests at once. Those of a token bucket are what it
// holds, and how long it takes to fill.
func (l *Limit) appendPolicy(list []byte, s window.State) []byte {
	if atOnce(s) {
		return append(appendParameter(list, 'q', s.Limit.Rate), `;qu="concurrent-requests"`...)
	}
	capacity := s.Limit.Capacity()
	list = appendParameter(list, 'q', capacity)
	if l.Unit != "" {
		list = append(append(append(list, `;qu="`...), l.Unit...), '"')
	}
	span := s.Limit.Window
	if capacity != s.Limit.Rate {
		span = time.Duration(float64(span) * float64(capacity) / float64(s.Limit.Rate))
	}
	return appendParameter(list, 'w', wholeSeconds(span))
}

// appendPartition appends whose window a charge is of, where that is told.
func (l *Limit) appendPartition(list []byte, c window.Charge) []byte {
	if !l.PartitionKey {
		return list
	}
	id := window.IDOf(c)
	list = append(list, ";pk=:"...)
	return append(base64.StdEncoding.AppendEncode(list, id[:]), ':')
}

// appendState appends what is left: r units, for t seconds.
func appendState(list []byte, s window.State) []byte {
	list = appendParameter(list, 'r', s.Remaining)
	if s.Reset > 0 {
		list = appendParameter(list, 't', effectiveWindow(s))
	}
	return list
}

// effectiveWindow returns for how many seconds the remaining units are meant.
// That is until more come back, but so long at least that nobody is invited to
// a higher pace than the rate's: the draft forbids to convey an unwanted volume
// of requests, which matters most in long windows (section 6). Of a refusal it
// is not longer than the wait.
func effectiveWindow(s window.State) int64 {
	atPace := int64(math.Ceil(float64(s.Remaining) / float64(s.Limit.Rate) * s.Limit.Window.Seconds()))
	if s.Refused && !s.Never {
		atPace = min(atPace, wholeSeconds(s.RetryAfter))
	}
	return max(atPace, wholeSeconds(s.Reset))
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
// refused. It shall not come back before least.
func (a *admission) exceeded(b *bill, least time.Duration) *problem.Problem {
	states := a.states
	var violated []string
	worst, reduced := -1, true
	for i, s := range states {
		if !s.Refused || s.Limit.Shadow {
			continue
		}
		violated = append(violated, s.Limit.Name)
		reduced = reduced && s.Degraded && s.Limit.Rate < b.chargeOf(a.of[i]).Limit.Rate
		if worst < 0 || worse(s, states[worst]) {
			worst = i
		}
	}
	detail := explain(states[worst], b.chargeOf(a.of[worst]).Cost)
	kind := problem.QuotaExceeded
	switch {
	case states[worst].Never:
		return problem.CostTooHigh.New(detail).With("violated-policies", violated).By(violated...)
	case reduced:
		kind = problem.ReducedCapacity
	}
	return kind.New(detail).With("violated-policies", violated).By(violated...).
		RetryAfter(jitter(max(states[worst].RetryAfter, least)))
}

// worse reports whether a refusal holds longer than another.
func worse(s, than window.State) bool {
	return s.Never && !than.Never || s.Never == than.Never && s.RetryAfter >= than.RetryAfter
}

func explain(s window.State, cost int64) string {
	if atOnce(s) {
		return fmt.Sprintf("the limit %q allows %d at once", s.Limit.Name, s.Limit.Rate)
	}
	if s.Limit.Rate == 0 { // an operator's override
		return fmt.Sprintf("the limit %q lets nothing pass for a time", s.Limit.Name)
	}
	allows := fmt.Sprintf("the limit %q allows %d in %d s", s.Limit.Name, s.Limit.Rate, wholeSeconds(s.Limit.Window))
	if cost > s.Limit.Capacity() {
		return fmt.Sprintf("%s altogether, but the request costs %d", allows, cost)
	}
	return allows
}

// jitter adds a random part of up to a tenth, at least a second and at most a
// minute, so that clients that were refused together do not come back together.
func jitter(d time.Duration) time.Duration {
	return d + rand.N(min(max(d/10, time.Second), time.Minute)) //nolint:gosec // jitter needs no secrecy
}
