package fallback

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/ladder"
)

// served counts answers by the rung that gave them.
var served = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "gate_fallback_served_total",
	Help: "Requests by the rung of the ladder that answered them: live, stale or unavailable.",
}, []string{"rung"})

// servedByRung are the counters, found once. A rung that never served is 0, not
// absent.
var servedByRung = map[string]prometheus.Counter{
	ladder.Live:        served.WithLabelValues(ladder.Live),
	ladder.Stale:       served.WithLabelValues(ladder.Stale),
	ladder.Unavailable: served.WithLabelValues(ladder.Unavailable),
}

// countServed counts the rung that answered, if one did.
func countServed(o exchange.Outcome) {
	if counter, ok := servedByRung[o.ServedBy]; ok {
		counter.Inc()
	}
}
