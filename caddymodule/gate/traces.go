package gate

import (
	"context"
	"errors"
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
	span.SetAttributes(tracing.Outcome.String(outcomeOf(o.Refused)), semconv.HTTPResponseBodySize(int(o.Bytes)))
	if o.Refused != "" {
		span.SetAttributes(tracing.Problem.String(o.Refused))
	}
	if o.ServedBy != "" {
		span.SetAttributes(tracing.ServedBy.String(o.ServedBy))
	}
	if o.Cut != exchange.Whole {
		span.SetAttributes(tracing.Cut.String(string(o.Cut)))
	}
	tracing.Answered(span, o.Status, o.Refused)
}

func outcomeOf(refused string) string {
	if refused != "" {
		return "refused"
	}
	return "allowed"
}

// serveTraced is admit within a span.
func (e Entrance) serveTraced(w http.ResponseWriter, r *http.Request, x *exchange.Exchange, next caddyhttp.Handler, h Handler) (err error) {
	ctx, span := tracing.Start(r.Context(), e.name)
	s := &gateSpan{
		Span: span, x: x, next: next, around: e.around,
		principal: x.Principal, decision: x.Decision, servedBy: x.ServedBy,
	}
	defer func() { s.end(err) }()
	if e.around {
		r = r.WithContext(ctx)
	}
	return e.admit(w, r, x, s, h)
}

// gateSpan is the span of one handler's work on a request. It is also the
// handler after that one, to know when the work is done.
type gateSpan struct {
	trace.Span

	x      *exchange.Exchange
	next   caddyhttp.Handler
	around bool
	passed bool
	ended  bool

	// what the handler found in the exchange
	principal *exchange.Principal
	decision  *exchange.Decision
	servedBy  string
}

// ServeHTTP implements caddyhttp.Handler.
func (s *gateSpan) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	s.passed = true
	if !s.around {
		s.end(nil)
	}
	return s.next.ServeHTTP(w, r)
}

// end describes what the handler did, and ends the span.
func (s *gateSpan) end(err error) {
	if s.ended {
		return
	}
	s.ended = true
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
	p, refused := errors.AsType[*problem.Problem](err)
	switch {
	case refused:
		s.refuse(p)
	case s.passed:
		s.SetAttributes(tracing.Outcome.String("allowed"))
	default:
		s.SetAttributes(tracing.Outcome.String("answered"))
	}
}

func (s *gateSpan) refuse(p *problem.Problem) {
	s.SetAttributes(tracing.Outcome.String("refused"), tracing.Problem.String(p.Name))
	if reason := reasons.label(p.RefusedBy); reason != "" {
		s.SetAttributes(tracing.Reason.String(reason))
	}
	if p.Status >= http.StatusInternalServerError {
		tracing.Fail(s, p.Name, p.Unwrap())
	}
}
