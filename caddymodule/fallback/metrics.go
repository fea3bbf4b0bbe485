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

// servedByRung are the counters, found once. A rung that never served is 0, not
// absent.
var servedByRung = map[string]prometheus.Counter{
	ladder.Live:        served.WithLabelValues(ladder.Live),
	ladder.Stale:       served.WithLabelValues(ladder.Stale),
	ladder.Unavailable: served.WithLabelValues(ladder.Unavailable),
}

var (
	staleAnswers = prometheus.NewDesc("gate_stale_answers", "Answers that are kept, some of which may be too old to be served.", nil, nil)
	staleBytes   = prometheus.NewDesc("gate_stale_bytes", "Memory that they take.", nil, nil)
	staleBound   = prometheus.NewDesc("gate_stale_bound_bytes", "Memory that they may take.", nil, nil)
)

// staleCollector reports all open stores together at each scrape.
type staleCollector struct{}

// Describe implements prometheus.Collector.
func (staleCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{staleAnswers, staleBytes, staleBound} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (staleCollector) Collect(metrics chan<- prometheus.Metric) {
	var answers, bytes, bound float64
	stores.Each(func(store *ladder.Store) {
		answers += float64(store.Len())
		bytes += float64(store.Size())
		bound += float64(store.Limits().MaxSize)
	})
	for desc, value := range map[*prometheus.Desc]float64{staleAnswers: answers, staleBytes: bytes, staleBound: bound} {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
}

// countServed counts the rung that answered, if one did.
func countServed(o exchange.Outcome) {
	if counter, ok := servedByRung[o.ServedBy]; ok {
		counter.Inc()
	}
}
