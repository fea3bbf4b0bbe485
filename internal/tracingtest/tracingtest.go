// Package tracingtest is a collector of traces for tests.
package tracingtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Collector keeps the spans that it gets by OTLP over HTTP.
type Collector struct {
	// URL is its address.
	URL string

	mu      sync.Mutex
	changed chan struct{} // closed when spans come
	spans   []Span
	text    strings.Builder
}

// Span is a span, and the service that made it.
type Span struct {
	*trace.Span
	Service, Version string
}

// Start starts a collector, which stops when the test ends.
func Start(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{changed: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Environment names the collector to a process, as NAME=value.
func (c *Collector) Environment() []string {
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
		"OTEL_BSP_SCHEDULE_DELAY=20", // milliseconds
	}
}

// Setenv names the collector to the process of the test.
func (c *Collector) Setenv(t *testing.T) {
	t.Helper()
	for _, variable := range c.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
}

func (c *Collector) keep(export *collector.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.WriteString(protojson.Format(export))
	for _, from := range export.GetResourceSpans() {
		attributes := from.GetResource().GetAttributes()
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, Span{s, value(attributes, "service.name"), value(attributes, "service.version")})
			}
		}
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// Everything is all that came, as text.
func (c *Collector) Everything() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// patience is how long spans may be on their way.
const patience = 30 * time.Second

// Await waits for a span that fits.
func (c *Collector) Await(t testing.TB, what string, fits func(Span) bool) Span {
	t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		at, changed := slices.IndexFunc(c.spans, fits), c.changed
		if at >= 0 {
			defer c.mu.Unlock()
			return c.spans[at]
		}
		c.mu.Unlock()
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%s: no such span came, but %s", what, c.Everything())
		}
	}
}

// Tree is the spans below a span and that itself: a line for each, indented
// below its parent, in the order of their beginning, with the values of these
// attributes.
func (c *Collector) Tree(top Span, attributes ...string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out strings.Builder
	c.write(&out, top, "", attributes)
	return out.String()
}

func (c *Collector) write(out *strings.Builder, s Span, indent string, attributes []string) {
	fmt.Fprintf(out, "%s%s", indent, s.GetName())
	for _, name := range attributes {
		if text := s.Attribute(name); text != "" {
			fmt.Fprintf(out, " %s=%s", name, text)
		}
	}
	out.WriteString("\n")
	var below []Span
	for _, other := range c.spans {
		if string(other.GetParentSpanId()) == string(s.GetSpanId()) {
			below = append(below, other)
		}
	}
	slices.SortStableFunc(below, func(a, b Span) int {
		return int(int64(a.GetStartTimeUnixNano()) - int64(b.GetStartTimeUnixNano()))
	})
	for _, other := range below {
		c.write(out, other, indent+"  ", attributes)
	}
}

// Attribute returns the value of an attribute as text, "" where it is not set.
func (s Span) Attribute(name string) string { return value(s.GetAttributes(), name) }

func value(attributes []*common.KeyValue, name string) string {
	for _, a := range attributes {
		if a.GetKey() != name {
			continue
		}
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			return v.StringValue
		case *common.AnyValue_IntValue:
			return strconv.FormatInt(v.IntValue, 10)
		default:
			return fmt.Sprint(v)
		}
	}
	return ""
}
