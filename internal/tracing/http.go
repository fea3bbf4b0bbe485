package tracing

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/odordiff/odordiff/internal/redact"
)

// traceContext reads and writes traceparent, and nothing else: baggage is for
// those who trust whom it comes from.
var traceContext propagation.TraceContext

// Begin begins the span of a request, below the one that its traceparent names.
// The request that it returns has the span in its context, and as its own
// traceparent; tracestate and baggage are gone. Whoever calls it ends the span.
func (p *Provider) Begin(r *http.Request) (*http.Request, trace.Span) {
	if p == nil {
		return r, noop.Span{}
	}
	ctx := traceContext.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := p.tracer.Start(ctx, Method(r.Method), trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(describe(r)...)
	}
	Continue(ctx, r.Header)
	return r.WithContext(ctx), span
}

// Continue writes the context's span into a header, in place of what was there.
func Continue(ctx context.Context, header http.Header) {
	delete(header, "Tracestate")
	delete(header, "Baggage")
	traceContext.Inject(ctx, propagation.HeaderCarrier(header))
}

// describe returns what the semantic conventions want to know of a request.
// The query is left out: it may have credentials.
func describe(r *http.Request) []attribute.KeyValue {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	attributes := append(Address(r.Host),
		semconv.HTTPRequestMethodKey.String(Method(r.Method)),
		semconv.URLScheme(scheme),
		semconv.URLPath(redact.Text(r.URL.Path)),
		semconv.NetworkProtocolVersion(strings.TrimSuffix(strings.TrimPrefix(r.Proto, "HTTP/"), ".0")),
	)
	if agent := r.UserAgent(); agent != "" {
		attributes = append(attributes, semconv.UserAgentOriginal(redact.Text(agent)))
	}
	return attributes
}

// Address returns the attributes of a server's address, which may have a port.
func Address(hostport string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return []attribute.KeyValue{semconv.ServerAddress(hostport)}
	}
	attributes := []attribute.KeyValue{semconv.ServerAddress(host)}
	if number, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(number))
	}
	return attributes
}

var methods = []string{
	http.MethodConnect, http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPatch, http.MethodPost, http.MethodPut, http.MethodTrace,
}

// Method returns a method as spans name it: _OTHER for one that a client made
// up.
func Method(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "_OTHER"
}

// Answered describes the answer in the span of a request. An answer is our
// fault from 500 on, and where there was none.
func Answered(span trace.Span, status int, kind string) {
	if !span.IsRecording() {
		return
	}
	if status > 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	if status > 0 && status < http.StatusInternalServerError {
		return
	}
	if kind == "" {
		kind = strconv.Itoa(status)
	}
	Fail(span, kind, nil)
}
