package gate

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/internal/metric"
)

var (
	auditRecorded = prometheus.NewDesc("gate_audit_events_total",
		"Events for the audit trail, by what came of them: recorded, or lost.", []string{"result"}, nil)
	auditFailing = prometheus.NewDesc("gate_audit_failing",
		"1 while the audit trail cannot be written; else 0.", nil, nil)
	auditBytes = prometheus.NewDesc("gate_audit_bytes",
		"Size of the segments of the audit trail.", nil, nil)
	auditQuota = prometheus.NewDesc("gate_audit_quota_bytes",
		"Size that the segments of the audit trail may have; 0 for any.", nil, nil)
	auditCommits = prometheus.NewHistogram(metric.Seconds("gate_audit_commit_seconds",
		"Time to write a group of events and to bring it to the disk.",
		.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1))
)

// auditCollector reports the state of a config's trail at each scrape.
type auditCollector struct{ auditing *auditing }

// Describe implements prometheus.Collector.
func (auditCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{auditRecorded, auditFailing, auditBytes, auditQuota} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (c auditCollector) Collect(metrics chan<- prometheus.Metric) {
	status := c.auditing.Status()
	send := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, kind, value, labels...)
	}
	failing := 0.0
	if status.Err != nil {
		failing = 1
	}
	send(auditRecorded, prometheus.CounterValue, float64(status.Recorded), "recorded")
	send(auditRecorded, prometheus.CounterValue, float64(status.Lost), "lost")
	send(auditFailing, prometheus.GaugeValue, failing)
	send(auditBytes, prometheus.GaugeValue, float64(status.Bytes))
	send(auditQuota, prometheus.GaugeValue, float64(status.Quota))
}
