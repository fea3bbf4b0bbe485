package api

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/odordiff/odordiff/inference/job"
	"github.com/odordiff/odordiff/internal/problem"
)

// Work answers one prompt of a batch, when there is a slot for it. The body of
// the outcome is an answer as /generate has it, or a problem.
func (a *API) Work(ctx context.Context, item job.Item) job.Outcome {
	id := fmt.Sprintf("%s-%d", item.Job, item.Position)
	ctx = context.WithValue(ctx, idKey{}, id)
	body, err := a.api.work(ctx, id, item)
	if err == nil {
		a.api.metrics.items.WithLabelValues("done").Inc()
		return job.Outcome{Body: body}
	}
	if ctx.Err() != nil {
		a.api.metrics.items.WithLabelValues("interrupted").Inc()
		return job.Outcome{Failed: true, Retry: true} // nobody wants to know
	}
	p := a.api.problemOf(ctx, refusal(err))
	a.api.metrics.items.WithLabelValues("failed").Inc()
	return job.Outcome{Body: problemBody(p, id), Failed: true, Retry: p.Status >= http.StatusInternalServerError}
}

func (a *api) work(ctx context.Context, id string, item job.Item) (body []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicError{p, debug.Stack()}
		}
	}()
	request, err := a.readItem(item)
	if err != nil {
		return nil, err
	}
	if err := a.admission.join(ctx); err != nil {
		return nil, err
	}
	defer a.admission.leave()
	limited, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	e := a.engineOf(request.engine)
	result, err := generate(limited, e, request.Request)
	if err != nil {
		return nil, err
	}
	return json.Marshal(newAnswer(id, request.Prompt, e.Name(), result))
}

// readItem makes one request of what a batch shares and one of its prompts. It
// was read before, but perhaps by another version.
func (a *api) readItem(item job.Item) (generation, error) {
	o, err := newObject(item.Shared)
	if err != nil {
		return generation{}, err
	}
	prompt, err := jsontext.AppendQuote(nil, string(item.Payload))
	if err != nil {
		return generation{}, err
	}
	o.fields["prompt"] = prompt
	return parseGeneration(o, a.vocabulary, a.names, a.minSafety)
}

// GaveUp is the problem of a prompt that the process ended with, each time.
func GaveUp() []byte {
	return problemBody(problem.Internal.New("the work on this prompt broke off each time"), "")
}

func problemBody(p *problem.Problem, id string) []byte {
	body, err := json.Marshal(p.Body(id), json.Deterministic(true))
	if err != nil {
		panic(err) // it has texts and numbers alone
	}
	return body
}
