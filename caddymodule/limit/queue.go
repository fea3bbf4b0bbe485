package limit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/queue"
	"github.com/odordiff/odordiff/internal/window"
)

const (
	// firstAsk and lastAsk are how long the first in a line waits between two
	// looks for a place that another gateway has given back. It gets longer.
	firstAsk = 50 * time.Millisecond
	lastAsk  = time.Second
	// longestExpected bounds what is guessed from the pace of a line.
	longestExpected = time.Minute
)

// admit lets the request in, at once or after it has waited.
func (h *Handler) admit(r *http.Request, x *exchange.Exchange, b *bill) (admission, error) {
	at := -1
	if b.queues {
		at = h.joins(b)
	}
	if at < 0 {
		a, err := h.attempt(r, b)
		if err != nil || a.allowed || !b.queues {
			return a, err
		}
		if at = h.waitsFor(&a, 0); at < 0 {
			return a, nil
		}
	}
	w := &wait{h: h, r: r, x: x, b: new(*b), at: at, began: time.Now()}
	return w.admit()
}

// joins returns the first of the limits for which others wait, whom the request
// must not overtake, or -1.
func (h *Handler) joins(b *bill) int {
	for i := range h.Limits {
		if h.Limits[i].Queue == nil {
			continue
		}
		if name, applies := b.line(i); applies && h.queue.Busy(name) {
			return i
		}
	}
	return -1
}

// waitsFor returns the limit in whose line a refused request is to wait, or -1
// if that is in vain: a limit that refuses has no queue, or will not have room
// in time for a request that has waited for so long already.
func (h *Handler) waitsFor(a *admission, already time.Duration) int {
	at := -1
	for i, s := range a.states {
		if !s.Refused || s.Limit.Shadow {
			continue
		}
		l := &h.Limits[a.of[i]]
		if l.Queue == nil || s.Never || already+s.RetryAfter > time.Duration(*l.Queue) {
			return -1
		}
		if at < 0 {
			at = a.of[i]
		}
	}
	return at
}

// wait is a request that waits.
type wait struct {
	h     *Handler
	r     *http.Request
	x     *exchange.Exchange
	b     *bill
	began time.Time

	// at is the limit in whose line it waits; -1 when it waits no more.
	at int
	// latest and err are of the latest attempt.
	latest admission
	err    error
	ask    time.Duration
}

// admit waits in the line of one limit, and then perhaps in that of another.
func (w *wait) admit() (admission, error) {
	done := &waited{}
	for w.at >= 0 && done.err == nil {
		was := w.at
		done.limit = &w.h.Limits[was]
		var report queue.Report
		report, done.err = w.stand()
		if done.report.Place == 0 || done.err != nil {
			done.report = report
		}
		if done.err != nil && w.latest.states == nil && w.r.Context().Err() == nil {
			w.latest = w.h.untried(w.r, w.b, was)
		}
	}
	done.took = time.Since(w.began)
	done.count(w.latest.allowed, w.r.Context().Err() != nil)
	if w.err == nil && done.err != nil {
		w.err = w.r.Context().Err()
	}
	w.latest.waited = done
	return w.latest, w.err
}

// stand waits in the line of one limit until an attempt succeeds, or shows that
// it is not this limit that refuses.
func (w *wait) stand() (queue.Report, error) {
	l := &w.h.Limits[w.at]
	ctx, cancel := context.WithDeadline(w.r.Context(), w.began.Add(time.Duration(*l.Queue)))
	defer cancel()
	l.waiting.Inc()
	defer l.waiting.Dec()
	name, _ := w.b.line(w.at)
	w.ask = firstAsk
	return w.h.queue.Wait(ctx, queue.Spot{Line: name, Party: party(l, w.x), Size: *l.QueueSize}, w.try)
}

// try is called when the request is the first in its line.
func (w *wait) try() (done bool, again time.Duration) {
	was := w.at
	w.at = -1
	w.latest, w.err = w.h.attempt(w.r, w.b)
	if w.err != nil || w.latest.allowed {
		return true, 0
	}
	if w.at = w.h.waitsFor(&w.latest, time.Since(w.began)); w.at != was {
		return true, 0
	}
	state := w.latest.states[slices.Index(w.latest.of[:], was)]
	if !atOnce(state) {
		return false, max(state.RetryAfter, time.Millisecond)
	}
	if !w.h.shared {
		return false, 0 // who gives a place back wakes the line
	}
	again = w.ask*3/4 + rand.N(w.ask/2) //nolint:gosec // jitter needs no secrecy
	w.ask = min(2*w.ask, lastAsk)
	return false, again
}

