package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// retryAfter is how long a client waits that found the queue full. A slot is
// free again within the time of one prompt, which is well below it.
const retryAfter = time.Second

// generate answers POST /api/v1/generate.
func (a *api) generate(w http.ResponseWriter, r *http.Request) error {
	request, err := a.readGeneration(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := a.bounded(r)
	defer cancel()
	if wantsStream(request.stream, r.Header) {
		return a.stream(ctx, w, request)
	}
	name, result, err := a.run(ctx, request)
	if err != nil {
		return refusal(err)
	}
	return writeJSON(w, newAnswer(requestID(ctx), request.Prompt, name, result))
}

// bounded returns the context of a request's work.
func (a *api) bounded(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), a.timeout)
}

// run answers a request by its engine, when there is a slot for it. It also
// returns the engine's name.
func (a *api) run(ctx context.Context, request generation) (name string, result engine.Result, err error) {
	e := a.engineOf(request.engine)
	err = a.admit(ctx, func() error {
		result, err = generate(ctx, e, request.Request)
		return err
	})
	return e.Name(), result, err
}

// admit does some work when there is a slot for it.
func (a *api) admit(ctx context.Context, work func() error) error {
	_, span := tracing.Start(ctx, "wait")
	began := time.Now()
	err := a.admission.enter(ctx)
	tracing.Observe(ctx, a.metrics.waits, time.Since(began).Seconds())
	span.End()
	if err != nil {
		return err
	}
	defer a.admission.leave()
	return work()
}

// refusal tells the client why there is no answer.
func refusal(err error) error {
	if errors.Is(err, errFull) {
		return problem.Overloaded.New("too many requests are waiting; try again").RetryAfter(retryAfter).Because(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problem.UpstreamTimeout.New("the prompt took too long").Because(err)
	}
	if unclear, ok := errors.AsType[*engine.NotUnderstoodError](err); ok {
		return notUnderstood(unclear)
	}
	if unsuitable, ok := errors.AsType[*engine.UnsuitableError](err); ok {
		return invalid(fieldError{Field: "/" + unsuitable.Field, Message: unsuitable.Err.Error()})
	}
	return err
}

// notUnderstood shows what was understood beside what was not, so that the
// client can rephrase the prompt.
func notUnderstood(err *engine.NotUnderstoodError) error {
	var suggestions []string
	for _, s := range err.Interpretation.Suggestions {
		suggestions = append(suggestions, s.Known...)
	}
	return problem.NotUnderstood.New("the prompt names no scent that is known here; name one, such as citrus, rose or cedar").
		With("errors", []fieldError{{Field: "/prompt", Message: err.Error(), Suggestions: suggestions}}).
		With("interpretation", newInterpretation(err.Interpretation))
}
