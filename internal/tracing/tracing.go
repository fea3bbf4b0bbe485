// Package tracing makes OpenTelemetry's spans for whoever names a collector in
// the environment. Without a collector nothing is made, and asking costs
// nothing.
//
// A [Provider] begins the span of a request. What is done for the request makes
// its own spans with [Start], which needs no provider: the context has it.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
)

// Enabled reports whether the environment says where spans go.
func Enabled() bool { return EnabledBy(os.Getenv) }

// EnabledBy is [Enabled] for an environment that another function reads.
func EnabledBy(env func(name string) string) bool {
	if strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := env("OTEL_TRACES_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Service is who makes the spans.
type Service struct {
	// Name is that of the service where OTEL_SERVICE_NAME and
	// OTEL_RESOURCE_ATTRIBUTES do not say another.
	Name string
	// Version is the service's; empty where it is not known.
	Version string
	// Edge says that strangers send the requests. What they ask for in
	// traceparent does not decide whether a request is sampled.
	Edge bool
}

// Provider makes the spans of a service. The nil Provider makes none.
type Provider struct {
	spans  *sdktrace.TracerProvider
	tracer trace.Tracer
}

// Open returns the provider that the environment asks for: nil where it names
// no collector. The error says which variable is wrong. The provider must be
// closed.
func Open(ctx context.Context, service Service) (*Provider, error) {
	if !Enabled() {
		return nil, nil
	}
	sampler, err := samplerOf(os.Getenv("OTEL_TRACES_SAMPLER"), os.Getenv("OTEL_TRACES_SAMPLER_ARG"), service.Edge)
	if err != nil {
		return nil, err
	}
	described, err := service.resource()
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	exporter, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the exporter of traces: %w", err)
	}
	spans := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter), sdktrace.WithResource(described), sdktrace.WithSampler(sampler))
	return &Provider{spans, spans.Tracer(scope)}, nil
}

// scope is the name of what makes the spans, in every one of them.
const scope = "github.com/odordiff/odordiff"

// resource describes the service. What the environment says goes before.
func (s Service) resource() (*resource.Resource, error) {
	own := resource.NewSchemaless(semconv.ServiceName(s.Name))
	if s.Version != "" {
		own = resource.NewSchemaless(semconv.ServiceName(s.Name), semconv.ServiceVersion(s.Version))
	}
	own, err := resource.Merge(resource.Default(), own)
	if err != nil {
		return nil, err
	}
	return resource.Merge(own, resource.Environment())
}

// closing is how long the last spans may take on their way to the collector.
const closing = 5 * time.Second

// Close sends the last spans.
func (p *Provider) Close() error {
	if p == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if err := p.spans.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("sending the last spans: %w", err)
	}
	return nil
}
