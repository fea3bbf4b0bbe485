package upstream

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"strconv"

	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/redact"
	"github.com/odordiff/odordiff/internal/tracing"
)

// beginSpan begins the span of an attempt, which the upstream gets as its
// traceparent. It does nothing for a request that is not traced.
func (a *attempt) beginSpan() {
	before := 0
	if x, ok := gate.ExchangeIn(a.request); ok {
		before = x.Attempts
		x.Attempts++
	}
	if !tracing.Recording(a.request.Context()) {
		return
	}
	ctx, span := tracing.Start(a.request.Context(), tracing.Method(a.request.Method), trace.WithSpanKind(trace.SpanKindClient))
	a.span = span
	a.sent.Header = maps.Clone(a.sent.Header) // the map belongs to Caddy
	tracing.Continue(ctx, a.sent.Header)
	to := *a.request.URL
	to.RawQuery, to.Fragment, to.User = "", "", nil
	span.SetAttributes(tracing.Address(to.Host)...)
	span.SetAttributes(
		semconv.HTTPRequestMethodKey.String(tracing.Method(a.request.Method)),
		semconv.URLFull(redact.Text(to.String())),
	)
	if before > 0 {
		span.SetAttributes(semconv.HTTPRequestResendCount(before))
	}
	if a.permit != nil {
		span.SetAttributes(tracing.Breaker.String(a.permit.Breaker().Snapshot().State.String()))
	}
}

// endSpan ends the span with the attempt: at once where it failed, else with
// the body of the answer.
func (a *attempt) endSpan(res *http.Response, err error) {
	if a.span == nil {
		return
	}
	if err != nil {
		tracing.Fail(a.span, kindOf(a.request.Context(), err), err)
		a.span.End()
		return
	}
	a.span.SetAttributes(semconv.HTTPResponseStatusCode(res.StatusCode))
	if res.StatusCode >= http.StatusBadRequest {
		tracing.Fail(a.span, strconv.Itoa(res.StatusCode), nil)
	}
	if res.StatusCode == http.StatusSwitchingProtocols || res.Body == nil {
		a.span.End() // a tunnel from here on
		return
	}
	res.Body = &tracedBody{res.Body, a}
}

// kindOf says in a word why an attempt failed.
func kindOf(ctx context.Context, err error) string {
	switch {
	case clientLeft(ctx, err):
		return "client_left"
	case errors.Is(err, errUnsent):
		return "unsent"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "connection"
}

// tracedBody ends the span of an attempt when its answer's body is done with.
type tracedBody struct {
	io.ReadCloser

	attempt *attempt
}

// Read marks the span where the body breaks off.
func (b *tracedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		tracing.Fail(b.attempt.span, kindOf(b.attempt.request.Context(), err), err)
	}
	return n, err
}

// Close ends the span.
func (b *tracedBody) Close() error {
	b.attempt.span.End()
	return b.ReadCloser.Close()
}
