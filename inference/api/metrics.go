package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/odordiff/odordiff/internal/metric"
	"github.com/odordiff/odordiff/internal/tracing"
)

// metrics has a registry of its own, so that several servers in one process do
// not collide.
type metrics struct {
	handler  http.Handler
	routes   map[string]*metric.ByClass
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	waits    prometheus.Histogram
	items    *prometheus.CounterVec
}

func newMetrics(admission *admission, version string, more []prometheus.Collector) *metrics {
	m := &metrics{
		routes: map[string]*metric.ByClass{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "inference_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(metric.Seconds("inference_request_seconds",
			"How long requests took until the last byte, waiting included, by route and by the class of the status.",
			.001, .005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30), []string{"route", "status"}),
		waits: prometheus.NewHistogram(metric.Seconds("inference_wait_seconds",
			"How long prompts of requests waited for their turn.",
			.001, .005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30)),
		items: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "inference_job_attempts_total", Help: "Attempts at prompts of jobs, by how they ended.",
		}, []string{"result"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(more...)
	registry.MustRegister(m.requests, m.seconds, m.waits, m.items, metric.BuildInfo(version),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("inference_running", "Prompts that are worked on.", admission.running),
		gauge("inference_running_bound", "Prompts that may be worked on at a time.", admission.concurrent),
		gauge("inference_waiting", "Prompts that wait for their turn.", admission.waiting),
		gauge("inference_waiting_bound", "Prompts that may wait.", admission.queued))
	m.know(other)
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

// other is the route of paths that are not known.
const other = "other"

// know lets a path be the value of a label. It is called before the first
// request.
func (m *metrics) know(path string) {
	m.routes[path] = metric.NewByClass(func(class string) prometheus.Observer { return m.seconds.WithLabelValues(path, class) })
}

// route returns the path of a request as it was declared. A path of the
// client's choice is no label.
func (m *metrics) route(r *http.Request) string {
	if m.routes[r.Pattern] != nil {
		return r.Pattern
	}
	return other
}

func (m *metrics) observe(r *http.Request, status int, took time.Duration) {
	route := m.route(r)
	tracing.Observe(r.Context(), m.routes[route].Of(status), took.Seconds())
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
}
