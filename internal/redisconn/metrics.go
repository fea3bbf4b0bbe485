package redisconn

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// Metrics are the figures of a client's pool of connections.
type Metrics []metric

type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*redis.PoolStats) float64
}

// NewMetrics returns the metrics whose names begin with the prefix, such as
// gate_redis.
func NewMetrics(prefix string) Metrics {
	figure := func(kind prometheus.ValueType, name, help string, value func(*redis.PoolStats) float64) metric {
		return metric{prometheus.NewDesc(prefix+"_"+name, help, nil, nil), kind, value}
	}
	return Metrics{
		figure(prometheus.GaugeValue, "connections", "Connections to Redis.",
			func(s *redis.PoolStats) float64 { return float64(s.TotalConns) }),
		figure(prometheus.GaugeValue, "idle_connections", "Connections to Redis that nobody uses.",
			func(s *redis.PoolStats) float64 { return float64(s.IdleConns) }),
		figure(prometheus.CounterValue, "connections_reused_total", "Commands that found a connection.",
			func(s *redis.PoolStats) float64 { return float64(s.Hits) }),
		figure(prometheus.CounterValue, "dials_total", "Commands that needed a new connection.",
			func(s *redis.PoolStats) float64 { return float64(s.Misses) }),
		figure(prometheus.CounterValue, "waits_total", "Commands that waited for a connection.",
			func(s *redis.PoolStats) float64 { return float64(s.WaitCount) }),
		figure(prometheus.CounterValue, "wait_seconds_total", "Time that commands waited for a connection.",
			func(s *redis.PoolStats) float64 { return time.Duration(s.WaitDurationNs).Seconds() }),
		figure(prometheus.CounterValue, "timeouts_total", "Commands that waited for a connection in vain.",
			func(s *redis.PoolStats) float64 { return float64(s.Timeouts) }),
		figure(prometheus.CounterValue, "stale_total", "Connections that were dropped as old or broken.",
			func(s *redis.PoolStats) float64 { return float64(s.StaleConns) }),
	}
}

// Describe sends what there is.
func (m Metrics) Describe(out chan<- *prometheus.Desc) {
	for _, one := range m {
		out <- one.desc
	}
}

// Collect sends the figures of clients, added up.
func (m Metrics) Collect(out chan<- prometheus.Metric, clients ...redis.UniversalClient) {
	for _, one := range m {
		sum := 0.0
		for _, client := range clients {
			sum += one.value(client.PoolStats())
		}
		out <- prometheus.MustNewConstMetric(one.desc, one.kind, sum)
	}
}

// Figures returns what a health report says of clients' pools, added up: how
// many connections there are and nobody uses, and how many commands have waited
// for one, in vain or not.
func Figures(clients ...redis.UniversalClient) map[string]any {
	var sum redis.PoolStats
	for _, client := range clients {
		stats := client.PoolStats()
		sum.TotalConns += stats.TotalConns
		sum.IdleConns += stats.IdleConns
		sum.WaitCount += stats.WaitCount
		sum.Timeouts += stats.Timeouts
	}
	return map[string]any{
		"connections": sum.TotalConns, "idle": sum.IdleConns, "waits": sum.WaitCount, "timeouts": sum.Timeouts,
	}
}

// Collector shows the metrics of clients, added up.
type Collector struct {
	Metrics Metrics
	Clients []redis.UniversalClient
}

// Describe implements [prometheus.Collector].
func (c Collector) Describe(out chan<- *prometheus.Desc) { c.Metrics.Describe(out) }

// Collect implements [prometheus.Collector].
func (c Collector) Collect(out chan<- prometheus.Metric) { c.Metrics.Collect(out, c.Clients...) }
