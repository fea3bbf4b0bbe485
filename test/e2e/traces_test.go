package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// spanCollector is a collector of OpenTelemetry that keeps what it gets.
type spanCollector struct {
	*httptest.Server

	mu    sync.Mutex
	spans []*trace.Span
	text  strings.Builder // everything, resources included, as JSON
}

func startCollector(t *testing.T) *spanCollector {
	t.Helper()
	c := new(spanCollector)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var export collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &export)
		}
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.keep(&export)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *spanCollector) keep(export *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.WriteString(protojson.Format(export))
	for _, resource := range export.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
}

func (c *spanCollector) environment() []string {
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
		"OTEL_BSP_SCHEDULE_DELAY=100", // milliseconds
	}
}

// everything is all that was exported, as text.
func (c *spanCollector) everything() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// spanOf waits for the span of a request.
func (c *spanCollector) spanOf(t *testing.T, id string) *trace.Span {
	t.Helper()
	var found *trace.Span
	eventually(t, "the span of "+id+" is exported", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.IndexFunc(c.spans, func(s *trace.Span) bool { return attribute(s, "odordiff.request_id") == id })
		if i >= 0 {
			found = c.spans[i]
		}
		return i >= 0
	})
	return found
}

// attribute returns the value of a span's attribute as text.
func attribute(span *trace.Span, key string) string {
	for _, a := range span.GetAttributes() {
		if a.GetKey() == key {
			if s := a.GetValue().GetStringValue(); s != "" {
				return s
			}
			return protojson.Format(a.GetValue())
		}
	}
	return ""
}

func TestSpansHaveTheStatusOfARefusal(t *testing.T) {
	t.Parallel()
	e := layout(t)
	spans := startCollector(t)
	e.env = append(e.env, spans.environment()...)
	e.startWith(t, "rate 60/1m", "rate 1/1m")
	token := e.token(t)
	other := e.token(t, "--subject", "other")
	for _, c := range []struct {
		got    answer
		status string
		kind   string
		fault  bool
	}{
		{e.generate(t, "", prompt), "401", "credential-missing", false},
		{e.generate(t, token, `{"prompt": "sarin"}`), "403", "policy-denied", false},
		{e.generate(t, token, prompt), "429", "quota-exceeded", false},
		{e.send(t, http.MethodGet, "/elsewhere", nil, ""), "404", "not-found", false},
		// nothing listens there
		{e.generate(t, other, prompt), "503", "upstream-unavailable", true},
	} {
		span := spans.spanOf(t, c.got.Header.Get("X-Request-Id"))
		if got := attribute(span, "http.response.status_code"); !strings.Contains(got, c.status) {
			t.Errorf("%s: the span's status is %s", c.kind, got)
		}
		if got := attribute(span, "odordiff.problem"); got != c.kind {
			t.Errorf("%s: the span's problem is %s", c.kind, got)
		}
		wantCode := trace.Status_STATUS_CODE_UNSET
		if c.fault {
			wantCode = trace.Status_STATUS_CODE_ERROR
		}
		if got := span.GetStatus().GetCode(); got != wantCode {
			t.Errorf("%s: the span is %v, want %v", c.kind, got, wantCode)
		}
		if events := span.GetEvents(); c.fault != (len(events) == 1) {
			t.Errorf("%s: events %v", c.kind, events)
		}
	}
}

func TestWithoutACollectorThereIsNoTracing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env    []string
		traced bool
	}{
		{nil, false},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:1"}, true},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:1"}, true},
		{[]string{"OTEL_TRACES_EXPORTER=console"}, true},
		{[]string{"OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:1"}, false},
		{[]string{"OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:1"}, false},
	} {
		stdout, stderr, code := run(t, c.env, "adapt", "--config", "Caddyfile")
		if code != 0 {
			t.Fatalf("%v: %s", c.env, stderr)
		}
		if traced := strings.Contains(stdout, `"handler":"tracing"`); traced != c.traced {
			t.Errorf("%v: traced is %v", c.env, traced)
		}
	}
}