// untried returns the admission of a request that was turned away before any
// attempt, because others waited for the limit at.
func (h *Handler) untried(r *http.Request, b *bill, at int) (a admission) {
	if len(b.charges) > 0 {
		left, err := h.store.Decide(r.Context(), forNothing(b.charges))
		if err == nil {
			a.states, a.of = left.States, b.of
		}
	}
	for i := range a.states {
		a.states[i].Refused = a.of[i] == at
	}
	for i, d := range b.demands {
		if b.places[i] == at {
			a.add(at, window.State{Limit: windowOf(d.Limit), Refused: true})
		}
	}
	return a
}

// line names the line of those who wait for a key of a limit. The window is
// zero if it is of requests under way.
func line(limit string, window time.Duration, key string) string {
	return limit + "\n" + strconv.FormatInt(int64(window), 36) + "\n" + key
}

// line returns the line of a limit for this request, if the limit applies.
func (b *bill) line(limit int) (name string, applies bool) {
	for i, c := range b.charges {
		if b.of[i] == limit {
			return line(c.Limit.Name, c.Limit.Window, c.Key), true
		}
	}
	for i, d := range b.demands {
		if b.places[i] == limit {
			return line(d.Limit.Name, 0, d.Key), true
		}
	}
	return "", false
}

// party is who waits: the principal, or else the client's address. Parties take
// turns.
func party(l *Limit, x *exchange.Exchange) string {
	if x.Principal != nil {
		return "principal:" + x.Principal.Key()
	}
	return "address:" + l.mask(x.ClientIP)
}

// waited is how a request fared that waited.
type waited struct {
	// limit is the one in whose line it was last.
	limit  *Limit
	report queue.Report
	took   time.Duration
	// err is why it waited no longer, though it was not let in.
	err error
}

// count counts what became of the waiting.
func (w *waited) count(allowed, left bool) {
	result := "refused" // by another limit, or it would have been in vain
	switch {
	case left && !allowed:
		result = "left"
	case allowed:
		result = "served"
	case errors.Is(w.err, queue.ErrFull):
		result = "full"
	case errors.Is(w.err, queue.ErrClosed):
		result = "stopped"
	case w.err != nil:
		result = "late"
	}
	queued.WithLabelValues(w.limit.Name, result).Inc()
	waitedSeconds.Observe(w.took.Seconds())
}

// Finish implements [exchange.Finisher]: it tells how long the request waited.
func (w *waited) Finish(_ int, header http.Header) {
	value := fmt.Sprintf(`queue;dur=%d;desc="place %d of %s"`, w.took.Milliseconds(), w.report.Place, w.limit.Name)
	if !slices.Contains(header["Server-Timing"], value) {
		header["Server-Timing"] = append(header["Server-Timing"], value)
	}
}

// refusal returns the problem of a request that is not let in.
func (a *admission) refusal(b *bill) *problem.Problem {
	w := a.waited
	if w == nil {
		return a.exceeded(b, 0)
	}
	if errors.Is(w.err, queue.ErrClosed) {
		return problem.Overloaded.New("The gateway is about to stop, and the request still waited for its turn. Send it again.").
			RetryAfter(jitter(0)).By(w.limit.Name)
	}
	p := a.exceeded(b, min(w.report.Expected, longestExpected))
	switch {
	case errors.Is(w.err, queue.ErrFull):
		p.Detail += fmt.Sprintf(", and %d of yours or 10000 in all wait already", *w.limit.QueueSize)
	case w.err != nil:
		p.Detail += fmt.Sprintf("; after %d s the request was still number %d in the queue", wholeSeconds(w.took), w.report.Place)
	}
	return p.With("queue", map[string]int{"place": w.report.Place, "waiting": w.report.Waiting})
}

// Interface guard
var _ exchange.Finisher = (*waited)(nil)
