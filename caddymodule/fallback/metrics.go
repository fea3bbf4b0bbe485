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

func init() {
	for _, rung := range []string{ladder.Live, ladder.Stale, ladder.Unavailable} {
		served.WithLabelValues(rung) // A rung that never served is 0, not absent.
	}
}

// countServed counts the rung that answered, if one did.
func countServed(o exchange.Outcome) {
	if o.ServedBy != "" {
		served.WithLabelValues(o.ServedBy).Inc()
	}
}
