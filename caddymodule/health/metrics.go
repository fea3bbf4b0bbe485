package health

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/healthcheck"
)

var checkStatus = prometheus.NewDesc(
	"gate_health_check_status",
	"Status of each health check: 0 ok, 1 degraded, 2 failed. A check of which nothing is known is left out.",
	[]string{"check"}, nil,
)

// collector reports the checks at each scrape, so that the figures are current
// even if no probe asks. A slow check must not delay the other metrics: for
// that one, it reports the last result.
type collector struct {
	registry *healthcheck.Registry
	maxWait  time.Duration
}

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) { ch <- checkStatus }

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), c.maxWait)
	defer cancel()
	for _, state := range c.registry.Report(ctx).Checks {
		if state.Status == healthcheck.Unknown {
			continue
		}
		ch <- prometheus.MustNewConstMetric(checkStatus, prometheus.GaugeValue, float64(state.Status), state.Name)
	}
}
