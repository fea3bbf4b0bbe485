package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/odordiff/odordiff/internal/tracing"
)

// metrics has a registry of its own, so that several servers in one process do
// not collide.
type metrics struct {
	handler  http.Handler
	routes   map[string]bool
	requests *prometheus.CounterVec
	duration prometheus.Histogram
	items    *prometheus.CounterVec
}

func newMetrics(admission *admission, more []prometheus.Collector) *metrics {
	m := &metrics{
		routes: map[string]bool{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "inference_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "inference_generate_seconds", Help: "Time to answer a prompt, waiting included.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16),
		}),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "inference_job_attempts_total", Help: "Attempts at prompts of jobs, by how they ended.",
		}, []string{"result"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(more...)
	registry.MustRegister(m.requests, m.duration, m.items,
		gauge("inference_running", "Requests that are worked on.", admission.running),
		gauge("inference_waiting", "Requests that wait for their turn.", admission.waiting))
	// only OpenMetrics has exemplars
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
	return m
}

func gauge(name, help string, value func() int) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
}

// serve answers GET /metrics in the Prometheus text format.
func (m *metrics) serve(w http.ResponseWriter, r *http.Request) error {
	m.handler.ServeHTTP(w, r)
	return nil
}

// know lets a path be the value of a label. It is called before the first
// request.
func (m *metrics) know(path string) { m.routes[path] = true }

// route returns the path of a request as it was declared. A path of the
// client's choice is no label.
func (m *metrics) route(r *http.Request) string {
	if m.routes[r.Pattern] {
		return r.Pattern
	}
	return "other"
}

func (m *metrics) observe(r *http.Request, status int, took time.Duration) {
	route := m.route(r)
	if route == "/api/v1/generate" {
		tracing.Observe(r.Context(), m.duration, took.Seconds())
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
}
