package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/odordiff/odordiff/inference/engine"
	"github.com/odordiff/odordiff/internal/problem"
)

// retryAfter is how soon a client may try again that found the queue full. A
// slot is free again within the time of one prompt, which is well below it.
const retryAfter = time.Second

// generate answers POST /api/v1/generate.
func (a *api) generate(w http.ResponseWriter, r *http.Request) error {
	request, err := readRequest(w, r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.timeout)
	defer cancel()
	result, err := a.admit(ctx, request)
	if err != nil {
		return refusal(err)
	}
	return writeJSON(w, newAnswer(requestID(ctx), request.Prompt, a.engine.Name(), result))
}

// admit runs the engine when there is a slot for it.
func (a *api) admit(ctx context.Context, request engine.Request) (engine.Result, error) {
	if err := a.admission.enter(ctx); err != nil {
		return engine.Result{}, err
	}
	defer a.admission.leave()
	return a.engine.Generate(ctx, request)
}

// refusal tells the client why there is no answer.
func refusal(err error) error {
	if errors.Is(err, errFull) {
		return problem.Overloaded.New("too many prompts are waiting; try again").RetryAfter(retryAfter).Because(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problem.UpstreamTimeout.New("the prompt took too long").Because(err)
	}
	if unclear := (*engine.NotUnderstoodError)(nil); errors.As(err, &unclear) {
		return notUnderstood(unclear)
	}
	return err
}

// notUnderstood shows what was understood beside what was not, so that the prompt can be put in other words.
func notUnderstood(err *engine.NotUnderstoodError) error {
	return problem.NotUnderstood.New("the prompt names no scent that is known here; name one, such as citrus, rose or cedar").
		With("errors", []fieldError{{"/prompt", err.Error()}}).
		With("interpretation", newInterpretation(err.Interpretation))
}
