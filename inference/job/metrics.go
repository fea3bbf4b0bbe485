package job

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/redisconn"
)

// Collector shows the figures of a queue as metrics.
type Collector struct {
	// Queue returns the queue, nil while it is not open.
	Queue func() Queue
}

// collectTimeout is how long the queue may take to count.
const collectTimeout = time.Second

var itemsDesc = prometheus.NewDesc("inference_job_items", "Items of jobs that are open, in the whole queue.", []string{"state"}, nil)

const gauge = prometheus.GaugeValue

var (
	queueUpDesc = prometheus.NewDesc("inference_queue_up", "1 while the queue in Redis takes jobs.", nil, nil)

	connectionMetrics = redisconn.NewMetrics("inference_queue")
)

// Describe implements [prometheus.Collector].
func (c Collector) Describe(out chan<- *prometheus.Desc) {
	out <- itemsDesc
	out <- queueUpDesc
	connectionMetrics.Describe(out)
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
	connectionMetrics.Collect(out, q.client)
}
