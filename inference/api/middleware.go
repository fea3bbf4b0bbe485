package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/odordiff/odordiff/internal/problem"
	"github.com/odordiff/odordiff/internal/tracing"
)

// only lets a handler see its own methods and answers 405 to others.
func (a *api) only(h handler, methods ...string) http.Handler {
	return a.refusing(func(w http.ResponseWriter, r *http.Request) error {
		if slices.Contains(methods, r.Method) {
			return h(w, r)
		}
		allowed := strings.Join(methods, ", ")
		return problem.MethodNotAllowed.New("use "+allowed).Header("Allow", allowed)
	})
}

// refusing renders what a handler refuses. A client that has gone gets nothing.
func (a *api) refusing(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil || r.Context().Err() != nil {
			return
		}
		// the client is gone, nobody is left to tell
		_ = a.problemOf(r.Context(), err).Write(w, requestID(r.Context()))
	})
}

// problemOf finds the problem in an error, and logs what is our fault.
func (a *api) problemOf(ctx context.Context, err error) *problem.Problem {
	p, ok := errors.AsType[*problem.Problem](err)
	if !ok {
		p = problem.Internal.New("").Because(err)
	}
	describeProblem(ctx, p)
	if p.Status >= http.StatusInternalServerError {
		a.log(ctx).ErrorContext(ctx, "request failed", slog.String("request_id", requestID(ctx)), slog.Any("error", p))
	}
	return p
}

// observe gives each request its id, recovers from its panics, logs and counts
// it.
func (a *api) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		id := idOf(r.Header)
		r = r.WithContext(context.WithValue(r.Context(), idKey{}, id))
		w.Header().Set("X-Request-Id", id)
		r, span := a.tracing.Begin(r)
		defer span.End()
		recorder := &statusRecorder{ResponseWriter: w}
		a.refusing(recovering(next)).ServeHTTP(recorder, r)
		took := time.Since(start)
		a.metrics.observe(r, recorder.code(r), took)
		a.describe(span, r, recorder.code(r))
		a.log(r.Context()).InfoContext(r.Context(), "request",
			slog.String("request_id", id), slog.String("method", r.Method), slog.String("path", r.URL.Path),
			slog.Int("status", recorder.code(r)), slog.Duration("duration", took))
	})
}

// log returns the logger, which knows the request's trace if there is one.
func (a *api) log(ctx context.Context) *slog.Logger {
	if trace := tracing.ID(ctx); trace != "" {
		return a.logger.With(slog.String("trace_id", trace))
	}
	return a.logger
}

// recovering turns a panic into an error, so that the client gets an answer.
// The sentinel of net/http passes.
func recovering(next http.Handler) handler {
	return func(w http.ResponseWriter, r *http.Request) (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p)
			default:
				err = panicError{p, debug.Stack()}
			}
		}()
		next.ServeHTTP(w, r)
		return nil
	}
}
