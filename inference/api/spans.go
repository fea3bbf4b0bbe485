package api

import (
	"context"
	"errors"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// describe adds to a request's span what is known at its end.
func (a *api) describe(span trace.Span, r *http.Request, status int) {
	if !span.IsRecording() {
		return
	}
	if route := a.metrics.route(r); route == r.Pattern {
		span.SetName(tracing.Method(r.Method) + " " + route)
		span.SetAttributes(semconv.HTTPRoute(route))
	}
	span.SetAttributes(tracing.RequestID.String(requestID(r.Context())))
	tracing.Answered(span, status, "")
}

// describeProblem names a problem in the span of the request.
func describeProblem(ctx context.Context, p *problem.Problem) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(tracing.Problem.String(p.Name))
	}
}

// generate makes an engine answer a request, in a span by the conventions for
// generative models: what was asked for, but for the words.
func generate(ctx context.Context, e engine.Engine, request engine.Request) (engine.Result, error) {
	if !tracing.Recording(ctx) {
		return e.Generate(ctx, request)
	}
	const operation = "generate_content"
	ctx, span := tracing.Start(ctx, operation+" "+e.Name())
	defer span.End()
	span.SetAttributes(
		semconv.GenAIOperationNameKey.String(operation),
		semconv.GenAIProviderNameKey.String("odordiff"),
		semconv.GenAIRequestModel(e.Name()), semconv.GenAIResponseModel(e.Name()),
		semconv.GenAIRequestChoiceCount(request.Count),
		semconv.GenAIOutputTypeJSON,
	)
	if request.Seed != nil {
		span.SetAttributes(semconv.GenAIRequestSeed(int(*request.Seed)))
	}
	if t := request.Sampling.Temperature; t != nil {
		span.SetAttributes(semconv.GenAIRequestTemperature(*t))
	}
	result, err := e.Generate(ctx, request)
	if err != nil {
		tracing.Fail(span, kindOf(err), nil) // its text may have words of the prompt
	}
	span.SetAttributes(molecules.Int(len(result.Molecules)), sampled.Int(result.Sampled))
	return result, err
}

// kindOf says in a word why an engine has no answer.
func kindOf(err error) string {
	if p, ok := errors.AsType[*problem.Problem](refusal(err)); ok {
		return p.Name
	}
	if errors.Is(err, context.Canceled) {
		return "client_left"
	}
	return "internal"
}

// Attributes of a generation.
const (
	molecules = attribute.Key("odordiff.molecules")
	sampled   = attribute.Key("odordiff.sampled")
)
