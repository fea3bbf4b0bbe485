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
// begun, and says which request it is. An attribute that is set again is
// replaced.
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

// describeRefusal says in the span which problem it is. That a status from 500
// on is an error, and none below is, tracing itself says.
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

// hostOf is the address without its port, where it has one.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
