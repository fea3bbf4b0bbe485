package health

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/healthcheck"
)

var checkStatus = prometheus.NewDesc(
	"gate_health_check_status",
	"Status of each health check: 0 ok, 1 degraded, 2 failed.",
	[]string{"check"}, nil,
)

// collector reports the checks at each scrape, so that the figures are never
// older than the checks' interval, even where no probe asks.
type collector struct{ registry *healthcheck.Registry }

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) { ch <- checkStatus }

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	for _, state := range c.registry.Report(context.Background()).Checks {
		ch <- prometheus.MustNewConstMetric(checkStatus, prometheus.GaugeValue, float64(state.Status), state.Name)
	}
}
