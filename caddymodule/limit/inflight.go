package limit

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/tracing"
	"github.com/odordiff/odordiff/internal/window"
)

// kind checks that the limit has a rate, or counts requests under way.
func (l *Limit) kind() error {
	switch {
	case l.Rate == "" && l.InFlight == nil:
		return errors.New("rate is missing: write for example: rate 60/1m, or in_flight 4")
	case l.Rate != "" && l.InFlight != nil:
		return errors.New("in_flight: the limit has a rate already; write another limit for how many may be under way at once")
	case l.InFlight != nil && l.ofWindow():
		return errors.New("in_flight: algorithm, burst, max_keys, lease, settle and unit go with a rate: leave them out")
	case l.InFlight != nil && (l.Cost != "1" || l.Items != "" || l.Tokens != nil || l.RateDefault != "" || l.RateMax != ""):
		return errors.New("in_flight: each request takes one place; what a request costs goes with a rate")
	}
	return nil
}

// ofWindow reports whether the limit has options that only a window has.
func (l *Limit) ofWindow() bool {
	return l.Algorithm != slidingWindow || l.Burst != nil || l.MaxKeys != nil && *l.MaxKeys != window.DefaultMaxKeys ||
		l.Lease != nil || len(l.Settle) > 0 || l.Unit != ""
}

// configureInFlight prepares the limit to count requests under way, and those
// that wait.
func (l *Limit) configureInFlight() {
	if l.InFlight != nil {
		l.atOnce = inflight.Limit{Name: l.Name, Max: int64(*l.InFlight), OnError: onErrors[l.OnError], Shadow: l.Shadow}
		l.held = held.WithLabelValues(l.Name)
	}
	if l.Queue != nil {
		l.waiting = waiting.WithLabelValues(l.Name)
	}
}

// provisionInFlight gets what limits of requests under way and queues need.
func (h *Handler) provisionInFlight(ctx caddy.Context, app *gate.App) {
	h.inFlight, h.shared = app.InFlight()
	h.queue = app.Queue()
	server, ok := ctx.Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if !ok || !h.queues() {
		return
	}
	server.RegisterOnShutdown(func() {
		// After a reload the lines go on. A process that exits waits for its
		// requests, so it must not let them wait.
		if caddy.Exiting() {
			app.Queue().Close()
		}
	})
}

func (h *Handler) queues() bool {
	for i := range h.Limits {
		if h.Limits[i].Queue != nil {
			return true
		}
	}
	return false
}

// asWindow returns the state of a limit of requests under way as that of a
// window of no length.
func asWindow(s inflight.State) window.State {
	return window.State{
		Limit:     windowOf(s.Limit),
		Remaining: max(0, s.Limit.Max-s.Held),
		Refused:   s.Refused,
		Degraded:  s.Degraded,
		Lifted:    s.Lifted,
	}
}

func windowOf(l inflight.Limit) window.Limit {
	return window.Limit{Name: l.Name, Rate: l.Max, OnError: l.OnError, Shadow: l.Shadow}
}

// atOnce reports whether the state is of a limit of requests under way.
func atOnce(s window.State) bool { return s.Limit.Window == 0 }

// admission is how a request was let in, or that it was not.
type admission struct {
	// states are those of the limits of the bill, in the order of their limits,
	// and of says which those are.
	states []window.State
	of     [window.MaxCharges]int
	// charged is the verdict over the charges alone.
	charged window.Verdict
	// allowed says that every limit had room.
	allowed bool
	// held is given back when the request ends.
	held *inflight.Slots
	// waited is nil if the request did not wait.
	waited *waited
}

// attempt takes places and then makes the charges, or does neither.
func (h *Handler) attempt(r *http.Request, b *bill) (a admission, err error) {
	start := time.Now()
	defer func() { tracing.Observe(r.Context(), seconds, time.Since(start).Seconds()) }()
	places := inflight.Verdict{Allowed: true}
	if len(b.demands) > 0 {
		if a.held, places, err = h.inFlight.Acquire(r.Context(), b.demands); err != nil {
			return a, err
		}
	}
	charges := b.charges
	if !places.Allowed {
		charges = forNothing(charges) // only to say what is left
	}
	charged := window.Verdict{Allowed: true}
	if len(charges) > 0 {
		if charged, err = h.store.Decide(r.Context(), charges); err != nil {
			h.release(b, a.held)
			return admission{}, err
		}
	}
	if !charged.Allowed && a.held != nil {
		h.release(b, a.held)
		a.held = nil
		for i := range places.States {
			if !places.States[i].Refused {
				places.States[i].Held--
			}
		}
	}
	a.allowed, a.charged = places.Allowed && charged.Allowed, charged
	a.merge(b, charged.States, places.States)
	return a, nil
}

// forNothing returns the charges with a cost of zero, which changes nothing.
func forNothing(charges []window.Charge) []window.Charge {
	free := make([]window.Charge, len(charges))
	for i, c := range charges {
		c.Cost = 0
		free[i] = c
	}
	return free
}

// release gives places back, and wakes those who wait for them.
func (h *Handler) release(b *bill, held *inflight.Slots) {
	if held == nil {
		return
	}
	held.Release()
	for _, d := range b.demands {
		h.queue.Wake(line(d.Limit.Name, 0, d.Key))
	}
}

// merge brings the states of charges and of demands into the order of their
// limits.
func (a *admission) merge(b *bill, charged []window.State, places []inflight.State) {
	if len(places) == 0 {
		a.states, a.of = charged, b.of
		return
	}
	a.states = make([]window.State, 0, len(charged)+len(places))
	n := 0
	for i, s := range places {
		for ; n < len(charged) && b.of[n] < b.places[i]; n++ {
			a.add(b.of[n], charged[n])
		}
		a.add(b.places[i], asWindow(s))
	}
	for ; n < len(charged); n++ {
		a.add(b.of[n], charged[n])
	}
}

// add adds the state of a limit.
func (a *admission) add(limit int, s window.State) {
	a.of[len(a.states)] = limit
	a.states = append(a.states, s)
}
