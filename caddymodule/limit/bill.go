package limit

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/inflight"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/window"
)

// bill is what a request is charged.
type bill struct {
	charges []window.Charge
	// of says which of the handler's limits each charge is of.
	of [window.MaxCharges]int
	// demands are for the limits of requests under way, and places says which
	// those are.
	demands []inflight.Demand
	places  [window.MaxCharges]int
	// queues says that one of the limits has a queue.
	queues bool
}

// empty reports whether no limit applies.
func (b *bill) empty() bool { return len(b.charges)+len(b.demands) == 0 }

// chargeOf returns the charge of a limit. A place that a request takes is told
// as one, too.
func (b *bill) chargeOf(limit int) window.Charge {
	for i, c := range b.charges {
		if b.of[i] == limit {
			return c
		}
	}
	for i, d := range b.demands {
		if b.places[i] == limit {
			return window.Charge{Limit: windowOf(d.Limit), Key: d.Key, Cost: 1}
		}
	}
	return window.Charge{}
}

// charge makes the request's bill: a charge for each limit that applies. An
// error that is no problem comes from a matcher.
func (h *Handler) charge(r *http.Request, x *exchange.Exchange, b *bill) error {
	repl := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	b.charges = make([]window.Charge, 0, len(h.Limits))
	for i := range h.Limits {
		l := &h.Limits[i]
		if applies, err := l.applies(r); err != nil {
			return err
		} else if !applies {
			continue
		}
		if l.lists(l.Deny, repl) {
			listed.WithLabelValues(denyList, "key").Inc()
			return problem.SenderDenied.New("").By(l.Name)
		}
		if l.lists(l.Allow, repl) {
			listed.WithLabelValues(allowList, "key").Inc()
			continue
		}
		l.warnOfUnknown(repl, x, h.logger)
		b.queues = b.queues || l.Queue != nil
		if l.InFlight != nil {
			b.places[len(b.demands)] = i
			b.demands = append(b.demands, inflight.Demand{Limit: l.atOnce, Key: l.key(repl, x)})
			continue
		}
		items, refused := l.weigh(r, x)
		if refused != nil {
			return refused
		}
		b.of[len(b.charges)] = i
		b.charges = append(b.charges, window.Charge{Limit: l.forRequest(repl, h.logger), Key: l.key(repl, x), Cost: times(l.cost(repl, h.logger), items)})
	}
	return nil
}
