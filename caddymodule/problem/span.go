package problem

import (
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/odordiff/odordiff/caddymodule/gate"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/redact"
)

// describe masks the client's address in the request's span, which tracing has
// begun, and adds the request's id. Setting an attribute again replaces it.
func describe(r *http.Request) {
	span := trace.SpanFromContext(r.Context())
	if !span.IsRecording() {
		return
	}
	client, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	span.SetAttributes(
		attribute.String("client.address", redact.Address(client)),
		attribute.String("network.peer.address", redact.Address(hostOf(r.RemoteAddr))),
		attribute.String("url.path", redact.Text(r.URL.Path)),
		attribute.String("odordiff.request_id", gate.RequestID(r)),
	)
}

// describeRefusal adds the problem to the span. Tracing itself marks a status
// of 500 or more as an error.
func describeRefusal(r *http.Request, p *problem.Problem, id string) {
	span := trace.SpanFromContext(r.Context())
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("odordiff.problem", p.Name), attribute.String("odordiff.request_id", id))
	if p.Status < http.StatusInternalServerError {
		return
	}
	span.SetAttributes(attribute.String("error.type", p.Name))
	if cause := p.Unwrap(); cause != nil {
		span.AddEvent("exception", trace.WithAttributes(
			attribute.String("exception.type", p.Name),
			attribute.String("exception.message", redact.Text(cause.Error())),
		))
	}
}

// hostOf returns the address without its port, if it has one.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
