package job

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// Collector shows the figures of a queue as metrics.
type Collector struct {
	// Queue returns the queue, nil while it is not open.
	Queue func() Queue
}

// collectTimeout is how long the queue may take to count.
const collectTimeout = time.Second

var itemsDesc = prometheus.NewDesc("inference_job_items", "Items of jobs that are open, in the whole queue.", []string{"state"}, nil)

// connectionMetric is a figure of the connections to a server.
type connectionMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*redis.PoolStats) float64
}

func connectionFigure(kind prometheus.ValueType, name, help string, value func(*redis.PoolStats) float64) connectionMetric {
	return connectionMetric{prometheus.NewDesc(name, help, nil, nil), kind, value}
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

var (
	queueUpDesc = prometheus.NewDesc("inference_queue_up", "1 while the queue in Redis takes jobs.", nil, nil)

	connectionMetrics = []connectionMetric{
		connectionFigure(gauge, "inference_queue_connections", "Connections to Redis.",
			func(s *redis.PoolStats) float64 { return float64(s.TotalConns) }),
		connectionFigure(gauge, "inference_queue_idle_connections", "Connections to Redis that nobody uses.",
			func(s *redis.PoolStats) float64 { return float64(s.IdleConns) }),
		connectionFigure(counter, "inference_queue_connections_reused_total", "Commands that found a connection.",
			func(s *redis.PoolStats) float64 { return float64(s.Hits) }),
		connectionFigure(counter, "inference_queue_dials_total", "Commands that needed a new connection.",
			func(s *redis.PoolStats) float64 { return float64(s.Misses) }),
		connectionFigure(counter, "inference_queue_waits_total", "Commands that waited for a connection.",
			func(s *redis.PoolStats) float64 { return float64(s.WaitCount) }),
		connectionFigure(counter, "inference_queue_wait_seconds_total", "Time that commands waited for a connection.",
			func(s *redis.PoolStats) float64 { return time.Duration(s.WaitDurationNs).Seconds() }),
		connectionFigure(counter, "inference_queue_timeouts_total", "Commands that waited for a connection in vain.",
			func(s *redis.PoolStats) float64 { return float64(s.Timeouts) }),
		connectionFigure(counter, "inference_queue_stale_total", "Connections that were dropped as old or broken.",
			func(s *redis.PoolStats) float64 { return float64(s.StaleConns) }),
	}
)

// Describe implements [prometheus.Collector].
func (c Collector) Describe(out chan<- *prometheus.Desc) {
	out <- itemsDesc
	out <- queueUpDesc
	for _, m := range connectionMetrics {
		out <- m.desc
	}
}

// Collect implements [prometheus.Collector].
func (c Collector) Collect(out chan<- prometheus.Metric) {
	queue := c.Queue()
	if queue == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	if waiting, running, err := queue.Depth(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(itemsDesc, gauge, float64(waiting), "waiting")
		out <- prometheus.MustNewConstMetric(itemsDesc, gauge, float64(running), "running")
	}
	if q, ok := queue.(*Redis); ok {
		q.collect(ctx, out)
	}
}

func (q *Redis) collect(ctx context.Context, out chan<- prometheus.Metric) {
	var up float64
	if q.probe(ctx) == nil {
		up = 1
	}
	out <- prometheus.MustNewConstMetric(queueUpDesc, gauge, up)
	stats := q.client.PoolStats()
	for _, m := range connectionMetrics {
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(stats))
	}
}
