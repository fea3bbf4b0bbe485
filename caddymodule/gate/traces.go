package gate

import (
	"context"
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.opentelemetry.io/otel"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"github.com/odordiff/odordiff/internal/exchange"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// providers has at most one value, which outlives reloads: the environment that
// it is made from is that of the process.
var providers = NewPool[struct{}]((*tracing.Provider).Close)

func openProvider() (*tracing.Provider, error) {
	if !tracing.Enabled() {
		return nil, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		caddy.Log().Named("gate.traces").Warn("traces", zap.Error(err))
	}))
	version, _ := caddy.Version()
	return tracing.Open(context.Background(), tracing.Service{Name: "odordiff-gateway", Version: version, Edge: true})
}

// nameOf returns the name of the module that is being provisioned.
func nameOf(ctx caddy.Context) string {
	module := ctx.Module()
	if module == nil {
		return "gate"
	}
	return module.CaddyModule().ID.Name()
}

// trace begins the request's span, and ends it when the outcome is known. It
// does nothing without a collector, nor where Caddy's tracing has begun a span.
func (e Entrance) trace(r *http.Request, x *exchange.Exchange) *http.Request {
	if e.tracing == nil || x.TraceID != "" || tracing.ID(r.Context()) != "" {
		return r
	}
	r, span := e.tracing.Begin(r)
	x.TraceID = tracing.ID(r.Context())
	caddyhttp.SetVar(r.Context(), "trace_id", x.TraceID)
	if extra, ok := r.Context().Value(caddyhttp.ExtraLogFieldsCtxKey).(*caddyhttp.ExtraLogFields); ok {
		extra.Add(zap.String("trace_id", x.TraceID))
	}
	x.Response.OnOutcome(func(o exchange.Outcome) { endRequest(span, o) })
	return r
}

// endRequest ends a request's span with what came of it.
func endRequest(span trace.Span, o exchange.Outcome) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	came := outcomeAllowed
	if o.Refused != "" {
		came = outcomeRefused
		span.SetAttributes(tracing.Problem.String(o.Refused))
	}
	span.SetAttributes(tracing.Outcome.String(came.String()), semconv.HTTPResponseBodySize(int(o.Bytes)))
	if o.ServedBy != "" {
		span.SetAttributes(tracing.ServedBy.String(o.ServedBy))
	}
	if o.Cut != exchange.Whole {
		span.SetAttributes(tracing.Cut.String(string(o.Cut)))
	}
	tracing.Answered(span, o.Status, o.Refused)
}

// gateSpan is the span of one handler's work on a request.
type gateSpan struct {
	trace.Span

	x *exchange.Exchange

	// what the handler found in the exchange
	principal *exchange.Principal
	decision  *exchange.Decision
	servedBy  string
}

// beginSpan begins the span of a handler's work. It returns the context with
// the span, and nil where nobody records it.
func beginSpan(ctx context.Context, name string, x *exchange.Exchange) (context.Context, *gateSpan) {
	if !tracing.Recording(ctx) {
		return ctx, nil
	}
	ctx, span := tracing.Start(ctx, name)
	return ctx, &gateSpan{Span: span, x: x, principal: x.Principal, decision: x.Decision, servedBy: x.ServedBy}
}

// end describes what the handler did, and ends the span. The problem is what it
// refused the request with, if it did.
func (s *gateSpan) end(came outcome, p *problem.Problem) {
	defer s.End()
	if who := s.x.Principal; who != nil && who != s.principal {
		s.SetAttributes(tracing.AuthMethod.String(who.Method))
	}
	if d := s.x.Decision; d != nil && d != s.decision {
		s.SetAttributes(tracing.PolicyRevision.String(d.Revision))
	}
	if s.x.ServedBy != s.servedBy {
		s.SetAttributes(tracing.ServedBy.String(s.x.ServedBy))
	}
	if p != nil {
		s.refuse(p)
		return
	}
	s.SetAttributes(tracing.Outcome.String(came.String()))
}

func (s *gateSpan) refuse(p *problem.Problem) {
	s.SetAttributes(tracing.Outcome.String(outcomeRefused.String()), tracing.Problem.String(p.Name))
	if reason := reasons.label(p.RefusedBy); reason != "" {
		s.SetAttributes(tracing.Reason.String(reason))
	}
	if p.Status >= http.StatusInternalServerError {
		tracing.Fail(s, p.Name, p.Unwrap())
	}
}
