package tracing

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/odordiff/odordiff/internal/redact"
)

// Attributes of our own.
const (
	// RequestID is the id that the client was told, too.
	RequestID = attribute.Key("odordiff.request_id")
	// Outcome is what came of a request, in all or at one gate: allowed, refused
	// or answered.
	Outcome = attribute.Key("odordiff.outcome")
	// Problem is the name of the problem that a request was refused with.
	Problem = attribute.Key("odordiff.problem")
	// Reason is what refused it: a limit, a rule of the policy, a provider.
	Reason = attribute.Key("odordiff.reason")
	// ServedBy is the rung of the ladder that answered.
	ServedBy = attribute.Key("odordiff.served_by")
	// Cut is who cut an answer off: client or server.
	Cut = attribute.Key("odordiff.cut")
	// AuthMethod is how the principal authenticated.
	AuthMethod = attribute.Key("odordiff.auth.method")
	// PolicyRevision is that of the policy that decided.
	PolicyRevision = attribute.Key("odordiff.policy.revision")
	// Breaker is the state of the upstream's breaker before an attempt.
	Breaker = attribute.Key("odordiff.breaker")
)

// Start begins a span below the context's. Where that is not recorded, it does
// nothing: the context comes back as it is, with a span that does nothing.
func Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, noop.Span{}
	}
	return parent.TracerProvider().Tracer(scope).Start(ctx, name, options...)
}

// Recording reports whether the context's span is recorded.
func Recording(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// ID returns the id of the context's trace, 32 hexadecimal digits, or "".
func ID(ctx context.Context) string {
	if c := trace.SpanContextFromContext(ctx); c.HasTraceID() {
		return c.TraceID().String()
	}
	return ""
}

// Fail marks a span as failed, with the kind of the failure and what is known
// of its cause, which may be nil.
func Fail(span trace.Span, kind string, cause error) {
	if !span.IsRecording() {
		return
	}
	span.SetStatus(codes.Error, "")
	span.SetAttributes(semconv.ErrorTypeKey.String(kind))
	if cause != nil {
		span.AddEvent("exception", trace.WithAttributes(
			semconv.ExceptionType(kind), semconv.ExceptionMessage(redact.Text(cause.Error()))))
	}
}

// Observe gives a histogram a value, with the trace as its exemplar where the
// context's span is sampled, be it over or not.
func Observe(ctx context.Context, histogram prometheus.Observer, value float64) {
	exemplary, able := histogram.(prometheus.ExemplarObserver)
	if !able || !trace.SpanContextFromContext(ctx).IsSampled() {
		histogram.Observe(value)
		return
	}
	exemplary.ObserveWithExemplar(value, prometheus.Labels{"trace_id": ID(ctx)})
}
