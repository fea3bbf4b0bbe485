package store

import "github.com/prometheus/client_golang/prometheus"

// Collector shows the figures of a store as metrics.
type Collector struct {
	// Store returns the store, nil while it is not open.
	Store func() *Store
}

type metric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*Stats) float64
}

func counter(name, help string, value func(*Stats) float64) metric {
	return metric{prometheus.NewDesc(name, help, nil, nil), prometheus.CounterValue, value}
}

func gauge(name, help string, value func(*Stats) float64) metric {
	return metric{prometheus.NewDesc(name, help, nil, nil), prometheus.GaugeValue, value}
}

var up = prometheus.NewDesc("inference_store_up", "1 while the store is open and its last write went well.", nil, nil)

var metrics = []metric{
	counter("inference_store_connections_total", "Connections opened.", func(s *Stats) float64 { return float64(s.Connections) }),
	counter("inference_store_connections_reused_total", "Reads that found an idle connection.", func(s *Stats) float64 { return float64(s.Reused) }),
	counter("inference_store_connections_replaced_total", "Connections closed as old or broken.", func(s *Stats) float64 { return float64(s.Replaced) }),
	gauge("inference_store_reading", "Reads that are under way.", func(s *Stats) float64 { return float64(s.Reading) }),
	counter("inference_store_reads_total", "Reads begun.", func(s *Stats) float64 { return float64(s.Reads) }),
	counter("inference_store_read_waits_total", "Reads that waited for a connection.", func(s *Stats) float64 { return float64(s.Waits) }),
	counter("inference_store_read_wait_seconds_total", "Time that reads waited for a connection.", func(s *Stats) float64 { return s.Waited.Seconds() }),
	counter("inference_store_writes_total", "Writes that went to the disk.", func(s *Stats) float64 { return float64(s.Writes) }),
	counter("inference_store_commits_total", "Transactions that they shared.", func(s *Stats) float64 { return float64(s.Commits) }),
	counter("inference_store_commit_seconds_total", "Time of these transactions.", func(s *Stats) float64 { return s.Committing.Seconds() }),
	gauge("inference_store_writes_waiting", "Writes that wait for their turn.", func(s *Stats) float64 { return float64(s.Waiting) }),
	counter("inference_store_busy_total", "Operations that another process kept waiting for too long.", func(s *Stats) float64 { return float64(s.Busy) }),
	counter("inference_store_timeouts_total", "Callers that left before their turn.", func(s *Stats) float64 { return float64(s.Timeouts) }),
	counter("inference_store_faults_total", "Operations that the file or the disk made fail.", func(s *Stats) float64 { return float64(s.Faults) }),
	gauge("inference_store_bytes", "Size of the database.", func(s *Stats) float64 { return float64(s.Size) }),
	gauge("inference_store_quota_bytes", "Size that the database may have; 0 for any.", func(s *Stats) float64 { return float64(s.Quota) }),
	gauge("inference_store_log_bytes", "Size of its write-ahead log.", func(s *Stats) float64 { return float64(s.Log) }),
}

// Describe implements [prometheus.Collector].
func (c Collector) Describe(out chan<- *prometheus.Desc) {
	out <- up
	for _, m := range metrics {
		out <- m.desc
	}
}

// Collect implements [prometheus.Collector].
func (c Collector) Collect(out chan<- prometheus.Metric) {
	store := c.Store()
	if store == nil {
		out <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, 0)
		return
	}
	var well float64
	if store.Trouble() == nil {
		well = 1
	}
	out <- prometheus.MustNewConstMetric(up, prometheus.GaugeValue, well)
	stats := store.Stats()
	for _, m := range metrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(&stats))
	}
}
