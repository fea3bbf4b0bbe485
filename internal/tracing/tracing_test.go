package tracing

import (
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/odordiff/odordiff/internal/tracingtest"
)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"

func TestOnlyBehindTheEdgeATraceparentDecides(t *testing.T) {
	for _, c := range []struct {
		name, argument string
		edge           bool
		flag           string // of the traceparent; empty without one
		sampled        bool
	}{
		{"", "", true, "", true},
		{"", "", true, "00", true},
		{"", "", false, "00", false},
		{"always_off", "", true, "01", false},
		{"always_off", "", false, "01", true},
		{"parentbased_always_off", "", true, "01", false},
		{"traceidratio", "0", true, "01", false},
		{"parentbased_traceidratio", "1", true, "00", true},
		{"parentbased_traceidratio", "0", false, "", false},
	} {
		sampler, err := samplerOf(c.name, c.argument, c.edge)
		if err != nil {
			t.Fatal(err)
		}
		spans := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSyncer(tracetest.NewInMemoryExporter()))
		p := &Provider{spans, spans.Tracer(scope)}
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		if c.flag != "" {
			r.Header.Set("Traceparent", traceparent+c.flag)
		}
		_, span := p.Begin(r)
		if got := span.SpanContext().IsSampled(); got != c.sampled {
			t.Errorf("%+v: sampled is %v", c, got)
		}
		span.End()
		if c.flag != "" && !strings.HasPrefix(r.Header.Get("Traceparent"), traceparent[:35]) {
			t.Errorf("%+v: the trace is left: %s", c, r.Header.Get("Traceparent"))
		}
	}
}

func TestARatioSamplesItsShareWhateverTheTracesID(t *testing.T) {
	sampler, err := samplerOf("traceidratio", "0.25", true)
	if err != nil {
		t.Fatal(err)
	}
	const n = 10000
	sampled := 0
	for range n {
		if sampler.ShouldSample(sdktrace.SamplingParameters{ParentContext: t.Context()}).Decision == sdktrace.RecordAndSample {
			sampled++
		}
	}
	if math.Abs(float64(sampled)/n-0.25) > 0.04 { // nine standard deviations
		t.Errorf("%d of %d", sampled, n)
	}
}

func TestAWrongSamplerIsAnErrorThatNamesItsVariable(t *testing.T) {
	c := tracingtest.Start(t)
	c.Setenv(t)
	for _, wrong := range [][2]string{{"sometimes", ""}, {"traceidratio", "2"}, {"traceidratio", "NaN"}, {"parentbased_traceidratio", "a"}} {
		t.Setenv("OTEL_TRACES_SAMPLER", wrong[0])
		t.Setenv("OTEL_TRACES_SAMPLER_ARG", wrong[1])
		if _, err := Open(t.Context(), Service{}); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER") {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}

func TestTheEnvironmentNamesTheServiceBeforeTheProgramDoes(t *testing.T) {
	for _, c := range []struct{ name, attributes, want string }{
		{"", "", "own 1"},
		{"other", "", "other 1"},
		{"other", "service.version=2", "other 2"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Setenv("OTEL_SERVICE_NAME", c.name)
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", c.attributes)
			collector := tracingtest.Start(t)
			collector.Setenv(t)
			p, err := Open(t.Context(), Service{Name: "own", Version: "1"})
			if err != nil {
				t.Fatal(err)
			}
			_, span := p.Begin(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
			span.End()
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			s := collector.Await(t, "the span", func(tracingtest.Span) bool { return true })
			if got := s.Service + " " + s.Version; got != c.want {
				t.Errorf("the service is %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithoutACollectorNothingIsMade(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	p, err := Open(t.Context(), Service{Name: "own"})
	if p != nil || err != nil {
		t.Fatalf("%v, %v", p, err)
	}
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "seconds"})
	r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
	if n := testing.AllocsPerRun(100, func() {
		r, span := p.Begin(r)
		_, inner := Start(r.Context(), "inner")
		inner.End()
		Observe(r.Context(), histogram, 1)
		Answered(span, 500, "")
		span.End()
	}); n != 0 {
		t.Errorf("a request allocates %g objects", n)
	}
}

func TestACollectorIsNamedByOpenTelemetrysVariables(t *testing.T) {
	for _, c := range []struct {
		exporter, endpoint, traces, disabled string
		enabled                              bool
	}{
		{},
		{endpoint: "http://localhost:1", enabled: true},
		{traces: "http://localhost:1", enabled: true},
		{exporter: "console", enabled: true},
		{exporter: "none", endpoint: "http://localhost:1"},
		{disabled: "true", endpoint: "http://localhost:1"},
	} {
		t.Setenv("OTEL_TRACES_EXPORTER", c.exporter)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.endpoint)
		t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", c.traces)
		t.Setenv("OTEL_SDK_DISABLED", c.disabled)
		if got := Enabled(); got != c.enabled {
			t.Errorf("%+v: enabled is %v", c, got)
		}
	}
}

func TestAnExemplarNamesTheTrace(t *testing.T) {
	spans := sdktrace.NewTracerProvider()
	p := &Provider{spans, spans.Tracer(scope)}
	r, span := p.Begin(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	defer span.End()
	histogram := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "seconds", Buckets: []float64{2}})
	Observe(r.Context(), histogram, 1)
	var metric dto.Metric
	if err := histogram.Write(&metric); err != nil {
		t.Fatal(err)
	}
	if got := metric.GetHistogram().GetBucket()[0].GetExemplar().GetLabel()[0].GetValue(); got != ID(r.Context()) {
		t.Errorf("the exemplar is of %s", got)
	}
}
