package limit

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/metric"
	"github.com/odordiff/odordiff/internal/window"
)

var (
	decisions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_limit_decisions_total",
		Help: "Charges by limit: allowed, refused, shadow (would have been refused), or spared because another limit refused.",
	}, []string{"limit", "result"})

	seconds = prometheus.NewHistogram(metric.Seconds("gate_limit_decision_seconds",
		"How long the decision over all limits of a request took.",
		1e-6, 5e-6, 25e-6, 1e-4, 25e-5, 5e-4, 1e-3, 25e-4, 5e-3, 1e-2, 25e-3, 5e-2, 1e-1, 25e-2))

	storeErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "gate_limit_store_errors_total",
		Help: "Decisions that Redis did not make, so that each limit's on_error applied.",
	})

	listed = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_limit_listed_total",
		Help: "Requests whose address, principal or key is on a list: allow or deny.",
	}, []string{"list", "by"})

	values = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_limit_values_total",
		Help: "Values that a limit takes from requests and could not take as they were: absent or invalid, so that the default held, or clamped.",
	}, []string{"limit", "option", "result"})

	settlements = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_limit_settlements_total",
		Help: "Reservations by limit: settled, kept (the answer had no figure), unreadable (it was compressed), or failed (the store's fault).",
	}, []string{"limit", "result"})

	collectors = []prometheus.Collector{decisions, seconds, storeErrors, listed, values, settlements}
)

func (h *Handler) count(b *bill, verdict window.Verdict) {
	degraded := false
	for i, s := range verdict.States {
		if verdict.Allowed && !s.Refused {
			h.Limits[b.of[i]].allowed.Inc()
		} else {
			decisions.WithLabelValues(s.Limit.Name, result(s)).Inc()
		}
		degraded = degraded || s.Degraded
	}
	if degraded {
		storeErrors.Inc()
	}
}

const allowed = "allowed"

// result is what became of a charge that was not made.
func result(s window.State) string {
	switch {
	case s.Refused && s.Limit.Shadow:
		return "shadow"
	case s.Refused:
		return "refused"
	}
	return "spared"
}
