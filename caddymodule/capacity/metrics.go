package capacity

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/slots"
)

var (
	connections = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gate_connections_open",
		Help: "Connections that gate_connections has let in and that are open.",
	})
	open = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gate_requests_open",
		Help: "Requests that gate_capacity has let in and that are not answered yet.",
	})
	queued = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gate_requests_waiting",
		Help: "Requests that wait for gate_capacity to let them in.",
	})
	refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_capacity_refused_total",
		Help: "Connections closed and requests refused because there were too many, of one address or in all.",
	}, []string{"what", "bound"})
	collectors = []prometheus.Collector{connections, open, queued, refused}
)

// reason is the label for why there was no slot.
func reason(err error) string {
	if errors.Is(err, slots.ErrEach) {
		return "per_address"
	}
	return "total"
}
