package policy

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/metric"
)

// The results of a request.
const (
	resultAllow       = "allow"
	resultDeny        = "deny"
	resultMalformed   = "malformed"
	resultInvalid     = "invalid"
	resultUnavailable = "unavailable"
	resultAbandoned   = "abandoned"
)

var (
	decisions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_policy_decisions_total",
		Help: "Requests by what became of them: allow, deny, malformed (no JSON), invalid (schema), unavailable (no decision), abandoned (the client left).",
	}, []string{"result"})
	allowed     = decisions.WithLabelValues(resultAllow)
	evalSeconds = prometheus.NewHistogram(metric.Seconds("gate_policy_eval_seconds",
		"How long the policy took to decide, with normalising the texts.",
		25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3))
	observations = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_policy_observed_total",
		Help: "What rules in mode observe would have refused, by the id of the reason; other beyond 100 ids.",
	}, []string{"reason"})
	reloads = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_policy_reloads_total",
		Help: "Versions of a policy directory by what became of them: accepted or refused.",
	}, []string{"dir", "result"})
	lastAccepted = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "gate_policy_last_accepted_timestamp_seconds",
		Help: "When the directory was last put in force, or found to be in force again.",
	}, []string{"dir"})
	upToDate = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "gate_policy_up_to_date",
		Help: "1 while the directory is in force as it is, 0 while its newest version is refused.",
	}, []string{"dir"})
)

func registerMetrics(ctx caddy.Context) error {
	return gate.RegisterMetrics(ctx, decisions, evalSeconds, observations, reloads, lastAccepted, upToDate, revisionCollector{})
}

var (
	revision = prometheus.NewDesc("gate_policy_revision_info",
		"1, with the revision of the policy in force.", []string{"dir", "revision"}, nil)
	inForceSince = prometheus.NewDesc("gate_policy_in_force_since_timestamp_seconds",
		"When the revision in force became that.", []string{"dir"}, nil)
	refusedSince = prometheus.NewDesc("gate_policy_refused_since_timestamp_seconds",
		"Since when the directory is refused; left out while it is in force.", []string{"dir"}, nil)
)

// revisionCollector reports the policies in force at each scrape.
type revisionCollector struct{}

// Describe implements prometheus.Collector.
func (revisionCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{revision, inForceSince, refusedSince} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector.
func (revisionCollector) Collect(metrics chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	engines.Each(func(engine pooledEngine) {
		status := engine.Status()
		gauge(revision, 1, engine.dir, status.Revision)
		gauge(inForceSince, float64(status.LoadedAt.Unix()), engine.dir)
		if len(status.Faults) > 0 {
			gauge(refusedSince, float64(status.RefusedAt.Unix()), engine.dir)
		}
	})
}

func recordLive(dir string) {
	reloads.WithLabelValues(dir, "accepted").Inc()
	lastAccepted.WithLabelValues(dir).SetToCurrentTime()
	upToDate.WithLabelValues(dir).Set(1)
}

func recordRefused(dir string) {
	reloads.WithLabelValues(dir, "refused").Inc()
	upToDate.WithLabelValues(dir).Set(0)
}

// forgetMetrics removes the series of a directory that is no longer used.
func forgetMetrics(dir string) {
	labels := prometheus.Labels{"dir": dir}
	reloads.DeletePartialMatch(labels)
	lastAccepted.DeletePartialMatch(labels)
	upToDate.DeletePartialMatch(labels)
}
