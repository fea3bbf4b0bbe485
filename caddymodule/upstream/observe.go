package upstream

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/audit"
	"github.com/odordiff/odordiff/internal/breaker"
	"github.com/odordiff/odordiff/internal/healthcheck"
	"github.com/odordiff/odordiff/internal/metric"
)

var (
	states = &stateCollector{desc: prometheus.NewDesc("gate_breaker_state",
		"State of each upstream's breaker: 0 closed, 1 half-open, 2 open.", []string{"breaker"}, nil)}

	transitions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "gate_breaker_transitions_total",
		Help: "Changes of each upstream's breaker by the state it entered.",
	}, []string{"breaker", "to"})
)

// attemptSeconds is the rate, the errors and the duration of attempts.
var (
	attemptSeconds = prometheus.NewHistogramVec(metric.Seconds("gate_attempt_seconds",
		"How long attempts on upstreams took until the header of the answer, by the class of its status, or where there was none by why: connection, timeout, unsent, client_left.",
		.001, .005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60), []string{"result"})

	answers = metric.NewByClass(func(class string) prometheus.Observer { return attemptSeconds.WithLabelValues(class) })
)

// stateCollector reads the breakers at each scrape, so that it is always
// current and keeps no breaker that is gone.
type stateCollector struct {
	desc     *prometheus.Desc
	breakers atomic.Pointer[breaker.Registry]
}

func (c *stateCollector) watch(breakers *breaker.Registry) { c.breakers.Store(breakers) }

// Describe implements prometheus.Collector.
func (c *stateCollector) Describe(descs chan<- *prometheus.Desc) { descs <- c.desc }

// Collect implements prometheus.Collector.
func (c *stateCollector) Collect(metrics chan<- prometheus.Metric) {
	breakers := c.breakers.Load()
	if breakers == nil {
		return
	}
	for _, b := range breakers.Snapshots() {
		metrics <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(b.State), b.ID)
	}
}

// observe counts and logs a change of a breaker. It outlives every config, so
// it uses the logger of the running one.
func observe(change breaker.Change) {
	transitions.WithLabelValues(change.Breaker, change.To.String()).Inc()
	gate.Record(audit.Event{Name: "breaker.changed", Fields: []audit.Field{
		audit.Text("name", change.Breaker), audit.Text("from", change.From.String()), audit.Text("to", change.To.String()),
	}})
	logger := caddy.Log().Named("gate.breaker").With(
		zap.String("breaker", change.Breaker), zap.Stringer("from", change.From))
	if change.To == breaker.Open {
		logger.Warn("breaker is open", zap.Error(change.Cause))
		return
	}
	logger.Info("breaker is " + change.To.String())
}

// forget removes the series of a breaker that is gone, so that upstreams that
// come and go do not accumulate.
func forget(id string) { transitions.DeletePartialMatch(prometheus.Labels{"breaker": id}) }

// check is the health check of all breakers. A failed upstream only degrades
// the service: others, or the ladder, answer in its place.
func check(breakers *breaker.Registry) healthcheck.Check {
	return healthcheck.Check{
		Name: "breakers",
		Run: func(context.Context) healthcheck.Result {
			return assess(breakers.Snapshots())
		},
	}
}

func assess(all []breaker.Snapshot) healthcheck.Result {
	var out []string
	data := make(map[string]any, len(all))
	for _, b := range all {
		data[b.ID] = b
		if b.State != breaker.Closed {
			out = append(out, b.ID+" is "+b.State.String())
		}
	}
	if len(out) == 0 {
		return healthcheck.Result{Detail: fmt.Sprintf("%d closed", len(all)), Data: data}
	}
	return healthcheck.Result{Status: healthcheck.Degraded, Detail: strings.Join(out, ", "), Data: data}
}
