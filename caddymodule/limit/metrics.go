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

	held = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "gate_limit_in_flight",
		Help: "Requests under way in this gateway that a limit with in_flight counts.",
	}, []string{"limit"})

	waiting = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "gate_limit_waiting",
		Help: "Requests that wait in the queue of a limit.",
	}, []string{"limit"})

	queued = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_limit_queued_total",
		Help: "Requests that a queue was for, by the limit and by what became of them: served, full, late, left, stopped, or refused.",
	}, []string{"limit", "result"})

	waitedSeconds = prometheus.NewHistogram(metric.Seconds("gate_limit_waited_seconds",
		"How long requests waited in queues of limits, however it ended.",
		1e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300))

	collectors = []prometheus.Collector{decisions, seconds, storeErrors, listed, values, settlements, held, waiting, queued, waitedSeconds}
)

func (h *Handler) count(a *admission) {
	degraded := false
	for i, s := range a.states {
		if a.allowed && !s.Refused {
			h.Limits[a.of[i]].allowed.Inc()
		} else {
			decisions.WithLabelValues(s.Limit.Name, result(s)).Inc()
		}
		degraded = degraded || s.Degraded
	}
	if degraded {
		storeErrors.Inc()
	}
}

// underWay counts a request under way, or one no longer under way.
func (h *Handler) underWay(a *admission, by float64) {
	for i, s := range a.states {
		if atOnce(s) && !s.Refused {
			h.Limits[a.of[i]].held.Add(by)
		}
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
